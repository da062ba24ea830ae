"""From the logits of windows to one answer: the only pooling, softmax and sigmoid, in training too."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def pool_logits(window_logits: ArrayLike, *, weights: ArrayLike) -> NDArray[np.float64]:
    """Weighted mean over windows: ``(w, c)`` logits and ``(w,)`` weights >= 0 give ``(c,)`` logits.

    Windows of weight 0 (silent ones) count for nothing, whatever their logits; when all weights are 0 the
    result is NaN throughout. Raises ``ValueError`` where the shapes do not fit or a weight is negative.
    """
    logits = np.asarray(window_logits, dtype=np.float64)
    weight = np.asarray(weights, dtype=np.float64)
    if logits.ndim != 2 or weight.shape != logits.shape[:1]:
        raise ValueError(f"expected logits (w, c) and weights (w,), got {logits.shape} and {weight.shape}")
    if not np.all(weight >= 0):
        raise ValueError(f"weights must be >= 0, got {weight.min()}")
    heard = weight > 0
    if not heard.any():
        return np.full(logits.shape[1], np.nan)
    pooled: NDArray[np.float64] = weight[heard] @ logits[heard] / weight[heard].sum()
    return pooled


def softmax(logits: ArrayLike, *, temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities ``(..., c)`` of logits ``(..., c)`` divided by a temperature > 0; NaN rows stay NaN."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    shifted = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    probabilities: NDArray[np.float64] = shifted / shifted.sum(axis=-1, keepdims=True)
    return probabilities


def sigmoid(logits: ArrayLike, *, temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities of logits of any shape, each by itself; NaN stays NaN."""
    # tanh does not overflow, which 1 / (1 + exp(-x)) does.
    probabilities: NDArray[np.float64] = 0.5 + 0.5 * np.tanh(np.asarray(logits, dtype=np.float64) / (2.0 * temperature))
    return probabilities
