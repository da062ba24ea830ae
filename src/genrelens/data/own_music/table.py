"""A table of paths and genres, CSV or Parquet: the data set "table".

Columns, in any order and case: ``path`` (or ``file``, ``filename``) and ``genre`` (or ``label``) must be there;
``artist``, ``id``, ``recording``, and ``start`` with ``end`` (seconds) may be. Paths are relative to the table's folder
and may not leave it; those of Windows and macOS are understood.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from genrelens.audio.walk import listing
from genrelens.data.csv import Row, csv_rows
from genrelens.data.dataset import Dataset, Music
from genrelens.data.own_music.tracks import Labelled, gather, why_not
from genrelens.errors import DataError, MissingExtraError
from genrelens.taxonomy import composed

DATASET: Final = "table"
NAMES: Final = ("labels.csv", "labels.parquet")
"""A table of one of these names makes the folder that it lies in a data set."""

SUFFIXES: Final = frozenset({".csv", ".parquet"})
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "path": ("path", "file", "filename"),
    "genre": ("genre", "label"),
    "artist": ("artist",),
    "id": ("id",),
    "recording": ("recording",),
    "start": ("start",),
    "end": ("end",),
}
"""What a column holds -> the names that it may have; path and genre are needed."""

_MISSING: Final = frozenset({"", "nan", "none", "null", "<na>"})
_N_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class _Header:
    """``names``: what a column holds -> what it is called here; ``passed_over``: the columns nobody knows."""

    names: Mapping[str, str]
    passed_over: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Cells:
    """A row's cells by what they hold; ``None`` where there is nothing. ``place`` is "line 3" or "row 3"."""

    place: str
    cells: Mapping[str, str | None]


def load(root: Path | str) -> Music:
    """The tracks of a table, or of the table in a folder (:data:`NAMES`).

    Rows whose file is missing are left out, with the reason; columns that are not known are passed over and said.
    Raises :class:`DataError`, with lines and columns, on columns that are missing or there twice, empty
    cells, times that are none, a file (or span of it) or an id that stands twice, and paths out of the folder; and
    :class:`MissingExtraError` for Parquet without the extra [train].
    """
    table = find_table(Path(root).expanduser())
    if table is None:
        raise DataError(
            f"no table in {str(root)!r}: expected a .csv or .parquet file of paths and genres, or a folder with "
            f"{' or '.join(NAMES)}",
            code="no_table",
        )
    header, rows = _parquet(table) if table.suffix.lower() == ".parquet" else _csv(table)
    paths = WrittenPaths(table.parent)
    problems: list[str] = []
    left_out: list[tuple[str, str]] = []
    found: list[Labelled] = []
    unusable: list[str] = []
    first: dict[tuple[str, object], str] = {}
    for row in rows:
        try:
            item = _labelled(row, paths=paths, names=header.names)
            for column, what in (("path", (item.path, item.span_s)), ("id", item.id)):
                if (before := first.setdefault((column, what), row.place)) != row.place:
                    raise ValueError(f"column {header.names.get(column, 'path')}: it stands twice, first in {before}")
        except ValueError as error:
            problems.append(f"{row.place}, {error}")
            continue
        if (reason := why_not(item.path)) is None:
            found.append(item)
        else:
            left_out.append((item.id, "there is no such file" if reason == "not a file" else reason))
            unusable.extend(item.genres)
    if problems:
        more = f"; and {len(problems) - _N_SHOWN} more" if len(problems) > _N_SHOWN else ""
        raise DataError(f"{str(table)!r}: {'; '.join(problems[:_N_SHOWN])}{more}. Mend the table", code="bad_table")
    extra = ", ".join(header.passed_over)
    notes = [f"{table.name}: these columns are passed over: {extra}"] if extra else []
    return gather(found, dataset=DATASET, where=repr(str(table)), left_out=left_out, unusable=unusable, notes=notes)


def find_table(root: Path) -> Path | None:
    """The table that a path means: itself, or that of a folder; ``None`` where there is none."""
    if root.is_file():
        return root if root.suffix.lower() in SUFFIXES else None
    return next((root / name for name in NAMES if (root / name).is_file()), None)


def is_table(root: Path) -> bool:
    """Whether a path is, or holds, a table with a column of paths and one of genres."""
    table = find_table(root)
    if table is None:
        return False
    if root.is_file():
        return True
    try:
        header = next(csv_rows(table), Row(0, [])).cells if table.suffix == ".csv" else None
    except DataError:
        return True  # loading it says what is wrong
    return header is None or {"path", "genre"} <= _known([cell.strip() for cell in header]).keys()


def _labelled(row: _Cells, *, paths: WrittenPaths, names: Mapping[str, str]) -> Labelled:
    """The row as a labelled file. Raises ``ValueError`` with the column and what is wrong."""
    cells = row.cells
    for what, text in cells.items():
        if text is not None and "\0" in text:
            raise ValueError(f"column {names[what]}: the cell holds a null byte; take it out")
    for needed in ("path", "genre"):
        if cells[needed] is None:
            raise ValueError(f"column {names[needed]}: the cell is empty")
    written, label = str(cells["path"]), str(cells["genre"])
    try:
        path = paths.find(written)
        inside = path.relative_to(paths.base).as_posix()
    except (ValueError, OSError, RuntimeError):
        raise ValueError(
            f"column {names['path']}: {written!r} is not in the table's folder, and nothing outside it is read"
        ) from None
    span = _span(cells, names)
    id_ = cells.get("id") or (inside if span is None else f"{inside}#{span[0]:g}-{span[1]:g}")
    genres = tuple(part.strip() for part in label.split(";") if part.strip()) or (label,)
    return Labelled(
        id=id_,
        path=path,
        genres=genres,
        artist=cells.get("artist"),
        recording=cells.get("recording"),
        segment_of=None if span is None else inside,
        span_s=span,
    )


def _span(cells: Mapping[str, str | None], names: Mapping[str, str]) -> tuple[float, float] | None:
    texts = cells.get("start"), cells.get("end")
    if texts == (None, None):
        return None
    times = []
    for column, text in zip(("start", "end"), texts, strict=True):
        try:
            time_s = math.nan if text is None else float(text)
        except ValueError:
            time_s = math.nan
        if not 0.0 <= time_s < math.inf:
            raise ValueError(f"column {names.get(column, column)}: expected a time in seconds, got {text!r}")
        times.append(time_s)
    if times[0] >= times[1]:
        raise ValueError(f"column {names['end']}: the span ends at {texts[1]} s, before it begins at {texts[0]} s")
    return times[0], times[1]


def _csv(table: Path) -> tuple[_Header, Iterator[_Cells]]:
    rows = csv_rows(table)
    header = next(rows, None)
    if header is None:
        raise DataError(f"{str(table)!r} is empty; expected columns path and genre", code="bad_table")
    columns = [cell.strip() for cell in header.cells]
    known = _header(table, columns)

    def cells() -> Iterator[_Cells]:
        at = {what: columns.index(name) for what, name in known.names.items()}
        for row in rows:
            if len(row.cells) < len(columns) or any(row.cells[len(columns) :]):
                raise DataError(
                    f"{str(table)!r}, line {row.line}: expected {len(columns)} cells, as in the header, got "
                    f"{len(row.cells)}",
                    code="bad_table",
                )
            yield _Cells(f"line {row.line}", {what: _text(row.cells[i]) for what, i in at.items()})

    return known, cells()


def _parquet(table: Path) -> tuple[_Header, Iterator[_Cells]]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="a Parquet table") from error
    try:
        with ExitStack() as opening:
            source = opening.enter_context(table.open("rb"))  # a path could be an address to pyarrow
            file = parquet.ParquetFile(source)
            known = _header(table, list(file.schema_arrow.names))
            opened = opening.pop_all()
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{str(table)!r} is not a Parquet table: {error}", code="bad_table") from error

    def cells() -> Iterator[_Cells]:
        n_rows = 0
        try:
            with opened:
                for batch in file.iter_batches(columns=list(known.names.values())):
                    for row in batch.to_pylist():
                        n_rows += 1
                        found = {what: _text(row[name]) for what, name in known.names.items()}
                        if any(found.values()):
                            yield _Cells(f"row {n_rows}", found)
        except (pyarrow.ArrowException, OSError) as error:
            raise DataError(f"{str(table)!r}, after row {n_rows}: {error}", code="bad_table") from error

    return known, cells()


def _text(cell: Any) -> str | None:
    """A cell as text without the blanks around it; ``None`` for an empty one or NaN."""
    text = "" if cell is None else str(cell).strip()
    return None if text.casefold() in _MISSING else text


def _known(columns: Sequence[str]) -> dict[str, list[str]]:
    """What a column holds -> the columns that could be it."""
    found = {what: [column for column in columns if column.casefold() in names] for what, names in COLUMNS.items()}
    return {what: candidates for what, candidates in found.items() if candidates}


def _header(table: Path, columns: Sequence[str]) -> _Header:
    known = _known(columns)
    for what in ("path", "genre"):
        if what not in known:
            raise DataError(
                f"{str(table)!r}, line 1: no column {' or '.join(COLUMNS[what])}; its columns: {', '.join(columns)}",
                code="bad_table",
            )
    for what, candidates in known.items():
        if len(candidates) > 1:
            raise DataError(
                f"{str(table)!r}, line 1: the columns {' and '.join(candidates)} could both be the {what}; rename one",
                code="bad_table",
            )
    for one, other in (("start", "end"), ("end", "start")):
        if one in known and other not in known:
            raise DataError(
                f"{str(table)!r}, line 1: there is a column {one} and no {other}; a span needs both", code="bad_table"
            )
    names = {what: candidates[0] for what, candidates in known.items()}
    return _Header(names, tuple(column for column in columns if column and column not in names.values()))


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


ENTRY: Final = Dataset(is_it=is_table, load=load, expects=" or ".join(NAMES))
