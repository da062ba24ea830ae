"""What defines a genre to a model: bands, differences and heads over many tracks, and who is typical or mistaken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.explanation.parts import BandGroup
from genrelens.metrics import Interval, grouped_bootstrap, mean_statistic
from genrelens.metrics.permutation import Effects, artist_means, benjamini_hochberg, between_effects, paired_effects
from genrelens.profile.heads import on_the_beat
from genrelens.profile.track import TEMPO, TrackPrint

Float64 = NDArray[np.float64]

LEVEL: Final = 0.05
"""Of the false discovery rate: what has a larger q is no finding."""
SEED: Final = 0
PARTS, GENRES = "parts", "genres"
"""The two comparisons: what counted in a track against its rest, and a genre's tracks against all others."""
RANGE: Final = "range:"
N_TYPICAL: Final = 3
N_CONFUSED: Final = 2
"""Of each genre."""
N_TAGS: Final = 5
N_NEARER: Final = 4


@dataclass(frozen=True, slots=True)
class BandShare:
    """What a range of frequencies adds to the log-odds of a genre, the mean over its tracks; 95 % over artists."""

    low_hz: float
    high_hz: float
    score: Interval

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return bool(self.score.low > 0 or self.score.high < 0)


@dataclass(frozen=True, slots=True)
class GenrePrint:
    """One genre: how many tracks and artists, how many tracks the model learnt from, how many it names rightly.

    ``agreement`` is the correlation over bands between the tracks that the model learnt from and those it did not; NaN
    where one kind has fewer than 2 artists.
    """

    genre: str
    n_tracks: int
    n_artists: int
    n_seen: int
    n_right: int
    bands: tuple[BandShare, ...]
    agreement: float


@dataclass(frozen=True, slots=True)
class Difference:
    """A descriptor in which something differs, or not: ``what`` is :data:`PARTS` or :data:`GENRES`.

    ``size`` in standard deviations over artists; ``p`` by permutation, ``q`` corrected over all rows that were tested;
    NaN where there are too few artists.
    """

    what: str
    genre: str
    descriptor: str
    size: float
    difference: float
    p: float
    q: float
    n_tracks: int
    n_artists: int
    n_others: int

    @property
    def is_found(self) -> bool:
        """Whether it survives the correction."""
        return bool(self.q <= LEVEL)


@dataclass(frozen=True, slots=True)
class BeatPrint:
    """Attention over the beat: ``phases`` (8) times the even share, and how much more on it than between beats."""

    n_tracks: int
    n_artists: int
    n_unclear: int
    token_s: float
    phases: tuple[Interval, ...]
    on_beat: Interval


def genre_prints(
    prints: Sequence[TrackPrint], *, names: Sequence[str], groups: Sequence[BandGroup]
) -> tuple[GenrePrint, ...]:
    """One of each genre that has tracks, in the order of ``names``; ``groups`` are the model's bands."""
    made = []
    for k, genre in enumerate(names):
        its = [row for row in prints if row.genre == genre]
        if not its:
            continue
        artists = [row.group for row in its]
        bands = np.stack([row.bands[:, k] for row in its])
        shares = tuple(
            BandShare(group.low_hz, group.high_hz, _mean(scores, artists))
            for group, scores in zip(groups, bands.T, strict=False)
        )
        seen = np.array([row.seen for row in its])
        made.append(
            GenrePrint(
                genre=genre,
                n_tracks=len(its),
                n_artists=len(set(artists)),
                n_seen=int(seen.sum()),
                n_right=sum(int(np.argmax(row.probabilities)) == k for row in its),
                bands=shares,
                agreement=_agreement(bands, seen=seen, artists=artists),
            )
        )
    return tuple(made)


def _agreement(bands: Float64, *, seen: NDArray[np.bool_], artists: Sequence[str]) -> float:
    sides = [np.flatnonzero(seen), np.flatnonzero(~seen)]
    if bands.shape[1] < 3 or any(len({artists[int(i)] for i in side}) < 2 for side in sides):
        return float("nan")
    means = [bands[side].mean(axis=0) for side in sides]
    if min(np.ptp(mean) for mean in means) < 1e-12:
        return float("nan")
    return float(np.corrcoef(means)[0, 1])


def differences(
    prints: Sequence[TrackPrint], *, names: Sequence[str], columns: Sequence[str], groups: Sequence[BandGroup]
) -> tuple[Difference, ...]:
    """Every descriptor of every genre in both comparisons; one family of tests, corrected together.

    ``columns`` are those of :attr:`TrackPrint.row`, ``groups`` the model's bands. What a second of sound has not is
    compared between genres only: the tempo, and what each range of frequencies adds to a track's own genre. The latter
    says what a genre rests on more than others do, where a range speaks for all of them.
    """
    own = [row.bands[:, list(names).index(row.genre)] for row in prints]
    rows = np.column_stack([np.stack([row.row for row in prints]), np.stack(own)])
    ranges = [range_name(group) for group in groups[: len(own[0])]]
    artists = [row.group for row in prints]
    found: list[tuple[str, str, int, Effects, Sequence[str]]] = []
    assert columns[-1] == TEMPO
    for genre in names:
        inside = np.array([row.genre == genre for row in prints])
        if not inside.any():
            continue
        its = [row for row in prints if row.genre == genre]
        contrasts = np.stack([row.contrast for row in its])
        within = paired_effects(contrasts, groups=[row.group for row in its], seed=SEED)
        found.append((PARTS, genre, int(np.isfinite(contrasts[:, 0]).sum()), within, columns[:-1]))
        if not inside.all():
            between = between_effects(rows, groups=artists, inside=inside, seed=SEED)
            found.append((GENRES, genre, len(its), between, [*columns, *ranges]))
    if not found:
        return ()
    q = iter(benjamini_hochberg(np.concatenate([effects.p for *_, effects, _ in found])).tolist())
    made = []
    for what, genre, n_tracks, effects, its_columns in found:
        for j, column in enumerate(its_columns):
            made.append(
                Difference(
                    what=what,
                    genre=genre,
                    descriptor=column,
                    size=float(effects.size[j]),
                    difference=float(effects.difference[j]),
                    p=float(effects.p[j]),
                    q=next(q),
                    n_tracks=n_tracks,
                    n_artists=int(effects.n[j]),
                    n_others=int(effects.n_others[j]),
                )
            )
    return tuple(made)


def range_name(group: BandGroup) -> str:
    """A range of frequencies as a descriptor's name: ``range:140-300``, Hz."""
    return f"{RANGE}{group.low_hz:.0f}-{group.high_hz:.0f}"


def beat_print(prints: Sequence[TrackPrint]) -> BeatPrint | None:
    """Attention over the beat of all tracks whose pulse is clear; None where there are none."""
    heads = [(row.group, row.heads) for row in prints if row.heads is not None]
    beats = [(group, head.beat) for group, head in heads if head.beat is not None]
    if not beats:
        return None
    artists = [group for group, _ in beats]
    folded = np.stack([beat for _, beat in beats])
    return BeatPrint(
        n_tracks=len(beats),
        n_artists=len(set(artists)),
        n_unclear=len(heads) - len(beats),
        token_s=heads[0][1].token_s,
        phases=tuple(_mean(phase, artists) for phase in folded.T),
        on_beat=_mean(on_the_beat(folded), artists),
    )


def _mean(values: Float64, artists: Sequence[str]) -> Interval:
    return grouped_bootstrap(mean_statistic(values), groups=artists, seed=SEED)


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
            start_s, end_s = row.times_s[at : at + 2].tolist()
            probability = float(row.probabilities[k])
            made.append(Typical(row.id, genre, row.group, row.seen, probability, start_s, end_s))
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
    row: TrackPrint, prints: Sequence[TrackPrint], *, other: str, columns: Sequence[str], plain: frozenset[str]
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
