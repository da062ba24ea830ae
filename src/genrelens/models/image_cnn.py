"""A small convolutional network on Kaggle's pictures, which it draws from mel decibels by itself.

What ``frontend.image`` draws with NumPy is drawn here inside the graph, by taking the cells that each pixel shows. So a
model that has learnt from pictures answers sound, too, and a picture that comes as a file takes the same way
(``frontend.image.to_mel_power``).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from genrelens.errors import RecipeError
from genrelens.frontend import image
from genrelens.models.network import Network, Output, check_dropout

SHRINK = 4
"""Pixels that one cell of what the convolutions see is the mean of, each way: 216 x 334 become 54 x 83."""

_CHANNELS = (16, 32, 64)
_ROWS = 6
_LEAST_CROP = 0.1  # 33 columns, which shrinking and pooling leave one of


@dataclass(frozen=True, slots=True)
class Options:
    """``dropout`` is before the last layer.

    ``crop``: in training, the share of a picture's columns that are looked at, a stretch of them taken at random for
    each batch; 1 for all. An answer always looks at all of them.
    """

    dropout: float
    crop: float = 1.0


class ImageCnn(Network):
    """Mel decibels (n, n_frames, 128) -> pictures (n, 216, 334) -> logits of genres and embedding (n, 768).

    Three convolutions of 3 x 3, each with batch norm, ReLU and the maximum of 2 x 2; then the mean and the maximum over
    time at each of six heights, because where in a clip something sounds does not matter and how high it does.
    """

    rows: Tensor
    columns: Tensor

    def __init__(
        self, n_classes: int, *, dropout: float = 0.5, crop: float = 1.0, n_frames: int = image.N_FRAMES
    ) -> None:
        super().__init__()
        self.crop = crop
        rows, columns = image.cells(n_frames)
        self.register_buffer("rows", torch.from_numpy(rows), persistent=False)
        self.register_buffer("columns", torch.from_numpy(columns), persistent=False)
        layers: list[nn.Module] = []
        for n_in, n_out in zip((1, *_CHANNELS), _CHANNELS, strict=False):
            layers += [
                nn.Conv2d(n_in, n_out, 3, padding=1, bias=False),
                nn.BatchNorm2d(n_out),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
        self.convolutions = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(2 * _ROWS * _CHANNELS[-1], n_classes)

    def draw(self, mel_db: Tensor) -> Tensor:
        """Pictures (n, 216, 334) in [0, 1] of windows (n, n_frames, 128): 0 is the floor, 1 the loudest cell.

        In training they are as narrow as ``crop`` says.

        ``image.draw`` stretches the levels of a clip whose faintest cell is above the floor over all colours, as
        matplotlib did. That is left out: of a picture it could not be undone, and no clip of GTZAN here asks for it.
        """
        assert image.SETTINGS.top_db is not None
        columns = self._cropped(self.columns) if self.training else self.columns
        unit = mel_db.index_select(1, columns) / image.SETTINGS.top_db + 1
        return unit.index_select(2, self.rows).transpose(1, 2)

    def _cropped(self, columns: Tensor) -> Tensor:
        width = round(self.crop * len(columns))
        start = int(torch.randint(len(columns) - width + 1, ()))
        return columns[start : start + width]

    def look(self, pictures: Tensor) -> Output:
        """Logits and embedding of pictures (n, 216, width) in [0, 1]; the published ones are 334 wide."""
        small = functional.avg_pool2d(pictures[:, None], SHRINK) - 0.5
        seen = self.convolutions(small.contiguous(memory_format=torch.channels_last))
        embedding = torch.cat([seen.mean(dim=3), seen.amax(dim=3)], dim=1).flatten(1)
        return Output(self.classify(self.dropout(embedding)), embedding)

    def forward(self, mel_db: Tensor) -> Output:
        """Logits and embedding of each window."""
        return self.look(self.draw(mel_db))


def build(options: Options, *, n_frames: int, n_mels: int, n_classes: int) -> ImageCnn:
    """The network, or :class:`RecipeError` when the windows have not the picture's bands."""
    check_dropout("image_cnn", "dropout", options.dropout)
    if n_mels != image.SETTINGS.n_mels:
        raise RecipeError(f"image_cnn: the picture has {image.SETTINGS.n_mels} bands, got n_mels = {n_mels}")
    if not _LEAST_CROP <= options.crop <= 1:
        raise RecipeError(f"image_cnn: crop should be from {_LEAST_CROP} to 1, got {options.crop}")
    return ImageCnn(n_classes, dropout=options.dropout, crop=options.crop, n_frames=n_frames)
