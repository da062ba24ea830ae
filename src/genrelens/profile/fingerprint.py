"""What defines a genre to a model: bands, differences and heads over many tracks, and who is typical or mistaken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.explanation.differences import Effects, benjamini_hochberg, between_effects, paired_effects
from genrelens.explanation.parts import BandGroup
from genrelens.metrics import Interval, grouped_bootstrap, mean_statistic
from genrelens.profile.heads import N_PHASES, on_the_beat
from genrelens.profile.track import TEMPO, TrackPrint

Float64 = NDArray[np.float64]

LEVEL: Final = 0.05
"""Of the false discovery rate: what has a larger q is no finding."""
SEED: Final = 0
PARTS, GENRES = "parts", "genres"
"""The two comparisons: what counted in a track against its rest, and a genre's tracks against all others."""
RANGE: Final = "range:"


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
            BandShare(
                group.low_hz,
                group.high_hz,
                grouped_bootstrap(mean_statistic(bands[:, j]), groups=artists, seed=SEED),
            )
            for j, group in enumerate(groups[: bands.shape[1]])
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
    n_in_parts = len(columns) - 1
    assert columns[-1] == TEMPO
    for genre in names:
        inside = np.array([row.genre == genre for row in prints])
        if not inside.any():
            continue
        its = [row for row in prints if row.genre == genre]
        contrasts = np.stack([row.contrast for row in its])
        within = paired_effects(contrasts, groups=[row.group for row in its], seed=SEED)
        found.append((PARTS, genre, int(np.isfinite(contrasts[:, 0]).sum()), within, columns[:n_in_parts]))
        if not inside.all():
            between = between_effects(rows, groups=artists, inside=inside, seed=SEED)
            found.append((GENRES, genre, len(its), between, [*columns, *ranges]))
    if not found:
        return ()
    q = benjamini_hochberg(np.concatenate([effects.p for _, _, _, effects, _ in found]))
    made, at = [], 0
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
                    q=float(q[at]),
                    n_tracks=n_tracks,
                    n_artists=int(effects.n[j]),
                    n_others=int(effects.n_others[j]),
                )
            )
            at += 1
    return tuple(made)


def range_name(group: BandGroup) -> str:
    """A range of frequencies as a descriptor's name: ``range:140-300``, Hz."""
    return f"{RANGE}{group.low_hz:.0f}-{group.high_hz:.0f}"


def beat_print(prints: Sequence[TrackPrint]) -> BeatPrint | None:
    """Attention over the beat of all tracks whose pulse is clear; None where there are none."""
    heard = [row for row in prints if row.heads is not None]
    rows = [row for row in heard if row.heads is not None and row.heads.beat is not None]
    if not rows:
        return None
    folded = np.stack(
        [row.heads.beat for row in rows if row.heads is not None and row.heads.beat is not None]
    )
    artists = [row.group for row in rows]
    phases = tuple(
        grouped_bootstrap(mean_statistic(folded[:, k]), groups=artists, seed=SEED) for k in range(N_PHASES)
    )
    head = rows[0].heads
    assert head is not None
    return BeatPrint(
        n_tracks=len(rows),
        n_artists=len(set(artists)),
        n_unclear=len(heard) - len(rows),
        token_s=head.token_s,
        phases=phases,
        on_beat=grouped_bootstrap(mean_statistic(on_the_beat(folded)), groups=artists, seed=SEED),
    )
