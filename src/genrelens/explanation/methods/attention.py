"""Where a network looks: attention of its layers and heads, averages, rollout, and all of them over a stretch's time.

Attention has no sign and no class: it says what was looked at, not what for, and much that is looked at changes
nothing (Jain & Wallace 2019, arXiv 1902.10186). Scores here are *times the even share*: 1 is a token that receives
as much as it would if all were looked at alike, 3 one that receives three times that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genrelens.errors import BundleError
from genrelens.explanation.hearing import Hearing

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Attention = NDArray[np.float32] | NDArray[np.float64]
"""What :meth:`genrelens.bundle.Bundle.attention` gives of one window: ``(layers, heads, tokens, tokens)``, the last
axis the tokens that are looked at; each row sums to 1."""

RESIDUAL = 0.5
"""Share of a layer's way round its attention, by the skip connection (Abnar & Zuidema 2020, section 3)."""


@dataclass(frozen=True, slots=True)
class AttentionMap:
    """Which map is meant: ``rollout``, or the attention of a ``layer`` and ``head`` from 0, None for the mean over all.

    Raises :class:`BundleError` where rollout comes with a layer or a head: it is of all of them.
    """

    rollout: bool = False
    layer: int | None = None
    head: int | None = None

    def __post_init__(self) -> None:
        if self.rollout and (self.layer, self.head) != (None, None):
            raise BundleError("rollout goes through all layers and heads: give it none")

    @classmethod
    def named(cls, name: str) -> AttentionMap:
        """From ``rollout``, ``attention``, ``attention-layer2``, ``attention-head3``, ``attention-layer2-head3``,
        counted from 1. Raises :class:`BundleError` on other names."""
        if name == "rollout":
            return cls(rollout=True)
        match = re.fullmatch(r"attention(?:-layer([1-9]\d?))?(?:-head([1-9]\d?))?", name)
        if match is None:
            raise BundleError(
                f"no attention map is called {name!r}; expected rollout, attention (the mean over all layers and "
                "heads), attention-layer1, attention-head1 or attention-layer1-head1, counted from 1"
            )
        layer, head = (None if number is None else int(number) - 1 for number in match.groups())
        return cls(layer=layer, head=head)

    def scores(self, attention: Attention) -> Float64:
        """``(tokens,)`` times the even share that each token receives; the mean over tokens is 1.

        Raises :class:`BundleError` where the network has no such layer or head.
        """
        weights = _checked(attention)
        n_layers, n_heads, n_tokens, _ = weights.shape
        for what, asked, n in (("layer", self.layer, n_layers), ("head", self.head, n_heads)):
            if asked is not None and not 0 <= asked < n:
                raise BundleError(f"the network has {n} {what}s, there is no {what} {asked + 1}")
        if self.rollout:
            flow: Float64 = received(rollout(weights)) * n_tokens
            return flow
        if self.layer is not None:
            weights = weights[self.layer : self.layer + 1]
        if self.head is not None:
            weights = weights[:, self.head : self.head + 1]
        mean: Float64 = received(weights).mean(axis=(0, 1)) * n_tokens
        return mean


def received(attention: Attention) -> Float64:
    """What each token receives, ``(..., tokens)``: the mean over the queries of ``(..., tokens, tokens)``.

    Sums to 1 over the tokens where the rows of ``attention`` do.
    """
    means: Float64 = attention.mean(axis=-2, dtype=np.float64)
    return means


def rollout(attention: Attention) -> Float64:
    """How much of each input token each output token is made of: ``(layers, heads, t, t)`` gives ``(t, t)``.

    Abnar & Zuidema, "Quantifying attention flow in transformers" (2020, arXiv 2005.00928), equation 1: heads are
    averaged, the skip connection adds :data:`RESIDUAL` of identity, rows are normalised, and layers are multiplied.
    Rows sum to 1.
    """
    heads = _checked(attention).mean(axis=1, dtype=np.float64)
    n_tokens = heads.shape[-1]
    flow = np.eye(n_tokens)
    for layer in heads:
        mixed = RESIDUAL * np.eye(n_tokens) + (1 - RESIDUAL) * layer
        flow = (mixed / mixed.sum(axis=-1, keepdims=True)) @ flow
    return flow


def over_frames(scores: Float64, *, n_frames: int) -> Float64:
    """Scores of tokens ``(..., tokens)`` as scores of a window's frames ``(..., n_frames)``.

    Tokens lie side by side and evenly over the window. A frame that two tokens share takes from both.
    """
    n_tokens = scores.shape[-1]
    # The integral over time is linear between the tokens' edges; a frame's score is the difference at its ends.
    edges = np.linspace(0.0, n_frames, n_tokens + 1)
    total = np.concatenate(
        [np.zeros((*scores.shape[:-1], 1)), np.cumsum(scores, axis=-1)], axis=-1, dtype=np.float64
    ) * (n_frames / n_tokens)
    flat = total.reshape(-1, n_tokens + 1)
    at = np.arange(n_frames + 1)
    integral = np.stack([np.interp(at, edges, row) for row in flat])
    frames: Float64 = np.diff(integral, axis=-1).reshape(*scores.shape[:-1], n_frames)
    return frames


def over_stretch(
    window_scores: Sequence[Float64 | None], *, spans: Sequence[tuple[int, int]], n_frames: int
) -> Float64:
    """Scores of a whole stretch's frames ``(total,)``, the mean over the windows that hold each frame.

    Args:
        window_scores: ``(n_frames,)`` of each window, None where it was silent and nobody was asked.
        spans: first frame and the one after the last of each window's sound, in the stretch. A span shorter than
            ``n_frames`` is sound that was repeated to fill the window: its repetitions are averaged.
        n_frames: frames of a window.

    Returns:
        float64; NaN for frames that no scored window holds.
    """
    total = max((end for _, end in spans), default=0)
    sums, counts = np.zeros(total), np.zeros(total)
    for scores, (start, end) in zip(window_scores, spans, strict=True):
        if scores is None:
            continue
        at = start + np.arange(n_frames) % (end - start)
        np.add.at(sums, at, scores)
        np.add.at(counts, at, 1.0)
    means: Float64 = np.divide(sums, counts, out=np.full(total, np.nan), where=counts > 0)
    return means


def frame_scores(hearing: Hearing, tokens_of: Callable[[int, Float32], Float64]) -> Float64:
    """Scores of a stretch's frames ``(total,)``, NaN where all windows are silent.

    ``tokens_of`` is called with the number done before and the input of each scored window, and gives ``(tokens,)``.
    """
    found: list[Float64 | None] = [None] * len(hearing.spans)
    for done, (index, values) in enumerate(hearing.inputs()):
        found[index] = over_frames(tokens_of(done, values), n_frames=hearing.n_frames)
    return over_stretch(found, spans=hearing.spans, n_frames=hearing.n_frames)


def _checked(attention: Attention) -> Attention:
    if attention.ndim != 4 or attention.shape[-1] != attention.shape[-2] or 0 in attention.shape:
        raise BundleError(f"expected attention (layers, heads, tokens, tokens), got {attention.shape}")
    return attention
