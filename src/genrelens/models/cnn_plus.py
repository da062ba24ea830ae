"""genrelens' own convolutional network: residual blocks over short windows, mean and maximum over time, several crops.

The same network compares front ends: it takes mel bands or the bins of a constant-Q filter bank as they come, and with
``n_mfcc`` it makes cepstral coefficients of mel decibels first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from genrelens.errors import RecipeError
from genrelens.models.network import BandNorm, Network, Output, check_dropout


@dataclass(frozen=True, slots=True)
class Options:
    """``channels`` of the blocks, such as ``"24-48-96-128"``; each block halves both axes.

    ``n_mfcc``: 0 to look at the bands themselves, otherwise how many coefficients of their cosine transform to look at.
    """

    channels: str
    block_dropout: float
    dropout: float
    n_mfcc: int = 0


class Block(nn.Module):
    """Convolution and maximum of 2 x 2, then a convolution that is added to what came in (He et al. 2016,
    arXiv 1512.03385). The maximum comes before the second convolution, which then costs a quarter."""

    def __init__(self, n_in: int, n_out: int, dropout: float) -> None:
        super().__init__()
        self.shrink = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, padding=1, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(n_out), nn.GELU()
        )
        self.refine = nn.Sequential(
            nn.Dropout2d(dropout), nn.Conv2d(n_out, n_out, 3, padding=1, bias=False), nn.BatchNorm2d(n_out)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, n_in, bands, frames) -> (n, n_out, bands / 2, frames / 2)."""
        small = self.shrink(x)
        return functional.gelu(small + self.refine(small))


class CnnPlus(Network):
    """Bands or coefficients, standardised -> blocks -> over bands the mean, over time the mean and the maximum."""

    cosines: Tensor

    def __init__(self, options: Options, *, channels: list[int], n_mels: int, n_classes: int) -> None:
        super().__init__()
        self.n_mfcc = options.n_mfcc
        self.register_buffer("cosines", dct(n_mels, options.n_mfcc), persistent=False)
        self.normalise = BandNorm(options.n_mfcc or n_mels)
        self.blocks = nn.Sequential(
            *(Block(n_in, n_out, options.block_dropout) for n_in, n_out in zip([1, *channels], channels, strict=False))
        )
        self.dropout = nn.Dropout(options.dropout)
        self.classify = nn.Linear(2 * channels[-1], n_classes)

    def forward(self, mel_db: Tensor) -> Output:
        """Logits and embedding (twice the last channels) of each window."""
        seen = self.normalise(mel_db @ self.cosines if self.n_mfcc else mel_db)
        picture = seen.transpose(1, 2)[:, None].contiguous(memory_format=torch.channels_last)
        over_time = self.blocks(picture).mean(dim=2)
        embedding = torch.cat([over_time.mean(dim=2), over_time.amax(dim=2)], dim=1)
        return Output(self.classify(self.dropout(embedding)), embedding)


def dct(n_mels: int, n_mfcc: int) -> Tensor:
    """(n_mels, n_mfcc): the first columns of the orthonormal DCT-II, as ``scipy.fft.dct(norm="ortho")``.

    ``decibels (..., n_mels) @ dct`` are cepstral coefficients, as librosa's ``mfcc`` makes them.
    """
    bands, orders = torch.arange(n_mels, dtype=torch.float64), torch.arange(n_mfcc, dtype=torch.float64)
    table = torch.cos(math.pi / n_mels * (bands[:, None] + 0.5) * orders) * math.sqrt(2 / n_mels)
    table[:, :1] /= math.sqrt(2)
    return table.float()


def build(options: Options, *, n_frames: int, n_mels: int, n_classes: int) -> CnnPlus:
    """The network, or :class:`RecipeError` when channels, windows and coefficients do not fit each other."""
    try:
        channels = [int(part) for part in options.channels.split("-")]
    except ValueError:
        channels = []
    if not channels or min(channels) < 1:
        raise RecipeError(f"cnn_plus: channels should be counts such as '24-48-96', got {options.channels!r}")
    if not 0 <= options.n_mfcc <= n_mels:
        raise RecipeError(f"cnn_plus: n_mfcc should be from 0 to the number of bands, {n_mels}, got {options.n_mfcc}")
    least = 1 << len(channels)
    if min(n_frames, options.n_mfcc or n_mels) < least:
        raise RecipeError(
            f"cnn_plus: {len(channels)} blocks need at least {least} frames and {least} bands or coefficients, got "
            f"{n_frames} and {options.n_mfcc or n_mels}"
        )
    check_dropout("cnn_plus", "block_dropout", options.block_dropout)
    check_dropout("cnn_plus", "dropout", options.dropout)
    return CnnPlus(options, channels=channels, n_mels=n_mels, n_classes=n_classes)
