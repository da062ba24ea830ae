"""From the paths that a user names to the pieces to be answered, folders walked in sorted order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from genrelens.audio.walk import passed_over_text, walk


@dataclass(frozen=True, slots=True)
class Piece:
    """One path to be answered; ``code`` and ``message`` are set if it is known already that it cannot."""

    path: str
    code: str | None = None
    message: str | None = None


def find_pieces(paths: Iterable[str], *, passed_over: Counter[str] | None = None) -> Iterator[Piece]:
    """The pieces under each path, in the order of the paths.

    A file that is named is always a piece. Folders are walked (:func:`~genrelens.audio.walk.walk`), and ``passed_over``
    counts the files in them that are no sound. A folder without music, or one that may not be read, is a piece with a
    ``code``.
    """
    for path in paths:
        if not _is_folder(Path(path)):
            yield Piece(path)
            continue
        found = False
        for item in walk(path, passed_over=passed_over):
            found = True
            if item.error is None:
                yield Piece(item.path)
            else:
                code = "permission" if isinstance(item.error, PermissionError) else "missing"
                yield Piece(
                    item.path, code, f"this folder cannot be read: {item.error.strerror or item.error}"
                )
        if not found:
            yield Piece(path, "no_music", f"expected music in this folder, found no sound file in {path!r}")


def say_passed_over(counts: Mapping[str, int]) -> None:
    """Say on stderr what a walk has passed over, if anything."""
    from genrelens.cli import say

    if text := passed_over_text(counts):
        say(text)


def _is_folder(place: Path) -> bool:
    try:
        return place.is_dir()
    except OSError:  # opening it will say why: the name is too long, a folder above may not be searched
        return False
