"""Music in any folders whose genres are in the files' own tags: the data set "tags"."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from genrelens.audio.tags import read_tags
from genrelens.data.dataset import Dataset, Music
from genrelens.data.own_music.tracks import Labelled, gather, holds_media, media_files, why_not
from genrelens.data.places import data_root
from genrelens.errors import AudioError, DataError

DATASET: Final = "tags"


def load(root: Path | str | None = None) -> Music:
    """The files below a root with a genre tag; their artist tags say which may not be parted.

    Of several genres the first is the track's and all are kept beside it. Files without a genre and files that cannot
    be read are left out, with the reason. Raises :class:`DataError` when there is no file with a genre.
    """
    top = data_root(root)
    found: list[Labelled] = []
    files = media_files(top)
    left_out = list(files.left_out)
    for id_, path in files.by_id.items():
        if (reason := why_not(path)) is None:
            try:
                tags = read_tags(path)
            except AudioError as error:
                left_out.append((id_, str(error)))
                continue
            reason = None if tags.genres else "it has no genre tag"
        if reason is None:
            found.append(Labelled(id_, path, tags.genres, artist=tags.artist))
        else:
            left_out.append((id_, reason))
    if not found:
        some = f"; {len(left_out)} files are left out ({left_out[0][0]}: {left_out[0][1]})" if left_out else ""
        advice = (
            f". There are no folders in it: if it is the folder of one genre, give that above, "
            f"{str(top.absolute().parent)!r}"
            if files.by_id and not any("/" in id_ for id_ in files.by_id)
            else ""
        )
        raise DataError(f"no file with a genre tag below {str(top)!r}{some}{advice}", code="no_tags")
    return gather(found, dataset=DATASET, where=repr(str(top)), left_out=left_out, passed_over=files.passed_over)


def holds_music(root: Path) -> bool:
    """Whether there is any file below a folder that may hold a tag."""
    return root.is_dir() and holds_media(root)


ENTRY: Final = Dataset(is_it=holds_music, load=load, expects="music with genre tags", any_music=True)
