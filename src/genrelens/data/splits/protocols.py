"""The ways in which published work cuts a data set for testing, from the leakiest to the honest.

Each cuts the same segments of the same tracks, so that what differs between their scores is the cutting alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from genrelens.data.splits.folds import grouped_folds, hold_out
from genrelens.data.splits.split import Split
from genrelens.data.track import Track
from genrelens.errors import DataError


@dataclass(frozen=True, slots=True)
class Protocol:
    """``splits`` of segments, each with a part "train" and the part ``tested``; together they test each segment once.

    ``together``: what is never parted.
    """

    name: str
    says: str
    splits: tuple[Split, ...]
    together: Literal["piece", "track", "artist"]
    tested: str = "test"

    @property
    def leaks(self) -> frozenset[str]:
        """What the splits let stand on both sides."""
        return frozenset[str]().union(*(split.leaks for split in self.splits))

    def hold_out(
        self, train: Sequence[Track], *, fraction: float, seed: int
    ) -> tuple[tuple[Track, ...], tuple[Track, ...]]:
        """``(kept, held)``: segments of the training part to stop the training by, cut as the protocol cuts.

        Who tests on segments of the tracks that were learnt from has stopped on such segments, too; to stop on other
        artists would show less than was claimed.
        """
        if not fraction:
            return tuple(train), ()
        if self.together == "artist":
            return hold_out(train, fraction=fraction, seed=seed)
        units = [segment.id if self.together == "piece" else segment.whole for segment in train]
        genre_of = dict(zip(units, (segment.genre for segment in train), strict=True))
        rng = np.random.default_rng(seed)
        held: set[str] = set()
        for genre in sorted(set(genre_of.values())):
            deck = [unit for unit, its in genre_of.items() if its == genre]
            n_held = min(len(deck) - 1, max(1, round(fraction * len(deck))))
            held.update(deck[i] for i in rng.permutation(len(deck))[:n_held])
        return (
            tuple(segment for segment, unit in zip(train, units, strict=True) if unit not in held),
            tuple(segment for segment, unit in zip(train, units, strict=True) if unit in held),
        )


def protocols(segments: Sequence[Track], *, n_folds: int, seed: int) -> tuple[Protocol, ...]:
    """Cross-validation over ``segments`` (``segment_of`` says of which track) in three ways.

    "random segments": segments dealt at random, so that most have siblings in training (where each segment is a whole
    track, the same as the next); "by track": whole tracks, with their artists on both sides; "by artist": whole artists
    and known recordings. All are balanced by genre. Raises
    :class:`DataError` where the segments do not give so many folds.
    """
    by_artist = grouped_folds(segments, n_folds=n_folds, seed=seed)
    are_cut = len({segment.whole for segment in segments}) < len(segments)
    by_segment = _random_folds(
        segments,
        [segment.id for segment in segments],
        name="random-segments",
        leaks=frozenset({"duplicates", "artists", *(("segments",) if are_cut else ())}),
        n_folds=n_folds,
        seed=seed,
    )
    tracks = _random_folds(
        segments,
        [segment.whole for segment in segments],
        name="by-track",
        leaks=frozenset({"duplicates", "artists"}),
        n_folds=n_folds,
        seed=seed,
    )
    return (
        Protocol(
            "random segments",
            "pieces of a track on both sides" if are_cut else "whole tracks here, so the same as by track",
            by_segment,
            "piece",
        ),
        Protocol("by track", "tracks of an artist on both sides", tracks, "track"),
        Protocol("by artist", "no artist and no known repeat on both sides", by_artist, "artist"),
    )


def published(segments: Sequence[Track], split: Split, *, part: str) -> Protocol:
    """A split of whole tracks as a protocol over their segments: its "train" learns, ``part`` is tested."""
    of_track: dict[str, list[str]] = defaultdict(list)
    for segment in segments:
        of_track[segment.whole].append(segment.id)
    parts = {
        name: tuple(id_ for track in split.ids(name) for id_ in of_track.get(track, ())) for name in ("train", part)
    }
    for name, ids in parts.items():
        if not ids:
            raise DataError(f"the split {split.name!r}, part {name!r} holds none of the {len(of_track)} tracks at hand")
    cut = Split(split.name, split.version, parts, split.leaks, split.provenance)
    return Protocol(f"{split.name}, {part}", "trained on its train part alone", (cut,), "artist", part)


def _random_folds(
    segments: Sequence[Track], units: Sequence[Hashable], *, name: str, leaks: frozenset[str], n_folds: int, seed: int
) -> tuple[Split, ...]:
    """Deal units (segments or tracks) to the folds in random order, genre by genre, like cards."""
    rng = np.random.default_rng(seed)
    genre_of = dict(zip(units, (segment.genre for segment in segments), strict=True))
    fold_of: dict[Hashable, int] = {}
    next_fold = 0
    for genre in sorted(set(genre_of.values())):
        deck = [unit for unit, its in genre_of.items() if its == genre]
        for i in rng.permutation(len(deck)):
            fold_of[deck[i]] = next_fold
            next_fold = (next_fold + 1) % n_folds
    folds = []
    for k in range(n_folds):
        parts: dict[str, list[str]] = {"train": [], "test": []}
        for segment, unit in zip(segments, units, strict=True):
            parts["test" if fold_of[unit] == k else "train"].append(segment.id)
        provenance = f"Fold of {n_folds}, dealt at random within genres ({name}), seed {seed}"
        made = {part: tuple(ids) for part, ids in parts.items()}
        folds.append(Split(f"{name}-{k + 1}-of-{n_folds}-seed-{seed}", 1, made, leaks, provenance))
    return tuple(folds)
