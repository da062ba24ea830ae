"""What a page of figures is made of: sections, each a figure, the numbers behind it, and what may be said about it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from genrelens.data.csv.cells import safe_cell

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cell = str | int | float | None
_EMPTY = "Not drawn", "Not known"
"""How the words of a section begin that has nothing to show."""


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers behind a figure: column names and rows; None and NaN are empty cells."""

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def to_csv(self) -> bytes:
        """The table as a .csv file, UTF-8, with a header; texts as :func:`safe_cell` has them."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(map(safe_cell, self.header))
        writer.writerows([_cell(cell) for cell in row] for row in self.rows)
        return text.getvalue().encode("utf-8")


@dataclass(frozen=True, slots=True)
class Shown:
    """A table for people to read on the page: text only, numbers to the right.

    ``notable`` are the rows (from 0) that are set in bold.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    n_text_columns: int = 1
    notable: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """One part of the page.

    Attributes:
        key: name of its files, and its anchor.
        title: its heading.
        says: paragraphs below the figure.
        figure: what is drawn; None where there is nothing to draw, and ``says`` then why.
        alt: the figure in words.
        tables: the numbers, by the name of their file without ``.csv``.
        players: mp3 files by genre, for a page that stays at home.
        shown: a table on the page, below the figure.
    """

    key: str
    title: str
    says: tuple[str, ...]
    figure: Figure | None = None
    alt: str = ""
    tables: Mapping[str, Table] = field(default_factory=dict)
    players: Mapping[str, bytes] = field(default_factory=dict)
    shown: Shown | None = None


def _cell(cell: Cell) -> str | int | float:
    return "" if cell is None or (isinstance(cell, float) and math.isnan(cell)) else safe_cell(cell)


def without_empty(sections: Sequence[Section]) -> list[Section]:
    """The sections that hold something; why the others could not be drawn stands in one section at the end."""
    full, why = [], []
    for section in sections:
        holds = section.figure is not None or section.shown is not None or section.tables or section.players
        if holds or not section.says or not section.says[0].startswith(_EMPTY):
            full.append(section)
        else:
            why += [f"{section.title}. {line}" for line in section.says]
    return [*full, Section("not-drawn", "What is not shown", tuple(why))] if why else full
