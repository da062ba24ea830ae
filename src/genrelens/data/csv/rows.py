"""The rows of a CSV file with the lines they stand in, one at a time, so that every complaint can name its place."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from genrelens.errors import DataError
from genrelens.files import no_device

MAX_CELL_CHARACTERS: Final = 1 << 22
"""A cell longer than this is a fault of the file (the longest of FMA's biographies have some 100,000)."""

_SEPARATORS: Final = ",;\t|"


class Row(NamedTuple):
    """``cells`` of one row; ``line`` counts the file's lines from 1 and is the one that the row ends in."""

    line: int
    cells: list[str]


def csv_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a table of text, without those that have nothing in any cell (Excel leaves such rows).

    Columns are separated by commas, or by what parts the first line into more: semicolons (Excel where the comma is the
    decimal mark), tabs (its "Unicode text"), bars. The text is UTF-8, or UTF-16 with its mark. Raises
    :class:`DataError` with the line when the file cannot be read, is neither, holds a null byte, a quote that does not
    end, or a cell of more than :data:`MAX_CELL_CHARACTERS`.
    """
    line = 0
    header: list[str] = []
    limit = csv.field_size_limit(MAX_CELL_CHARACTERS)
    try:
        with no_device(path).open(encoding=_encoding(path), newline="") as file:
            separator = _separator(file)
            file.seek(0)
            reader = csv.reader(file, delimiter=separator, strict=True)
            for cells in reader:
                line = reader.line_num
                header = header or cells
                if "\0" in "".join(cells):
                    i = next(i for i, cell in enumerate(cells) if "\0" in cell)
                    name = header[i].strip() if i < len(header) and cells is not header else ""
                    raise DataError(
                        f"{str(path)!r}, line {line}, column {name or i + 1}: the cell holds a null byte; take it out",
                        code="bad_table",
                    )
                if any(cell and not cell.isspace() for cell in cells):
                    yield Row(line, cells)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{str(path)!r}, after line {line}: expected {error.encoding.upper()} text, but byte "
            f"{error.object[error.start]:#04x} came; save the table as UTF-8",
            code="bad_table",
        ) from error
    except csv.Error as error:
        raise DataError(
            f"{str(path)!r}, after line {line}: not a comma-separated table ({error}); mend it or save it "
            "again",
            code="bad_table",
        ) from error
    except OSError as error:
        raise DataError(
            f"the table {str(path)!r} cannot be read: {error.strerror}", code="bad_table"
        ) from error
    finally:
        csv.field_size_limit(limit)


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"


def _separator(file: TextIO) -> str:
    """What parts a table's first line into most cells; of equal ones the comma, then the others in their order."""
    header = next((line for line in file if not line.isspace()), "")

    def n_cells(separator: str) -> int:
        return len(next(csv.reader([header], delimiter=separator), []))

    return max(_SEPARATORS, key=n_cells)
