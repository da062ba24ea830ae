"""S4's network: four convolutions on 5 s of 64 mel bands, one hidden layer of 128, which is the embedding.

Deviation: each band is standardised inside the network (:class:`BandNorm`, no weights), where S4 fed decibels as they
were. Our decibels are below the window's loudest cell and S4's below full scale; standardised, neither reference nor
the norm of a mel triangle makes a difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from genrelens.errors import RecipeError
from genrelens.models.network import BandNorm, Network, Output, check_dropout

_CHANNELS = (8, 16, 32, 64)
_HIDDEN = 128
_SHRINK = 1 << len(_CHANNELS)


@dataclass(frozen=True, slots=True)
class Options:
    """``dropout`` is before the last layer; S4's is 0.3."""

    dropout: float


class Cnn5s(Network):
    """Window -> four 3 x 3 convolutions, each with ReLU and the maximum of 2 x 2 -> 128 -> genres."""

    def __init__(self, options: Options, *, n_frames: int, n_mels: int, n_classes: int) -> None:
        super().__init__()
        self.normalise = BandNorm(n_mels)
        layers: list[nn.Module] = []
        for n_in, n_out in zip((1, *_CHANNELS), _CHANNELS, strict=False):
            layers += [nn.Conv2d(n_in, n_out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        self.convolutions = nn.Sequential(*layers)
        self.hidden = nn.Linear(_CHANNELS[-1] * (n_mels // _SHRINK) * (n_frames // _SHRINK), _HIDDEN)
        self.dropout = nn.Dropout(options.dropout)
        self.classify = nn.Linear(_HIDDEN, n_classes)

    def forward(self, mel_db: Tensor) -> Output:
        """Logits and embedding (128, after the ReLU) of each window."""
        picture = self.normalise(mel_db).transpose(1, 2)[:, None]
        seen = self.convolutions(picture.contiguous(memory_format=torch.channels_last)).flatten(1)
        embedding = functional.relu(self.hidden(seen))
        return Output(self.classify(self.dropout(embedding)), embedding)


def build(options: Options, *, n_frames: int, n_mels: int, n_classes: int) -> Cnn5s:
    """The network; :class:`RecipeError` for windows that four halvings leave nothing of, or a dropout out of range."""
    check_dropout("cnn_5s", "dropout", options.dropout)
    if min(n_frames, n_mels) < _SHRINK:
        raise RecipeError(
            f"cnn_5s: windows should have at least {_SHRINK} x {_SHRINK} cells, got {n_frames} x {n_mels}"
        )
    return Cnn5s(options, n_frames=n_frames, n_mels=n_mels, n_classes=n_classes)
