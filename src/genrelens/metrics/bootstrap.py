"""Intervals that know that two songs of one artist are not two independent witnesses.

Cameron, Gelbach & Miller, "Bootstrap-based improvements for inference with clustered errors", Review of
Economics and Statistics 90 (2008) 414-427 (the pairs cluster bootstrap); Efron & Tibshirani, "An Introduction
to the Bootstrap" (1993), chapter 13 (the percentile interval).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genrelens.metrics._checks import FloatArray

Statistic = Callable[[FloatArray], FloatArray]
"""From ``(r, n)`` weights (how often track n was drawn in resample r) to ``(r, ...)`` figures."""

_CELLS_AT_ONCE = 2_000_000  # float64 weights held at a time: 16 MB, however many tracks there are

_NO_SPREAD = 1e-12  # what rounding leaves between figures that are the same


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and its interval; ``low`` and ``high`` are NaN where the groups cannot give one."""

    value: float
    low: float
    high: float
    level: float = 0.95

    def __str__(self) -> str:
        if np.isnan(self.value):
            return "not measurable"
        if np.isnan(self.low):
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def mean_statistic(values: ArrayLike, *, among: ArrayLike | None = None) -> Statistic:
    """The weighted mean of ``values (n,)``, over the tracks where ``among (n,)`` is true, as a statistic.

    ``sum_n w_n a_n v_n / sum_n w_n a_n``; NaN in a resample that drew none of them.
    """
    column = np.asarray(values, dtype=np.float64)
    mask = np.ones_like(column) if among is None else np.asarray(among, dtype=np.float64)
    if column.ndim != 1 or mask.shape != column.shape:
        raise ValueError(f"values and among must have one shape (n,), got {column.shape} and {mask.shape}")
    kept = np.where(mask > 0, column, 0.0)

    def statistic(weights: FloatArray) -> FloatArray:
        total, size = weights @ kept, weights @ mask
        return np.divide(total, size, out=np.full_like(total, np.nan), where=size > 0)

    return statistic


def bootstrap_distribution(
    statistic: Statistic, *, groups: Sequence[str] | NDArray[np.generic], n_resamples: int = 2000, seed: int
) -> FloatArray:
    """``(n_resamples, ...)`` figures, each over as many groups as there are, drawn with replacement.

    ``groups`` holds one name a track (its artist); all tracks of a drawn group come in, as often as it was
    drawn. One call may give several figures from the same resamples, where the statistic returns ``(r, k)``.
    """
    names = np.asarray(groups)
    if names.ndim != 1 or not len(names):
        raise ValueError(f"groups must hold one name for each of n >= 1 tracks, got shape {names.shape}")
    if n_resamples < 1:
        raise ValueError(f"n_resamples must be 1 or more, got {n_resamples}")
    group_of = np.unique(names, return_inverse=True)[1]
    n_groups = int(group_of.max()) + 1
    rng = np.random.default_rng(seed)
    per_block = max(1, _CELLS_AT_ONCE // len(names))
    blocks = []
    for start in range(0, n_resamples, per_block):
        size = min(per_block, n_resamples - start)
        drawn = rng.multinomial(n_groups, np.full(n_groups, 1.0 / n_groups), size=size).astype(np.float64)
        blocks.append(np.asarray(statistic(drawn[:, group_of]), dtype=np.float64))
    return np.concatenate(blocks)


def interval_from(distribution: ArrayLike, *, value: float, level: float = 0.95) -> Interval:
    """The percentile interval of ``distribution (r,)`` around ``value``; NaN figures are passed over.

    There is none (NaN) where all figures are one, as when every answer is right: no resample can then show how
    far the truth may lie, and an interval without width would claim certainty.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie between 0 and 1, got {level}")
    figures = np.asarray(distribution, dtype=np.float64)
    figures = figures[~np.isnan(figures)]
    if np.isnan(value) or not len(figures) or np.ptp(figures) < _NO_SPREAD:
        return Interval(value, float("nan"), float("nan"), level)
    low, high = np.quantile(figures, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return Interval(value, float(low), float(high), level)


def grouped_bootstrap(
    statistic: Statistic,
    *,
    groups: Sequence[str] | NDArray[np.generic],
    n_resamples: int = 2000,
    seed: int,
    level: float = 0.95,
) -> Interval:
    """A figure over all tracks with its percentile interval over draws of groups with replacement.

    ``statistic`` takes ``(r, n)`` weights and gives ``(r,)`` figures (see :func:`mean_statistic`); the figure
    itself is the one of weights 1. Without at least two groups there is no interval (NaN): one artist cannot
    show how artists differ. With few groups (say below 20) percentile intervals are too narrow; a report
    should say so.
    """
    if len(groups) == 0:
        return Interval(float("nan"), float("nan"), float("nan"), level)

    def column(weights: FloatArray) -> FloatArray:
        return statistic(weights)[:, None]

    return grouped_intervals(column, groups=groups, n_resamples=n_resamples, seed=seed, level=level)[0]


def grouped_intervals(
    statistic: Statistic,
    *,
    groups: Sequence[str] | NDArray[np.generic],
    n_resamples: int = 2000,
    seed: int,
    level: float = 0.95,
) -> tuple[Interval, ...]:
    """As :func:`grouped_bootstrap`, for a statistic of k figures ``(r, k)``: one interval each, all from the same draws
    of groups. Expects at least one track.
    """
    values = statistic(np.ones((1, len(groups))))[0]
    if len(np.unique(np.asarray(groups))) < 2:
        return tuple(Interval(float(value), float("nan"), float("nan"), level) for value in values)
    drawn = bootstrap_distribution(statistic, groups=groups, n_resamples=n_resamples, seed=seed)
    return tuple(interval_from(drawn[:, k], value=float(value), level=level) for k, value in enumerate(values))


def paired_bootstrap(
    correct_a: ArrayLike,
    *,
    correct_b: ArrayLike,
    groups: Sequence[str] | NDArray[np.generic],
    n_resamples: int = 2000,
    seed: int,
    level: float = 0.95,
) -> Interval:
    """``mean(correct_a) - mean(correct_b)`` over the same tracks, with its interval over groups.

    ``correct_a`` and ``correct_b`` are ``(n,)``, track by track. Both models meet the same drawn artists in
    each resample, so what makes a track hard for both cancels; an interval without 0 tells the two apart.
    """
    a, b = np.asarray(correct_a, dtype=np.float64), np.asarray(correct_b, dtype=np.float64)
    if a.shape != b.shape:
        raise ValueError(f"correct_a and correct_b must describe the same tracks, got shapes {a.shape} and {b.shape}")
    return grouped_bootstrap(mean_statistic(a - b), groups=groups, n_resamples=n_resamples, seed=seed, level=level)
