"""Is a map's axis vocals against no vocals? Rank correlations of axes and tags over artists, against permutations.

The guess is S4's: it saw its embeddings split along one direction of a t-SNE map, and took it for the voice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.metrics.permutation import N_PERMUTATIONS, artist_genre_means, benjamini_hochberg, standard_ranks

Float64 = NDArray[np.float64]

VOCAL_TAGS: Final = ("female vocalists", "male vocalists", "female vocalist")
INSTRUMENTAL_TAG: Final = "instrumental"
CONTRAST: Final = "vocals against instrumental"
"""The mean log-odds of the vocal tags minus those of the instrumental one."""
N_ANGLES: Final = 36
MIN_ARTISTS: Final = 10
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class AxisTest:
    """Spearman's correlation of an axis and a word over artists; ``within``: after each genre's mean is taken away."""

    axis: str
    word: str
    rho: float
    p: float
    q: float
    within: float
    within_p: float
    within_q: float


@dataclass(frozen=True, slots=True)
class BestDirection:
    """The direction of a plane that goes most with a word, and how good the best is by chance: its median and 95 %."""

    plane: str
    word: str
    angle: float
    rho: float
    chance: float
    chance_high: float
    p: float


@dataclass(frozen=True, slots=True)
class AxesReport:
    """The tests, the best directions of each plane, and for each axis the tags that go most with it, of all tags."""

    n_tracks: int
    n_artists: int
    tests: tuple[AxisTest, ...]
    directions: tuple[BestDirection, ...]
    telling: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]
    contrast_rank: tuple[tuple[str, int], ...]


def principal(vectors: Float64) -> tuple[Float64, Float64]:
    """The first two principal components of standardised vectors ``(n, d)``: ``(n, 2)``, and their shares ``(2,)``."""
    spread = vectors.std(axis=0)
    scaled = (vectors - vectors.mean(axis=0))[:, spread > 1e-12] / spread[spread > 1e-12]
    left, values, right = np.linalg.svd(scaled, full_matrices=False)
    # The sign of a component means nothing: its largest loading is made positive, so that it is always the same.
    signs = np.sign(right[np.arange(2), np.abs(right[:2]).argmax(axis=1)])
    return left[:, :2] * values[:2] * signs, values[:2] ** 2 / np.sum(values**2)


def words(tags: Float64, names: Sequence[str]) -> tuple[Float64, tuple[str, ...]]:
    """``(n, t)`` log-odds as ``(n, 5)``: the contrast, the vocal tags, the instrumental one; with their names."""
    at = {name: j for j, name in enumerate(names)}
    vocal = tags[:, [at[name] for name in VOCAL_TAGS]]
    instrumental = tags[:, at[INSTRUMENTAL_TAG]]
    table = np.column_stack([vocal.mean(axis=1) - instrumental, vocal, instrumental])
    return table, (CONTRAST, *VOCAL_TAGS, INSTRUMENTAL_TAG)


def axes_report(
    planes: dict[str, Float64],
    *,
    tags: Float64,
    tag_names: Sequence[str],
    genres: Sequence[str],
    groups: Sequence[str],
    seed: int,
) -> AxesReport | None:
    """Tests of both axes of each plane.

    Args:
        planes: name to places ``(n, 2)`` of n tracks.
        tags: ``(n, t)`` log-odds, of ``tag_names``.
        genres, groups: ``(n,)`` each; an artist of two genres counts as two.
        seed: of the permutations.

    None below :data:`MIN_ARTISTS` artists.
    """
    table, names = words(tags, tag_names)
    axes = [f"{plane} {k + 1}" for plane in planes for k in range(2)]
    places = np.column_stack(list(planes.values()))
    columns = np.column_stack([places, table, tags])
    means, of = artist_genre_means(columns, genres=genres, groups=groups)
    n = len(means)
    if n < MIN_ARTISTS:
        return None
    labels = np.unique(of, return_inverse=True)[1]
    place, word = means[:, : len(axes)], means[:, len(axes) : len(axes) + len(names)]
    rng = np.random.default_rng(seed)
    orders = rng.permuted(np.tile(np.arange(n), (N_PERMUTATIONS, 1)), axis=1)
    rho, p = _correlations(place, word, orders)
    inside = np.stack([_shuffled_within(labels, rng) for _ in range(N_PERMUTATIONS)])
    within, within_p = _correlations(_less_means(place, labels), _less_means(word, labels), inside)
    # One family: with and without the genres' means.
    q = benjamini_hochberg(np.concatenate([p.ravel(), within_p.ravel()])).reshape(2, *p.shape)
    figures = np.stack([rho, p, q[0], within, within_p, q[1]])
    tests = tuple(
        AxisTest(axis, name, *figures[:, i, j].tolist()) for i, axis in enumerate(axes) for j, name in enumerate(names)
    )
    tag_rho = standard_ranks(place).T @ standard_ranks(means[:, len(axes) + len(names) :]) / n
    order = np.argsort(-np.abs(tag_rho), axis=1, kind="stable")
    telling = tuple(
        (axis, tuple((tag_names[j], float(tag_rho[i, j])) for j in order[i, :3])) for i, axis in enumerate(axes)
    )
    ranks = 1 + (np.abs(tag_rho) > np.abs(rho[:, :1])).sum(axis=1)
    return AxesReport(
        n_tracks=len(tags),
        n_artists=n,
        tests=tests,
        directions=tuple(
            best_direction(place[:, 2 * k : 2 * k + 2], word[:, 0], orders, plane=plane)
            for k, plane in enumerate(planes)
        ),
        telling=telling,
        contrast_rank=tuple(zip(axes, ranks.tolist(), strict=True)),
    )


def best_direction(place: Float64, word: Float64, orders: NDArray[np.int64], *, plane: str) -> BestDirection:
    """Over :data:`N_ANGLES` directions of a plane ``(n, 2)``, the one that goes most with a word ``(n,)``.

    The best of many is good by chance, too: ``orders (r, n)`` permute the word, and each gets its own best direction.
    """
    angles = np.arange(N_ANGLES) * np.pi / N_ANGLES
    turned = standard_ranks(place @ np.stack([np.cos(angles), np.sin(angles)]))
    ranked = standard_ranks(word[:, np.newaxis])[:, 0]
    n = len(word)
    rho = turned.T @ ranked / n
    best = int(np.abs(rho).argmax())
    chance = np.abs(ranked[orders] @ turned / n).max(axis=1)
    observed = abs(float(rho[best]))
    return BestDirection(
        plane,
        CONTRAST,
        float(np.degrees(angles[best])),
        float(rho[best]),
        float(np.median(chance)),
        float(np.quantile(chance, 0.95)),
        float((1 + (chance >= observed - 1e-12).sum()) / (1 + len(chance))),
    )


def _correlations(a: Float64, b: Float64, orders: NDArray[np.int64]) -> tuple[Float64, Float64]:
    """Spearman's rho of the columns of ``(n, k)`` with those of ``(n, l)``, and p by permuting the first's rows."""
    ranked_a, ranked_b = standard_ranks(a), standard_ranks(b)
    n = len(a)
    rho = ranked_a.T @ ranked_b / n
    count = np.ones(rho.shape)
    for start in range(0, len(orders), _AT_ONCE):
        drawn = np.einsum("rnk,nl->rkl", ranked_a[orders[start : start + _AT_ONCE]], ranked_b, optimize=True) / n
        count += (np.abs(drawn) >= np.abs(rho) - 1e-12).sum(axis=0)
    return rho, count / (1 + len(orders))


def _less_means(table: Float64, labels: NDArray[np.int64]) -> Float64:
    counts = np.bincount(labels)[:, np.newaxis]
    sums = np.zeros((len(counts), table.shape[1]))
    np.add.at(sums, labels, table)
    less: Float64 = table - (sums / counts)[labels]
    return less


def _shuffled_within(labels: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """A permutation that leaves each row in its class."""
    order = np.empty(len(labels), dtype=np.int64)
    order[np.argsort(labels, kind="stable")] = np.lexsort((rng.random(len(labels)), labels))
    return order
