"""The labelled music that a person gives to learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from genrelens.data import registry
from genrelens.data.registry import Loaded
from genrelens.errors import DataError

SOURCES: Final = {"folders": "folder", "tags": "tags", "table": "table"}
"""Where genres may come from -> the data set that it means."""
_UNLABELLED: Final = ("no_tags", "unknown_dataset", "not_a_folder_of_genres")


def labelled_music(music: Path, *, genres_from: str | None) -> Loaded:
    """The tracks of a folder or a table with their genres; ``genres_from`` is a key of :data:`SOURCES`, ``None`` finds
    out which. Raises :class:`DataError` of the code ``no_labels``, with advice, where there are no genres.
    """
    try:
        return registry.open_dataset(music, dataset=None if genres_from is None else SOURCES[genres_from])
    except DataError as error:
        if error.code not in _UNLABELLED:
            raise
        what = "there is no music in it" if error.code == "unknown_dataset" else error.message
        raise DataError(
            f"{what}. Genres can be the names of folders (salsa/song.mp3), the files' genre tags, or a table of paths "
            "and genres (labels.csv)",
            source=str(music),
            code="no_labels",
            hint="if they are there, say which of these",
        ) from error
