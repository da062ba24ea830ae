"""The figure of a leakage report, and the folder that holds both: import this module inside functions only."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from genrelens.evaluation.leakage import LeakageReport
from genrelens.pages.figure_style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    WIDTH_IN,
    footnote,
    in_style,
    interval_mark,
    name_rows,
    percent,
    share_axis,
    to_png,
)
from genrelens.pages.own_folder import OwnFolder

REPORT: Final = "report.json"
PICTURE: Final = "leakage.png"
RUNS: Final = "runs"
FOLDER: Final = OwnFolder(
    what="leakage report",
    marker=REPORT,
    schema=LeakageReport.SCHEMA,
    known=frozenset({PICTURE}),
    keeps=frozenset({RUNS}),
)


@in_style
def leakage_figure(report: LeakageReport) -> Figure:
    """A row a protocol: accuracy of clips (filled) and of tracks (hollow) with their intervals over artists."""
    figure = Figure(figsize=(WIDTH_IN, 1.5 + 0.75 * len(report.results)), layout="constrained")
    axes = figure.subplots()
    chance = 1 / len(report.genres)
    axes.axvline(chance, color=GREY, linestyle=":", linewidth=1.2)
    axes.annotate(
        "chance", (chance, 0), xycoords=("data", "axes fraction"), xytext=(3, 3), textcoords="offset points",
        color=GREY, fontsize=7.5,
    )  # fmt: skip
    for y, result in enumerate(report.results):
        colour = ORANGE if result.leaks else BLUE
        for offset, figure_of, filled in ((-0.14, result.of_pieces, True), (0.14, result.of_tracks, False)):
            interval_mark(axes, figure_of, y + offset, colour=colour, hollow=not filled)
            axes.annotate(
                percent(figure_of.value), (figure_of.high, y + offset), (6, 0), textcoords="offset points",
                va="center", color=INK, fontsize=8,
            )  # fmt: skip
    labels = [
        f"{result.protocol}\n({'leaks ' + ', '.join(result.leaks) if result.leaks else 'leaks nothing'})"
        for result in report.results
    ]
    name_rows(axes, labels)
    share_axis(axes, "x", "accuracy")
    axes.grid(visible=False, axis="y")
    axes.set_title(f"{report.recipe} on {report.dataset}: what the split alone does to the accuracy")
    first = report.results[0]
    footnote(
        figure,
        [
            f"Filled: {report.piece}; hollow: tracks, by the mean of their parts. Orange: the split leaks.",
            f"Lines: 95 % interval over artists. {len(report.genres)} genres, {first.n_tracks} tracks of "
            f"{first.n_artists} artists in the top rows; {report.n_folds} folds, seed {report.seed}.",
        ],
    )
    return figure


def write(report: LeakageReport, *, out: Path) -> None:
    """Write report and figure into a folder that was claimed; an earlier run's are replaced, trainings stay."""
    FOLDER.replace(out, {PICTURE: to_png(leakage_figure(report)), REPORT: report.to_json().encode()})
