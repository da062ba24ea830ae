r"""CSV files as they come and as they go: rows that are read, and cells that are safe to open.

Every row comes with the line that it stands in, so that every complaint can name its place.

Texts in the cells of a CSV file: nothing for a spreadsheet to run or a terminal to obey, and every row one line.

Names come from strangers' files. One that begins with ``=``, ``+``, ``-`` or ``@`` is a formula to a spreadsheet, so it
gets a ``'`` in front, which spreadsheets take for "this is text" (OWASP, "CSV injection"); and so does a text that
looks like one made so, which keeps the way back open. A character that steers a line, a terminal or the direction of
writing, or is half of one, becomes ``\x1b`` or ``\u202e``, and a backslash before what looks like one made so is
doubled. Numbers stay numbers. JSON and Parquet have texts as they are.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, TextIO, TypeVar

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
            f"{str(path)!r}, after line {line}: not a comma-separated table ({error}); mend it or save it again",
            code="bad_table",
        ) from error
    except OSError as error:
        raise DataError(f"the table {str(path)!r} cannot be read: {error.strerror}", code="bad_table") from error
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


_T = TypeVar("_T")

_STEERING: Final = r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
_ESCAPE: Final = r"x(?:[01][0-9a-f]|7f|[89][0-9a-f])|u(?:202[89a-e]|206[6-9]|d[89a-f][0-9a-f]{2})"
# Whole runs of backslashes, each looked at once: begun anew at each of them, a long run would take forever.
_TO_ESCAPE: Final = re.compile(rf"(?<!\\)(\\*+)(?:({_STEERING})|(?={_ESCAPE}))")
_ESCAPED: Final = re.compile(rf"(?<!\\)(\\++)({_ESCAPE})")
_FORMULA: Final = re.compile("'*[=+\\-@＝＋－＠]")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?(e[+-]?[0-9]+)?", re.IGNORECASE)


def safe_cell(value: _T) -> _T | str:
    """What to write for a value: a text that nothing runs or obeys, anything else as it is."""
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    quote = "'" if _FORMULA.match(value) else ""
    return quote + _TO_ESCAPE.sub(_escape, value)


def text_of_cell(cell: str) -> str:
    """The text of which :func:`safe_cell` made a cell."""
    text = _ESCAPED.sub(_unescape, cell)
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _escape(match: re.Match[str]) -> str:
    backslashes, steering = match.groups()
    if steering is None:
        return backslashes * 2
    number = ord(steering)
    return backslashes * 2 + (f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}")


def _unescape(match: re.Match[str]) -> str:
    backslashes, code = match.groups()
    half, is_escape = divmod(len(backslashes), 2)
    return "\\" * half + (chr(int(code[1:], 16)) if is_escape else code)
