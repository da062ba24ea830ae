"""A report as plain text: ASCII, aligned, the same in a terminal, a pipe and a log."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from genrelens.metrics import Interval

if TYPE_CHECKING:
    from genrelens.evaluation.report import Headline, Report

WIDTH = 100
N_FAILED_SHOWN = 20


def report_text(report: Report) -> str:
    """The report in paragraphs, from what was measured on what to the tracks without an answer."""
    paragraphs = [_title(report), _headlines(report), _genres(report), _confusion(report), _calibration(report)]
    if report.notes:
        paragraphs.append("Notes\n" + "\n".join(_item(note) for note in report.notes))
    if report.n_failed:
        paragraphs.append(_failed(report))
    return "\n\n".join(paragraphs) + "\n"


def percent(value: float, *, sign: str = "") -> str:
    """``0.6761`` -> ``"67.6"`` and the ``sign``, such as ``" %"``; ``"-"`` where nothing was measured."""
    return "-" if math.isnan(value) else f"{100.0 * value:.1f}{sign}"


def percent_interval(interval: Interval, *, sign: str = "") -> str:
    """``"67.6 [58.0, 76.1]"``, the ``sign`` behind the first number; no brackets where there is no interval."""
    value = percent(interval.value, sign=sign)
    if math.isnan(interval.low) or math.isnan(interval.value):
        return value
    return f"{value} [{percent(interval.low)}, {percent(interval.high)}]"


def counted(n: int, thing: str) -> str:
    """``"1 track"``, ``"2 tracks"``."""
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"


def _title(report: Report) -> str:
    where = [report.dataset]
    if report.split is not None:
        where.append(f"split {report.split}")
    if report.part is not None:
        where.append(f"part {report.part}")
    lines = [f"{report.model} ({report.model_hash}) on {', '.join(where)}"]
    size = f"{counted(report.n_tracks, 'track')} of {counted(report.n_artists, 'artist')}"
    lines.append(f"{size}: {report.n_answered} answered, {report.n_failed} without an answer")
    if report.seen:
        lines.append("THE MODEL WAS TRAINED ON SOME OF THESE TRACKS: this is not what it does on new music")
    if report.leaks:
        lines.append(f"THE SPLIT LEAKS {', '.join(report.leaks)}: these figures are too high for new artists")
    return "\n".join(lines)


def _headlines(report: Report) -> str:
    rows: list[tuple[str, ...]] = [("", "tracks", "artists", "accuracy", "macro precision", "macro recall", "macro F1")]
    there = {row.genre for row in report.genres if row.support}
    rows.append(_headline_row("genre", there, report.all_genres))
    if report.experimental:
        rows.append(_headline_row("full genre", there, report.full_genres))
    lines = [f"Figures in %, with their {100 * report.intervals.level:.0f} % interval over artists"]
    lines += columns(rows, left=(0,))
    if report.n_abstained:
        abstained = f"{counted(report.n_abstained, 'track')} (counted above by the guess it held back)"
        sure = percent_interval(report.accuracy_when_sure)
        lines.append(f"The model abstains on {abstained}.")
        lines.append(f"It is sure of {percent(report.coverage)} % of all tracks; accuracy on those: {sure}")
    return "\n".join(lines)


def _headline_row(what: str, there: set[str], headline: Headline) -> tuple[str, ...]:
    """The figures over some genres, of which those count that a track is of."""
    label = counted(len(there & set(headline.genres)), what)
    figures = (headline.accuracy, headline.macro_precision, headline.macro_recall, headline.macro_f1)
    return (label, str(headline.n_tracks), str(headline.n_artists), *map(percent_interval, figures))


def _genres(report: Report) -> str:
    rows: list[tuple[str, ...]] = [("genre", "precision", "recall", "F1", "tracks", "artists")]
    for row in report.genres:
        figures = (row.precision, row.recall, row.f1)
        label = row.genre + (" *" if row.experimental else "")
        rows.append((label, *map(percent_interval, figures), str(row.support), str(row.n_artists)))
    lines = columns(rows, left=(0,))
    if report.experimental:
        lines.append("* experimental: too few clips to learn it from; its accuracy is not measurable yet")
    return "\n".join(lines)


def _confusion(report: Report) -> str:
    short = _short_names(report.names)
    rows: list[tuple[str, ...]] = [("true \\ called", *short)]
    for name, counts in zip(report.names, report.confusion, strict=True):
        rows.append((name, *(str(count) if count else "." for count in counts)))
    return "\n".join(columns(rows, left=(0,)))


def _short_names(names: Sequence[str]) -> tuple[str, ...]:
    """The shortest beginnings, of three letters or more, that tell the names apart."""
    longest = max(map(len, names))
    n_letters = next((n for n in range(3, longest) if len({name[:n] for name in names}) == len(names)), longest)
    return tuple(name[:n_letters] for name in names)


def _calibration(report: Report) -> str:
    lines = [
        f"Calibration: error (ECE) {_number(report.expected_calibration_error)}, "
        f"Brier {_number(report.brier_score)}, "
        f"negative log likelihood {_number(report.negative_log_likelihood)}"
    ]
    if len(report.names) > 3:
        lines.insert(0, f"Right among the best three: {percent(report.top_3_accuracy)} %")
    return "\n".join(lines)


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _failed(report: Report) -> str:
    lines = [f"Without an answer ({report.n_failed})"]
    for row in report.failed[:N_FAILED_SHOWN]:
        why = f"{row.failure.code}: {row.failure.message}" if row.failure else f"no guess: {row.reason}"
        lines.append(_item(f"{row.id}: {why}"))
    if report.n_failed > N_FAILED_SHOWN:
        lines.append(_item(f"... and {report.n_failed - N_FAILED_SHOWN} more (all of them are in the JSON)"))
    return "\n".join(lines)


def _item(text: str) -> str:
    one_line = " ".join(text.split())
    return textwrap.fill(one_line, width=WIDTH, initial_indent="- ", subsequent_indent="  ", break_long_words=False)


def columns(rows: Sequence[Sequence[str]], *, left: tuple[int, ...]) -> list[str]:
    """Rows with columns as wide as their widest cells, two spaces apart, aligned right but for ``left``."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if k in left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
