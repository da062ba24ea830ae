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

from genrelens.metrics import Interval, grouped_intervals
from genrelens.metrics.bootstrap import Statistic

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
) -> tuple[Pair, ...]:
    """The pairs with a :data:`Verdict`, the worst first; all others are told apart.

    ``probabilities``, ``labels`` and ``said`` are ``(n, c)``, of out-of-fold answers; ``groups (n,)`` are artists,
    which the intervals draw.
    """
    both = list(itertools.combinations(range(len(names)), 2))
    artists = np.asarray(groups)
    found = []
    for start in range(0, len(both), _AT_ONCE):
        some = both[start : start + _AT_ONCE]
        statistic = _accuracies(probabilities, labels, some)
        accuracies = grouped_intervals(statistic, groups=artists, n_resamples=n_resamples, seed=seed)
        for (i, j), accuracy in zip(some, accuracies, strict=True):
            is_a, is_b = labels[:, i] & ~labels[:, j], labels[:, j] & ~labels[:, i]
            a_as_b = float(said[is_a, j].mean()) if is_a.any() else float("nan")
            b_as_a = float(said[is_b, i].mean()) if is_b.any() else float("nan")
            n_artists = min(len(np.unique(artists[is_a])), len(np.unique(artists[is_b])))
            if verdict := _verdict(accuracy, max(a_as_b, b_as_a), n_artists=n_artists):
                counts = int(is_a.sum()), int(is_b.sum())
                found.append(Pair(names[i], names[j], verdict, accuracy, a_as_b, b_as_a, *counts))
    order: tuple[Verdict, ...] = ("not_told_apart", "often_mistaken", "never_apart")
    return tuple(sorted(found, key=lambda p: (order.index(p.verdict), p.accuracy.value, p.a, p.b)))


def _accuracies(probabilities: FloatArray, labels: NDArray[np.bool_], both: list[tuple[int, int]]) -> Statistic:
    """The accuracy between the two genres of each pair, as a statistic ``(r, pairs)``."""
    first, second = (np.array([pair[k] for pair in both]) for k in (0, 1))
    is_a = labels[:, first] & ~labels[:, second]  # (n, pairs)
    is_b = labels[:, second] & ~labels[:, first]
    ahead = probabilities[:, first] - probabilities[:, second]
    tied = 0.5 * (ahead == 0)
    columns = [(is_a & (ahead > 0)) + tied * is_a, (is_b & (ahead < 0)) + tied * is_b, is_a, is_b]
    cells = np.concatenate([column.astype(np.float64) for column in columns], axis=1)

    def statistic(weights: FloatArray) -> FloatArray:
        hits_a, hits_b, n_a, n_b = np.split(weights @ cells, 4, axis=1)
        there = (n_a > 0) & (n_b > 0)
        share_a = np.divide(hits_a, n_a, out=np.zeros_like(hits_a), where=there)
        share_b = np.divide(hits_b, n_b, out=np.zeros_like(hits_b), where=there)
        return np.where(there, (share_a + share_b) / 2, np.nan)

    return statistic


def _verdict(accuracy: Interval, mistaken: float, *, n_artists: int) -> Verdict | None:
    """What is poor about a pair, of whose two genres one is called the other in ``mistaken`` of its tracks."""
    if n_artists < 2:
        return "never_apart"
    if accuracy.value <= 0.5 or accuracy.low <= 0.5:
        return "not_told_apart"
    return "often_mistaken" if mistaken >= OFTEN else None
