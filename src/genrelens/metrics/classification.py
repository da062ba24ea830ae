"""Counting right and wrong answers.

The names follow Sokolova & Lapalme, "A systematic analysis of performance measures for classification tasks",
Information Processing & Management 45 (2009) 427-437.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genrelens.metrics._checks import FloatArray, IntArray, class_indices, same_length, score_rows


@dataclass(frozen=True, slots=True)
class ClassScores:
    """Precision, recall and F1 of each class, all ``(..., c)``; ``support`` counts its true tracks."""

    precision: FloatArray
    recall: FloatArray
    f1: FloatArray
    support: FloatArray


def top_k_accuracy(scores: ArrayLike, *, targets: ArrayLike, k: int) -> float:
    """Share of tracks whose true class is among the ``k`` highest scores.

    ``scores`` is ``(n, c)``, logits or probabilities (only their order counts), ``targets`` ``(n,)``. Among
    equal scores the lower index comes first, as in ``argmax``. NaN where n is 0.
    """
    rows, truth = score_rows(scores, targets=targets, name="scores")
    if k < 1:
        raise ValueError(f"k must be 1 or more, got {k}")
    if not len(truth):
        return float("nan")
    best = np.argsort(-rows, axis=1, kind="stable")[:, :k]
    return float(np.mean((best == truth[:, None]).any(axis=1)))


def confusion_matrix(predictions: ArrayLike, *, targets: ArrayLike, n_classes: int) -> IntArray:
    """``(c, c)`` counts: cell ``[i, j]`` counts the tracks of class ``i`` that were called ``j``."""
    guesses = class_indices(predictions, name="predictions", n_classes=n_classes)
    truth = class_indices(targets, name="targets", n_classes=n_classes)
    same_length(guesses, truth, names=("predictions", "targets"))
    flat = np.bincount(truth * n_classes + guesses, minlength=n_classes * n_classes)
    return flat.reshape(n_classes, n_classes).astype(np.int64)


def scores_from_confusion(confusion: ArrayLike) -> ClassScores:
    """Scores of each class from ``(..., c, c)`` confusion matrices, rows true, columns predicted.

    With hits ``h_i = C[i, i]``: precision is ``h_i / sum_k C[k, i]``, recall ``h_i / sum_k C[i, k]``, F1
    their harmonic mean ``2 h_i / (sum_k C[k, i] + sum_k C[i, k])``; each is 0 where its denominator is 0.
    """
    counts = np.asarray(confusion, dtype=np.float64)
    if counts.ndim < 2 or counts.shape[-1] != counts.shape[-2]:
        raise ValueError(f"a confusion matrix must have shape (..., c, c), got {counts.shape}")
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    called, support = counts.sum(axis=-2), counts.sum(axis=-1)
    return ClassScores(
        precision=_ratio(hits, called),
        recall=_ratio(hits, support),
        f1=_ratio(2.0 * hits, called + support),
        support=support,
    )


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    return np.divide(numerator, denominator, out=np.zeros_like(denominator), where=denominator > 0)


def average_precision(scores: ArrayLike, *, targets: ArrayLike, weights: FloatArray | None = None) -> FloatArray:
    """``sum_k (R_k - R_(k-1)) P_k`` over the distinct scores from the highest down; ``(r,)`` figures.

    ``scores (n,)``, ``targets (n,)`` whether a piece has the class, ``weights (r, n)`` how often it was drawn in
    resample r (default: each once, r = 1). Pieces with equal scores come in together, so order among them does not
    matter. A score that knows nothing has the class's share. NaN in a resample without a piece of the class.
    """
    rows, truth = np.asarray(scores, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    if rows.ndim != 1 or truth.shape != rows.shape:
        raise ValueError(f"scores and targets must have one shape (n,), got shapes {rows.shape} and {truth.shape}")
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
