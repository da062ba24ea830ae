"""genrelens' own network: a convolutional stem reads patches of the mel spectrogram, a transformer reads the stem.

The stem (3 x 3 convolutions, max pooling, batch norm, GELU) shortens time eightfold, so that a token is about 0.2 s of
sound, attention is cheap, and the early layers need not be learned as attention from a few hundred clips.
Attention pooling over the tokens makes the embedding.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genrelens.errors import RecipeError
from genrelens.models.network import BandNorm, EncoderLayer, Network, Output, attention_of, check_dropout, check_encoder

TIME_POOLINGS = 3
"""The first three blocks of the stem halve the time axis; every block halves the mel axis."""


@dataclass(frozen=True, slots=True)
class Options:
    """``stem`` lists the channels of the convolution blocks, such as ``"32-64-128-128"``."""

    stem: str
    stem_dropout: float
    n_layers: int
    n_heads: int
    d_model: int
    d_hidden: int
    dropout: float


class MelTransformer(Network):
    """Stem -> linear -> positions -> encoder layers -> attention pooling -> genres."""

    def __init__(self, options: Options, *, channels: list[int], n_frames: int, n_mels: int, n_classes: int) -> None:
        super().__init__()
        self.normalise = BandNorm(n_mels)
        blocks: list[nn.Module] = []
        for i, (n_in, n_out) in enumerate(zip([1, *channels], channels, strict=False)):
            # Pooling first: a maximum passes through GELU all but unchanged, and the rest costs half as much.
            blocks += [
                nn.Conv2d(n_in, n_out, 3, padding=1, bias=False),
                nn.MaxPool2d((2 if i < TIME_POOLINGS else 1, 2)),
                nn.BatchNorm2d(n_out),
                nn.GELU(),
            ]
            if i > 0 and options.stem_dropout:
                blocks.append(nn.Dropout2d(options.stem_dropout))
        self.stem = nn.Sequential(*blocks)
        n_tokens = n_frames >> min(TIME_POOLINGS, len(channels))
        self.embed = nn.Linear(channels[-1] * (n_mels >> len(channels)), options.d_model)
        self.positions = nn.Parameter(torch.randn(1, n_tokens, options.d_model) * 0.02)
        self.layers = nn.ModuleList(
            EncoderLayer(options.d_model, options.n_heads, options.d_hidden, options.dropout)
            for _ in range(options.n_layers)
        )
        self.norm = nn.LayerNorm(options.d_model)
        self.query = nn.Linear(options.d_model, 1)
        self.dropout = nn.Dropout(options.dropout)
        self.classify = nn.Linear(options.d_model, n_classes)

    def _tokens(self, mel_db: Tensor) -> Tensor:
        picture = self.normalise(mel_db)[:, None].contiguous(memory_format=torch.channels_last)
        stem = self.stem(picture)  # (batch, channels, tokens, bands)
        tokens: Tensor = self.embed(stem.permute(0, 2, 1, 3).flatten(2)) + self.positions
        return tokens

    def forward(self, mel_db: Tensor) -> Output:
        """Logits and embedding (d_model) of each window."""
        tokens = self._tokens(mel_db)
        for layer in self.layers:
            tokens = layer(tokens)
        tokens = self.norm(tokens)
        embedding = (tokens * self.query(tokens).softmax(dim=1)).sum(dim=1)
        return Output(logits=self.classify(self.dropout(embedding)), embedding=embedding)

    def attention(self, mel_db: Tensor) -> Tensor:
        """Weights (batch, layers, heads, tokens, tokens); a token is 8 frames."""
        return attention_of(self.layers, self._tokens(mel_db))


def build(options: Options, *, n_frames: int, n_mels: int, n_classes: int) -> MelTransformer:
    """The network, or :class:`RecipeError` when stem, windows and sizes do not fit each other."""
    try:
        channels = [int(part) for part in options.stem.split("-")]
    except ValueError:
        channels = []
    if not channels or min(channels) < 1:
        raise RecipeError(f"mel_transformer: stem should be channel counts such as '32-64-128', got {options.stem!r}")
    if n_mels % (1 << len(channels)):
        raise RecipeError(
            f"mel_transformer: {len(channels)} stem blocks need n_mels divisible by {1 << len(channels)}, got {n_mels}"
        )
    check_dropout("mel_transformer", "stem_dropout", options.stem_dropout)
    check_encoder(
        "mel_transformer",
        n_layers=options.n_layers,
        n_heads=options.n_heads,
        d_model=options.d_model,
        d_hidden=options.d_hidden,
        dropout=options.dropout,
    )
    if n_frames < 1 << TIME_POOLINGS:
        raise RecipeError(f"mel_transformer: windows should have at least {1 << TIME_POOLINGS} frames, got {n_frames}")
    return MelTransformer(options, channels=channels, n_frames=n_frames, n_mels=n_mels, n_classes=n_classes)
