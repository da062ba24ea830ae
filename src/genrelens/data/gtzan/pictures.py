"""Kaggle's pictures of GTZAN: a mel spectrogram of each clip, 432 x 288 pixels, ``blues/blues00000.png``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from genrelens.data.gtzan.facts import DATASET, all_ids, facts
from genrelens.data.gtzan.layout import BESIDE, descend, genre_folders, listing
from genrelens.data.levels import levels
from genrelens.data.root import data_root
from genrelens.data.track import Track
from genrelens.errors import DataError
from genrelens.taxonomy import GTZAN

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
                for path in listing(genre_folder)
                if (id_ := picture_id(path.name)) is not None and id_.startswith(genre + ".")
            }
            if found:
                return dict(sorted(found.items()))
    return {}


def picture_tracks(root: Path | str | None = None) -> tuple[Track, ...]:
    """The pictures below a root as tracks, in order of id: the files of clips whose sound need not be there.

    The root may be a level too high (:func:`~genrelens.data.levels.levels`), where the sound is there.

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
