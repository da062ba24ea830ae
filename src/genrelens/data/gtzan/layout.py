"""Where the folders of GTZAN lie below a root, in the shapes in which people have unpacked it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from genrelens.data.gtzan.facts import clip_id
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
        if any(
            clip_id(path.name) for _, genre_folder in genre_folders(folder) for path in listing(genre_folder)
        )
    ]


def genre_folders(folder: Path) -> list[tuple[str, Path]]:
    """Pairs of genre and folder of those folders that are named after a genre of GTZAN."""
    found = [(GTZAN.canonical(path.name), path) for path in listing(folder) if path.name in GTZAN]
    return [(genre, path) for genre, path in found if _is_folder(path)]


def descend(folder: Path, names: tuple[str, ...]) -> Iterator[Path]:
    """The folders that are reached by ``names``, one below the other, whatever their case."""
    if not names:
        yield folder
        return
    for path in listing(folder):
        if path.name.casefold() == names[0].casefold() and _is_folder(path):
            yield from descend(path, names[1:])


def listing(folder: Path, notes: list[str] | None = None) -> list[Path]:
    """What lies in a folder, in order of name; a folder that may not be read is empty and leaves a note."""
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        if notes is not None:
            notes.append(f"the folder {folder.name} cannot be read: {error.strerror}")
        return []


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # in a folder that may be listed and not searched
        return False
