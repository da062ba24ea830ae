"""FMA's official split: 80/10/10 of each genre, with all tracks of an artist on one side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from genrelens.data.fma.loader import TABLE, find_metadata
from genrelens.data.fma.tracks_csv import read_tracks
from genrelens.data.splits.split import Split
from genrelens.data.track import Track
from genrelens.errors import SplitError

OFFICIAL: Final = "fma-official"


def split(name: str, *, tracks: Iterable[Track]) -> Split:
    """``"fma-official"``, read from the ``tracks.csv`` that belongs to ``tracks``, which must be all of a subset.

    It declares those leaks that the table itself shows (none are published). Raises :class:`SplitError` on another
    name, or where there is no ``tracks.csv``.
    """
    everything = tuple(tracks)
    if name != OFFICIAL:
        raise SplitError(f"FMA has no split {name!r}; its only split: {OFFICIAL}", code="unknown_split")
    table = None
    if everything:
        folders = everything[0].path.absolute().parents  # 000, fma_small, what fma_small was unpacked into
        table = next(
            (found for top in folders[1:3] if (found := find_metadata(top, TABLE)) is not None), None
        )
    if table is None:
        raise SplitError(
            f"the split {OFFICIAL!r} stands in fma_metadata/{TABLE}, which is not in or beside the clips' folder; get "
            "it with genrelens data fetch fma_metadata, or take the split hold-out",
            code="no_metadata",
        )
    ids = {track.id for track in everything}
    parts: dict[str, list[str]] = {"train": [], "valid": [], "test": []}
    for row in read_tracks(table):
        if (id_ := f"{row.track_id:06d}") in ids:
            parts[row.part].append(id_)
    made = {part: tuple(sorted(found)) for part, found in parts.items()}
    provenance = (
        "The official split of FMA (Defferrard et al. 2017, arXiv 1612.01840), as its tracks.csv has it, for the "
        f"{len(everything)} tracks at hand that can be used."
    )
    every_leak = Split(OFFICIAL, 1, made, frozenset({"artists", "duplicates"}))
    overlaps = every_leak.overlaps(everything)
    if overlaps:
        some = ", ".join(sorted({overlap.what for overlap in overlaps})[:3])
        provenance += (
            f" It is said to keep artists apart, but {len(overlaps)} stand in two parts here ({some})."
        )
    return Split(OFFICIAL, 1, made, frozenset(overlap.kind for overlap in overlaps), provenance)
