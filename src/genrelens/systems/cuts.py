"""What a reproduction learns from, stops on and is asked about: as the original cut it, and by artist."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from genrelens.data import registry
from genrelens.data.splits.folds import hold_out
from genrelens.data.splits.split import Split
from genrelens.data.track import Track
from genrelens.errors import DataError

Kind = Literal["protocol", "honest"]
ALL_LEAKS: Final = frozenset({"artists", "duplicates"})


@dataclass(frozen=True, slots=True)
class PartAtHand:
    """How many tracks (or segments) of a split's part can be used; the others are not here, or known to be faulty."""

    split: str
    part: str
    n_here: int
    n_all: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Three sets of tracks; ``split`` and ``tested`` (its part) are what reports name.

    ``learn`` are learnt from, ``stop`` say when to stop (and fit a temperature), ``test`` are answered. ``says``: how
    the cut is made, in words; ``at_hand``: what of the split is here.
    """

    kind: Kind
    split: Split
    tested: str
    learn: tuple[Track, ...]
    stop: tuple[Track, ...]
    test: tuple[Track, ...]
    stop_part: str
    says: str
    at_hand: tuple[PartAtHand, ...]


def by_parts(split: Split, tracks: Sequence[Track], *, kind: Kind, says: str) -> Cut:
    """A split's own parts: train learns, valid stops, test is answered."""
    return Cut(
        kind=kind,
        split=split,
        tested="test",
        learn=split.part(tracks, "train"),
        stop=split.part(tracks, "valid"),
        test=split.part(tracks, "test"),
        stop_part="the split's valid part",
        says=says,
        at_hand=_at_hand(split, tracks),
    )


def honest(dataset: str, tracks: Sequence[Track], *, stop_share: float, seed: int) -> Cut:
    """The data set's usual split by artist: of GTZAN the fault-filtered one.

    Where none of its test part is here, its valid part is answered, and the training stops on ``stop_share`` of the
    training tracks, whole artists, so that what is answered has had no say in anything.
    """
    name = registry.splits(dataset)[0]
    split = registry.split(dataset, name, tracks=tracks)
    if split.leaks:
        raise DataError(
            f"the split {name!r} leaks {', '.join(sorted(split.leaks))}: it is no honest one to compare with"
        )
    if not {track.id for track in tracks}.isdisjoint(split.ids("test")):
        return by_parts(split, tracks, kind="honest", says=f"the split {name}: no artist in two parts")
    learn, stop = hold_out(split.part(tracks, "train"), fraction=stop_share, seed=seed)
    return Cut(
        kind="honest",
        split=split,
        tested="valid",
        learn=learn,
        stop=stop,
        test=split.part(tracks, "valid"),
        stop_part=f"{stop_share:.0%} of the training part, by artist",
        says=(
            f"the split {name}: no artist in two parts; nothing of its test part is here, so its valid part is "
            "answered, and had no say in the training"
        ),
        at_hand=_at_hand(split, tracks),
    )


def random_tracks(tracks: Iterable[Track], *, valid: float, test: float, seed: int) -> Split:
    """A split of whole tracks drawn at random within each genre, whoever made them: shares of ``valid`` and ``test``.

    The order of ``tracks`` does not matter.
    """
    of_genre: dict[str, list[str]] = defaultdict(list)
    for track in sorted(tracks, key=lambda track: track.id):
        of_genre[track.genre].append(track.id)
    rng = np.random.default_rng(seed)
    parts: dict[str, list[str]] = {"train": [], "valid": [], "test": []}
    for genre in sorted(of_genre):
        deck = [of_genre[genre][i] for i in rng.permutation(len(of_genre[genre]))]
        n_test, n_valid = round(test * len(deck)), round(valid * len(deck))
        parts["test"] += deck[:n_test]
        parts["valid"] += deck[n_test : n_test + n_valid]
        parts["train"] += deck[n_test + n_valid :]
    made = {part: tuple(sorted(ids)) for part, ids in parts.items()}
    if not all(made.values()):
        n = sum(map(len, of_genre.values()))
        raise DataError(f"{n} tracks of {len(of_genre)} genres are too few for {valid:.0%} and {test:.0%} of each")
    shares = f"{1 - valid - test:.0%}/{valid:.0%}/{test:.0%}"
    return Split(
        f"random-tracks-seed-{seed}",
        1,
        made,
        ALL_LEAKS,
        f"{shares} of the tracks of each genre at random, seed {seed}: artists and repeats may stand on both sides.",
    )


def shared_artists(cut: Cut) -> float:
    """The share of the answered tracks (or pieces) whose artist is also learnt from; known artists only."""
    learnt = {track.artist for track in cut.learn if track.artist is not None}
    known = [track.artist for track in cut.test if track.artist is not None]
    return sum(artist in learnt for artist in known) / len(known) if known else float("nan")


def shared_tracks(cut: Cut) -> float:
    """The share of the answered pieces of tracks of which other pieces are learnt from."""
    learnt = {track.whole for track in cut.learn}
    return sum(track.whole in learnt for track in cut.test) / len(cut.test)


def parts_at_hand(*cuts: Cut) -> tuple[PartAtHand, ...]:
    """What the cuts' splits ask for, and what of it is here; a split of two cuts once."""
    return tuple({(found.split, found.part): found for cut in cuts for found in cut.at_hand}.values())


def _at_hand(split: Split, tracks: Sequence[Track]) -> tuple[PartAtHand, ...]:
    here = {track.id for track in tracks}
    return tuple(
        PartAtHand(split.name, part, sum(id_ in here for id_ in ids), len(ids)) for part, ids in split.parts.items()
    )
