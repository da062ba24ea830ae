"""Figures of how runs were trained: learning curves, time and size; import this module inside functions only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from genrelens.pages.figure_style import BLUE, GREY, ORANGE, WIDTH_IN, in_style, printable, share_axis
from genrelens.pages.runs.trainings import History

_NAME_WIDTH = 34  # characters of a run's name beside its bar


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
    said = ["training windows", "stopping tracks", "kept epoch"]
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
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    panels[0].set_yticks(range(len(costs)), [printable(name, width=_NAME_WIDTH) for name in costs])
    panels[0].set_ylim(len(costs) - 0.5, -0.5)
    return figure
