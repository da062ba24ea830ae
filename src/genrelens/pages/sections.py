"""A page of figures: sections, each a figure, the numbers behind it, and what may be said about it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from genrelens.data.csv import safe_cell
from genrelens.pages.render import render, to_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cell = str | int | float | None
_EMPTY = "Not drawn", "Not known"
"""How the words of a section begin that has nothing to show."""
SHOUTED = "THE MODEL", "THE SPLIT"
"""Paragraphs that begin so say that figures are too good, and are set in the colour of warnings."""


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

    ``notable`` are the rows (from 0) that are set in bold. With a ``summary`` the table is folded below that line.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    n_text_columns: int = 1
    notable: frozenset[int] = frozenset()
    summary: str = ""


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
        shown: a table on the page, below the figure; one that is folded stands below the paragraphs.
        terms: words and what they mean, below all else.
    """

    key: str
    title: str
    says: tuple[str, ...]
    figure: Figure | None = None
    alt: str = ""
    tables: Mapping[str, Table] = field(default_factory=dict)
    players: Mapping[str, bytes] = field(default_factory=dict)
    shown: Shown | None = None
    terms: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class SectionPage:
    """A page of sections.

    Attributes:
        title: its heading.
        lead: paragraphs below the heading.
        sections: its parts, in order; those that hold nothing are left out.
        ending: a sentence in the footer.
        wide: whether pictures may be wider than a column of text.
    """

    title: str
    lead: Sequence[str]
    sections: Sequence[Section]
    ending: str = ""
    wide: bool = False

    def files(self, name: str) -> dict[str, bytes]:
        """Every file of the page by its name: the figures as .png, the tables as .csv, and last the page, ``name``."""
        pictures: dict[str, bytes] = {}
        if any(section.figure is not None for section in self.sections):
            from genrelens.pages.figure_style import to_png

            pictures = {one.key: to_png(one.figure) for one in self.sections if one.figure is not None}
        page = render(
            "sections.html",
            title=self.title,
            lead=self.lead,
            sections=[one for one in self.sections if one.says or one.figure or one.shown or one.terms],
            pictures=pictures,
            ending=self.ending,
            width="wide" if self.wide else "narrow",
            shouted=SHOUTED,
        )
        tables = {key: table for section in self.sections for key, table in section.tables.items()}
        return {
            **{f"{key}.png": png for key, png in pictures.items()},
            **{f"{key}.csv": table.to_csv() for key, table in tables.items()},
            name: to_bytes(page),
        }


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
