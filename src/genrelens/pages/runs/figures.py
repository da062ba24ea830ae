"""Figures of one run or several side by side, drawn with matplotlib: import this module inside functions only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from genrelens.evaluation.build import LEVEL, MIN_ARTISTS
from genrelens.evaluation.chance import chance
from genrelens.evaluation.compare import Pair, Scores
from genrelens.evaluation.report import Report
from genrelens.metrics import Interval
from genrelens.pages.comparison.text import points_interval
from genrelens.pages.exploration.maps import COLOURS, SHAPES
from genrelens.pages.figure_style import (
    BLUE,
    FAINT,
    GREY,
    INK,
    ORANGE,
    WIDTH_IN,
    footnote,
    in_style,
    percent,
    percent_interval,
    printable,
    share_axis,
)
from genrelens.pages.runs.numbers import headlines
from genrelens.pages.runs.report_figures import draw_confusion, draw_reliability, genre_labels, share_bar

WIDE_IN = 10.4
"""The width of figures that stand side by side."""
_NAME_WIDTH = 34  # characters of a run's name beside its bar
_LEGEND_WIDTH = 120  # characters that fit across a wide figure


@in_style
def accuracy_bars_figure(reports: Mapping[str, Report]) -> Figure:
    """Accuracy of each run with its interval, and on each bar what guessing gets on the same tracks."""
    bars = [
        (name, over, head, report) for name, report in reports.items() for over, head in headlines(report)
    ]
    several = len(bars) > len(reports)
    figure = Figure(figsize=(WIDTH_IN, 1.55 + 0.52 * len(bars)), layout="constrained")
    axes = figure.subplots()
    for y, (_, over, head, report) in enumerate(bars):
        accuracy, levels = head.accuracy, chance(report, head)
        if math.isnan(accuracy.value):
            axes.text(0.006, y, "no tracks", va="center", color=GREY, fontsize=8)
            continue
        colour = BLUE if over == "all genres" else INK
        axes.barh(y, accuracy.value, height=0.62, color=colour, alpha=0.25, edgecolor=colour, linewidth=0.8)
        for level, style in ((levels.majority, "-"), (levels.uniform, ":")):
            axes.plot([level] * 2, [y - 0.42, y + 0.42], style, color=ORANGE, linewidth=1.8)
        if not math.isnan(accuracy.low):
            axes.plot(
                [accuracy.low, accuracy.high], [y, y], color=colour, linewidth=1.8, solid_capstyle="butt"
            )
        axes.annotate(
            percent_interval(accuracy),
            (1.0, y),
            (10, 0),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
        )
    labels = []
    for name, over, head, _ in bars:
        what = (
            f"{printable(name, width=_NAME_WIDTH)}, {over}" if several else printable(name, width=_NAME_WIDTH)
        )
        labels.append(f"{what}  ({head.n_tracks})")
    axes.set_yticks(range(len(bars)), labels)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    share_axis(axes, "x", "accuracy (in brackets: tracks)")
    axes.grid(visible=False, axis="y")
    signs = [Line2D([], [], color=ORANGE, linestyle=style, linewidth=1.8) for style in ("-", ":")]
    said = ["always the most frequent genre", "a genre drawn by lot"]
    figure.legend(signs, said, loc="outside upper left", ncols=2, frameon=False, fontsize=8.5)
    footnote(figure, [f"Lines over the bars: {100 * LEVEL:.0f} % interval over artists."])
    return figure


@in_style
def genre_scores_figure(reports: Mapping[str, Report]) -> Figure:
    """Precision, recall and F1 of each genre, a sign for each run, with intervals."""
    first = next(iter(reports.values()))
    n, k = len(first.names), len(reports)
    figure = Figure(figsize=(WIDE_IN, 1.5 + n * (0.26 + 0.13 * k)), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for axes, measure in zip(panels, ("precision", "recall", "f1"), strict=True):
        for j, report in enumerate(reports.values()):
            rows = {row.genre: row for row in report.genres}
            offset = 0.0 if k == 1 else (j / (k - 1) - 0.5) * min(0.62, 0.22 * (k - 1))
            for i, genre in enumerate(first.names):
                interval = getattr(rows[genre], measure)
                _point(axes, interval, y=i + offset, j=j, hollow=rows[genre].experimental)
        for i in range(1, n):
            axes.axhline(i - 0.5, color=FAINT, linewidth=0.6, zorder=0)
        share_axis(axes, "x", "")
        axes.grid(visible=False, axis="y")
        axes.set_title("F1" if measure == "f1" else measure)
        axes.tick_params(axis="y", length=0, pad=9)  # a sign at 0 must not lie on a name
        axes.spines["left"].set_visible(False)
    panels[0].set_yticks(range(n), _genre_sizes(reports))
    panels[0].set_ylim(n - 0.5, -0.5)
    if k > 1:
        signs, said = _signs(reports)
        n_columns = max(1, _LEGEND_WIDTH // (max(map(len, said)) + 8))
        figure.legend(signs, said, loc="outside upper left", ncols=min(k, n_columns), frameon=False)
    lines = [
        f"Lines: {100 * LEVEL:.0f} % interval over artists, none below {MIN_ARTISTS} artists of a genre."
    ]
    if any(report.experimental for report in reports.values()):
        lines.append("* and hollow: experimental, too few clips to learn it from.")
    footnote(figure, lines)
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


@in_style
def reliabilities_figure(reports: Mapping[str, Report]) -> Figure:
    """Reliability diagrams side by side, three in a row."""
    n_columns = min(3, len(reports))
    n_rows = -(-len(reports) // n_columns)
    figure = Figure(figsize=(3.45 * n_columns, 0.5 + 3.4 * n_rows), layout="constrained")
    grid = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
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


@in_style
def differences_figure(pairs: Sequence[tuple[Pair, str, Scores]]) -> Figure:
    """Differences in accuracy on common tracks with their intervals, about the line of no difference."""
    figure = Figure(figsize=(WIDTH_IN, 1.1 + 0.46 * len(pairs)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(0.0, color=INK, linewidth=1.0)
    ends = [0.05]
    for y, (_, _, scores) in enumerate(pairs):
        difference = scores.difference
        colour = BLUE if scores.differs else GREY
        axes.plot(difference.value, y, "o" if scores.differs else "D", color=colour, markersize=6.5)
        if not math.isnan(difference.low):
            axes.plot(
                [difference.low, difference.high], [y, y], color=colour, linewidth=2.2, solid_capstyle="round"
            )
            ends += [abs(difference.low), abs(difference.high)]
        ends.append(abs(difference.value))
        axes.annotate(
            points_interval(difference),
            (1.0, y),
            (10, 0),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
        )
    labels = []
    for pair, over, scores in pairs:
        a, b = (printable(name, width=_NAME_WIDTH) for name in (pair.a, pair.b))
        which = ", full genres" if over == "full genres" else ""
        labels.append(f"{a}\nminus {b}{which}  ({scores.n_tracks})")
    axes.set_yticks(range(len(pairs)), labels)
    axes.set_ylim(len(pairs) - 0.5, -0.5)
    axes.set_xlim(-1.12 * max(ends), 1.12 * max(ends))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:+.0f}" if abs(x) > 1e-9 else "0"))
    axes.grid(visible=True, axis="x")
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("difference in accuracy, points of 100 (in brackets: tracks of both)")
    lines = [f"Lines: {100 * LEVEL:.0f} % paired interval over artists. Blue where it leaves 0 out."]
    footnote(figure, lines)
    return figure


def _point(axes: Axes, interval: Interval, *, y: float, j: int, hollow: bool) -> None:
    """The sign of run ``j`` for a genre; what was not measured is not drawn."""
    if math.isnan(interval.value):
        return
    colour, shape = COLOURS[j % len(COLOURS)], SHAPES[j % len(SHAPES)]
    if not math.isnan(interval.low):
        axes.plot([interval.low, interval.high], [y, y], color=colour, linewidth=1.4, alpha=0.7, zorder=2)
    face = "white" if hollow else colour
    axes.plot(
        interval.value, y, shape, color=colour, markerfacecolor=face, markersize=5.5, zorder=3, clip_on=False
    )


def _signs(reports: Mapping[str, Report]) -> tuple[list[Line2D], list[str]]:
    """The legend: a sign for each run."""
    signs = [
        Line2D(
            [],
            [],
            color=COLOURS[j % len(COLOURS)],
            marker=SHAPES[j % len(SHAPES)],
            linewidth=1.4,
            markersize=5.5,
        )
        for j in range(len(reports))
    ]
    return signs, [printable(name, width=44) for name in reports]


def _genre_sizes(reports: Mapping[str, Report]) -> list[str]:
    """Genres with their tracks, where these are the same in every run."""
    first = next(iter(reports.values()))
    supports = [{row.genre: row.support for row in report.genres} for report in reports.values()]
    same = all(support == supports[0] for support in supports)
    stars = any(report.experimental for report in reports.values())
    labels = genre_labels(first) if stars else [printable(name) for name in first.names]
    if not same:
        return labels
    return [f"{label}  ({supports[0][name]})" for label, name in zip(labels, first.names, strict=True)]
