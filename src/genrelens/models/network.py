"""What every network here can do, and the parts that more than one of them uses."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from genrelens.errors import RecipeError


class Output(NamedTuple):
    """``logits`` (batch, n_classes) and ``embedding`` (batch, d), the vector that the last layer reads.

    Some networks say more: ``tags`` (batch, n_tags), logits of other words for the sound; ``screens`` (batch, 2), how
    little it sounds like music and how far it lies from the training's.
    """

    logits: Tensor
    embedding: Tensor
    tags: Tensor | None = None
    screens: Tensor | None = None


class Network(nn.Module):
    """A classifier of windows: (batch, n_frames, n_bands) as the front end compresses them -> :class:`Output`.

    For most they are mel_db, decibels of at most 0.

    ``licence`` is that of a bundle with these weights, ``notice`` says for its card whose weights are inside.
    """

    licence = "MIT"
    notice = ""

    def forward(self, mel_db: Tensor) -> Output:
        """Logits and embedding of each window."""
        raise TypeError(f"{type(self).__name__} has no forward")

    def loss(self, windows: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """What a training step lowers, and the logits (batch, n_classes) that its accuracy is counted of.

        ``targets`` (batch, n_classes) sum to 1. Here the cross-entropy; systems that train by another loss say so.
        """
        logits = self(windows).logits.float()
        return functional.cross_entropy(logits, targets), logits

    def learners(self) -> tuple[nn.Module, ...]:
        """What learns for itself, each with all of its weights: the gradients of one do not shorten another's steps."""
        return (self,)

    def attention(self, mel_db: Tensor) -> Tensor | None:
        """Attention weights (batch, layers, heads, tokens, tokens), rows summing to 1; None where there is none."""
        return None


class BandNorm(nn.Module):
    """Standardises each mel band with the mean and variance of the training windows (running, as in BatchNorm).

    The dB reference of a window is its own maximum, so this sits in the network and not in the front end.
    """

    def __init__(self, n_mels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(n_mels, affine=False)

    def forward(self, mel_db: Tensor) -> Tensor:
        """(batch, n_frames, n_mels) in, the same shape out."""
        normal: Tensor = self.norm(mel_db.transpose(1, 2))
        return normal.transpose(1, 2)


class EncoderLayer(nn.Module):
    """A pre-norm transformer encoder layer whose attention weights can be asked for.

    Vaswani et al. 2017 (arXiv 1706.03762) with the layer norm first (Xiong et al. 2020, arXiv 2002.04745).
    No dropout inside attention: it costs four times the speed on a CPU and gained nothing.
    """

    def __init__(self, d_model: int, n_heads: int, d_hidden: int, dropout: float) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norm_attention = nn.LayerNorm(d_model)
        self.query_key_value = nn.Linear(d_model, 3 * d_model)
        self.project = nn.Linear(d_model, d_model)
        self.norm_hidden = nn.LayerNorm(d_model)
        self.expand = nn.Linear(d_model, d_hidden)
        self.contract = nn.Linear(d_hidden, d_model)
        self.dropout = nn.Dropout(dropout)
        self.keeps_weights = False
        self.kept_weights: Tensor | None = None

    def _heads(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        shape = (x.shape[0], x.shape[1], 3, self.n_heads, x.shape[2] // self.n_heads)
        query, key, value = self.query_key_value(self.norm_attention(x)).reshape(shape).permute(2, 0, 3, 1, 4).unbind(0)
        return query, key, value

    def weights(self, x: Tensor) -> Tensor:
        """Attention weights (batch, heads, tokens, tokens) that this layer gives to its input ``x``."""
        query, key, _ = self._heads(x)
        scores: Tensor = query @ key.transpose(-2, -1) * query.shape[-1] ** -0.5
        return scores.softmax(-1)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, tokens, d_model) in and out.

        With ``keeps_weights`` the attention weights stay in ``kept_weights`` (batch, heads, tokens, tokens), part of
        the gradient's graph, which the fused attention does not give.
        """
        query, key, value = self._heads(x)
        if self.keeps_weights:
            self.kept_weights = (query @ key.transpose(-2, -1) * query.shape[-1] ** -0.5).softmax(-1)
            mixed = self.kept_weights @ value
        else:
            mixed = functional.scaled_dot_product_attention(query, key, value)
        x = x + self.dropout(self.project(mixed.transpose(1, 2).reshape(x.shape)))
        hidden = functional.gelu(self.expand(self.norm_hidden(x)))
        out: Tensor = x + self.dropout(self.contract(self.dropout(hidden)))
        return out


def attention_of(layers: nn.ModuleList, x: Tensor) -> Tensor:
    """Weights of a stack of :class:`EncoderLayer`, (batch, layers, heads, tokens, tokens)."""
    weights = []
    for layer in layers:
        assert isinstance(layer, EncoderLayer)
        weights.append(layer.weights(x))
        x = layer(x)
    return torch.stack(weights, dim=1)


def check_encoder(
    architecture: str, *, n_layers: int, n_heads: int, d_model: int, d_hidden: int, dropout: float
) -> None:
    """Raise :class:`RecipeError` where no stack of :class:`EncoderLayer` can be built from these options."""
    sizes = {"n_layers": n_layers, "n_heads": n_heads, "d_model": d_model, "d_hidden": d_hidden}
    for name, size in sizes.items():
        if size < 1:
            raise RecipeError(f"{architecture}: {name} should be at least 1, got {size}")
    if d_model % n_heads:
        raise RecipeError(f"{architecture}: d_model {d_model} should divide into {n_heads} heads")
    check_dropout(architecture, "dropout", dropout)


def check_dropout(architecture: str, name: str, share: float) -> None:
    """Raise :class:`RecipeError` unless a dropout option is from 0 to below 1."""
    if not 0 <= share < 1:
        raise RecipeError(f"{architecture}: {name} should be from 0 to below 1, got {share}")
