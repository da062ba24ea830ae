"""Answers as lines on stdout, each flushed as it comes: a table, JSON or CSV."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from genrelens.bundle.answer import Answer, to_row
from genrelens.cli.terminal import data_on_stdout
from genrelens.data.csv import safe_cell
from genrelens.pages.wording import in_turn

if TYPE_CHECKING:
    from genrelens.bundle import Bundle


CSV_COLUMNS = (
    "path genre confidence guess abstained reason set styles tags segments duration_s notes "
    "error_code error_message model model_hash"
)
"""The columns before the probabilities, which are ``p_`` and the genre's name."""
CSV_TAGS = 5
"""The likeliest tags stand in one cell; JSON has them all, with their probabilities."""


_STEERING = {c: f"\\u{c:04x}" for c in (*range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A))}
"""JSON lets these stand, but some readers of lines end a line there, and terminals obey others."""


class Writer(Protocol):
    """Prints answers one by one."""

    def write(self, found: Answer) -> None:
        """Print one answer."""

    def finish(self) -> None:
        """Print what stands below all answers."""


def open_writer(
    kind: Literal["table", "json", "csv"],
    *,
    bundle: Bundle,
    paths: Sequence[str],
    timeline: bool,
    top: int | None,
    sets: bool = False,
) -> Writer:
    """The writer of a form; ``paths`` are all that will come, for the width of the table's first column.

    ``sets``: whether the table names the genres of each prediction set, which the other forms always do.
    """
    if kind == "json":
        return JsonWriter(bundle=bundle, timeline=timeline, top=top)
    if kind == "csv":
        return CsvWriter(bundle=bundle, top=top)
    from genrelens.cli.table import TableWriter

    return TableWriter(bundle=bundle, paths=paths, timeline=timeline, top=2 if top is None else top, sets=sets)


class JsonWriter:
    """One object a line, UTF-8 everywhere. A name that is no UTF-8 has ``\\udcXX`` for the odd bytes."""

    def __init__(self, *, bundle: Bundle, timeline: bool, top: int | None) -> None:
        self._bundle = bundle
        self._timeline = timeline
        self._top = top
        data_on_stdout(newline="\n")

    def write(self, found: Answer) -> None:
        """Print one answer."""
        row = to_row(found, bundle=self._bundle, timeline=self._timeline, top=self._top)
        line = json.dumps(row, ensure_ascii=False, allow_nan=False)
        print(line.translate(_STEERING), flush=True)

    def finish(self) -> None:
        """Nothing stands below."""


class CsvWriter:
    """A header, then a line each; ``genre`` and ``confidence`` are empty where it is "don't know".

    Texts are as :func:`safe_cell` has them; JSON has them as they are.
    """

    def __init__(self, *, bundle: Bundle, top: int | None) -> None:
        self._bundle = bundle
        self._top = top
        data_on_stdout(newline="")
        self._csv = csv.writer(sys.stdout, lineterminator="\n")
        self._csv.writerow([*CSV_COLUMNS.split(), *(safe_cell(f"p_{name}") for name in bundle.names)])

    def write(self, found: Answer) -> None:
        """Print one answer."""
        row = to_row(found, bundle=self._bundle, timeline=False, top=self._top)
        error = row["error"] or {"code": None, "message": None}
        probabilities = row["probabilities"] or {}
        cells = [
            row["path"],
            row["genre"],
            None if row["genre"] is None else row["confidence"],
            row["guess"],
            None if row["error"] else str(row["abstained"]).lower(),
            row["reason"],
            ";".join(row["set"] or ()),
            ";".join(row["styles"]),
            ";".join(list(row["tags"])[:CSV_TAGS]),
            in_turn(row["segments"]),
            row["duration_s"],
            "; ".join(row["notes"]),
            error["code"],
            error["message"],
            row["model"]["name"],
            row["model"]["hash"],
            *(probabilities.get(name) for name in self._bundle.names),
        ]
        self._csv.writerow(map(safe_cell, cells))
        sys.stdout.flush()

    def finish(self) -> None:
        """Nothing stands below."""
