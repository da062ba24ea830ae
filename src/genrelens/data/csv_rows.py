"""The rows of a CSV file with the lines they stand in, one at a time, so that every complaint can name its place."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from genrelens.errors import DataError

MAX_CELL_CHARACTERS: Final = 1 << 22
"""A cell longer than this is a fault of the file (the longest of FMA's biographies have some 100,000)."""


class Row(NamedTuple):
    """``cells`` of one row; ``line`` counts the file's lines from 1 and is the one that the row ends in."""

    line: int
    cells: list[str]


def csv_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a comma-separated UTF-8 file, without those that are empty.

    Raises :class:`DataError` with the line when the file cannot be read, is not UTF-8, holds a null byte, a quote that
    does not end, or a cell of more than :data:`MAX_CELL_CHARACTERS`.
    """
    line = 0
    limit = csv.field_size_limit(MAX_CELL_CHARACTERS)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for cells in reader:
                line = reader.line_num
                if cells:
                    yield Row(line, cells)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{str(path)!r}, after line {line}: expected UTF-8 text, but byte {error.object[error.start]:#04x} came; "
            "save the table as UTF-8",
            code="bad_table",
        ) from error
    except csv.Error as error:
        raise DataError(
            f"{str(path)!r}, after line {line}: not a comma-separated table ({error}); mend it or save it again",
            code="bad_table",
        ) from error
    except OSError as error:
        raise DataError(
            f"the table {str(path)!r} cannot be read: {error.strerror}", code="bad_table"
        ) from error
    finally:
        csv.field_size_limit(limit)


def no_commas(path: Path, header: list[str]) -> str:
    """What to say of a header of one cell: often another separator; empty when the cell holds none."""
    for separator, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(header) == 1 and separator in header[0]:
            return f"{str(path)!r}, line 1: its columns are separated by {name}, expected commas; save it with commas"
    return ""
