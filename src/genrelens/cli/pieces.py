"""From the paths that a user names to the pieces to be answered, folders walked in sorted order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from genrelens.audio import MEDIA_SUFFIXES


@dataclass(frozen=True, slots=True)
class Piece:
    """One path to be answered; ``code`` and ``message`` are set if it is known already that it cannot."""

    path: str
    code: str | None = None
    message: str | None = None


def find_pieces(paths: Iterable[str]) -> Iterator[Piece]:
    """The pieces under each path, in the order of the paths.

    A file that is named is always a piece. Folders are walked with their files and subfolders sorted by name;
    files without a media ending are passed over, and a folder is entered once only, so that links cannot lead
    in circles. A folder without music, or one that may not be read, is a piece with a ``code``.
    """
    for path in paths:
        if _is_folder(Path(path)):
            found = False
            for piece in _walk(path, entered=set()):
                found = True
                yield piece
            if not found:
                yield Piece(
                    path,
                    "no_music",
                    f"expected music in this folder, found no sound file in {path!r}",
                )
        else:
            yield Piece(path)


def _walk(folder: str, *, entered: set[str]) -> Iterator[Piece]:
    real = os.path.realpath(folder)
    if real in entered:
        return
    entered.add(real)
    try:
        with os.scandir(folder) as entries:
            names = sorted((entry.name, _is_folder(entry)) for entry in entries)
    except OSError as error:
        code = "permission" if isinstance(error, PermissionError) else "missing"
        yield Piece(folder, code, f"this folder cannot be read: {error.strerror or error}")
        return
    for name, is_folder in names:
        path = os.path.join(folder, name)  # noqa: PTH118  (keeps the name as the user wrote it)
        if is_folder:
            yield from _walk(path, entered=entered)
        elif Path(name).suffix.lower() in MEDIA_SUFFIXES and not name.startswith("._"):
            yield Piece(path)  # "._x.mp3" is what macOS writes beside x.mp3, never music


def _is_folder(place: Path | os.DirEntry[str]) -> bool:
    try:
        return place.is_dir()
    except OSError:  # opening it will say why: the name is too long, a folder above may not be searched
        return False
