"""Single tracks of a fingerprint: the most typical of each genre, the most mistaken, and what misled the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.explanation.differences import artist_means
from genrelens.explanation.parts import BandGroup
from genrelens.profile.track import TrackPrint

Float64 = NDArray[np.float64]

N_TYPICAL: Final = 3
N_CONFUSED: Final = 2
"""Of each genre."""
N_TAGS: Final = 5
N_NEARER: Final = 4


@dataclass(frozen=True, slots=True)
class Typical:
    """A track to which the model gives much of its own genre; ``start_s`` to ``end_s`` is the second that adds most."""

    id: str
    genre: str
    group: str
    seen: bool
    probability: float
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Nearer:
    """A descriptor in which a track lies nearer to the wrong genre's artists than to its own's: all three values."""

    descriptor: str
    value: float
    own: float
    other: float
    margin: float


@dataclass(frozen=True, slots=True)
class Confused:
    """A track that the model takes for ``other``, and what speaks for that: a band, a segment, tags, descriptors.

    ``band`` is (low Hz, high Hz, log-odds of ``other``), ``segment`` (start s, end s, log-odds); None where no part
    adds to it.
    """

    id: str
    genre: str
    other: str
    group: str
    seen: bool
    probability: float
    own_probability: float
    band: tuple[float, float, float] | None
    segment: tuple[float, float, float] | None
    tags: tuple[str, ...]
    nearer: tuple[Nearer, ...]


def typical(prints: Sequence[TrackPrint], *, names: Sequence[str]) -> tuple[Typical, ...]:
    """Up to :data:`N_TYPICAL` tracks of each genre, those with the highest probability of it."""
    made = []
    for k, genre in enumerate(names):
        its = sorted((row for row in prints if row.genre == genre), key=lambda row: -row.probabilities[k])
        for row in its[:N_TYPICAL]:
            at = int(np.argmax(row.segments[:, k]))
            made.append(
                Typical(
                    row.id,
                    genre,
                    row.group,
                    row.seen,
                    float(row.probabilities[k]),
                    float(row.times_s[at]),
                    float(row.times_s[at + 1]),
                )
            )
    return tuple(made)


def confused(
    prints: Sequence[TrackPrint],
    *,
    names: Sequence[str],
    groups: Sequence[BandGroup],
    columns: Sequence[str],
    tags: Sequence[str],
    plain: frozenset[str],
) -> tuple[Confused, ...]:
    """Up to :data:`N_CONFUSED` tracks of each genre that the model takes for another, the surest mistakes first.

    ``columns`` are those of the prints' rows, of which the ``plain`` ones are compared; ``tags`` the tagger's.
    """
    made = []
    for k, genre in enumerate(names):
        wrong = [row for row in prints if row.genre == genre and int(np.argmax(row.probabilities)) != k]
        wrong.sort(key=lambda row: -float(row.probabilities.max()))
        for row in wrong[:N_CONFUSED]:
            other = int(np.argmax(row.probabilities))
            order = np.argsort(-np.nan_to_num(row.tags, nan=-np.inf), kind="stable")
            made.append(
                Confused(
                    id=row.id,
                    genre=genre,
                    other=names[other],
                    group=row.group,
                    seen=row.seen,
                    probability=float(row.probabilities[other]),
                    own_probability=float(row.probabilities[k]),
                    band=_band(row, other, groups),
                    segment=_segment(row, other),
                    tags=tuple(tags[i] for i in order[:N_TAGS] if np.isfinite(row.tags[i])),
                    nearer=nearer(row, prints, other=names[other], columns=columns, plain=plain),
                )
            )
    return tuple(made)


def _band(row: TrackPrint, genre: int, groups: Sequence[BandGroup]) -> tuple[float, float, float] | None:
    scores = row.bands[:, genre]
    if not scores.size or scores.max() <= 0:
        return None
    group = groups[int(scores.argmax())]
    return group.low_hz, group.high_hz, float(scores.max())


def _segment(row: TrackPrint, genre: int) -> tuple[float, float, float] | None:
    scores = row.segments[:, genre]
    at = int(scores.argmax())
    if scores[at] <= 0:
        return None
    return float(row.times_s[at]), float(row.times_s[at + 1]), float(scores[at])


def nearer(
    row: TrackPrint,
    prints: Sequence[TrackPrint],
    *,
    other: str,
    columns: Sequence[str],
    plain: frozenset[str],
) -> tuple[Nearer, ...]:
    """The descriptors among ``plain`` in which a track is nearer to another genre than to its own, farthest first.

    Distances are to the mean of the genre's artists, in standard deviations of all artists' means; the track's own
    artist does not count. At least 2 artists on either side, or nothing is said.
    """
    sides = []
    for genre in (row.genre, other):
        its = [found for found in prints if found.genre == genre and found.group != row.group]
        if len({found.group for found in its}) < 2:
            return ()
        sides.append(artist_means(np.stack([found.row for found in its]), [found.group for found in its])[0])
    everyone = artist_means(np.stack([found.row for found in prints]), [found.group for found in prints])[0]
    made = []
    for j, column in enumerate(columns):
        own, others = (side[:, j][np.isfinite(side[:, j])] for side in sides)
        spread = float(np.nanstd(everyone[:, j])) if np.isfinite(everyone[:, j]).any() else 0.0
        value = float(row.row[j])
        if column not in plain or min(len(own), len(others)) < 2 or spread < 1e-12 or not np.isfinite(value):
            continue
        margin = (abs(value - own.mean()) - abs(value - others.mean())) / spread
        if margin > 0:
            made.append(Nearer(column, value, float(own.mean()), float(others.mean()), float(margin)))
    made.sort(key=lambda found: -found.margin)
    return tuple(made[:N_NEARER])
