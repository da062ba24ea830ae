"""What a reproduction found: what was reported, what the same protocol gives here, and what an honest split leaves.

As JSON, as the table that is printed, and as Markdown for the docs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from genrelens.evaluation.report import Report, chance
from genrelens.metrics import Interval
from genrelens.pages.wording import whole_percent
from genrelens.schema import decode, encode, parse, read_text
from genrelens.systems.cuts import Cut, PartAtHand, shared_artists, shared_tracks

SCHEMA: Final = "genrelens.reproduce/1"
HEAD: Final = ("figure", "counted", "they reported", "their protocol here", "honest split", "chance")


@dataclass(frozen=True, slots=True)
class GenreFigures:
    """One genre under one cut; NaN where nothing was measured."""

    genre: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Measured:
    """One model's figures under one cut, over the answered tracks (or pieces) of ``over``: the full genres, or where
    none is full all of them.

    ``says``, ``split``, ``part``, ``leaks`` name the cut; ``n_learnt`` and ``n_stopped`` count what it learnt from and
    stopped on, ``n`` what it answered, all in the unit that is ``counted``. ``shared_artists``: the share of answers
    about an artist who was learnt from; ``shared_tracks``: the share of answered pieces that have siblings among what
    was learnt from. ``majority`` and ``uniform`` are what guessing gets.
    """

    says: str
    split: str
    part: str
    leaks: tuple[str, ...]
    counted: str
    over: tuple[str, ...]
    n_learnt: int
    n_stopped: int
    n: int
    n_artists: int
    n_failed: int
    accuracy: Interval
    macro_precision: Interval
    macro_recall: Interval
    macro_f1: Interval
    majority: float
    uniform: float
    shared_artists: float
    shared_tracks: float
    genres: tuple[GenreFigures, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of the original: as reported (0 to 1, NaN where no number was), by its protocol here, and honestly."""

    name: str
    counted: str
    reported: float
    reported_says: str
    protocol: Measured | None
    honest: Measured | None


@dataclass(frozen=True, slots=True)
class Version:
    """A package that the figures rest on."""

    package: str
    version: str


@dataclass(frozen=True, slots=True)
class Check:
    """A number that the page's sentences rest on, by name: so that no page of docs holds one typed by hand."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Reproduction:
    """All of a system. ``leaked``, ``mended``, ``differs`` and ``notes`` are sentences."""

    system: str
    title: str
    dataset: str
    seed: int
    lines: tuple[Line, ...]
    leaked: tuple[str, ...]
    mended: tuple[str, ...]
    differs: tuple[str, ...]
    notes: tuple[str, ...]
    at_hand: tuple[PartAtHand, ...]
    checks: tuple[Check, ...]
    commands: tuple[str, ...]
    versions: tuple[Version, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON types, fields by name."""
        document: dict[str, Any] = encode(self)
        return document

    @classmethod
    def read(cls, path: Path | str) -> Reproduction:
        """Read ``reproduce.json``. Raises :class:`DataError` when it cannot be read, or is none."""
        source = f"the reproduction {str(path)!r}"
        text = read_text(path, what="reproduction")
        document = parse(text, schema=SCHEMA, source=source)
        document.pop("files", None)  # what lies beside it is no figure
        found: Reproduction = decode(cls, document, where=source)
        return found


def measured(report: Report, cut: Cut, *, counted: str, n_learnt: int, n_stopped: int) -> Measured:
    """The figures of a report, and what must be said beside them."""
    head = report.full_genres if report.full_genres.n_tracks else report.all_genres  # where all genres are thin
    levels = chance(report, head)
    return Measured(
        says=cut.says,
        split=cut.split.name,
        part=cut.tested,
        leaks=tuple(sorted(cut.split.leaks)),
        counted=counted,
        over=head.genres,
        n_learnt=n_learnt,
        n_stopped=n_stopped,
        n=head.n_tracks,
        n_artists=head.n_artists,
        n_failed=report.n_failed,
        accuracy=head.accuracy,
        macro_precision=head.macro_precision,
        macro_recall=head.macro_recall,
        macro_f1=head.macro_f1,
        majority=levels.majority,
        uniform=levels.uniform,
        shared_artists=shared_artists(cut),
        shared_tracks=shared_tracks(cut),
        genres=tuple(
            GenreFigures(row.genre, row.precision.value, row.recall.value, row.f1.value, row.support)
            for row in report.genres
        ),
    )


def cells(line: Line) -> tuple[str, ...]:
    """The cells of a line under :data:`HEAD`."""
    reported = "-" if math.isnan(line.reported) else _percent(line.reported)
    chances = [_percent(found.majority) for found in (line.protocol, line.honest) if found is not None]
    return (
        line.name,
        line.counted,
        reported,
        _found(line.protocol),
        _found(line.honest),
        " / ".join(dict.fromkeys(chances)) or "-",
    )


def to_text(found: Reproduction) -> str:
    """The summary table and the leak, for a terminal or a pipe."""
    rows = [HEAD, *(cells(line) for line in found.lines)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(HEAD))]
    text = [f"{found.system.upper()}: {found.title}", ""]
    text += ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    text += ["", *(f"leak: {line}" for line in found.leaked)]
    text += [f"note: {line}" for line in found.notes]
    return "\n".join(text) + "\n"


def to_markdown(found: Reproduction, *, folder: str, pictures: Sequence[tuple[str, str]]) -> str:
    """A section of docs/reproduce.md; ``pictures`` are files of ``folder`` (a relative path) and what they show."""
    text = [f"## {found.system.upper()}: {found.title}", ""]
    rule = ["---" if k < 2 else "---:" for k in range(len(HEAD))]
    text += ["| " + " | ".join(row) + " |" for row in (HEAD, rule, *(cells(line) for line in found.lines))]
    over = _over(found)
    text += ["", f"In brackets the 95 % interval over artists, then how many were answered.{over}", ""]
    for title, lines in (
        ("What they reported", reported_lines(found)),
        ("What leaked", found.leaked),
        ("What was mended", found.mended),
        ("What is not as it was", found.differs),
        ("Notes", found.notes),
    ):
        if lines:
            text += [f"**{title}**", "", *(f"- {line}" for line in dict.fromkeys(lines)), ""]
    for file, shows in pictures:
        text += [f"*{shows}*", "", f"![{shows}]({folder}/{file})", ""]
    text += ["At hand: " + "; ".join(at_hand_lines(found)) + ".", ""]
    seen = ", ".join(f"{one.package} {one.version}" for one in found.versions)
    text += ["```", *found.commands, "```", "", f"Seed {found.seed}; {seen}.", ""]
    return "\n".join(text)


def reported_lines(found: Reproduction) -> list[str]:
    """What the original said of each figure, each once."""
    return list(dict.fromkeys(f"{line.name}, {line.counted}: {line.reported_says}." for line in found.lines))


def at_hand_lines(found: Reproduction) -> list[str]:
    """``"s4, test: 95 of 200"`` for each part of each split."""
    return [f"{one.split}, {one.part}: {one.n_here} of {one.n_all}" for one in found.at_hand]


def says_artists(protocol: Measured, honest: Measured) -> str:
    """How many answers are about artists who were learnt from, under both cuts."""
    return (
        f"Artists: {whole_percent(protocol.shared_artists)} of the answered clips are by an artist whose other clips "
        f"are learnt from; on the honest split {whole_percent(honest.shared_artists)}."
    )


def _over(found: Reproduction) -> str:
    sizes = {len(one.over) for line in found.lines for one in (line.protocol, line.honest) if one is not None}
    genres = " or ".join(map(str, sorted(sizes)))
    return f" Figures here are over the {genres} genres that have enough tracks to learn from." if genres else ""


def _found(one: Measured | None) -> str:
    return "not run" if one is None else f"{_interval(one.accuracy)} ({one.n:,})"


def _interval(interval: Interval) -> str:
    if math.isnan(interval.value) or math.isnan(interval.low):
        return _percent(interval.value)
    return f"{_percent(interval.value)} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.1f} %"
