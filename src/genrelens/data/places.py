"""Where data sets are: the folder given, the one that ``GENRELENS_DATA`` names, or a level below."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from genrelens.audio.walk import Entry, is_hidden, is_media, listing
from genrelens.data.own_music.tracks import holds_media
from genrelens.errors import DataError
from genrelens.taxonomy import FMA, GTZAN

VARIABLE: Final = "GENRELENS_DATA"


def data_root(root: Path | str | None = None) -> Path:
    """The folder to look for a data set in; ``None`` means the one named by the environment variable.

    Raises :class:`DataError` when neither is given, or when the folder is missing or not a folder.
    """
    given = os.environ.get(VARIABLE, "") if root is None else str(root)
    if not given.strip():
        raise DataError(
            "no data folder", code="no_data_root", hint=f"give one, or name it in the environment variable {VARIABLE}"
        )
    folder = Path(given).expanduser()
    if not folder.is_dir():
        came = "is not a folder" if folder.exists() else "does not exist"
        told = f" (from {VARIABLE})" if root is None else ""
        raise DataError(f"the data folder {str(folder)!r}{told} {came}; give the folder of a data set", code="missing")
    return folder


def levels(top: Path) -> Iterator[Path]:
    """A folder, and below it each that holds all of its music: ``hub``, ``hub/versions``, ``hub/versions/1``.

    They end above a folder that is named after a known genre: that is one genre alone, and no level.
    """
    yield top
    while not holds_files(top):
        with_music = list(islice(_music_folders(top), 2))
        if len(with_music) != 1 or is_named_after_a_genre(with_music[0]):
            return
        top = with_music[0]
        yield top


def genre_root(top: Path) -> Path:
    """The folder that the folders of genres lie in: the lowest of :func:`levels` that has folders with music in it and
    no music beside them, or ``top``.
    """
    *above, lowest = levels(top)
    if not above or (not holds_files(lowest) and next(_music_folders(lowest), None) is not None):
        return lowest
    return above[-1]


def holds_files(folder: Path) -> bool:
    """Whether files that may be sound lie in a folder itself."""
    return any(is_media(entry.name) and not is_hidden(entry.name) and not entry.is_folder for entry in _inside(folder))


def folders(top: Path) -> list[Path]:
    """The folders in a folder, in order of name, without hidden ones and links to what is below ``top`` anyway."""
    root = os.path.realpath(top)
    return [
        top / entry.name
        for entry in _inside(top)
        if entry.is_folder
        and not is_hidden(entry.name)
        and not (entry.is_link and Path(os.path.realpath(top / entry.name)).is_relative_to(root))
    ]


def is_named_after_a_genre(folder: Path) -> bool:
    """Whether a folder has the name of a genre of GTZAN or FMA, in any spelling."""
    name = folder.absolute().name
    return name in GTZAN or name in FMA


def has_siblings_with_music(folder: Path) -> bool:
    """Whether there is another folder beside it that music lies in, as beside the folder of one genre."""
    here = folder.absolute()
    return any(other != here and holds_files(other) for other in folders(here.parent))


def files_in(folder: Path, notes: list[str] | None = None) -> list[Path]:
    """What lies in a folder, in order of name; one that is none or may not be read is empty, and leaves a note."""
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        if notes is not None:
            notes.append(f"the folder {folder.name} cannot be read: {error.strerror}")
        return []


def _music_folders(top: Path) -> Iterator[Path]:
    return (folder for folder in folders(top) if holds_media(folder))


def _inside(folder: Path) -> list[Entry]:
    try:
        return listing(folder)
    except OSError:  # the walk says so
        return []
