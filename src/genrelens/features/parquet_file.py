"""Feature tables as Parquet: the columns of the CSV, numbers as float64 and nothing as null."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genrelens.errors import DataError, MissingExtraError
from genrelens.features.cells import Found, check_no_numbers, find_columns, not_a_number, plain, whole_number
from genrelens.features.table import FeatureTable
from genrelens.files import no_device

if TYPE_CHECKING:
    import pyarrow


def table_to_parquet(table: FeatureTable) -> bytes:
    """The table as Parquet; :class:`MissingExtraError` without pyarrow."""
    pa: Any = _pyarrow("pyarrow", needed_for="writing Parquet tables")
    pq = _pyarrow("pyarrow.parquet", needed_for="writing Parquet tables")
    failed = np.array([bool(error) for error in table.errors], dtype=bool)
    arrays: Mapping[str, pyarrow.Array] = {
        "filename": pa.array([plain(name) for name in table.filenames], pa.string()),
        "length": pa.array(table.lengths, pa.int64(), mask=failed),
        **{name: pa.array(table.values[:, j], pa.float64(), mask=failed) for j, name in enumerate(table.columns)},
        "label": pa.array([plain(label) for label in table.labels], pa.string()),
    }
    if failed.any():
        arrays = {**arrays, "error": pa.array([plain(error) for error in table.errors], pa.string())}
    buffer = io.BytesIO()
    pq.write_table(pa.table(dict(arrays)), buffer)
    return buffer.getvalue()


def read_parquet(path: Path, *, feature_set: str | None) -> Found:
    """The cells of a Parquet file, each checked by itself; errors as in :func:`~genrelens.features.read_table`."""
    pq = _pyarrow("pyarrow.parquet", needed_for="reading Parquet tables")
    where = repr(str(path))
    try:
        with no_device(path).open("rb") as file:  # a path could be an address to pyarrow
            table = pq.ParquetFile(file).read()
        header = find_columns(table.column_names, where=where, feature_set=feature_set)
        texts = {
            name: _texts(table.column(name), name, where=where)
            for name in ("filename", "label", "error")
            if name in table.column_names
        }
        numbers = [_floats(table.column(name), name, where=where) for name in ("length", *header.columns)]
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(
            f"the table {where} cannot be read: {error.strerror or 'it is not there'}", code="bad_table"
        ) from error
    except Exception as error:  # whatever pyarrow raises on a damaged file
        raise DataError(
            f"{where}: not a Parquet table that can be read ({str(error).splitlines()[0] if str(error) else error!r}); "
            "get a new copy",
            code="bad_table",
        ) from error
    errors = texts.get("error", [""] * table.num_rows)
    values = np.stack(numbers, axis=1)
    found = Found(
        columns=header.columns,
        places=[f"row {i + 1}" for i in range(table.num_rows)],
        names=texts["filename"],
        lengths=[],
        values=list(values[:, 1:]),
        labels=texts["label"],
        errors=errors,
    )
    for i, row in enumerate(values):
        place = f"{where}, row {i + 1}"
        if errors[i]:
            check_no_numbers(place, ["" if math.isnan(number) else str(number) for number in row])
            found.lengths.append(0)
            continue
        for j in np.flatnonzero(~np.isfinite(row)):
            raise not_a_number(place, ("length", *header.columns)[j], str(row[j]))
        found.lengths.append(whole_number(float(row[0]), place=place))
    return found


def _texts(column: Any, name: str, *, where: str) -> list[str]:
    """A column of text; nothing is ``""``. (A dictionary of text, as pandas writes categories, is text as well.)"""
    values = column.to_pylist()
    for i, value in enumerate(values):
        if value is not None and not isinstance(value, str):
            raise DataError(f"{where}, row {i + 1}: column {name!r} should be text, not {value!r:.80}", code="bad_cell")
    return ["" if value is None else value for value in values]


def _floats(column: Any, name: str, *, where: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A column of numbers; nothing is NaN."""
    import pyarrow.types as types

    if not (types.is_floating(column.type) or types.is_integer(column.type) or types.is_null(column.type)):
        raise DataError(f"{where}: column {name!r} should hold numbers, not {column.type}", code="bad_columns")
    return np.array([math.nan if value is None else value for value in column.to_pylist()], dtype=np.float64)


def _pyarrow(module: str, *, needed_for: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "pyarrow":
            raise
        raise MissingExtraError("train", needed_for=needed_for) from error
