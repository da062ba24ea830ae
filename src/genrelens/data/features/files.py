"""Feature tables as CSV, exactly as Kaggle's, and as Parquet."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from genrelens.data.features.table import FeatureTable
from genrelens.errors import DataError
from genrelens.files import write_whole
from genrelens.taxonomy import Taxonomy


def read_table(path: Path | str, *, taxonomy: Taxonomy | None = None) -> FeatureTable:
    """Read a table."""
    raise NotImplementedError


def table_to_csv(table: FeatureTable) -> str:
    """The table as Kaggle's CSV."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    any_failed = any(table.errors)
    writer.writerow(["filename", "length", *table.columns, "label", *["error"] * any_failed])
    for i, name in enumerate(table.filenames):
        failed = bool(table.errors[i])
        numbers = (
            [""] * (1 + len(table.columns))
            if failed
            else [int(table.lengths[i]), *map(repr, table.values[i].tolist())]
        )
        writer.writerow([name, *numbers, table.labels[i], *[table.errors[i]] * any_failed])
    return buffer.getvalue()


def write_table(table: FeatureTable, path: Path | str) -> None:
    """Write the table."""
    if Path(path).suffix.lower() != ".csv":
        raise DataError("only .csv yet")
    write_whole(Path(path), table_to_csv(table).encode("utf-8", "backslashreplace"))
