"""Which genres a model is not shown to tell apart: each pair on its own, by out-of-fold answers.

Of two genres, the tracks of exactly one of them are taken, and the genre with the larger probability counts as the
answer. The pair's figure is the mean of both genres' shares of right answers, so that a genre with many
tracks cannot hide one with few: 0.5 is a coin.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from genrelens.metrics import Interval, bootstrap_distribution, interval_from

OFTEN: Final = 0.2
"""A fifth of a genre's tracks called the other: enough to be noticed on every shelf."""
_AT_ONCE: Final = 200

Verdict = Literal["not_told_apart", "often_mistaken", "never_apart"]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two genres; ``accuracy`` as above, ``a_as_b`` the share of ``n_a`` tracks of a (not b) that are called b.

    ``not_told_apart``: the interval of ``accuracy`` holds 0.5. ``often_mistaken``: :data:`OFTEN` of one's tracks or
    more are called the other. ``never_apart``: too few tracks have one without the other to measure it.
    """

    a: str
    b: str
    verdict: Verdict
    accuracy: Interval
    a_as_b: float
    b_as_a: float
    n_a: int
    n_b: int


def poor_pairs(
    probabilities: FloatArray,
    *,
    labels: NDArray[np.bool_],
    said: NDArray[np.bool_],
    names: Sequence[str],
    groups: Sequence[str],
    n_resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[Pair, ...]:
    """The pairs with a :data:`Verdict`, the worst first; all others are told apart.

    ``probabilities``, ``labels`` and ``said`` are ``(n, c)``, of out-of-fold answers; ``groups (n,)`` are artists,
    which the intervals draw.
    """
    names_of = np.asarray(groups)
    both = list(itertools.combinations(range(len(names)), 2))
    found = []
    for start in range(0, len(both), _AT_ONCE):
        found += _some_pairs(
            both[start : start + _AT_ONCE],
            probabilities,
            labels,
            said,
            names,
            names_of,
            n_resamples=n_resamples,
            seed=seed,
            level=level,
        )
    order: tuple[Verdict, ...] = ("not_told_apart", "often_mistaken", "never_apart")
    return tuple(sorted(found, key=lambda p: (order.index(p.verdict), p.accuracy.value, p.a, p.b)))


def _some_pairs(
    both: list[tuple[int, int]],
    probabilities: FloatArray,
    labels: NDArray[np.bool_],
    said: NDArray[np.bool_],
    names: Sequence[str],
    groups: NDArray[np.generic],
    *,
    n_resamples: int,
    seed: int,
    level: float,
) -> list[Pair]:
    first, second = (np.array([pair[k] for pair in both]) for k in (0, 1))
    is_a = labels[:, first] & ~labels[:, second]  # (n, pairs)
    is_b = labels[:, second] & ~labels[:, first]
    ahead = probabilities[:, first] - probabilities[:, second]
    right_a, right_b = is_a & (ahead > 0), is_b & (ahead < 0)
    tied = 0.5 * (ahead == 0)
    columns = [right_a + tied * is_a, right_b + tied * is_b, is_a, is_b]
    cells = np.concatenate([column.astype(np.float64) for column in columns], axis=1)

    def statistic(weights: FloatArray) -> FloatArray:
        hits_a, hits_b, n_a, n_b = np.split(weights @ cells, 4, axis=1)
        there = (n_a > 0) & (n_b > 0)
        share_a = np.divide(hits_a, n_a, out=np.zeros_like(hits_a), where=there)
        share_b = np.divide(hits_b, n_b, out=np.zeros_like(hits_b), where=there)
        return np.where(there, (share_a + share_b) / 2, np.nan)

    values = statistic(np.ones((1, len(labels))))[0]
    drawn = bootstrap_distribution(statistic, groups=groups, n_resamples=n_resamples, seed=seed)
    pairs = []
    for k, (i, j) in enumerate(both):
        n_a, n_b = int(is_a[:, k].sum()), int(is_b[:, k].sum())
        few = min(len(np.unique(groups[is_a[:, k]])), len(np.unique(groups[is_b[:, k]]))) < 2
        accuracy = interval_from(drawn[:, k], value=float(values[k]), level=level)
        a_as_b = float(said[is_a[:, k], j].mean()) if n_a else float("nan")
        b_as_a = float(said[is_b[:, k], i].mean()) if n_b else float("nan")
        verdict: Verdict | None = None
        if few:
            verdict = "never_apart"
        elif accuracy.value <= 0.5 or accuracy.low <= 0.5:
            verdict = "not_told_apart"
        elif max(a_as_b, b_as_a) >= OFTEN:
            verdict = "often_mistaken"
        if verdict is not None:
            pairs.append(Pair(names[i], names[j], verdict, accuracy, a_as_b, b_as_a, n_a, n_b))
    return pairs
