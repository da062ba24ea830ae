"""Splits of any data set, computed from its tracks: whole artists and known recordings move together.

The same tracks always give the same split. A track without an artist is an artist of its own, so music whose artists
nobody knows is split by track, and the provenance says how many there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from genrelens.data.splits.folds import grouped_folds, hold_out
from genrelens.data.splits.split import Split
from genrelens.data.track import Track
from genrelens.errors import SplitError

NAMES: Final = ("hold-out", "k-fold")
"""``k-fold-10`` is one, too."""

SEED: Final = 0
N_FOLDS: Final = 5
SHARE: Final = 0.2


def is_computed(name: str) -> bool:
    """Whether :func:`split` knows a name."""
    return name == "hold-out" or _n_folds(name) is not None


def split(name: str, *, tracks: Iterable[Track]) -> Split:
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
            f"no split {name!r} can be computed; those that can: {', '.join(NAMES)}, k-fold-10",
            code="unknown_split",
        )
    n_unknown = sum(track.artist is None for track in everything)
    provenance = f"{how}, by artist and known recording, seed {SEED}, computed from {len(everything)} tracks."
    if n_unknown:
        provenance += f" The artists of {n_unknown} of them are unknown, so they are parted by track."
    return Split(name, 1, made, provenance=provenance)


def _n_folds(name: str) -> int | None:
    match = re.fullmatch(r"k-fold(?:-([0-9]{1,4}))?", name)
    return None if match is None else int(match[1] or N_FOLDS)
