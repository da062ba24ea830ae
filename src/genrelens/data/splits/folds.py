"""Cutting tracks into parts along artists: cross-validation folds, and a part to stop the training by.

What belongs together stays together: segments of one track, tracks of one artist and known repeats of one
recording, joined until nothing overlaps (if A and B share an artist, and B and C a recording, A, B and C are one
block). Only then are genres balanced, by a greedy rule: the largest block first, to the fold that has least of its
genres.

Splits of any data set are computed by the same rule. The same tracks always give the same split. A track without an
artist is an artist of its own, so music whose artists nobody knows is split by track, and the provenance says how many
there are.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from genrelens.data.splits.split import Split
from genrelens.data.track import Track
from genrelens.errors import DataError, SplitError


@dataclass(frozen=True, slots=True)
class Block:
    """Tracks that may not be parted, in order of id."""

    tracks: tuple[Track, ...]

    @property
    def n_by_genre(self) -> Counter[str]:
        """How many tracks of each genre the block has."""
        return Counter(track.genre for track in self.tracks)


def joined(ties: Sequence[Iterable[Hashable]]) -> list[int]:
    """For each item the first item that it hangs together with, over however many others: ``ties[i]`` are the names
    of what item i is tied to, and items that share one hang together.
    """
    parent = list(range(len(ties)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[Hashable, int] = {}
    for i, names in enumerate(ties):
        for name in names:
            a, b = find(i), find(first.setdefault(name, i))
            parent[max(a, b)] = min(a, b)
    return [find(i) for i in range(len(ties))]


def blocks(tracks: Iterable[Track]) -> tuple[Block, ...]:
    """The smallest sets of tracks that share no artist, no known recording and no whole track with each
    other, in order of first id.

    Raises :class:`DataError` when two tracks have one id.
    """
    ordered = sorted(tracks, key=lambda track: track.id)
    for before, after in itertools.pairwise(ordered):
        if before.id == after.id:
            raise DataError(f"two tracks have the id {after.id!r}; every track of a data set needs an id of its own")
    roots = joined([_ties(track) for track in ordered])
    members: dict[int, list[Track]] = defaultdict(list)
    for root, track in zip(roots, ordered, strict=True):
        members[root].append(track)
    return tuple(Block(tuple(members[root])) for root in sorted(members))


def _ties(track: Track) -> list[tuple[str, str]]:
    ties = (("artist", track.artist), ("recording", track.recording), ("track", track.whole))
    return [(kind, name) for kind, name in ties if name is not None]


def grouped_folds(tracks: Iterable[Track], *, n_folds: int, seed: int) -> tuple[Split, ...]:
    """``n_folds`` splits with parts "train" and "test"; each track is in "test" of exactly one.

    No artist and no known recording is in both parts. The order of ``tracks`` does not matter. A genre with
    fewer blocks than folds is missing from the test part of some, which the provenance says. Raises
    :class:`DataError` for fewer than two folds, or fewer blocks than folds.
    """
    all_blocks = blocks(tracks)
    if not 2 <= n_folds <= len(all_blocks):
        raise DataError(
            "expected between 2 folds and as many as there are artists that can be kept apart "
            f"({len(all_blocks)}), got {n_folds}",
            code="bad_folds",
        )
    folds = _deal(all_blocks, n_folds=n_folds, seed=seed)
    provenance = (
        f"Fold of {n_folds} by artist and known recording, balanced by genre, seed {seed}, from "
        f"{sum(len(block.tracks) for block in all_blocks)} tracks in {len(all_blocks)} "
        f"groups.{_thin(all_blocks, n_folds)}"
    )
    ids = [[track.id for block in fold for track in block.tracks] for fold in folds]
    everything = [id_ for fold in ids for id_ in fold]
    splits = []
    for k, test in enumerate(ids):
        held = frozenset(test)
        parts = {"train": tuple(sorted(id_ for id_ in everything if id_ not in held)), "test": tuple(sorted(test))}
        splits.append(Split(f"fold-{k + 1}-of-{n_folds}-seed-{seed}", 1, parts, provenance=provenance))
    return tuple(splits)


def hold_out(tracks: Iterable[Track], *, fraction: float, seed: int) -> tuple[tuple[Track, ...], tuple[Track, ...]]:
    """Carve about ``fraction`` of each genre out of ``tracks``: ``(kept, held)``, each in order of id.

    Whole blocks move, so no artist or known recording is on both sides. Of every genre at least one block is
    kept, and at least one held if the genre has two blocks and three tracks. The order of ``tracks`` does not
    matter. Raises :class:`DataError` when ``fraction`` is not between 0 and 1 or nothing can be held.
    """
    if not 0.0 < fraction < 1.0:
        raise DataError(f"the fraction to hold out must lie between 0 and 1, got {fraction}", code="bad_fraction")
    all_blocks = blocks(tracks)
    total: Counter[str] = Counter()
    for block in all_blocks:
        total.update(block.n_by_genre)
    n_left = Counter(genre for block in all_blocks for genre in block.n_by_genre)
    order = [all_blocks[i] for i in np.random.default_rng(seed).permutation(len(all_blocks))]
    n_held: Counter[str] = Counter()
    held: list[Block] = []

    def room(genre: str) -> float:
        return fraction * total[genre] - n_held[genre]

    def hold(block: Block) -> None:
        held.append(block)
        n_held.update(block.n_by_genre)
        n_left.subtract(block.n_by_genre.keys())

    # First what fits into every one of its genres, then what brings a genre nearer to its share than it is,
    # then for genres that still have nothing the block that is smallest.
    for slack in (1.0, 2.0):
        for block in order:
            counts = block.n_by_genre
            if block not in held and all(n_left[g] > 1 and n < slack * room(g) + 1e-9 for g, n in counts.items()):
                hold(block)
    for genre in sorted(total):
        movable = [
            block
            for block in order
            if genre in block.n_by_genre and block not in held and all(n_left[g] > 1 for g in block.n_by_genre)
        ]
        if movable and n_held[genre] == 0 and total[genre] >= 3:
            hold(min(movable, key=lambda block: len(block.tracks)))
    if not held:
        raise DataError(
            f"nothing can be held out of {sum(total.values())} tracks in {len(all_blocks)} groups: expected "
            "a genre with three tracks by two artists at least",
            code="nothing_to_hold",
        )
    held_ids = {track.id for block in held for track in block.tracks}
    ordered = sorted((track for block in all_blocks for track in block.tracks), key=lambda track: track.id)
    return (
        tuple(track for track in ordered if track.id not in held_ids),
        tuple(track for track in ordered if track.id in held_ids),
    )


def _deal(all_blocks: tuple[Block, ...], *, n_folds: int, seed: int) -> list[list[Block]]:
    rng = np.random.default_rng(seed)
    genres = sorted({track.genre for block in all_blocks for track in block.tracks})
    counts = np.array([[block.n_by_genre[genre] for genre in genres] for block in all_blocks], dtype=np.float64)
    share = counts / counts.sum(axis=0)  # a tenth of a thin genre weighs as much as a tenth of a full one
    order = np.lexsort((rng.permutation(len(all_blocks)), -counts.sum(axis=1)))
    folds: list[list[Block]] = [[] for _ in range(n_folds)]
    held = np.zeros((n_folds, len(genres)))
    sizes = np.zeros(n_folds)
    for i in order:
        # Putting block b into fold f adds 2 <held_f, share_b> to the sum of squares that perfect balance
        # minimises.
        cost = np.round(held @ share[i], 12)
        k = int(np.lexsort((rng.permutation(n_folds), sizes, cost))[0])
        folds[k].append(all_blocks[i])
        held[k] += share[i]
        sizes[k] += counts[i].sum()
    return folds


def _thin(all_blocks: tuple[Block, ...], n_folds: int) -> str:
    n_blocks = Counter(genre for block in all_blocks for genre in block.n_by_genre)
    thin = [f"{genre} ({n})" for genre, n in sorted(n_blocks.items()) if n < n_folds]
    return f" Genres with fewer groups than folds, absent from some test parts: {', '.join(thin)}." if thin else ""


NAMES: Final = ("hold-out", "k-fold")
"""``k-fold-10`` is one, too."""

SEED: Final = 0
N_FOLDS: Final = 5
SHARE: Final = 0.2


def is_computed(name: str) -> bool:
    """Whether :func:`computed_split` knows a name."""
    return name == "hold-out" or _n_folds(name) is not None


def computed_split(name: str, *, tracks: Iterable[Track]) -> Split:
    """``"hold-out"``: about 64/16/20 of each genre in parts train, valid and test. ``"k-fold"``: parts fold-1 to
    fold-5, ``"k-fold-10"``: to fold-10; ``"fold-2+fold-3"`` joins parts.

    Raises :class:`SplitError` on another name, and :class:`DataError` where there are too few artists.
    """
    everything = tuple(tracks)
    n_folds = _n_folds(name)
    if name == "hold-out":
        rest, test = hold_out(everything, fraction=SHARE, seed=SEED)
        train, valid = hold_out(rest, fraction=SHARE, seed=SEED)
        parts = {"train": train, "valid": valid, "test": test}
        made = {part: tuple(track.id for track in chosen) for part, chosen in parts.items()}
        how = "About 64/16/20 of each genre"
    elif n_folds is not None:
        folds = grouped_folds(everything, n_folds=n_folds, seed=SEED)
        made = {f"fold-{k}": fold.parts["test"] for k, fold in enumerate(folds, start=1)}
        how = f"{n_folds} folds, balanced by genre"
    else:
        raise SplitError(
            f"no split {name!r} can be computed; those that can: {', '.join(NAMES)}, k-fold-10", code="unknown_split"
        )
    n_unknown = sum(track.artist is None for track in everything)
    provenance = f"{how}, by artist and known recording, seed {SEED}, computed from {len(everything)} tracks."
    if n_unknown:
        provenance += f" The artists of {n_unknown} of them are unknown, so they are parted by track."
    return Split(name, 1, made, provenance=provenance)


def _n_folds(name: str) -> int | None:
    match = re.fullmatch(r"k-fold(?:-([0-9]{1,4}))?", name)
    return None if match is None else int(match[1] or N_FOLDS)
