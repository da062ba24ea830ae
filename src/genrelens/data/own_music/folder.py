"""A folder of folders named after genres, ``rock/song.mp3`` or ``rock/album/song.mp3``: the data set "folder"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from genrelens.audio.tags import Tags, read_tags
from genrelens.data.dataset import Dataset, Music
from genrelens.data.own_music.tracks import (
    Labelled,
    gather,
    holds_media,
    media_files,
    one_genre_note,
    one_spelling,
    why_not,
)
from genrelens.data.places import data_root, folders, genre_root, has_siblings_with_music, is_named_after_a_genre
from genrelens.errors import AudioError, DataError
from genrelens.taxonomy import composed, fold

DATASET: Final = "folder"
PARTS: Final = frozenset({"train", "training", "valid", "validation", "val", "dev", "test", "eval"})
"""Names of folders that are parts of a split and no genres."""


def load(root: Path | str | None = None) -> Music:
    """The files below a root's folders, each of the genre that the first folder is called after.

    A root that is a level too high will do, where all its music lies in one folder of folders
    (:func:`~genrelens.data.places.genre_root`). Artist tags, where the files have them, say which tracks may not be
    parted. Hidden files and folders are passed over; empty files, files at the top and links to nowhere are left out,
    with the reason. Raises :class:`DataError` when the root is missing, no folder holds music, or the folders are the
    parts of a split.
    """
    given = data_root(root)
    top = genre_root(given)
    files = media_files(top)
    inside: dict[str, list[str]] = defaultdict(list)  # genre folder -> ids of the files in it
    for id_ in files.by_id:
        if "/" in id_:
            inside[id_.split("/")[0]].append(id_)
    if inside and all(name.casefold() in PARTS for name in inside):
        raise DataError(
            f"the folders of {str(top)!r} are called {', '.join(inside)}, which are parts "
            "of a split and no genres; give one of them, or a table of paths and genres (labels.csv)",
            code="parts_not_genres",
        )
    left_out = [(id_, "it lies in no folder of a genre") for id_ in files.by_id if "/" not in id_]
    left_out += files.left_out
    unusable: list[str] = []
    found, otherwise = _labelled(inside, files.by_id, left_out=left_out, unusable=unusable)
    if not found:
        raise DataError(
            f"no music below folders of genres in {str(top)!r}: expected files like rock/song.mp3"
            + (f"; {len(left_out)} files cannot be used ({left_out[0][0]}: {left_out[0][1]})" if left_out else ""),
            code="not_a_folder_of_genres",
        )
    notes = _where(given, top)
    if 2 * len(otherwise) > len(inside):
        folder_name, genre = next(iter(otherwise.items()))
        notes.append(
            f"the folders' names are taken for genres, but most files have tags that say otherwise ({folder_name}: "
            f"{genre}); are the folders artists or albums, take the genres of the tags (the data set tags)"
        )
    empty = [folder.name for folder in folders(top) if folder.name not in inside]
    return gather(
        found,
        dataset=DATASET,
        where=repr(str(top)),
        left_out=left_out,
        empty=empty,
        unusable=unusable,
        notes=notes,
        passed_over=files.passed_over,
    )


def _labelled(
    inside: Mapping[str, Sequence[str]],
    paths: Mapping[str, Path],
    *,
    left_out: list[tuple[str, str]],
    unusable: list[str],
) -> tuple[list[Labelled], dict[str, str]]:
    """The files that can be used, and of folders none of whose files has the folder's genre in its tags a genre that
    they have; the others go to ``left_out``, and their folders to ``unusable``."""
    found: list[Labelled] = []
    otherwise: dict[str, str] = {}
    for name, ids in inside.items():
        tagged: set[str] = set()
        for id_ in ids:
            path = paths[id_]
            if (reason := why_not(path)) is not None:
                left_out.append((id_, reason))
                unusable.append(name)
            else:
                tags = _tags(path)
                tagged.update(tags.genres)
                found.append(Labelled(id_, path, (name,), artist=tags.artist))
        if tagged and fold(name) not in map(fold, tagged):
            otherwise[name] = min(tagged)
    return found, otherwise


@dataclass(frozen=True, slots=True)
class FileLabels:
    """Files by what their places say: ``names[i]`` is file i's path below the folder of folders of genres,
    ``labels[i]`` its genre, empty where it lies in no such folder; ``notes`` are sentences about anything that was odd.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    notes: tuple[str, ...]


def labels_of(given: Path, files: Iterable[Path]) -> FileLabels:
    """The names and genres of files below a folder, sound or not, by :func:`load`'s rule and without their tags."""
    top = genre_root(given)
    names = tuple(path.relative_to(top if path.is_relative_to(top) else given).as_posix() for path in files)
    first = [composed(name.split("/")[0]) if "/" in name else "" for name in names]
    spelt = one_spelling(filter(None, first), key=lambda name: fold(name) or name)
    labels = tuple(spelt.get(name, "") for name in first)
    if any(labels):
        notes = [*_where(given, top), *one_genre_note({*labels} - {""}, of_folders=True)]
    elif is_named_after_a_genre(given) or has_siblings_with_music(given):
        notes = [
            f"no folders in {str(given)!r}, so there are no labels; if it is the folder of one genre, give that above"
        ]
    else:
        notes = []
    return FileLabels(names, labels, tuple(notes))


def _where(given: Path, top: Path) -> list[str]:
    """What to say of folders that may not be those which were meant."""
    notes = [] if top == given else [f"the folders of genres are those in {str(top)!r}, where all the music is"]
    if is_named_after_a_genre(top):
        notes.append(
            f"the folders in {top.name!r} are taken for genres; if that is one genre, give the folder above it"
        )
    return notes


def is_folder_of_genres(root: Path) -> bool:
    """Whether there is a folder with music in it directly below a folder."""
    return root.is_dir() and any(map(holds_media, folders(root)))


def _tags(path: Path) -> Tags:
    """A file's tags; none where it cannot be read, which is found and said when its sound is."""
    try:
        return read_tags(path)
    except AudioError:
        return Tags()


ENTRY: Final = Dataset(
    is_it=is_folder_of_genres, load=load, expects="folders of genres with music in them", any_music=True
)
