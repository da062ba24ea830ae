"""A small convolutional network on Kaggle's pictures, as ``frontend.image`` draws them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from genrelens.models.network import Network, Output

SHRINK = 4
"""Pixels that one cell of what the convolutions see is the mean of, each way: 216 x 334 become 54 x 83."""

_CHANNELS = (16, 32, 64)
_ROWS = 6


class ImageCnn(Network):
    """Pictures (n, 216, 334) in [0, 1] -> logits of genres and embedding (n, 768).

    Three convolutions of 3 x 3, each with batch norm, ReLU and the maximum of 2 x 2; then the mean and the maximum over
    time at each of six heights, because where in a clip something sounds does not matter and how high it does. Pictures
    of another width are taken, too.
    """

    def __init__(self, n_classes: int, *, dropout: float = 0.5) -> None:
        super().__init__()
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
        self.head = nn.Linear(2 * _ROWS * _CHANNELS[-1], n_classes)

    def forward(self, pictures: Tensor) -> Output:
        """Logits and embedding of each picture."""
        seen = self.convolutions(functional.avg_pool2d(pictures[:, None], SHRINK) - 0.5)
        embedding = torch.cat([seen.mean(dim=3), seen.amax(dim=3)], dim=1).flatten(1)
        return Output(self.head(self.dropout(embedding)), embedding)
