"""Counting right and wrong answers.

The names follow Sokolova & Lapalme, "A systematic analysis of performance measures for classification tasks",
Information Processing & Management 45 (2009) 427-437.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from genrelens.metrics._checks import FloatArray, IntArray, class_indices, same_length, score_rows


@dataclass(frozen=True, slots=True)
class ClassScores:
    """Precision, recall and F1 of each class, all ``(..., c)``; ``support`` counts its true tracks."""

    precision: FloatArray
    recall: FloatArray
    f1: FloatArray
    support: FloatArray


def accuracy(predictions: ArrayLike, *, targets: ArrayLike) -> float:
    """Share of right answers: ``mean(predictions == targets)``.

    ``predictions`` and ``targets`` are ``(n,)`` class indices. NaN where n is 0.
    """
    guesses, truth = _pair(predictions, targets)
    return float(np.mean(guesses == truth)) if len(truth) else float("nan")


def balanced_accuracy(predictions: ArrayLike, *, targets: ArrayLike) -> float:
    """Mean over the classes with support of their recall.

    Brodersen, Ong, Stephan & Buhmann, "The balanced accuracy and its posterior distribution", ICPR 2010.
    ``(n,)`` class indices. NaN where n is 0.
    """
    guesses, truth = _pair(predictions, targets)
    n_classes = int(max(guesses.max(initial=0), truth.max(initial=0))) + 1
    return macro_average(precision_recall_f1(guesses, targets=truth, n_classes=n_classes)).recall


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


def precision_recall_f1(predictions: ArrayLike, *, targets: ArrayLike, n_classes: int) -> ClassScores:
    """Precision, recall, F1 and support of each class, as :func:`scores_from_confusion` has them."""
    return scores_from_confusion(confusion_matrix(predictions, targets=targets, n_classes=n_classes))


@dataclass(frozen=True, slots=True)
class MacroScores:
    """Unweighted means over classes; NaN where no class has support."""

    precision: float
    recall: float
    f1: float
    n_classes: int


def macro_average(scores: ClassScores, *, classes: Sequence[int] | None = None) -> MacroScores:
    """Unweighted mean over ``classes`` (all of them by default) of ``(c,)`` precision, recall and F1.

    A class without support is left out of the mean, whether it is named or not: its recall cannot be
    measured, and counting it as 0 would blame the model for the data.
    """
    if scores.support.ndim != 1:
        raise ValueError(f"macro_average takes scores of shape (c,), got {scores.support.shape}")
    chosen = np.arange(len(scores.support)) if classes is None else class_indices(classes, name="classes")
    kept = chosen[scores.support[chosen] > 0]
    if not len(kept):
        return MacroScores(float("nan"), float("nan"), float("nan"), 0)
    return MacroScores(
        precision=float(scores.precision[kept].mean()),
        recall=float(scores.recall[kept].mean()),
        f1=float(scores.f1[kept].mean()),
        n_classes=len(kept),
    )


def _pair(predictions: ArrayLike, targets: ArrayLike) -> tuple[IntArray, IntArray]:
    guesses = class_indices(predictions, name="predictions")
    truth = class_indices(targets, name="targets")
    same_length(guesses, truth, names=("predictions", "targets"))
    return guesses, truth


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    return np.divide(numerator, denominator, out=np.zeros_like(denominator), where=denominator > 0)
