"""Figures that stand on pages of reproductions alone; import this module inside functions only."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

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
    printable,
    share_axis,
)
from genrelens.systems.result import Line, Measured

_OFFSETS = {"reported": -0.26, "protocol": 0.0, "honest": 0.26}


@in_style
def claims_figure(lines: Sequence[Line]) -> Figure:
    """Each figure as reported, by its protocol here and on the honest split, with what a constant answer gets."""
    figure = Figure(figsize=(WIDTH_IN, 1.5 + 0.85 * len(lines)), layout="constrained")
    axes = figure.subplots()
    for y, line in enumerate(lines):
        if not math.isnan(line.reported):
            axes.plot(line.reported, y + _OFFSETS["reported"], "x", color=INK, markersize=7, mew=1.8)
            _label(axes, line.reported, y + _OFFSETS["reported"], INK)
        for found, key, sign, colour in (
            (line.protocol, "protocol", "s", ORANGE),
            (line.honest, "honest", "o", BLUE),
        ):
            if found is None:
                continue
            _point(axes, found, y + _OFFSETS[key], sign=sign, colour=colour)
    names = [f"{printable(line.name, width=40)}\n{printable(line.counted, width=40)}" for line in lines]
    axes.set_yticks(range(len(lines)), names)
    axes.set_ylim(len(lines) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    share_axis(axes, "x", "accuracy")
    axes.grid(visible=False, axis="y")
    signs = [
        Line2D([], [], color=INK, marker="x", linestyle="", markersize=7, mew=1.8),
        Line2D([], [], color=ORANGE, marker="s", linewidth=1.6),
        Line2D([], [], color=BLUE, marker="o", linewidth=1.6),
        Line2D([], [], color=GREY, marker="|", linestyle="", markersize=10, mew=1.6),
    ]
    said = ["as they reported", "by their protocol, here", "honest split", "always the most frequent genre"]
    figure.legend(signs, said, loc="outside upper left", ncols=2, frameon=False, fontsize=8.5)
    footnote(
        figure, ["Lines: 95 % interval over artists. Reported figures are of all ten (FMA: eight) genres."]
    )
    return figure


@in_style
def comparison_figure(bars: Sequence[tuple[str, Interval, float]], *, uniform: float) -> Figure:
    """S1's two bars of accuracy with the dashed line at their mean, others beside them, and what it lacked: intervals,
    and chance on each bar."""
    figure = Figure(figsize=(WIDTH_IN, 3.6), layout="constrained")
    axes = figure.subplots()
    for x, (_, accuracy, majority) in enumerate(bars):
        axes.bar(x, accuracy.value, width=0.6, color=BLUE, alpha=0.25, edgecolor=BLUE, linewidth=0.8)
        if not math.isnan(accuracy.low):
            axes.plot([x, x], [accuracy.low, accuracy.high], color=BLUE, linewidth=1.8)
        axes.plot([x - 0.3, x + 0.3], [majority] * 2, color=ORANGE, linewidth=1.8)
        top = accuracy.value if math.isnan(accuracy.high) else max(accuracy.value, accuracy.high)
        axes.annotate(
            percent(accuracy.value), (x, top), (0, 4), textcoords="offset points", ha="center", fontsize=8.5
        )
    mean = (bars[0][1].value + bars[1][1].value) / 2
    axes.plot([-0.5, 1.5], [mean, mean], color=GREY, linestyle="--", linewidth=1.2)
    axes.axhline(uniform, color=ORANGE, linestyle=":", linewidth=1.4)
    axes.set_xticks(range(len(bars)), [printable(name, width=60).replace(", ", "\n") for name, _, _ in bars])
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.6, len(bars) - 0.4)
    share_axis(axes, "y", "accuracy")
    axes.grid(visible=False, axis="x")
    signs = [
        Line2D([], [], color=GREY, linestyle="--", linewidth=1.2),
        Line2D([], [], color=ORANGE, linewidth=1.8),
        Line2D([], [], color=ORANGE, linestyle=":", linewidth=1.4),
    ]
    said = [
        f"mean of the first two ({percent(mean)})",
        "always the most frequent genre",
        "a genre drawn by lot",
    ]
    figure.legend(signs, said, loc="outside upper left", ncols=3, frameon=False, fontsize=8.5)
    footnote(
        figure, ["Lines on the bars: 95 % interval over artists. Each bar answers tracks of its own split."]
    )
    return figure


@in_style
def counts_figure(counts: Sequence[tuple[str, int]]) -> Figure:
    """S2's bars of tracks by genre."""
    figure = Figure(figsize=(WIDTH_IN, 3.2), layout="constrained")
    axes = figure.subplots()
    for x, (_, n) in enumerate(counts):
        axes.bar(x, n, width=0.7, color=BLUE, alpha=0.25, edgecolor=BLUE, linewidth=0.8)
        axes.annotate(f"{n:,}", (x, n), (0, 3), textcoords="offset points", ha="center", fontsize=8.5)
    axes.set_xticks(range(len(counts)), [printable(name) for name, _ in counts], rotation=20, ha="right")
    axes.set_xlabel("genre")
    axes.set_ylabel("count")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(y=0.12)
    return figure


def _point(axes: Axes, found: Measured, y: float, *, sign: str, colour: str) -> None:
    accuracy = found.accuracy
    if math.isnan(accuracy.value):
        return
    if not math.isnan(accuracy.low):
        axes.plot([accuracy.low, accuracy.high], [y, y], color=colour, linewidth=1.8)
    axes.plot(accuracy.value, y, sign, color=colour, markersize=6)
    axes.plot(found.majority, y, "|", color=GREY, markersize=10, mew=1.6)
    right = accuracy.value if math.isnan(accuracy.high) else accuracy.high
    _label(axes, right, y, colour, value=accuracy.value)


def _label(axes: Axes, x: float, y: float, colour: str, *, value: float | None = None) -> None:
    said = percent(x if value is None else value)
    axes.annotate(said, (x, y), (8, 0), textcoords="offset points", va="center", fontsize=8.5, color=colour)
