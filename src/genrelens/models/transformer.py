"""S0's network: a transformer encoder that takes every mel frame as a token (1290 tokens of 128 bands).

What the original's description fixes is kept: one token a frame, 2 or 4 layers of 4 heads. What it leaves open is
chosen here: sinusoidal positions, layer norm first, mean over time, one linear layer to the genres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genrelens.errors import RecipeError
from genrelens.models.network import BandNorm, EncoderLayer, Network, Output, attention_of, check_encoder


@dataclass(frozen=True, slots=True)
class Options:
    """``d_model`` is the width of a token, ``d_hidden`` that of the layer between two linear maps."""

    n_layers: int
    n_heads: int
    d_model: int
    d_hidden: int
    dropout: float


class Transformer(Network):
    """Frames -> linear -> positions -> encoder layers -> mean over time -> genres."""

    positions: Tensor

    def __init__(self, options: Options, *, n_frames: int, n_mels: int, n_classes: int) -> None:
        super().__init__()
        self.normalise = BandNorm(n_mels)
        self.embed = nn.Linear(n_mels, options.d_model)
        self.register_buffer("positions", sinusoids(n_frames, options.d_model), persistent=False)
        self.dropout = nn.Dropout(options.dropout)
        self.layers = nn.ModuleList(
            EncoderLayer(options.d_model, options.n_heads, options.d_hidden, options.dropout)
            for _ in range(options.n_layers)
        )
        self.norm = nn.LayerNorm(options.d_model)
        self.classify = nn.Linear(options.d_model, n_classes)

    def _tokens(self, mel_db: Tensor) -> Tensor:
        tokens: Tensor = self.dropout(self.embed(self.normalise(mel_db)) + self.positions)
        return tokens

    def forward(self, mel_db: Tensor) -> Output:
        """Logits and embedding (d_model) of each window."""
        tokens = self._tokens(mel_db)
        for layer in self.layers:
            tokens = layer(tokens)
        embedding = self.norm(tokens).mean(dim=1)
        return Output(logits=self.classify(embedding), embedding=embedding)

    def attention(self, mel_db: Tensor) -> Tensor:
        """Weights (batch, layers, heads, n_frames, n_frames): 27 MB a layer and window at 1290 frames."""
        return attention_of(self.layers, self._tokens(mel_db))


def sinusoids(n_positions: int, d_model: int) -> Tensor:
    """Sinusoidal positions (n_positions, d_model), Vaswani et al. 2017, section 3.5."""
    steps = torch.arange(n_positions, dtype=torch.float32)[:, None]
    rates = torch.exp(torch.arange(0, d_model, 2, dtype=torch.float32) * (-math.log(10_000.0) / d_model))
    table = torch.zeros(n_positions, d_model)
    table[:, 0::2] = torch.sin(steps * rates)
    table[:, 1::2] = torch.cos(steps * rates)
    return table


def build(options: Options, *, n_frames: int, n_mels: int, n_classes: int) -> Transformer:
    """The network, or :class:`RecipeError` when sizes are out of range or the width not a multiple of heads and 2."""
    check_encoder(
        "transformer",
        n_layers=options.n_layers,
        n_heads=options.n_heads,
        d_model=options.d_model,
        d_hidden=options.d_hidden,
        dropout=options.dropout,
    )
    if options.d_model % 2:
        raise RecipeError(f"transformer: d_model should be even, got {options.d_model}")
    return Transformer(options, n_frames=n_frames, n_mels=n_mels, n_classes=n_classes)
