"""A reproduction as text: the table that is printed, and the same in Markdown for the docs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from genrelens.metrics import Interval
from genrelens.systems.result import Line, Measured, Reproduction

HEAD = ("figure", "counted", "they reported", "their protocol here", "honest split", "chance")


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
    text += [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
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


def share_text(share: float) -> str:
    """``0.654`` -> ``"65 %"``; a dash where it is not known."""
    return "-" if math.isnan(share) else f"{100 * share:.0f} %"


def _over(found: Reproduction) -> str:
    sizes = {len(one.over) for line in found.lines for one in (line.protocol, line.honest) if one is not None}
    genres = " or ".join(map(str, sorted(sizes)))
    return (
        f" Figures here are over the {genres} genres that have enough tracks to learn from." if genres else ""
    )


def _found(one: Measured | None) -> str:
    return "not run" if one is None else f"{_interval(one.accuracy)} ({one.n:,})"


def _interval(interval: Interval) -> str:
    if math.isnan(interval.value) or math.isnan(interval.low):
        return _percent(interval.value)
    return f"{_percent(interval.value)} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.1f} %"
