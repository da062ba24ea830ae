"""What S0 tried first: the frames of a frozen speech encoder as the tokens of its transformer."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from genrelens.models.encoder import WaveformEncoder
from genrelens.models.network import EncoderLayer, Network, Output, attention_of, check_encoder
from genrelens.models.wav2vec2 import open_encoder


@dataclass(frozen=True, slots=True)
class Options:
    """``encoder``: a local folder in the hub's format, or a hub id; the rest is of the transformer behind it."""

    encoder: str
    n_layers: int
    n_heads: int
    d_model: int
    d_hidden: int
    dropout: float


class Wav2Vec2Transformer(Network):
    """Frozen encoder -> linear -> transformer layers -> mean over time -> genres.

    There are no positions to add: the encoder's frames carry their own.
    """

    def __init__(self, encoder: WaveformEncoder, options: Options, *, n_classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.licence, self.notice = encoder.licence, encoder.notice
        self.embed = nn.Linear(encoder.width, options.d_model)
        self.dropout = nn.Dropout(options.dropout)
        self.layers = nn.ModuleList(
            EncoderLayer(options.d_model, options.n_heads, options.d_hidden, options.dropout)
            for _ in range(options.n_layers)
        )
        self.norm = nn.LayerNorm(options.d_model)
        self.classify = nn.Linear(options.d_model, n_classes)

    def _tokens(self, samples: Tensor) -> Tensor:
        tokens: Tensor = self.dropout(self.embed(self.encoder(samples)))
        return tokens

    def forward(self, samples: Tensor) -> Output:
        """Logits and embedding (d_model) of each window (batch, n_samples, 1)."""
        tokens = self._tokens(samples)
        for layer in self.layers:
            tokens = layer(tokens)
        embedding = self.norm(tokens).mean(dim=1)
        return Output(logits=self.classify(embedding), embedding=embedding)

    def attention(self, samples: Tensor) -> Tensor:
        """Weights (batch, layers, heads, tokens, tokens) of the transformer behind the encoder; a token is a frame."""
        return attention_of(self.layers, self._tokens(samples))


def build(options: Options, *, n_frames: int, n_mels: int, n_classes: int) -> Wav2Vec2Transformer:
    """The network, or :class:`RecipeError` where sizes do not fit and :class:`TrainingError` without the encoder."""
    check_encoder(
        "wav2vec2_transformer",
        n_layers=options.n_layers,
        n_heads=options.n_heads,
        d_model=options.d_model,
        d_hidden=options.d_hidden,
        dropout=options.dropout,
    )
    encoder = open_encoder("wav2vec2_transformer", options.encoder, n_frames=n_frames, n_mels=n_mels)
    encoder.freeze("full")
    return Wav2Vec2Transformer(encoder, options, n_classes=n_classes)
