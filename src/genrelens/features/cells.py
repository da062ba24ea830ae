"""What the cells of a feature table's file may be, whatever kind of file it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from genrelens.errors import DataError
from genrelens.frontend.descriptors import SETS

_N_SHOWN: Final = 5


@dataclass(slots=True)
class Found:
    """What a file holds, row by row; ``places`` are "line 3" or "row 3"."""

    columns: tuple[str, ...]
    places: list[str]
    names: list[str]
    lengths: list[int]
    values: list[Sequence[float]]
    labels: list[str]
    errors: list[str]


@dataclass(frozen=True, slots=True)
class Header:
    """Where each column is: ``numbers[j]`` is the place of the set's column j; ``error`` may be missing."""

    columns: tuple[str, ...]
    filename: int
    length: int
    numbers: tuple[int, ...]
    label: int
    error: int | None
    n: int


def find_columns(names: Sequence[str], *, where: str, feature_set: str | None) -> Header:
    """Find the set's columns among the names of a file's, or raise :class:`DataError` that names them."""
    if feature_set is not None and feature_set not in SETS:
        raise DataError(f"unknown feature set {feature_set!r}; known sets: {', '.join(SETS)}", code="unknown_set")
    chosen = feature_set or max(SETS, key=lambda name: len(set(SETS[name].columns) & set(names)))
    columns = SETS[chosen].columns
    needed = ("filename", "length", *columns, "label")
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    missing = [name for name in needed if name not in names]
    unknown = [name for name in names if name not in needed and name != "error"]
    if len(missing) > len(columns):
        raise DataError(
            f"{where}: expected a table of descriptors with the columns {_shown(needed)}, but they are {_shown(names)}",
            code="bad_columns",
        )
    wrong = [
        f"{what} {_shown(found)}"
        for what, found in (("there twice:", twice), ("missing:", missing), ("not known:", unknown))
        if found
    ]
    if wrong:
        hint = ""
        if any(name in ("", "index") or name.startswith("Unnamed") for name in unknown):
            hint = "; a column of row numbers is pandas's index, which index=False leaves out"
        raise DataError(
            f"{where}: expected just the columns filename, length, the {len(columns)} of {chosen}, and label; "
            f"{'; '.join(wrong)}{hint}",
            code="bad_columns",
        )
    place = {name: i for i, name in enumerate(names)}
    return Header(
        columns=columns,
        filename=place["filename"],
        length=place["length"],
        numbers=tuple(place[name] for name in columns),
        label=place["label"],
        error=place.get("error"),
        n=len(names),
    )


def not_a_number(place: str, column: str, cell: str) -> DataError:
    """What to say of a cell that should be a finite number."""
    came = f"{cell!r:.80}" if cell.strip() else "nothing"
    return DataError(f"{place}: column {column!r} should be a finite number, not {came}", code="bad_cell")


def whole_number(number: float, *, place: str) -> int:
    """A length as a number of samples."""
    if number < 1 or number != int(number) or number > 2**53:
        raise DataError(
            f"{place}: column 'length' should be a whole number of samples, at least 1, not {number:g}", code="bad_cell"
        )
    return int(number)


def check_no_numbers(place: str, cells: Iterable[str]) -> None:
    """A row of an error has no numbers, or nobody knows what it means."""
    if any(cell.strip() for cell in cells):
        raise DataError(
            f"{place}: this row says why it has no numbers (column 'error'), but it has some; empty one or the other",
            code="bad_row",
        )


def plain(text: str) -> str:
    """Text that UTF-8 can hold."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _shown(names: Sequence[str]) -> str:
    more = len(names) - _N_SHOWN
    return ", ".join(f"{name!r:.60}" for name in names[:_N_SHOWN]) + (f" and {more} more" if more > 0 else "")
