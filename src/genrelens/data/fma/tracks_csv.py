"""FMA's ``tracks.csv``: 52 columns under two header rows, of which six are read, a row at a time.

The first header row names the table that a column comes from (album, artist, set, track), the second the column, and a
third line holds nothing but the name of the index, ``track_id``. Cells hold numbers, dates, HTML and lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from genrelens.data.csv import Row, csv_rows
from genrelens.data.track import names_nobody
from genrelens.errors import DataError
from genrelens.taxonomy import FMA, composed

SUBSETS: Final = ("small", "medium", "large")
"""From the smallest; each holds the ones before it."""

PARTS: Final[Mapping[str, str]] = {"training": "train", "validation": "valid", "test": "test"}
"""FMA's words for the parts of its split -> ours."""

INDEX: Final = "track_id"
COLUMNS: Final = (
    ("artist", "id"),
    ("artist", "name"),
    ("set", "split"),
    ("set", "subset"),
    ("track", "genre_top"),
    ("track", "genres_all"),
)
"""What is read, wherever it stands; any other column is passed over."""

_MISSING: Final = frozenset({"", "nan", "none", "null", "<na>"})


@dataclass(frozen=True, slots=True)
class FmaRow:
    """One track: ``subset`` is the smallest that it is in, ``part`` is train, valid or test, ``genre`` is spelt as
    :data:`genrelens.taxonomy.FMA` does and ``None`` where no top genre is given, ``genres_all`` are genre ids with
    those of their ancestors.
    """

    track_id: int
    artist_id: int | None
    artist: str | None
    part: str
    subset: str
    genre: str | None
    genres_all: tuple[int, ...]


def read_tracks(path: Path | str) -> Iterator[FmaRow]:
    """Yield the rows of a ``tracks.csv``, in its order.

    Columns may stand in any order and others may be there. Raises :class:`DataError`, with line and column, on a
    missing or repeated column, a row that is too short or too long, a cell of the wrong kind, an unknown
    genre, and a track that stands twice.
    """
    path = Path(path)
    rows = csv_rows(path)
    width, columns = _header(path, rows)
    first_line: dict[int, int] = {}
    for row in rows:
        if len(row.cells) != width:
            raise _bad(path, row, f"expected {width} cells, as in the header, got {len(row.cells)}")
        track_id = _whole_number(path, row, INDEX, row.cells[0])
        if track_id is None:
            raise _bad(path, row, f"column {INDEX}: expected a track's number, got nothing")
        if track_id in first_line:
            raise _bad(
                path, row, f"column {INDEX}: track {track_id} stands twice, first in line {first_line[track_id]}"
            )
        first_line[track_id] = row.line
        cells = {name: row.cells[i].strip() for name, i in columns.items()}
        yield FmaRow(
            track_id=track_id,
            artist_id=_whole_number(path, row, "artist.id", cells["artist.id"]),
            artist=_artist(cells["artist.name"]),
            part=PARTS[_one_of(path, row, "set.split", cells["set.split"], tuple(PARTS))],
            subset=_one_of(path, row, "set.subset", cells["set.subset"], SUBSETS),
            genre=genre(path, row, "track.genre_top", cells["track.genre_top"]),
            genres_all=_numbers(path, row, "track.genres_all", cells["track.genres_all"]),
        )
    if not first_line:
        raise DataError(f"{str(path)!r} has headers and no track; get it again", code="bad_table")


def genre(path: Path, row: Row, column: str, cell: str) -> str | None:
    """A cell's top genre as the taxonomy spells it, ``None`` for an empty one; an unknown one is an error."""
    if cell.strip().casefold() in _MISSING:
        return None
    if cell not in FMA:
        raise _bad(path, row, f"column {column}: unknown genre {cell!r}; the top genres are {', '.join(FMA.names)}")
    return FMA.canonical(cell)


def _header(path: Path, rows: Iterator[Row]) -> tuple[int, dict[str, int]]:
    """The table's width and where each column that is read stands, by ``"artist.id"``."""
    head = [next(rows, Row(0, [])) for _ in range(3)]
    tables, names, index = (row.cells for row in head)
    if index[:1] != [INDEX] or len(tables) != len(names):
        raise DataError(
            f"{str(path)!r}: expected FMA's tracks.csv, two header rows (album, artist, set, track above comments, "
            f"name, split, ...) and a line that begins with {INDEX}; line {head[2].line} begins with {index[:1]}. Take "
            "the file from fma_metadata.zip as it is",
            code="bad_table",
        )
    return len(tables), _places(path, [f"{a.strip()}.{b.strip()}" for a, b in zip(tables, names, strict=True)])


def _places(path: Path, header: Sequence[str]) -> dict[str, int]:
    wanted = [".".join(column) for column in COLUMNS]
    if missing := [name for name in wanted if name not in header]:
        raise DataError(f"{str(path)!r}, lines 1 and 2: missing columns: {', '.join(missing)}", code="bad_table")
    if twice := [name for name in wanted if header.count(name) > 1]:
        raise DataError(
            f"{str(path)!r}, lines 1 and 2: these columns stand twice: {', '.join(twice)}", code="bad_table"
        )
    return {name: header.index(name) for name in wanted}


def _artist(cell: str) -> str | None:
    return None if cell.casefold() in _MISSING or names_nobody(cell) else composed(cell)


def _one_of(path: Path, row: Row, column: str, cell: str, words: tuple[str, ...]) -> str:
    if cell.casefold() not in words:
        raise _bad(path, row, f"column {column}: expected one of {', '.join(words)}, got {cell!r}")
    return cell.casefold()


def _whole_number(path: Path, row: Row, column: str, cell: str) -> int | None:
    """A whole number, also where a column of mixed types was saved as ``"34.0"``."""
    text = cell.strip()
    if text.casefold() in _MISSING:
        return None
    if re.fullmatch(r"[0-9]{1,9}(\.0*)?", text) is None:
        raise _bad(path, row, f"column {column}: expected a whole number, got {cell!r}")
    return int(text.partition(".")[0])


def _numbers(path: Path, row: Row, column: str, cell: str) -> tuple[int, ...]:
    """``"[21, 10]"`` -> ``(21, 10)``; empty where nothing is given."""
    if cell.casefold() in _MISSING:
        return ()
    if re.fullmatch(r"\[\s*([0-9]{1,9}\s*(,\s*[0-9]{1,9}\s*)*)?\]", cell) is None:
        raise _bad(path, row, f"column {column}: expected a list of genre numbers such as [21, 10], got {cell[:60]!r}")
    return tuple(map(int, re.findall(r"[0-9]+", cell)))


def _bad(path: Path, row: Row, what: str) -> DataError:
    return DataError(f"{str(path)!r}, line {row.line} (track {row.cells[0]}): {what}", code="bad_table")
