"""Where GTZAN's folders of clips, Kaggle's tables and Kaggle's pictures lie below a root, in the shapes in which people
have unpacked them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from genrelens.data.dataset import Beside
from genrelens.data.gtzan.facts import DATASET, SAMPLE_RATE, all_ids, clip_id, facts, segment_ids
from genrelens.data.places import data_root, files_in, levels
from genrelens.data.track import Track
from genrelens.errors import DataError
from genrelens.taxonomy import GTZAN

LAYOUTS: Final = (
    (),
    ("genres_original",),
    ("Data", "genres_original"),
    ("genres",),
    ("gtzan",),
    ("gtzan", "genres_original"),
    ("gtzan", "Data", "genres_original"),
    ("gtzan", "genres"),
)
"""Where the ten genre folders may be below the root, in the order of looking; case does not matter."""

BESIDE: Final = ((), ("Data",), ("gtzan",), ("gtzan", "Data"))
"""Where the tables and the folder of pictures may be below the root, in the order of looking."""


def is_gtzan(folder: Path) -> bool:
    """Whether :func:`load` would find clips below a folder."""
    return bool(clip_folders(folder))


def clip_folders(top: Path) -> list[Path]:
    """The folders below ``top`` that hold folders of genres with clips, in the order of :data:`LAYOUTS`."""
    return [
        folder
        for layout in LAYOUTS
        for folder in descend(top, layout)
        if any(clip_id(path.name) for _, genre_folder in genre_folders(folder) for path in files_in(genre_folder))
    ]


def genre_folders(folder: Path) -> list[tuple[str, Path]]:
    """Pairs of genre and folder of those folders that are named after a genre of GTZAN."""
    found = [(GTZAN.canonical(path.name), path) for path in files_in(folder) if path.name in GTZAN]
    return [(genre, path) for genre, path in found if _is_folder(path)]


def descend(folder: Path, names: tuple[str, ...]) -> Iterator[Path]:
    """The folders that are reached by ``names``, one below the other, whatever their case."""
    if not names:
        yield folder
        return
    for path in files_in(folder):
        if path.name.casefold() == names[0].casefold() and _is_folder(path):
            yield from descend(path, names[1:])


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # in a folder that may be listed and not searched
        return False


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
            for path in files_in(folder):
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


FOLDER: Final = "images_original"
SIZE_PX: Final = (432, 288)
"""Width and height of every picture."""

_NAME: Final = re.compile(r"(?P<genre>[^0-9.]+)(?P<number>[0-9]{5})\.png", re.IGNORECASE)


def pictures(root: Path | str | None = None) -> dict[str, Path]:
    """The pictures below a root (``None``: the one that ``GENRELENS_DATA`` names), by the ids of their clips, in order.

    One lies in ``images_original/<genre>``, at the top or below ``Data``, ``gtzan`` or ``gtzan/Data``; without such a
    folder the answer is empty. Raises :class:`DataError` when the root is missing.
    """
    top = data_root(root)
    for names in BESIDE:
        for folder in descend(top, (*names, FOLDER)):
            found = {
                id_: path
                for genre, genre_folder in genre_folders(folder)
                for path in files_in(genre_folder)
                if (id_ := picture_id(path.name)) is not None and id_.startswith(genre + ".")
            }
            if found:
                return dict(sorted(found.items()))
    return {}


NO_PICTURE: Final = "jazz.00054"
"""Kaggle has no picture of this clip, because its copy of the sound cannot be read."""


def beside(root: Path) -> Beside:
    """The pictures and tables below a root, and what of them Kaggle published."""
    ids = all_ids()
    return Beside(
        pictures=pictures(root),
        expected_pictures=frozenset(ids) - {NO_PICTURE},
        size_px=SIZE_PX,
        tables=tables(root),
        expected_rows={
            "features_30_sec": frozenset(ids),
            "features_3_sec": frozenset(row for id_ in ids for row in segment_ids(id_)),
        },
        lengths_in="features_30_sec",
        sample_rate=SAMPLE_RATE,
    )


def picture_tracks(root: Path | str | None = None) -> tuple[Track, ...]:
    """The pictures below a root as tracks, in order of id: the files of clips whose sound need not be there.

    The root may be a level too high (:func:`~genrelens.data.places.levels`), where the sound is there.

    Raises :class:`DataError` when the root is missing or holds no picture.
    """
    known = facts()
    found = next(filter(None, map(pictures, levels(data_root(root)))), {})
    tracks = tuple(
        Track(id_, path, id_.split(".")[0], known.artists.get(id_), DATASET, known.recordings.get(id_))
        for id_, path in found.items()
    )
    if not tracks:
        raise DataError(
            f"no pictures of GTZAN in {str(data_root(root))!r}: expected ten folders of genres below {FOLDER!r} with "
            "files like blues/blues00000.png; give the folder that Kaggle's GTZAN was unpacked into",
            code="no_pictures",
        )
    return tracks


def picture_id(file_name: str) -> str | None:
    """``"hiphop00031.png"`` -> ``"hiphop.00031"``; ``None`` for a name that is not a picture's."""
    match = _NAME.fullmatch(file_name)
    if match is None or match["genre"] not in GTZAN:
        return None
    id_ = f"{GTZAN.canonical(match['genre'])}.{match['number']}"
    return id_ if id_ in _IDS else None


_IDS: Final = frozenset(all_ids())
