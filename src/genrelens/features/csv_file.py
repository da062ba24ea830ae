"""Feature tables as CSV, with Kaggle's columns."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from genrelens.data.csv.cells import safe_cell, text_of_cell
from genrelens.data.csv.rows import csv_rows
from genrelens.errors import DataError
from genrelens.features.cells import Found, check_no_numbers, find_columns, not_a_number, whole_number
from genrelens.features.table import FeatureTable


def table_to_csv(table: FeatureTable) -> str:
    """The table as Kaggle's CSV, with the column ``error`` if any row has one; texts as :func:`safe_cell` has them."""
    any_failed = any(table.errors)
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(["filename", "length", *table.columns, "label", *["error"] * any_failed])
    for i, name in enumerate(table.filenames):
        if table.errors[i]:
            numbers: list[object] = [""] * (1 + len(table.columns))
        else:
            numbers = [int(table.lengths[i]), *map(repr, table.values[i].tolist())]
        texts = [safe_cell(text) for text in (name, table.labels[i], table.errors[i])]
        rows.writerow([texts[0], *numbers, texts[1], *texts[2:] * any_failed])
    return file.getvalue()


def read_csv(path: Path, *, feature_set: str | None) -> Found:
    """The cells of a CSV, each checked by itself; errors as in :func:`~genrelens.features.read_table`."""
    where = repr(str(path))
    rows = csv_rows(path)
    first = next(rows, None)
    if first is None:
        raise DataError(
            f"{where} is empty; expected a header and a row for each piece of sound", code="empty"
        )
    header = find_columns(first.cells, where=f"{where}, line {first.line}", feature_set=feature_set)
    found = Found(header.columns, [], [], [], [], [], [])
    for line, cells in rows:
        place = f"{where}, line {line}"
        if len(cells) != header.n:
            raise DataError(
                f"{place}: expected {header.n} cells, as many as the header has, there are {len(cells)}",
                code="bad_row",
            )
        error = "" if header.error is None else text_of_cell(cells[header.error])
        found.places.append(f"line {line}")
        found.names.append(text_of_cell(cells[header.filename]))
        found.labels.append(text_of_cell(cells[header.label]))
        found.errors.append(error)
        numbers = [cells[i] for i in header.numbers]
        if error:
            check_no_numbers(place, [cells[header.length], *numbers])
            found.lengths.append(0)
            found.values.append([math.nan] * len(numbers))
            continue
        length = _number(cells[header.length], column="length", place=place)
        found.lengths.append(whole_number(length, place=place))
        found.values.append(
            [
                _number(cell, column=name, place=place)
                for cell, name in zip(numbers, header.columns, strict=True)
            ]
        )
    return found


def _number(cell: str, *, column: str, place: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        raise not_a_number(place, column, cell) from None
    if not math.isfinite(number) or "_" in cell:
        raise not_a_number(place, column, cell)
    return number
