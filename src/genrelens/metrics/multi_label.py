"""Figures for pieces that may be of several classes at once.

Zhang & Zhou, "A Review on Multi-Label Learning Algorithms", IEEE TKDE 26 (2014) 1819-1837, section 2.2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genrelens.metrics._checks import FloatArray


def average_precision(
    scores: ArrayLike, *, targets: ArrayLike, weights: FloatArray | None = None
) -> FloatArray:
    """``sum_k (R_k - R_(k-1)) P_k`` over the distinct scores from the highest down; ``(r,)`` figures.

    ``scores (n,)``, ``targets (n,)`` whether a piece has the class, ``weights (r, n)`` how often it was drawn in
    resample r (default: each once, r = 1). Pieces with equal scores come in together, so order among them does not
    matter. A score that knows nothing has the class's share. NaN in a resample without a piece of the class.
    """
    rows, truth = np.asarray(scores, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    if rows.ndim != 1 or truth.shape != rows.shape:
        raise ValueError(
            f"scores and targets must have one shape (n,), got shapes {rows.shape} and {truth.shape}"
        )
    drawn = np.ones((1, len(rows))) if weights is None else np.asarray(weights, dtype=np.float64)
    if drawn.ndim != 2 or drawn.shape[1] != len(rows):
        raise ValueError(f"weights must be (r, {len(rows)}), got shape {drawn.shape}")
    if not len(rows):
        return np.full(len(drawn), np.nan)
    order = np.argsort(-rows, kind="stable")
    last = np.append(np.flatnonzero(np.diff(rows[order])), len(rows) - 1)  # of each run of equal scores
    drawn = drawn[:, order]
    hits = np.cumsum(drawn * truth[order], axis=1)[:, last]
    called = np.cumsum(drawn, axis=1)[:, last]
    precision = np.divide(hits, called, out=np.zeros_like(hits), where=called > 0)
    gained = np.diff(hits, axis=1, prepend=0.0)
    total = hits[:, -1]
    figure = (gained * precision).sum(axis=1)
    result: FloatArray = np.divide(figure, total, out=np.full_like(total, np.nan), where=total > 0)
    return result


def subset_matches(said: NDArray[np.bool_], *, targets: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """``(n,)``: whether exactly the true classes of ``(n, c)`` were said, no more and no less."""
    if said.shape != targets.shape or said.ndim != 2:
        raise ValueError(f"said and targets must have one shape (n, c), got {said.shape} and {targets.shape}")
    matches: NDArray[np.bool_] = (said == targets).all(axis=1)
    return matches
