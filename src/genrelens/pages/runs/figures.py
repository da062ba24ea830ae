"""Figures of one run or several side by side, drawn with matplotlib: import this module inside functions only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from genrelens.evaluation.build import LEVEL, MIN_ARTISTS
from genrelens.evaluation.report import Report, chance
from genrelens.evaluation.trainings import History
from genrelens.pages.figure_style import (
    BLUE,
    COLOURS,
    FAINT,
    GREY,
    INK,
    ORANGE,
    SHAPES,
    WIDTH_IN,
    beside_row,
    footnote,
    in_style,
    interval_mark,
    name_rows,
    percent_interval,
    printable,
    share_axis,
    side_by_side,
)
from genrelens.pages.runs.report_figures import WIDE_IN, genre_labels, headlines

_NAME_WIDTH = 34  # characters of a run's name beside its bar
_LEGEND_WIDTH = 120  # characters that fit across a wide figure


@in_style
def accuracy_bars_figure(reports: Mapping[str, Report]) -> Figure:
    """Accuracy of each run with its interval, and on each bar what guessing gets on the same tracks."""
    bars = [(name, over, head, report) for name, report in reports.items() for over, head in headlines(report)]
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
            axes.plot([accuracy.low, accuracy.high], [y, y], color=colour, linewidth=1.8, solid_capstyle="butt")
        beside_row(axes, y, percent_interval(accuracy))
    labels = []
    for name, over, head, _ in bars:
        what = f"{printable(name, width=_NAME_WIDTH)}, {over}" if several else printable(name, width=_NAME_WIDTH)
        labels.append(f"{what}  ({head.n_tracks})")
    name_rows(axes, labels)
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
    side_by_side(figure)
    for axes, measure in zip(panels, ("precision", "recall", "f1"), strict=True):
        for j, report in enumerate(reports.values()):
            rows = {row.genre: row for row in report.genres}
            offset = 0.0 if k == 1 else (j / (k - 1) - 0.5) * min(0.62, 0.22 * (k - 1))
            for i, genre in enumerate(first.names):
                interval = getattr(rows[genre], measure)
                interval_mark(
                    axes,
                    interval,
                    i + offset,
                    colour=COLOURS[j % len(COLOURS)],
                    sign=SHAPES[j % len(SHAPES)],
                    size=5.5,
                    hollow=rows[genre].experimental,
                )
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
    lines = [f"Lines: {100 * LEVEL:.0f} % interval over artists, none below {MIN_ARTISTS} artists of a genre."]
    if any(report.experimental for report in reports.values()):
        lines.append("* and hollow: experimental, too few clips to learn it from.")
    footnote(figure, lines)
    return figure


@in_style
def learning_curves_figure(curves: Mapping[str, Sequence[History]]) -> Figure:
    """Accuracy and loss by epoch, a row for each run, all of its folds in one axes; both parts of the data in each."""
    figure = Figure(figsize=(WIDTH_IN, 0.5 + 2.55 * len(curves)), layout="constrained")
    grid = figure.subplots(len(curves), 2, squeeze=False)
    for row, (name, histories) in zip(grid, curves.items(), strict=True):
        alpha = 1.0 if len(histories) == 1 else 0.65
        for axes, kind in zip(row, ("accuracy", "loss"), strict=True):
            for history in histories:
                epochs = [epoch.epoch for epoch in history.epochs]
                dot = "." if len(epochs) == 1 else None  # a line of one point would not be seen
                train = [getattr(epoch, f"train_{kind}") for epoch in history.epochs]
                stop = [getattr(epoch, f"stop_{kind}") for epoch in history.epochs]
                axes.plot(epochs, train, "--", marker=dot, color=GREY, linewidth=1.3, alpha=alpha)
                axes.plot(epochs, stop, "-", marker=dot, color=BLUE, linewidth=1.5, alpha=alpha)
                if (kept := history.kept) is not None:
                    level = getattr(kept, f"stop_{kind}")
                    axes.plot(kept.epoch, level, "o", color=ORANGE, markersize=5.5, zorder=4)
            last = max(history.epochs[-1].epoch for history in histories)
            axes.set(xlabel="epoch", xlim=(0.5, last + 0.5))  # both alike, also where a loss is not a number
            axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
            if kind == "accuracy":
                share_axis(axes, "y", "accuracy")
            else:
                axes.set_ylim(bottom=0.0)
                axes.set_ylabel("loss")
                axes.grid(visible=True, axis="y")
        folds = f", {len(histories)} folds" if len(histories) > 1 else ""
        row[0].set_title(f"{printable(name, width=40)}{folds}")
    signs = [
        Line2D([], [], color=GREY, linestyle="--", linewidth=1.3),
        Line2D([], [], color=BLUE, linewidth=1.5),
        Line2D([], [], color=ORANGE, marker="o", linestyle="", markersize=5.5),
    ]
    said = ["training windows", "validation set", "kept epoch"]
    figure.legend(signs, said, loc="outside lower center", ncols=3, frameon=False)
    return figure


@in_style
def costs_figure(costs: Mapping[str, tuple[float | None, float | None]]) -> Figure:
    """Minutes of a training and megabytes of its model by run; None where it is not known."""
    figure = Figure(figsize=(WIDTH_IN, 1.1 + 0.42 * len(costs)), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for k, (axes, title) in enumerate(zip(panels, ("training, minutes", "model, MB"), strict=True)):
        values = [cost[k] for cost in costs.values()]
        longest = max((value for value in values if value is not None), default=0.0) or 1.0
        for y, value in enumerate(values):
            if value is None:
                axes.text(0.01 * longest, y, "not known", va="center", color=GREY, fontsize=8)
                continue
            axes.barh(y, value, height=0.6, color=BLUE, alpha=0.25, edgecolor=BLUE, linewidth=0.8)
            axes.text(value + 0.015 * longest, y, f"{value:.3g}", va="center", fontsize=8)
        axes.set(title=title, xlim=(0, 1.18 * longest))
        axes.grid(visible=True, axis="x")
        axes.set_axisbelow(True)
        name_rows(axes, [printable(name, width=_NAME_WIDTH) for name in costs])
    return figure


def _signs(reports: Mapping[str, Report]) -> tuple[list[Line2D], list[str]]:
    """The legend: a sign for each run."""
    signs = [
        Line2D([], [], color=COLOURS[j % len(COLOURS)], marker=SHAPES[j % len(SHAPES)], linewidth=1.4, markersize=5.5)
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
