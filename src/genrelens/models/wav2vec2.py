"""S3's network: a pretrained encoder of raw sound, pooled over time, and two linear layers to the genres.

Wav2Vec2 is Baevski et al. 2020 (arXiv 2006.11477). Mended, of S3: the whole window is heard (its feature extractor
kept the first of 3 s), the dropout rate is the one asked for, and the layers can be weighed (SUPERB, Yang et al. 2021,
arXiv 2105.01051).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from genrelens.errors import RecipeError
from genrelens.models.encoder import WaveformEncoder, load_pretrained
from genrelens.models.network import Network, Output, check_dropout

SAMPLE_RATE: Final = 16_000
"""Hz; what every published encoder of this kind hears."""
POOLINGS: Final = ("last", "mean", "max", "sum", "weighted")


@dataclass(frozen=True, slots=True)
class Options:
    """``encoder``: a local folder in the hub's format, or a hub id.

    ``pooling``: how the frames of a window become one vector: the ``last`` one, or their ``mean``, ``max`` or ``sum``;
    ``weighted``: all layers' frames, summed with learnt weights that add up to 1, then their mean.
    ``freeze``, ``freeze_layers``: see :meth:`~genrelens.models.encoder.WaveformEncoder.freeze`.
    """

    encoder: str
    pooling: str
    freeze: str
    freeze_layers: int
    dropout: float


class Wav2Vec2(Network):
    """Encoder -> pooling over time -> linear, tanh, dropout, linear -> genres."""

    def __init__(self, encoder: WaveformEncoder, *, pooling: str, dropout: float, n_classes: int) -> None:
        super().__init__()
        self.encoder, self.pooling = encoder, pooling
        self.licence, self.notice = encoder.licence, encoder.notice
        self.layer_weights = nn.Parameter(torch.zeros(1 + encoder.n_layers)) if pooling == "weighted" else None
        self.dense = nn.Linear(encoder.width, encoder.width)
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(encoder.width, n_classes)

    def _pooled(self, samples: Tensor) -> Tensor:
        if self.layer_weights is not None:
            weights = self.layer_weights.softmax(0)[None, :, None, None]
            return (self.encoder.hidden(samples) * weights).sum(dim=1).mean(dim=1)
        frames: Tensor = self.encoder(samples)
        match self.pooling:
            case "last":
                return frames[:, -1]
            case "mean":
                return frames.mean(dim=1)
            case "max":
                return frames.amax(dim=1)
            case _:
                return frames.sum(dim=1)

    def forward(self, samples: Tensor) -> Output:
        """Logits and embedding (width) of each window (batch, n_samples, 1)."""
        embedding = torch.tanh(self.dense(self._pooled(samples)))
        return Output(logits=self.classify(self.dropout(embedding)), embedding=embedding)


def build(options: Options, *, n_frames: int, n_mels: int, n_classes: int) -> Wav2Vec2:
    """The network with the encoder's weights and a fresh head.

    Raises :class:`RecipeError` where the options do not fit, :class:`TrainingError` where there is no such encoder.
    """
    if options.pooling not in POOLINGS:
        raise RecipeError(f"wav2vec2: pooling should be one of {', '.join(POOLINGS)}, got {options.pooling!r}")
    check_dropout("wav2vec2", "dropout", options.dropout)
    encoder = open_encoder("wav2vec2", options.encoder, n_frames=n_frames, n_mels=n_mels)
    encoder.freeze(options.freeze, n_layers=options.freeze_layers)
    return Wav2Vec2(encoder, pooling=options.pooling, dropout=options.dropout, n_classes=n_classes)


def open_encoder(architecture: str, source: str, *, n_frames: int, n_mels: int) -> WaveformEncoder:
    """The encoder of an architecture that hears windows of ``n_frames`` samples, or :class:`RecipeError`."""
    if n_mels != 1:
        raise RecipeError(
            f'{architecture} hears samples: the recipe\'s [front_end] should be kind = "waveform", '
            f"got frames of {n_mels} bands"
        )
    encoder = WaveformEncoder(load_pretrained(source), source=source, sample_rate=SAMPLE_RATE)
    encoder.check_window(n_frames)
    return encoder
