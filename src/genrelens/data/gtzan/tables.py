"""Kaggle's tables of GTZAN: 57 features of each clip, or of each 3 s of it. Here they are found, not read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from genrelens.data.gtzan.facts import DATASET, all_ids, facts
from genrelens.data.gtzan.layout import BESIDE, descend, listing
from genrelens.data.root import data_root
from genrelens.data.track import Track

TABLES: Final = ("features_3_sec", "features_30_sec", "features_3_sec_part")
"""The tables' names, which are their files' without ``.csv``; the last is what a shared copy may hold of the first."""


def tables(root: Path | str | None = None) -> dict[str, Path]:
    """The tables below a root (``None``: the folder that ``GENRELENS_DATA`` names), by the names in :data:`TABLES`.

    They lie at the top, or below ``Data``, ``gtzan`` or ``gtzan/Data``; the first of each name is taken. Raises
    :class:`DataError` when the root is missing.
    """
    top = data_root(root)
    found: dict[str, Path] = {}
    for names in BESIDE:
        for folder in descend(top, names):
            for path in listing(folder):
                stem, dot, suffix = path.name.casefold().rpartition(".")
                if dot and suffix == "csv" and stem in TABLES and path.is_file():
                    found.setdefault(stem, path)
    return {name: found[name] for name in TABLES if name in found}


def clips_of_rows(ids: Iterable[str]) -> tuple[Track, ...]:
    """The clips of a table's rows as tracks, in order of id, where their sound is not needed: they have no path.

    ``ids`` that are no clip's are passed over.
    """
    known = facts()
    return tuple(
        Track(id_, Path(), id_.split(".")[0], known.artists.get(id_), DATASET, known.recordings.get(id_))
        for id_ in sorted(set(ids) & set(all_ids()))
    )
