"""The ways in which published work cuts a data set for testing, from the leakiest to the honest.

Each cuts the same pieces of the same tracks, so that what differs between their scores is the cutting alone.
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
    """``splits`` of pieces, each with a part "train" and the part ``tested``; together they test each piece once.

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
        """``(kept, held)``: pieces of the training part to stop the training by, cut as the protocol cuts.

        Who tests on pieces of the tracks that were learnt from has stopped on such pieces, too; to stop on other
        artists would show less than was claimed.
        """
        if not fraction:
            return tuple(train), ()
        if self.together == "artist":
            return hold_out(train, fraction=fraction, seed=seed)
        units = [piece.id if self.together == "piece" else piece.whole for piece in train]
        genre_of = dict(zip(units, (piece.genre for piece in train), strict=True))
        rng = np.random.default_rng(seed)
        held: set[str] = set()
        for genre in sorted(set(genre_of.values())):
            deck = [unit for unit, its in genre_of.items() if its == genre]
            n_held = min(len(deck) - 1, max(1, round(fraction * len(deck))))
            held.update(deck[i] for i in rng.permutation(len(deck))[:n_held])
        return (
            tuple(piece for piece, unit in zip(train, units, strict=True) if unit not in held),
            tuple(piece for piece, unit in zip(train, units, strict=True) if unit in held),
        )


def protocols(pieces: Sequence[Track], *, n_folds: int, seed: int) -> tuple[Protocol, ...]:
    """Cross-validation over ``pieces`` (``segment_of`` says of which track) in three ways.

    "random segments": pieces dealt at random, so that most have siblings in training (where each piece is a whole
    track, the same as the next); "by track": whole tracks, with their artists on both sides; "by artist": whole artists
    and known recordings. All are balanced by genre. Raises
    :class:`DataError` where the pieces do not give so many folds.
    """
    by_artist = grouped_folds(pieces, n_folds=n_folds, seed=seed)
    are_cut = len({piece.whole for piece in pieces}) < len(pieces)
    segments = _random_folds(
        pieces,
        [piece.id for piece in pieces],
        name="random-segments",
        leaks=frozenset({"duplicates", "artists", *(("segments",) if are_cut else ())}),
        n_folds=n_folds,
        seed=seed,
    )
    tracks = _random_folds(
        pieces,
        [piece.whole for piece in pieces],
        name="by-track",
        leaks=frozenset({"duplicates", "artists"}),
        n_folds=n_folds,
        seed=seed,
    )
    return (
        Protocol(
            "random segments",
            "pieces of a track on both sides" if are_cut else "whole tracks here, so the same as by track",
            segments,
            "piece",
        ),
        Protocol("by track", "tracks of an artist on both sides", tracks, "track"),
        Protocol("by artist", "no artist and no known repeat on both sides", by_artist, "artist"),
    )


def published(pieces: Sequence[Track], split: Split, *, part: str) -> Protocol:
    """A split of whole tracks as a protocol over their pieces: its "train" learns, ``part`` is tested."""
    of_track: dict[str, list[str]] = defaultdict(list)
    for piece in pieces:
        of_track[piece.whole].append(piece.id)
    parts = {
        name: tuple(id_ for track in split.ids(name) for id_ in of_track.get(track, ())) for name in ("train", part)
    }
    for name, ids in parts.items():
        if not ids:
            raise DataError(f"the split {split.name!r}, part {name!r} holds none of the {len(of_track)} tracks at hand")
    cut = Split(split.name, split.version, parts, split.leaks, split.provenance)
    return Protocol(f"{split.name}, {part}", "trained on its train part alone", (cut,), "artist", part)


def _random_folds(
    pieces: Sequence[Track], units: Sequence[Hashable], *, name: str, leaks: frozenset[str], n_folds: int, seed: int
) -> tuple[Split, ...]:
    """Deal units (pieces or tracks) to the folds in random order, genre by genre, like cards."""
    rng = np.random.default_rng(seed)
    genre_of = dict(zip(units, (piece.genre for piece in pieces), strict=True))
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
        for piece, unit in zip(pieces, units, strict=True):
            parts["test" if fold_of[unit] == k else "train"].append(piece.id)
        provenance = f"Fold of {n_folds}, dealt at random within genres ({name}), seed {seed}"
        made = {part: tuple(ids) for part, ids in parts.items()}
        folds.append(Split(f"{name}-{k + 1}-of-{n_folds}-seed-{seed}", 1, made, leaks, provenance))
    return tuple(folds)
