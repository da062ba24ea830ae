"""How far a model's confidence can be believed, and the one number that mends it.

Guo, Pleiss, Sun & Weinberger, "On Calibration of Modern Neural Networks", ICML 2017 (arXiv 1706.04599).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genrelens.metrics._checks import FloatArray, IntArray, probability_rows, score_rows

TEMPERATURE_RANGE = (0.01, 100.0)
"""Where :func:`fit_temperature` looks; outside, all is right or all is chance, and T is noise."""


@dataclass(frozen=True, slots=True)
class CalibrationBins:
    """A reliability diagram: bin ``b`` holds confidences in ``(edges[b], edges[b + 1]]``.

    ``edges (b + 1,)``, ``counts (b,)``, ``confidence (b,)`` and ``accuracy (b,)`` are means within the bin
    (NaN in an empty one), ``error`` is the expected calibration error (NaN without tracks).
    """

    edges: FloatArray
    counts: IntArray
    confidence: FloatArray
    accuracy: FloatArray
    error: float


def negative_log_likelihood(probabilities: ArrayLike, *, targets: ArrayLike) -> float:
    """``-mean_n log p[n, target_n]`` in nats; a probability below 2.2e-16 counts as that.

    ``probabilities (n, c)``, ``targets (n,)``. Good, "Rational decisions", J. R. Stat. Soc. B 14 (1952)
    107-114.
    """
    rows, truth = probability_rows(probabilities, targets=targets)
    if not len(truth):
        return float("nan")
    given = rows[np.arange(len(truth)), truth]
    return float(-np.mean(np.log(np.maximum(given, np.finfo(np.float64).eps))))


def brier_score(probabilities: ArrayLike, *, targets: ArrayLike) -> float:
    """``mean_n sum_c (p[n, c] - [target_n = c])^2``, from 0 (certain and right) to 2 (certain and wrong).

    ``probabilities (n, c)``, ``targets (n,)``. Brier, "Verification of forecasts expressed in terms of
    probability", Monthly Weather Review 78 (1950) 1-3: the sum over all classes, not half of it.
    """
    rows, truth = probability_rows(probabilities, targets=targets)
    if not len(truth):
        return float("nan")
    truth_rows = np.eye(rows.shape[1])[truth]
    return float(np.mean(np.sum((rows - truth_rows) ** 2, axis=1)))


def expected_calibration_error(probabilities: ArrayLike, *, targets: ArrayLike, n_bins: int = 15) -> CalibrationBins:
    """``sum_b (n_b / n) |accuracy_b - confidence_b|`` over equal-width bins of the highest probability.

    ``probabilities (n, c)``, ``targets (n,)``. Guo et al. 2017, eq. 3, with their 15 bins ``(b / 15, (b + 1)
    / 15]``.
    """
    if n_bins < 1:
        raise ValueError(f"n_bins must be 1 or more, got {n_bins}")
    rows, truth = probability_rows(probabilities, targets=targets)
    top, correct = rows.max(axis=1), (rows.argmax(axis=1) == truth).astype(np.float64)
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    which = np.searchsorted(edges[1:-1], top, side="left")
    counts = np.bincount(which, minlength=n_bins)
    with np.errstate(invalid="ignore"):
        confidence = np.bincount(which, weights=top, minlength=n_bins) / counts
        hit_rate = np.bincount(which, weights=correct, minlength=n_bins) / counts
    error = float("nan")
    if len(truth):
        filled = counts > 0
        gaps = np.abs(hit_rate[filled] - confidence[filled])
        error = float(np.sum(counts[filled] * gaps) / len(truth))
    return CalibrationBins(edges, counts.astype(np.int64), confidence, hit_rate, error)


def log_softmax(logits: ArrayLike) -> FloatArray:
    """``logits - log(sum(exp(logits)))`` over the last axis of ``(..., c)``, without overflow."""
    values = np.asarray(logits, dtype=np.float64)
    shifted = values - values.max(axis=-1, keepdims=True)
    normalised: FloatArray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return normalised


def fit_temperature(logits: ArrayLike, *, targets: ArrayLike) -> float:
    """The temperature ``T`` for which ``softmax(logits / T)`` has the least negative log likelihood.

    ``logits (n, c)``, ``targets (n,)``; Guo et al. 2017, section 4.2. With ``b = 1 / T`` the NLL is convex,
    and its slope ``mean_n (sum_c p_b[n, c] z[n, c] - z[n, target_n])`` never falls, so the root is found by
    halving an interval of log b: nothing to tune, no start value, the same answer on every machine. Clipped
    to :data:`TEMPERATURE_RANGE`, at whose ends it lies where every track is right, or where the logits say
    nothing. Logits that say nothing at all (equal in each row) give 1.
    """
    rows, truth = score_rows(logits, targets=targets, name="logits")
    if not len(truth):
        raise ValueError("a temperature cannot be fitted to no tracks at all")
    centred = rows - rows.mean(axis=1, keepdims=True)
    if not centred.any():
        return 1.0
    given = centred[np.arange(len(truth)), truth].mean()

    def slope(log_b: float) -> float:
        p = np.exp(log_softmax(centred * np.exp(log_b)))
        return float((p * centred).sum(axis=1).mean() - given)

    low, high = -np.log(TEMPERATURE_RANGE[1]), -np.log(TEMPERATURE_RANGE[0])
    if slope(low) >= 0.0:
        return TEMPERATURE_RANGE[1]
    if slope(high) <= 0.0:
        return TEMPERATURE_RANGE[0]
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if slope(middle) < 0.0 else (low, middle)
    return float(np.exp(-0.5 * (low + high)))


def conformal_scores(
    scores: ArrayLike, *, groups: Sequence[str] | NDArray[np.generic]
) -> tuple[FloatArray, FloatArray]:
    """``scores (n,)``, how unlikely the true class of each track was found, ascending, and their weights ``(n,)``.

    The ``k`` ``groups (n,)`` (artists) weigh ``1 / (k + 1)`` each, shared among their tracks; the rest is the next
    group's, of which nothing is known. Lee, Barber & Willett, "Distribution-free inference with hierarchical data"
    (arXiv 2306.06342), eq. 6.
    """
    values, names = np.asarray(scores, dtype=np.float64), np.asarray(groups)
    if names.shape != values.shape or not len(values):
        raise ValueError(f"expected a group for each of n >= 1 tracks, got {names.shape} for {values.shape}")
    _, group_of, sizes = np.unique(names, return_inverse=True, return_counts=True)
    weights = 1.0 / (len(sizes) + 1) / sizes[group_of]
    order = np.argsort(values, kind="stable")
    return values[order], weights[order]
