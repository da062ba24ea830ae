"""The figure of an ablation, and the folder that holds both: import this module inside functions only."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from genrelens.evaluation.ablation import AblationReport
from genrelens.pages.figure_style import (
    BLUE,
    GREY,
    INK,
    WIDTH_IN,
    footnote,
    in_style,
    interval_mark,
    name_rows,
    percent,
    printable,
    share_axis,
    to_png,
)
from genrelens.pages.own_folder import OwnFolder

REPORT: Final = "report.json"
PICTURE: Final = "ablation.png"
RUNS: Final = "runs"
FOLDER: Final = OwnFolder(
    what="ablation", marker=REPORT, schema=AblationReport.SCHEMA, known=frozenset({PICTURE}), keeps=frozenset({RUNS})
)


@in_style
def ablation_figure(report: AblationReport) -> Figure:
    """A row a variant: its accuracy on the left, what it has above r = 0 on the right, with intervals over artists."""
    figure = Figure(figsize=(WIDTH_IN, 1.4 + 0.5 * len(report.results)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    right.axvline(0.0, color=GREY, linestyle=":", linewidth=1.2)
    for y, result in enumerate(report.results):
        for axes, shown in ((left, result.accuracy), (right, result.above_plain)):
            if shown is None:
                continue
            interval_mark(axes, shown, y, colour=BLUE)
            said = percent(shown.value) if axes is left else f"{100 * shown.value:+.1f}"
            axes.annotate(
                said, (shown.value, y), (0, 6), textcoords="offset points", ha="center", color=INK, fontsize=8
            )
    for axes in (left, right):
        name_rows(axes, [result.variant for result in report.results])
    share_axis(left, "x", "accuracy")
    right.set_xlabel("accuracy above r = 0, points")
    right.xaxis.set_major_formatter(lambda share, _: f"{100 * share:+.0f}" if share else "0")
    right.grid(visible=True, axis="x")
    left.set_title(printable(f"{report.recipe} on {report.dataset}", width=48))
    first = report.results[0]
    footnote(
        figure,
        [
            f"Out of fold: {report.n_folds} folds by artist, seed {report.seed}. Lines: 95 % interval over artists.",
            f"{len(report.genres)} genres, {first.n_tracks} tracks of {first.n_artists} artists; encoder "
            f"{printable(report.encoder, width=60)}.",
        ],
    )
    return figure


def write(report: AblationReport, *, out: Path) -> None:
    """Write report and figure into a folder that was claimed; an earlier run's are replaced, trainings stay."""
    FOLDER.replace(out, {PICTURE: to_png(ablation_figure(report)), REPORT: report.to_json().encode()})
