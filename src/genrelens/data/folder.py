"""A folder of folders named after genres, ``rock/song.mp3`` or ``rock/album/song.mp3``: the data set "folder"."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from genrelens.audio.tags import Tags, read_tags
from genrelens.data.own_music import Labelled, OwnMusic, gather, media_files, why_not
from genrelens.data.root import data_root
from genrelens.errors import AudioError, DataError
from genrelens.taxonomy import fold

DATASET: Final = "folder"
PARTS: Final = frozenset({"train", "training", "valid", "validation", "val", "dev", "test", "eval"})
"""Names of folders that are parts of a split and no genres."""


def load(root: Path | str | None = None) -> OwnMusic:
    """The files below a root's folders, each of the genre that the first folder is called after.

    Artist tags, where the files have them, say which tracks may not be parted. Hidden files and folders are passed
    over; empty files, files at the top and links to nowhere are left out, with the reason. Raises :class:`DataError`
    when the root is missing, no folder holds music, or the folders are the parts of a split.
    """
    top = data_root(root)
    folders = _folders(top)
    with_music = [folder for folder in folders if next(media_files(folder), None) is not None]
    if with_music and all(folder.name.casefold() in PARTS for folder in with_music):
        raise DataError(
            f"the folders of {str(top)!r} are called {', '.join(f.name for f in with_music)}, which are parts "
            "of a split and no genres; give one of them, or a table of paths and genres (labels.csv)",
            code="parts_not_genres",
        )
    found: list[Labelled] = []
    unusable: list[str] = []
    left_out = [(path.name, "it lies in no folder of a genre") for path in _loose(top)]
    otherwise: dict[
        str, str
    ] = {}  # folders none of whose files has the folder's genre in its tags -> one they have
    for folder in with_music:
        tagged: set[str] = set()
        for path in media_files(folder):
            id_ = path.relative_to(top).as_posix()
            if (reason := why_not(path)) is not None:
                left_out.append((id_, reason))
                unusable.append(folder.name)
            else:
                tags = _tags(path)
                tagged.update(tags.genres)
                found.append(Labelled(id_, path, (folder.name,), artist=tags.artist))
        if tagged and fold(folder.name) not in map(fold, tagged):
            otherwise[folder.name] = min(tagged)
    if not found:
        raise DataError(
            f"no music below folders of genres in {str(top)!r}: expected files like rock/song.mp3"
            + (
                f"; {len(left_out)} files cannot be used ({left_out[0][0]}: {left_out[0][1]})"
                if left_out
                else ""
            ),
            code="not_a_folder_of_genres",
        )
    notes = []
    if 2 * len(otherwise) > len(with_music):
        folder_name, genre = next(iter(otherwise.items()))
        notes.append(
            f"the folders' names are taken for genres, but most files have tags that say otherwise ({folder_name}: "
            f"{genre}); are the folders artists or albums, take the tags with --dataset tags"
        )
    empty = [folder.name for folder in folders if folder not in with_music]
    return gather(
        found,
        dataset=DATASET,
        where=repr(str(top)),
        left_out=left_out,
        empty=empty,
        unusable=unusable,
        notes=notes,
    )


def is_folder_of_genres(root: Path) -> bool:
    """Whether there is a folder with music in it directly below a folder."""
    return root.is_dir() and any(next(media_files(folder), None) is not None for folder in _folders(root))


def _folders(top: Path) -> list[Path]:
    return [path for path in sorted(top.iterdir()) if path.is_dir() and not path.name.startswith(".")]


def _loose(top: Path) -> list[Path]:
    return [path for path in media_files(top) if path.parent == top]


def _tags(path: Path) -> Tags:
    """A file's tags; none where it cannot be read, which is found and said when its sound is."""
    try:
        return read_tags(path)
    except AudioError:
        return Tags()
