"""From a path as a table has it to the file on disk, whichever system the table was written on."""

from __future__ import annotations

from pathlib import Path

from genrelens.audio.walk import listing
from genrelens.taxonomy import composed


class WrittenPaths:
    r"""Finds the files below a folder that a table's paths mean, links followed.

    Where there is none of that name as it stands, ``\`` is read as "/" (Windows), and names may be in Unicode's other
    form (macOS).
    """

    def __init__(self, base: Path) -> None:
        self.base = base.absolute().resolve()
        self._names: dict[Path, dict[str, str]] = {}  # folder -> name in the one form -> name on disk

    def find(self, written: str) -> Path:
        """The file, which need not be there.

        Raises ``ValueError`` when the path leads out of the folder, :class:`OSError` or ``RuntimeError`` when it leads
        nowhere (a name too long, links in a circle).
        """
        found = self._inside(self.base / written)
        if "\\" in written and not _exists(found):
            found = self._inside(self.base / written.replace("\\", "/"))
        if str(found).isascii() or _exists(found):
            return found
        place = self.base
        for name in found.relative_to(self.base).parts:
            place /= name if _exists(place / name) else self._listed(place).get(composed(name), name)
        return self._inside(place)

    def _inside(self, path: Path) -> Path:
        place = path.resolve()
        place.relative_to(self.base)
        return place

    def _listed(self, folder: Path) -> dict[str, str]:
        if folder not in self._names:
            try:
                self._names[folder] = {composed(entry.name): entry.name for entry in listing(folder)}
            except OSError:
                self._names[folder] = {}
        return self._names[folder]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # the name is too long, or nobody may look; opening it says so
        return False
