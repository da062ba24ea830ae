"""Heads that specialise: over many tracks, how far each head looks, how sharply, and whether genres differ in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.explanation.differences import artist_means, benjamini_hochberg
from genrelens.profile.heads import profile_spread
from genrelens.profile.track import TrackPrint

Float64 = NDArray[np.float64]

N_PERMUTATIONS: Final = 999
MIN_ARTISTS: Final = 2
"""Of a genre, for its profile to be compared."""


@dataclass(frozen=True, slots=True)
class HeadRow:
    """A head, counted from 1: means over artists; ``spread`` of the received profile between genres, with its p and q.

    ``farthest`` is the genre whose profile lies farthest from the mean of the others; empty where genres cannot be
    compared.
    """

    layer: int
    head: int
    distance_s: float
    entropy: float
    spread: float
    spread_by_chance: float
    p: float
    q: float
    farthest: str
    n_tracks: int
    n_artists: int


def head_rows(prints: Sequence[TrackPrint], *, seed: int) -> tuple[HeadRow, ...]:
    """One of each head, empty without attention. Genres are shuffled among artists to see what spread chance gives."""
    rows = [(row, row.heads) for row in prints if row.heads is not None]
    if not rows:
        return ()
    first = rows[0][1].distance_s
    n_layers, n_heads = first.shape
    n = n_layers * n_heads
    table = np.stack(
        [np.concatenate([h.distance_s.ravel(), h.entropy.ravel(), h.profile.ravel()]) for _, h in rows]
    )
    units = [f"{row.genre}\0{row.group}" for row, _ in rows]
    means, at = artist_means(table, units)
    genres = np.empty(len(means), dtype=object)
    genres[at] = [row.genre for row, _ in rows]
    profiles = means[:, 2 * n :].reshape(len(means), n_layers, n_heads, -1)
    of = np.unique(genres.astype(str), return_inverse=True)[1]
    kept = np.bincount(of)[of] >= MIN_ARTISTS
    spread, p = np.full(first.shape, np.nan), np.full(first.shape, np.nan)
    chance = np.full(first.shape, np.nan)
    farthest: NDArray[np.str_] = np.full(first.shape, "")
    if len(set(of[kept])) > 1:
        spread, farthest, chance, p = _tested(profiles[kept], genres[kept].astype(str), seed=seed)
    q = benjamini_hochberg(p.ravel()).reshape(p.shape)
    overall = means.mean(axis=0)
    return tuple(
        HeadRow(
            layer=i + 1,
            head=j + 1,
            distance_s=float(overall[i * n_heads + j]),
            entropy=float(overall[n + i * n_heads + j]),
            spread=float(spread[i, j]),
            spread_by_chance=float(chance[i, j]),
            p=float(p[i, j]),
            q=float(q[i, j]),
            farthest=str(farthest[i, j]),
            n_tracks=len(rows),
            n_artists=len(means),
        )
        for i in range(n_layers)
        for j in range(n_heads)
    )


def _tested(
    profiles: Float64, genres: NDArray[np.str_], *, seed: int
) -> tuple[Float64, NDArray[np.str_], Float64, Float64]:
    labels, of = np.unique(genres, return_inverse=True)
    flat = profiles.reshape(len(profiles), -1)

    def spread(classes: NDArray[np.int64]) -> tuple[Float64, NDArray[np.str_]]:
        weights = np.eye(len(labels))[classes]
        weights /= weights.sum(axis=0)
        return profile_spread((weights.T @ flat).reshape(len(labels), *profiles.shape[1:]), labels.tolist())

    observed, farthest = spread(of)
    rng = np.random.default_rng(seed)
    drawn = np.stack([spread(rng.permutation(of))[0] for _ in range(N_PERMUTATIONS)])
    p = (1 + (drawn >= observed - 1e-12).sum(axis=0)) / (1 + N_PERMUTATIONS)
    return observed, farthest, drawn.mean(axis=0), p
