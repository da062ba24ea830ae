"""S1's network: a whole clip of mel decibels squeezed into a square picture, three convolutions, two linear layers.

S1 drew the picture outside the network. Here the two steps, from decibels to [0, 1] and to 128 x 128 cells, are part of
the graph, so that no user of the model can leave one out.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from genrelens.errors import RecipeError
from genrelens.models.network import Network, Output, check_dropout

SIDE = 128
"""Rows and columns of the picture."""

_CHANNELS = (32, 64, 64)
_FLAT = 64 * 14 * 14
_HIDDEN = 128
_LEAST_SPAN_DB = 1e-3  # a window without any contrast becomes 0 throughout


@dataclass(frozen=True, slots=True)
class Options:
    """``dropout`` follows the convolutions and the hidden layer; S1's is 0.4."""

    dropout: float


class Cnn128(Network):
    """Window -> [0, 1] -> 128 x 128 -> three valid 3 x 3 convolutions with max pooling -> 128 -> genres."""

    def __init__(self, options: Options, *, n_classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for n_in, n_out in zip((1, *_CHANNELS), _CHANNELS, strict=False):
            layers += [nn.Conv2d(n_in, n_out, 3), nn.ReLU(), nn.MaxPool2d(2)]
        self.convolutions = nn.Sequential(*layers)
        self.dropout = nn.Dropout(options.dropout)
        self.hidden = nn.Linear(_FLAT, _HIDDEN)
        self.classify = nn.Linear(_HIDDEN, n_classes)

    def picture(self, mel_db: Tensor) -> Tensor:
        """Windows (n, n_frames, n_mels) -> (n, 1, 128, 128) in [0, 1]: bands down, time across.

        Minimum to maximum of each window, then ``tf.image.resize`` as S1 called it: bilinear, pixel centres at halves,
        no smoothing before, so that of 1,290 frames only some 256 count.
        """
        low, high = mel_db.amin((1, 2), keepdim=True), mel_db.amax((1, 2), keepdim=True)
        unit = (mel_db - low) / (high - low).clamp(min=_LEAST_SPAN_DB)
        return functional.interpolate(
            unit.transpose(1, 2)[:, None], size=(SIDE, SIDE), mode="bilinear", align_corners=False
        )

    def forward(self, mel_db: Tensor) -> Output:
        """Logits and embedding (128) of each window."""
        picture = self.picture(mel_db).contiguous(memory_format=torch.channels_last)
        seen = self.dropout(self.convolutions(picture)).flatten(1)
        embedding = functional.relu(self.hidden(seen))
        return Output(self.classify(self.dropout(embedding)), embedding)


def build(options: Options, *, n_frames: int, n_mels: int, n_classes: int) -> Cnn128:
    """The network, for windows of any size; :class:`RecipeError` for a dropout out of range."""
    check_dropout("cnn_128", "dropout", options.dropout)
    if n_frames < 2 or n_mels < 2:
        raise RecipeError(f"cnn_128: windows should have at least 2 x 2 cells, got {n_frames} x {n_mels}")
    return Cnn128(options, n_classes=n_classes)
