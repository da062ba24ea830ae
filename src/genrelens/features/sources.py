"""The files that a table of descriptors is made of, with their names and labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from genrelens.audio.walk import named
from genrelens.data import registry
from genrelens.data.own_music.folder import labels_of
from genrelens.errors import DataError
from genrelens.features.extract import Source, track_source


@dataclass(frozen=True, slots=True)
class Sources:
    """``files`` to compute, ``notes`` about what was odd, and how many files are no sound, by ending."""

    files: tuple[Source, ...]
    notes: tuple[str, ...]
    passed_over: Mapping[str, int]


def sources_of(path: Path, *, dataset: str | None = None) -> Sources:
    """What is to be computed of a file, a folder of music or a data set's folder (``None``: found out whether it is).

    The label is the genre in a data set, the first folder's name in a folder of folders, and empty for other files.
    Raises :class:`DataError` where there is no music.
    """
    dataset = dataset or _known_dataset(path)
    if dataset is None:
        return _files(path)
    music = registry.open_dataset(path, dataset=dataset)
    files = [track_source(track) for track in music.tracks]
    genres = {clip.id: clip.genre for clip in registry.clips_of_rows(dataset, [id_ for id_, _ in music.left_out])}
    for id_, reason in music.left_out:
        name = registry.file_name(dataset, id_)
        files.append(Source(name, Path(id_), genres.get(id_, ""), error=reason))
    if not files:
        raise DataError(f"the data set {dataset!r} in {str(path)!r} has no tracks")
    return Sources(tuple(sorted(files, key=lambda source: source.filename)), music.notes, music.passed_over)


def _known_dataset(path: Path) -> str | None:
    """The name of the data set with labels of its own in a folder, if it is one."""
    if not path.is_dir():
        return None
    try:
        name = registry.detect(path)
    except DataError:
        return None
    return None if registry.DATASETS[name].any_music else name


def _files(path: Path) -> Sources:
    """Whatever music is there: named by its path below ``path`` (or below the folder of folders of genres in it),
    labelled by the first folder on it.
    """
    passed_over: Counter[str] = Counter()
    found = list(named([str(path)], passed_over=passed_over))
    for one in found:
        if one.code is not None and Path(one.path) == path:  # nothing in it, or nobody may look
            raise DataError(str(one.message), code=one.code)
    if not path.is_dir():
        return Sources((Source(path.name, path, ""),), (), passed_over)
    labels = labels_of(path, [Path(one.path) for one in found])
    files = tuple(
        Source(name, Path(one.path), label, error=one.message or "")
        for one, name, label in zip(found, labels.names, labels.labels, strict=True)
    )
    return Sources(files, labels.notes, passed_over)
