"""Figures of reports and trainings, drawn with matplotlib: import this module inside functions only.

Each function gives a :class:`~matplotlib.figure.Figure`; :func:`~genrelens.pages.figure_style.save` writes
it.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from genrelens.evaluation.report import Headline, Reliability, Report
from genrelens.pages.figure_style import (
    BLUE,
    GREY,
    INK,
    WIDTH_IN,
    footnote,
    in_style,
    percent,
    percent_interval,
    printable,
    share_axis,
    side_by_side,
)

WIDE_IN = 10.4
"""The width of figures that stand side by side."""
_TITLE_WIDTH = 58  # characters of a bold line that fit over a confusion matrix
_DARK = 0.55  # a cell with more than this share of its row needs white print


@in_style
def confusion_figure(report: Report) -> Figure:
    """The confusion matrix: counts in the cells, shaded by their share of the true genre (the row)."""
    figure = Figure(figsize=(WIDTH_IN, 1.9 + 0.42 * len(report.names)), layout="constrained")
    axes = figure.subplots()
    image = draw_confusion(axes, report)
    share_bar(figure, image, axes)
    axes.set_title(_title(report))
    _small_print(figure, report)
    return figure


@in_style
def confusions_figure(reports: Mapping[str, Report]) -> Figure:
    """Confusion matrices side by side, two in a row, the genres in the order of the first."""
    names = next(iter(reports.values())).names
    n_rows = -(-len(reports) // 2)
    figure = Figure(figsize=(WIDE_IN, 0.4 + n_rows * (1.5 + 0.36 * len(names))), layout="constrained")
    grid = figure.subplots(n_rows, 2, squeeze=False)
    image = None
    for k, (name, report) in enumerate(reports.items()):
        axes = grid[k // 2, k % 2]
        image = draw_confusion(axes, report, names=names)
        axes.set_title(f"{printable(name, width=44)}\naccuracy {percent(report.all_genres.accuracy.value)}")
    for axes in grid.flat[len(reports) :]:
        axes.set_axis_off()
    if image is not None:
        share_bar(figure, image, list(grid.flat))
    return figure


def draw_confusion(axes: Axes, report: Report, *, names: Sequence[str] | None = None) -> AxesImage:
    """A confusion matrix on given axes; ``names`` are the report's genres in the order to draw them in."""
    order = [report.names.index(name) for name in names or report.names]
    n = len(order)
    counts = np.array(report.confusion)[np.ix_(order, order)]
    totals = counts.sum(axis=1)
    shares = counts / np.maximum(totals, 1)[:, None]
    image = axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    for i, j in zip(*np.nonzero(counts), strict=True):
        colour = "white" if shares[i, j] > _DARK else INK
        axes.text(j, i, str(counts[i, j]), ha="center", va="center", color=colour)
    for i in range(n):
        frame = Rectangle((i - 0.5, i - 0.5), 1, 1, fill=False, edgecolor=INK, linewidth=0.9)
        axes.add_patch(frame).set(zorder=4, clip_on=False)
    labels = [genre_labels(report)[k] for k in order]
    axes.set_xticks(range(n), labels, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(n), [f"{label}  ({total})" for label, total in zip(labels, totals, strict=True)])
    axes.set_xticks(np.arange(n + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(n + 1) - 0.5, minor=True)
    axes.grid(which="minor")
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel="predicted genre", ylabel="true genre (tracks)")
    return image


def share_bar(figure: Figure, image: AxesImage, axes: Axes | list[Axes]) -> None:
    """The scale of confusion matrices."""
    bar = figure.colorbar(image, ax=axes, fraction=0.03, aspect=32, pad=0.02, ticks=[0, 0.5, 1])
    bar.ax.set_yticklabels(["0 %", "50 %", "100 %"])
    bar.ax.tick_params(length=0)
    bar.ax.spines[:].set_visible(False)
    bar.set_label("share of the true genre")


@in_style
def reliability_figure(report: Report) -> Figure:
    """Share of right answers against confidence, bin by bin, and below how many tracks each bin holds."""
    bins = report.reliability
    edges, counts = np.array(bins.edges), np.array(bins.counts)
    width = edges[1] - edges[0]
    figure = Figure(figsize=(WIDTH_IN, 5.2), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3.4, 1.0))
    draw_reliability(above, bins)
    below.bar(edges[:-1], counts, width, align="edge", color=GREY, alpha=0.5, edgecolor=GREY, linewidth=0.8)
    below.set_ylabel("tracks")
    below.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True))
    share_axis(below, "x", "confidence of the answer")
    error = report.expected_calibration_error
    above.set_title(f"{_name(report)}\ncalibration error (ECE) {'-' if math.isnan(error) else f'{error:.3f}'}")
    _small_print(
        figure,
        report,
        "Points: mean of a bin; the larger, the more tracks it holds.",
        "Dashed: as often right as sure; above it the model is too modest, below it too sure of itself.",
        genres=False,
    )
    return figure


@in_style
def reliabilities_figure(reports: Mapping[str, Report]) -> Figure:
    """Reliability diagrams side by side, three in a row."""
    n_columns = min(3, len(reports))
    n_rows = -(-len(reports) // n_columns)
    figure = Figure(figsize=(3.45 * n_columns, 0.5 + 3.4 * n_rows), layout="constrained")
    grid = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    side_by_side(figure)
    for k, (axes, (name, report)) in enumerate(zip(grid.flat, reports.items(), strict=False)):
        draw_reliability(axes, report.reliability)
        share_axis(axes, "x", "confidence of the answer")
        if k % n_columns:
            axes.set_ylabel("")
        error = report.expected_calibration_error
        said = "-" if math.isnan(error) else f"{error:.3f}"
        axes.set_title(f"{printable(name, width=30)}\nECE {said}", fontsize=9.5)
    for axes in grid.flat[len(reports) :]:
        axes.set_axis_off()
    footnote(figure, ["Dashed: as often right as sure; above it too modest, below it too sure."])
    return figure


def draw_reliability(axes: Axes, bins: Reliability) -> None:
    """The bins of the calibration error on given axes, larger points for more tracks."""
    edges, counts = np.array(bins.edges), np.array(bins.counts)
    confidence, right = np.array(bins.confidence), np.array(bins.accuracy)
    width, filled = edges[1] - edges[0], counts > 0
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1.0)
    axes.bar(
        edges[:-1][filled], right[filled], width, align="edge", color=BLUE, alpha=0.2, edgecolor=BLUE, linewidth=0.8
    )
    sizes = 12.0 + 150.0 * counts[filled] / max(1, counts.max(initial=0))
    axes.scatter(confidence[filled], right[filled], s=sizes, color=BLUE, linewidths=0, zorder=3, clip_on=False)
    share_axis(axes, "y", "right answers")


def headlines(report: Report) -> list[tuple[str, Headline]]:
    """The report's main figures, without those over full genres where no track is of one."""
    first, *others = report.headlines
    return [first, *(found for found in others if found[1].n_tracks)]


def genre_labels(report: Report) -> list[str]:
    """The genres as they are written on axes, a star behind those that are experimental."""
    return [printable(row.genre) + (" *" if row.experimental else "") for row in report.genres]


def _name(report: Report) -> str:
    place = " ".join(word for word in (report.dataset, report.split, report.part) if word)
    return printable(f"{report.model} on {place}", width=4 * _TITLE_WIDTH)


def _title(report: Report) -> str:
    """What was measured on what, the accuracy, and that on the full genres where it is another."""
    lines = [
        f"accuracy {percent_interval(head.accuracy)} on {head.n_tracks} tracks of {len(head.genres)} "
        f"{over.removeprefix('all ')}"
        for over, head in headlines(report)
    ]
    return "\n".join([*textwrap.wrap(_name(report), _TITLE_WIDTH), *lines])


def _small_print(figure: Figure, report: Report, *lines: str, genres: bool = True) -> None:
    """What a reader must know: marks, tracks without an answer, and what makes the figures too good."""
    said = list(lines)
    if report.experimental and genres:
        said.append("* experimental: too few clips to learn it from; not measurable yet.")
    if report.n_failed:
        said.append(f"{report.n_failed} of {report.n_tracks} tracks have no answer and are not counted.")
    if report.leaks:
        said.append(f"THE SPLIT LEAKS {', '.join(report.leaks)}: these figures are too high for new artists.")
    if report.seen:
        said.append("THE MODEL WAS TRAINED ON SOME OF THESE TRACKS: this is not what it does on new music.")
    footnote(figure, said, warning=bool(report.leaks or report.seen))
