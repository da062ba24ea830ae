"""What is to be audited: the sound files below a folder, and what is known about each."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from genrelens.audio.walk import walk
from genrelens.data import Track, registry
from genrelens.errors import AudioError, DataError


@dataclass(frozen=True, slots=True)
class Collection:
    """The files below ``root``, in order, with the tracks that each holds (none: nobody knows its genre).

    ``dataset`` is what the folder was taken for, ``None`` if it has no labels; ``why_unlabelled`` says then why.
    ``refused`` are folders that could not be looked into, with the reason.
    """

    root: str
    paths: tuple[str, ...]
    tracks_of: dict[str, tuple[Track, ...]]
    dataset: str | None
    notes: tuple[str, ...] = ()
    why_unlabelled: str = ""
    refused: tuple[tuple[str, str], ...] = ()

    def require_labels(self) -> None:
        """Raise :class:`DataError` if there is no labelled track."""
        if not self.tracks:
            raise DataError(
                f"{self.root!r} has no labelled tracks, which a split and label suspects are about: "
                f"{self.why_unlabelled or 'none of its files is one'}",
                code="no_labels",
            )

    @property
    def tracks(self) -> tuple[Track, ...]:
        """All tracks that have a file here."""
        return tuple(track for path in self.paths for track in self.tracks_of.get(path, ()))

    def genres(self, path: str) -> tuple[str, ...]:
        """The genres that a file has, mostly one."""
        return tuple(dict.fromkeys(track.genre for track in self.tracks_of.get(path, ())))


def collect(
    root: str | Path,
    *,
    paths: Iterable[str] | None = None,
    refused: Iterable[tuple[str, str]] = (),
) -> Collection:
    """The sound files below a folder (``paths``, where they are known already) and their tracks.

    Labels are those of the data set that the folder is taken for (:mod:`genrelens.data.registry`): GTZAN, FMA, folders
    of genres, a table, or genre tags. Files that the data set does not use are audited without. Raises
    :class:`DataError` when there is no sound file.
    """
    found = [item.path for item in walk(root) if item.error is None] if paths is None else list(paths)
    tracks: tuple[Track, ...] = ()
    notes: tuple[str, ...] = ()
    dataset, why = None, ""
    try:
        loaded = registry.open_dataset(root)
    except (DataError, AudioError) as error:
        why = str(error)
    else:
        dataset, tracks, notes = loaded.dataset, loaded.tracks, loaded.notes
    by_place: dict[str, list[Track]] = defaultdict(list)
    for track in tracks:
        by_place[_place(track.path)].append(track)
    places = {_place(path): path for path in found}
    # A table may name files in other folders; they belong to the data set as much as those below the root.
    found += [str(held[0].path) for place, held in by_place.items() if place not in places]
    refused = tuple(refused)
    if not found and not refused:
        raise DataError(
            f"expected music, found no sound file in {str(root)!r}; give the folder of a data set",
            code="no_music",
        )
    tracks_of = {path: tuple(by_place[_place(path)]) for path in found if _place(path) in by_place}
    return Collection(str(root), tuple(dict.fromkeys(found)), tracks_of, dataset, notes, why, refused)


def _place(path: str | Path) -> str:
    """One spelling of a path, links as they are: a link is a second file of the same sound."""
    return os.path.normpath(Path(path).absolute())
