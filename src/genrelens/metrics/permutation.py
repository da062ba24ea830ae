"""What differs, by how much, and whether chance would do as well: over artists, as songs of one are no two witnesses.

Effect sizes: Cohen, "Statistical power analysis for the behavioral sciences" (1988), sections 2.2 and 2.3. Permutation
tests: Good, "Permutation, parametric and bootstrap tests of hypotheses" (2005), chapters 3 and 5; a random sample of
permutations counts the observed one (Phipson & Smyth 2010). Many tests: Benjamini & Hochberg 1995.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

N_PERMUTATIONS = 9999
MIN_ARTISTS = 4
"""With fewer there is no test: whatever they have in common may be theirs."""
_EXACT_UP_TO = 13
_SLACK = 1e-9
"""Relative: sums that are equal may differ by rounding, and count as equal."""


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """Effects of ``d`` descriptors, ``(d,)`` each; NaN where they cannot be had.

    Attributes:
        size: in standard deviations; its sign is that of the difference.
        difference: of the means, in the descriptor's own unit.
        p: two-sided, by permutation; NaN with fewer than :data:`MIN_ARTISTS`.
        n: artists; ``n_others``: those that they are compared with, 0 for pairs.
    """

    size: Float64
    difference: Float64
    p: Float64
    n: NDArray[np.int64]
    n_others: NDArray[np.int64]


def artist_means(values: Float64, groups: Sequence[str]) -> tuple[Float64, NDArray[np.int64]]:
    """The mean of each artist's tracks, ``(n, d)`` to ``(artists, d)``, and each track's row; NaN is passed over."""
    rows = np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.int64)
    n_artists = int(rows.max()) + 1 if len(rows) else 0
    known = np.isfinite(values)
    sums, counts = np.zeros((n_artists, values.shape[1])), np.zeros((n_artists, values.shape[1]))
    np.add.at(sums, rows, np.where(known, values, 0.0))
    np.add.at(counts, rows, known)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0), rows


def artist_genre_means(
    values: Float64, *, genres: Sequence[str], groups: Sequence[str]
) -> tuple[Float64, NDArray[np.str_]]:
    """:func:`artist_means`, an artist of two genres counting as two, and the genre of each row."""
    means, rows = artist_means(values, [f"{genre}\0{group}" for genre, group in zip(genres, groups, strict=True)])
    of = np.empty(len(means), dtype=object)
    of[rows] = list(genres)
    return means, of.astype(str)


def paired_effects(differences: Float64, *, groups: Sequence[str], seed: int) -> Effects:
    """Is there a difference within tracks? ``d_z``: the mean over artists over their standard deviation (n - 1).

    Args:
        differences: ``(n, d)`` of n tracks; NaN where a track has none. An artist counts with the mean of his tracks.
        groups: ``(n,)`` each track's artist.
        seed: of the signs that are flipped; all 2^n of them up to 13 artists, else :data:`N_PERMUTATIONS` by chance.
    """
    means = artist_means(differences, groups)[0]
    n = np.isfinite(means).sum(axis=0)
    mean, spread = _moments(means, n)
    p = _by_pattern(means, lambda part, _: _flip_p(part, np.random.default_rng(seed)))
    return Effects(_ratio(mean, spread), mean, np.where(n >= MIN_ARTISTS, p, np.nan), n, np.zeros_like(n))


def between_effects(values: Float64, *, groups: Sequence[str], inside: NDArray[np.bool_], seed: int) -> Effects:
    """Do these tracks differ from the others? Cohen's d of artists' means, by the pooled standard deviation.

    Args:
        values: ``(n, d)``; NaN where a track has no number.
        groups: ``(n,)`` each track's artist; one who is inside and outside counts as two.
        inside: ``(n,)`` whether the track is one of these.
        seed: of the :data:`N_PERMUTATIONS` draws of who is inside.
    """
    sides = [f"{int(side)} {group}" for side, group in zip(inside, groups, strict=True)]
    means, rows = artist_means(values, sides)
    within = np.zeros(len(means), dtype=bool)
    within[rows] = inside
    ours, theirs = means[within], means[~within]
    n, n_others = np.isfinite(ours).sum(axis=0), np.isfinite(theirs).sum(axis=0)
    (mean, spread), (other, other_spread) = _moments(ours, n), _moments(theirs, n_others)
    pooled = np.sqrt(
        np.divide(
            np.nan_to_num(spread) ** 2 * (n - 1) + np.nan_to_num(other_spread) ** 2 * (n_others - 1),
            n + n_others - 2,
            out=np.full(len(n), np.nan),
            where=(n > 0) & (n_others > 0) & (n + n_others > 2),
        )
    )
    p = _by_pattern(means, lambda part, kept: _label_p(part, within[kept], np.random.default_rng(seed)))
    enough = (n >= MIN_ARTISTS) & (n_others >= MIN_ARTISTS)
    return Effects(_ratio(mean - other, pooled), mean - other, np.where(enough, p, np.nan), n, n_others)


def benjamini_hochberg(p: Float64) -> Float64:
    """p-values of a family ``(m,)`` as q-values: what is at most q is found at a false discovery rate of q.

    NaN was never tested and does not count.
    """
    q = np.full(len(p), np.nan)
    tested = np.flatnonzero(np.isfinite(p))
    m = len(tested)
    if not m:
        return q
    order = tested[np.argsort(p[tested], kind="stable")]
    raised = p[order] * m / np.arange(1, m + 1)
    q[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return q


def _moments(means: Float64, n: NDArray[np.int64]) -> tuple[Float64, Float64]:
    known = np.where(np.isfinite(means), means, 0.0)
    mean = np.divide(known.sum(axis=0), n, out=np.full(len(n), np.nan), where=n > 0)
    squares = np.where(np.isfinite(means), (means - np.where(np.isfinite(mean), mean, 0.0)) ** 2, 0.0).sum(axis=0)
    spread = np.sqrt(np.divide(squares, n - 1, out=np.full(len(n), np.nan), where=n > 1))
    return mean, spread


def _ratio(difference: Float64, spread: Float64) -> Float64:
    """NaN where there is no spread: not even an endless effect has a size then."""
    least = 1e-12 * np.maximum(1.0, np.abs(np.nan_to_num(difference)))
    size: Float64 = np.divide(difference, spread, out=np.full(len(spread), np.nan), where=spread > least)
    return size


def _by_pattern(means: Float64, test: Callable[[Float64, NDArray[np.bool_]], Float64]) -> Float64:
    """``test(means of the artists that have them, who they are)``, once for all columns that lack the same artists."""
    p = np.full(means.shape[1], np.nan)
    patterns: dict[bytes, list[int]] = {}
    for column, known in enumerate(np.isfinite(means).T):
        patterns.setdefault(known.tobytes(), []).append(column)
    for columns in patterns.values():
        kept = np.isfinite(means[:, columns[0]])
        if kept.any():
            p[columns] = test(means[kept][:, columns], kept)
    return p


def _flip_p(means: Float64, rng: np.random.Generator) -> Float64:
    """With the squares fixed, the t statistic grows with the sum's size: the sum is compared."""
    n = len(means)
    observed = np.abs(means.sum(axis=0))
    if n <= _EXACT_UP_TO:
        signs = np.array(list(product((1.0, -1.0), repeat=n)))
    else:
        signs = np.concatenate([np.ones((1, n)), rng.choice((1.0, -1.0), (N_PERMUTATIONS, n))])
    return _share_as_large(np.abs(signs @ means), observed)


def _label_p(means: Float64, within: NDArray[np.bool_], rng: np.random.Generator) -> Float64:
    """With all values fixed, the pooled t statistic grows with the difference's size: the difference is compared."""
    n, k = len(within), int(within.sum())
    if not 0 < k < n:
        return np.full(means.shape[1], np.nan)
    draws = rng.permuted(np.tile(within, (N_PERMUTATIONS, 1)), axis=1)
    weights = np.concatenate([within[np.newaxis], draws]).astype(np.float64)
    weights = weights / k - (1.0 - weights) / (n - k)
    drawn = np.abs(weights @ (means - means.mean(axis=0)))
    return _share_as_large(drawn, drawn[0])


def _share_as_large(drawn: Float64, observed: Float64) -> Float64:
    shares: Float64 = (drawn >= observed * (1 - _SLACK) - 1e-300).mean(axis=0)
    return shares


def standard_ranks(table: Float64) -> Float64:
    """Each column's ranks (equal values share their mean rank), with mean 0 and deviation 1; 0 of a constant one."""
    ranks = np.empty(table.shape)
    for j, column in enumerate(table.T):
        _, where, counts = np.unique(column, return_inverse=True, return_counts=True)
        ranks[:, j] = (np.cumsum(counts) - (counts - 1) / 2)[where]
    spread = ranks.std(axis=0)
    scaled: Float64 = np.divide(ranks - ranks.mean(axis=0), spread, out=np.zeros_like(ranks), where=spread > 1e-12)
    return scaled


def spearman(a: Float64, b: Float64) -> float:
    """Rank correlation of ``(n,)`` and ``(n,)``, -1 to 1; NaN where one is constant or holds no number."""
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float("nan")
    ranks = standard_ranks(np.column_stack([a, b]))
    return float(np.mean(ranks[:, 0] * ranks[:, 1])) if ranks.any(axis=0).all() else float("nan")
