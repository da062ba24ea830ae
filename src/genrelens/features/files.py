"""Feature tables as files: CSV with Kaggle's columns, and Parquet.

The columns are ``filename, length, <the set's>, label``. Only where some file failed there is one more, ``error``,
last: its rows have empty numbers and the reason. Columns are known by their names, so their order does not matter when
a table is read; one that is missing, not known or there twice is an error, and so is every cell that is not what it
should be. Written tables have the order of the set.
"""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Final

import numpy as np

from genrelens.data.csv import csv_rows, safe_cell, text_of_cell
from genrelens.errors import DataError
from genrelens.features.cells import Found, check_no_numbers, find_columns, not_a_number, whole_number
from genrelens.features.parquet_file import read_parquet, table_to_parquet
from genrelens.features.table import FeatureTable
from genrelens.files import write_whole
from genrelens.taxonomy import Taxonomy, composed, fold

SUFFIXES: Final = (".csv", ".parquet")


def read_table(path: Path | str, *, feature_set: str | None = None, taxonomy: Taxonomy | None = None) -> FeatureTable:
    """Read a feature table: Kaggle's, or one that :func:`write_table` wrote.

    Args:
        path: a .csv or .parquet file.
        feature_set: the set that the columns should be; ``None`` finds out which it is.
        taxonomy: the genres that labels may be, in any spelling that it knows; they come out in its own spelling.
            ``None`` takes any labels, as long as one genre is spelt one way.

    Raises:
        DataError: with column and line (CSV) or row (Parquet), what is not as it should be: columns that are missing,
            unknown or there twice; cells that are empty, no numbers, NaN or infinite; names that stand
            twice; genres that the taxonomy does not know; text that is not UTF-8; no rows at all.
        MissingExtraError: Parquet without the extra [train].
    """
    file = Path(path)
    checked_suffix(file)
    read = read_parquet if file.suffix.lower() == ".parquet" else read_csv
    found = read(file, feature_set=feature_set)
    if not found.names:
        raise DataError(f"{str(file)!r} has no rows below its header; compute the table again", code="empty")
    _check_names(found, file)
    labels = _canonical(found, file, taxonomy=taxonomy)
    return FeatureTable(
        columns=found.columns,
        filenames=tuple(found.names),
        lengths=np.array(found.lengths, dtype=np.int64),
        values=np.array(found.values, dtype=np.float64).reshape(len(found.names), len(found.columns)),
        labels=labels,
        errors=tuple(found.errors),
    )


def write_table(table: FeatureTable, path: Path | str) -> None:
    """Write a table as .csv or .parquet, whole or not at all.

    Numbers are written so that they are read back to the last bit. Raises :class:`DataError` on another ending or when
    the file cannot be written, :class:`MissingExtraError` for Parquet without the extra [train].
    """
    file = Path(path)
    checked_suffix(file)
    is_parquet = file.suffix.lower() == ".parquet"
    content = table_to_parquet(table) if is_parquet else table_to_csv(table).encode("utf-8")
    try:
        write_whole(file, content)
    except OSError as error:
        raise DataError(f"the table {str(file)!r} cannot be written: {error.strerror or error}") from error


def checked_suffix(path: Path) -> None:
    """Raise :class:`DataError` for a file whose ending is not one of :data:`SUFFIXES`."""
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(
            f"{str(path)!r}: expected a feature table that ends in {' or '.join(SUFFIXES)}, not in {path.suffix!r}",
            code="bad_table",
        )


def _check_names(found: Found, path: Path) -> None:
    first: dict[str, str] = {}
    for name, place in zip(found.names, found.places, strict=True):
        if not name.strip():
            raise DataError(f"{str(path)!r}, {place}: column 'filename' is empty", code="bad_cell")
        if (before := first.setdefault(name, place)) != place:
            raise DataError(
                f"{str(path)!r}, {place}: {name!r} stands twice, in {before} as well; take one of them out",
                code="duplicate_row",
            )


def _canonical(found: Found, path: Path, *, taxonomy: Taxonomy | None) -> tuple[str, ...]:
    """The labels as the taxonomy spells them, or each genre as all its rows do."""
    spelt: dict[str, tuple[str, str]] = {}
    labels = []
    for label, place in zip(map(composed, found.labels), found.places, strict=True):
        if taxonomy is None or not label.strip():
            before, where = spelt.setdefault(fold(label) or label.strip(), (label, place))
            if before != label:
                raise DataError(
                    f"{str(path)!r}, {place}: column 'label' is {label!r}, but {before!r} in {where}; one genre should "
                    "be spelt one way",
                    code="bad_label",
                )
            labels.append(label)
        elif label in taxonomy:
            labels.append(taxonomy.canonical(label))
        else:
            raise DataError(
                f"{str(path)!r}, {place}: column 'label' is {label!r:.80}, an unknown genre; known genres: "
                f"{', '.join(taxonomy.names)}",
                code="unknown_genre",
            )
    return tuple(labels)


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
        raise DataError(f"{where} is empty; expected a header and a row for each file or segment", code="empty")
    header = find_columns(first.cells, where=f"{where}, line {first.line}", feature_set=feature_set)
    found = Found(header.columns, [], [], [], [], [], [])
    for line, cells in rows:
        place = f"{where}, line {line}"
        if len(cells) != header.n:
            raise DataError(
                f"{place}: expected {header.n} cells, as many as the header has, there are {len(cells)}", code="bad_row"
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
            [_number(cell, column=name, place=place) for cell, name in zip(numbers, header.columns, strict=True)]
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
