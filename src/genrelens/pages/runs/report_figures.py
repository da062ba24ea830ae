"""Figures of reports and trainings, drawn with matplotlib: import this module inside functions only.

Each function gives a :class:`~matplotlib.figure.Figure`; :func:`~genrelens.pages.figure_style.save` writes
it.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from genrelens.errors import DataError
from genrelens.evaluation.build import MIN_ARTISTS
from genrelens.evaluation.report import Reliability, Report
from genrelens.metrics import Interval
from genrelens.pages.figure_style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    WIDTH_IN,
    footnote,
    in_style,
    percent,
    percent_interval,
    printable,
    save,
    share_axis,
)
from genrelens.pages.runs.trainings import COLUMNS, read_history

__all__ = [
    "accuracy_figure",
    "confusion_figure",
    "genre_figure",
    "learning_figure",
    "reliability_figure",
    "save",
]

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
    axes.set(xlabel="called", ylabel="true genre (tracks)")
    return image


def share_bar(figure: Figure, image: AxesImage, axes: Axes | list[Axes]) -> None:
    """The scale of confusion matrices."""
    bar = figure.colorbar(image, ax=axes, fraction=0.03, aspect=32, pad=0.02, ticks=[0, 0.5, 1])
    bar.ax.set_yticklabels(["0 %", "50 %", "100 %"])
    bar.ax.tick_params(length=0)
    bar.ax.spines[:].set_visible(False)
    bar.set_label("share of the true genre")


@in_style
def genre_figure(report: Report) -> Figure:
    """Bars: accuracy and macro F1, then F1 of each genre, each with its interval where there is one."""
    heads = [("accuracy", report.all_genres.accuracy), ("macro F1", report.all_genres.macro_f1)]
    if report.experimental:
        heads += [
            ("accuracy, full genres", report.full_genres.accuracy),
            ("macro F1, full genres", report.full_genres.macro_f1),
        ]
    rows = report.genres
    figure = Figure(figsize=(WIDTH_IN, 1.5 + 0.27 * (len(heads) + len(rows))), layout="constrained")
    axes = figure.subplots()
    for y, (_, interval) in enumerate(heads):
        _bar(axes, y, interval, colour=INK)
    first = len(heads) + 0.5  # a gap between the summary and the genres
    for k, row in enumerate(rows):
        _bar(axes, first + k, row.f1, colour=BLUE, hatch="///" if row.experimental else None)
    sizes = [f"{row.support} by {row.n_artists}" for row in rows]
    labels = [f"{label}  ({size})" for label, size in zip(genre_labels(report), sizes, strict=True)]
    axes.set_yticks(
        [*range(len(heads)), *(first + k for k in range(len(rows)))], [h[0] for h in heads] + labels
    )
    axes.set_ylim(first + len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    share_axis(axes, "x", "accuracy or F1 (in brackets: tracks by artists)")
    axes.grid(visible=False, axis="y")
    axes.set_title(_title(report))
    level = f"{100 * report.intervals.level:.0f} %"
    _small_print(
        figure, report, f"Lines: {level} interval over artists, none below {MIN_ARTISTS} artists of a genre."
    )
    return figure


@in_style
def accuracy_figure(reports: Mapping[str, Report], *, full_genres: bool = True) -> Figure:
    """Accuracies of several models side by side, as points with their intervals, in the order given."""
    if not reports:
        raise DataError("a comparison needs at least one report, got none")
    heads = [report.full_genres if full_genres else report.all_genres for report in reports.values()]
    figure = Figure(figsize=(WIDTH_IN, 1.0 + 0.4 * len(heads)), layout="constrained")
    axes = figure.subplots()
    for y, head in enumerate(heads):
        accuracy = head.accuracy
        axes.plot([accuracy.low, accuracy.high], [y, y], color=BLUE, linewidth=2.2, solid_capstyle="round")
        axes.plot(accuracy.value, y, "o", color=BLUE, markersize=6.5)
        axes.annotate(
            percent(accuracy.value), (accuracy.value, y), (0, 6), textcoords="offset points", ha="center"
        )
    sizes = [f"{name}  ({head.n_tracks})" for name, head in zip(reports, heads, strict=True)]
    axes.set_yticks(range(len(heads)), sizes)
    axes.set_ylim(len(heads) - 0.6, -0.7)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    n_genres = " or ".join(map(str, sorted({len(head.genres) for head in heads})))
    share_axis(axes, "x", f"accuracy on {n_genres} genres (tracks in brackets), 95 % interval over artists")
    axes.grid(visible=False, axis="y")
    return figure


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
    above.set_title(
        f"{_name(report)}\ncalibration error (ECE) {'-' if math.isnan(error) else f'{error:.3f}'}"
    )
    _small_print(
        figure,
        report,
        "Points: mean of a bin; the larger, the more tracks it holds.",
        "Dashed: as often right as sure; above it the model is too modest, below it too sure of itself.",
        genres=False,
    )
    return figure


def draw_reliability(axes: Axes, bins: Reliability) -> None:
    """The bins of the calibration error on given axes, larger points for more tracks."""
    edges, counts = np.array(bins.edges), np.array(bins.counts)
    confidence, right = np.array(bins.confidence), np.array(bins.accuracy)
    width, filled = edges[1] - edges[0], counts > 0
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1.0)
    axes.bar(
        edges[:-1][filled],
        right[filled],
        width,
        align="edge",
        color=BLUE,
        alpha=0.2,
        edgecolor=BLUE,
        linewidth=0.8,
    )
    sizes = 12.0 + 150.0 * counts[filled] / max(1, counts.max(initial=0))
    axes.scatter(
        confidence[filled], right[filled], s=sizes, color=BLUE, linewidths=0, zorder=3, clip_on=False
    )
    share_axis(axes, "y", "right answers")


@in_style
def learning_figure(history: Path) -> Figure:
    """Loss and accuracy by epoch from a run's ``history.csv``, on training and stopping tracks."""
    columns = _read_history(history)
    epochs = columns["epoch"]
    best = int(np.argmin(columns["stop_loss"]))
    figure = Figure(figsize=(WIDTH_IN, 3.3), layout="constrained")
    for axes, kind in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        axes.plot(epochs, columns[f"train_{kind}"], "--", color=GREY, linewidth=1.5, label="training windows")
        axes.plot(epochs, columns[f"stop_{kind}"], "-", color=BLUE, linewidth=1.8, label="stopping tracks")
        kept = f"kept: epoch {epochs[best]:.0f}"
        axes.plot(epochs[best], columns[f"stop_{kind}"][best], "o", color=ORANGE, markersize=7, label=kept)
        axes.set(xlabel="epoch", title=kind)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        if kind == "accuracy":
            share_axis(axes, "y", "")
        else:
            axes.set_ylim(bottom=0.0)
            axes.grid(visible=True, axis="y")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return figure


def _read_history(path: Path) -> dict[str, NDArray[np.float64]]:
    epochs = read_history(path)
    if not epochs:
        raise DataError(f"{str(path)!r} holds no epoch yet: let the training run for at least one")
    return {name: np.array([getattr(epoch, name) for epoch in epochs], dtype=np.float64) for name in COLUMNS}


def _bar(axes: Axes, y: float, interval: Interval, *, colour: str, hatch: str | None = None) -> None:
    """One bar with its interval; what was not measured is said in words."""
    if math.isnan(interval.value):
        axes.text(0.006, y, "no tracks", va="center", color=GREY, fontsize=8)
        return
    shown = axes.barh(
        y, interval.value, height=0.72, color=colour, alpha=0.3, edgecolor=colour, linewidth=0.8
    )
    if hatch:
        for patch in shown:
            patch.set(hatch=hatch, facecolor="none", alpha=None)
    end = interval.value
    if not math.isnan(interval.low):
        axes.plot([interval.low, interval.high], [y, y], color=colour, linewidth=1.6, solid_capstyle="butt")
        end = max(end, interval.high)
    inside = end > 0.92
    x, side = (
        (interval.low - 0.01, "right") if inside and not math.isnan(interval.low) else (end + 0.01, "left")
    )
    axes.text(x, y, f"{100 * interval.value:.0f}", va="center", ha=side, fontsize=8)


def genre_labels(report: Report) -> list[str]:
    """The genres as they are written on axes, a star behind those that are experimental."""
    return [printable(row.genre) + (" *" if row.experimental else "") for row in report.genres]


def _name(report: Report) -> str:
    place = " ".join(word for word in (report.dataset, report.split, report.part) if word)
    return printable(f"{report.model} on {place}", width=4 * _TITLE_WIDTH)


def _title(report: Report) -> str:
    """What was measured on what, the accuracy, and that on the full genres where it is another."""
    heads = [(report.all_genres, "genres")]
    if report.experimental:
        heads.append((report.full_genres, "full genres"))
    lines = [
        f"accuracy {percent_interval(head.accuracy)} on {head.n_tracks} tracks of {len(head.genres)} {what}"
        for head, what in heads
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
