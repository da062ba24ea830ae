"""Figures that stand on pages of reproductions alone; import this module inside functions only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from genrelens.explanation.methods.scoring import BOTH
from genrelens.explanation.parts import hertz
from genrelens.explanation.sound import front_end_of
from genrelens.metrics import Interval
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
    printable,
    put,
    share_axis,
)
from genrelens.pages.runs.report_figures import WIDE_IN
from genrelens.systems.attention.findings import called
from genrelens.systems.attention.judge import Judged
from genrelens.systems.attention.study import Clip, Studied, Verdict
from genrelens.systems.result import Line, Measured

RIVALS = ("random", "energy", BOTH)
"""What every map is drawn against; onsets are in the table beside the page."""
_MOST_SHOWN = 3.0  # times the even share: what is looked at more is drawn as this
_TICKS_HZ = (0, 500, 1000, 2000, 4000, 8000)
CALLED = {
    "attention": "most attended fifth",
    "rollout": "rollout's top fifth",
    "loudness": "loudest fifth",
    "random": "random fifth",
}
_OFFSETS = {"reported": -0.26, "protocol": 0.0, "honest": 0.26}


@in_style
def claims_figure(lines: Sequence[Line]) -> Figure:
    """Each figure as reported, by its protocol here and on the honest split, with what a constant answer gets."""
    figure = Figure(figsize=(WIDTH_IN, 1.5 + 0.85 * len(lines)), layout="constrained")
    axes = figure.subplots()
    for y, line in enumerate(lines):
        if not math.isnan(line.reported):
            axes.plot(line.reported, y + _OFFSETS["reported"], "x", color=INK, markersize=7, mew=1.8)
            put(axes, percent(line.reported), (line.reported, y + _OFFSETS["reported"]), (8, 0))
        for found, key, sign, colour in ((line.protocol, "protocol", "s", ORANGE), (line.honest, "honest", "o", BLUE)):
            if found is None:
                continue
            _point(axes, found, y + _OFFSETS[key], sign=sign, colour=colour)
    names = [f"{printable(line.name, width=40)}\n{printable(line.counted, width=40)}" for line in lines]
    name_rows(axes, names)
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
    footnote(figure, ["Lines: 95 % interval over artists. Reported figures are of all ten (FMA: eight) genres."])
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
        put(axes, percent(accuracy.value), (x, top), (0, 4))
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
    said = [f"mean of the first two ({percent(mean)})", "always the most frequent genre", "a genre drawn by lot"]
    figure.legend(signs, said, loc="outside upper left", ncols=3, frameon=False, fontsize=8.5)
    footnote(figure, ["Lines on the bars: 95 % interval over artists. Each bar answers tracks of its own split."])
    return figure


@in_style
def counts_figure(counts: Sequence[tuple[str, int]]) -> Figure:
    """S2's bars of tracks by genre."""
    figure = Figure(figsize=(WIDTH_IN, 3.2), layout="constrained")
    axes = figure.subplots()
    for x, (_, n) in enumerate(counts):
        axes.bar(x, n, width=0.7, color=BLUE, alpha=0.25, edgecolor=BLUE, linewidth=0.8)
        put(axes, f"{n:,}", (x, n), (0, 3))
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
    interval_mark(axes, accuracy, y, colour=colour, sign=sign)
    axes.plot(found.majority, y, "|", color=GREY, markersize=10, mew=1.6)
    right = accuracy.value if math.isnan(accuracy.high) else accuracy.high
    put(axes, percent(accuracy.value), (right, y), (8, 0), color=colour)


@in_style
def heads_figure(studied: Studied, clip: Clip) -> Figure:
    """One clip: its mel spectrogram, the mean over all heads and rollout over time, and each head over the picture."""
    n_layers, n_heads, n_frames = clip.heads.shape
    seconds = studied.seconds(clip)
    figure = Figure(figsize=(WIDE_IN, 2.9 + 1.45 * n_layers), layout="constrained")
    grid = figure.add_gridspec(n_layers + 2, n_heads, height_ratios=[1.5, 1.0, *[1.2] * n_layers])
    extent = (0.0, seconds, 0.0, float(clip.mel_db.shape[1]))
    mel = figure.add_subplot(grid[0, :])
    mel.imshow(clip.mel_db.T, origin="lower", aspect="auto", cmap="magma", vmin=-80.0, vmax=0.0, extent=extent)
    mel.set_yticks(*_hz_ticks(studied, clip.mel_db.shape[1]))
    mel.set_title(
        f"{printable(clip.track.id)}, called {printable(clip.called)} with {100 * clip.probability:.0f} % by "
        f"{printable(studied.name)}"
    )
    mel.tick_params(labelbottom=False)
    lines = figure.add_subplot(grid[1, :], sharex=mel)
    times = (np.arange(n_frames) + 0.5) * seconds / n_frames
    lines.axhline(1.0, color=GREY, linestyle=":", linewidth=1.0)
    lines.plot(times, clip.maps["attention"], color=BLUE, linewidth=0.9, label="mean of all heads")
    lines.plot(times, clip.maps["rollout"], color=ORANGE, linewidth=0.9, label="rollout")
    lines.set_ylabel("times even")
    most = max(float(clip.maps[name].max()) for name in ("attention", "rollout"))
    lines.set_ylim(0.0, 1.35 * most)  # room for the legend
    lines.set_xlabel("s")
    lines.legend(loc="upper right", ncols=2, frameon=False, fontsize=8)
    shades = None
    for layer in range(n_layers):
        for head in range(n_heads):
            axes = figure.add_subplot(grid[2 + layer, head])
            axes.imshow(clip.mel_db.T, origin="lower", aspect="auto", cmap="Greys", vmin=-80.0, vmax=0.0, extent=extent)
            shown = np.clip(clip.heads[layer, head], 0.0, _MOST_SHOWN)[None, :]
            shades = axes.imshow(
                shown, origin="lower", aspect="auto", cmap="viridis", vmin=0.0, vmax=_MOST_SHOWN, alpha=0.65,
                extent=extent,
            )  # fmt: skip
            axes.set_title(f"layer {layer + 1}, head {head + 1}", fontsize=8.5, fontweight="normal")
            axes.set_yticks([])
            axes.tick_params(labelbottom=layer == n_layers - 1)
            if layer == n_layers - 1:
                axes.set_xlabel("s", fontsize=8)
    if shades is not None:
        bar = figure.colorbar(shades, ax=figure.axes[2:], fraction=0.02, pad=0.01)
        bar.set_label(f"times the even share (to {_MOST_SHOWN:.0f})", fontsize=8)
    return figure


@in_style
def genres_figure(
    studied: Studied,
    over_time: Mapping[str, NDArray[np.float64]],
    spectra: Mapping[str, NDArray[np.float64]],
    counts: Mapping[str, tuple[int, int]],
) -> Figure:
    """Average attention over a clip's time by genre, and how the attended frames differ from all in each band.

    ``counts``: clips and artists of each genre.
    """
    names, seconds = list(over_time), min(map(studied.seconds, studied.clips))
    figure = Figure(figsize=(WIDE_IN, 2.1 + 0.3 * len(names)), layout="constrained")
    left, right = figure.subplots(1, 2)
    labels = [f"{printable(name)}  ({counts[name][0]}, {counts[name][1]})" for name in names]
    values = np.stack([over_time[name] for name in names])
    shown = left.imshow(
        values,
        aspect="auto",
        cmap="viridis",
        vmin=0.0,
        vmax=2.0,
        interpolation="nearest",
        extent=(0.0, seconds, len(names) - 0.5, -0.5),
    )
    left.set_yticks(range(len(names)), labels)
    left.set(xlabel="s into the clip", title="When: attention, second by second")
    figure.colorbar(shown, ax=left, fraction=0.04, label="times the even share (to 2)")
    levels = np.stack([spectra[name] for name in names])
    most = max(1.0, float(np.abs(levels).max()))
    shown = right.imshow(
        levels, aspect="auto", cmap="RdBu_r", vmin=-most, vmax=most,
        extent=(0.0, levels.shape[1], len(names) - 0.5, -0.5),
    )  # fmt: skip
    right.set_yticks(range(len(names)), [printable(name) for name in names])
    right.set_xticks(*_hz_ticks(studied, levels.shape[1]))
    right.set(xlabel="frequency (mel bands)", title="What: the most attended fifth against all frames")
    figure.colorbar(shown, ax=right, fraction=0.04, label="level less that of all frames, dB")
    footnote(
        figure,
        [
            f"{printable(studied.name)}, honest split. Means over clips of all layers and heads; in brackets clips, "
            "artists. Genres are of the clips, whatever the answer."
        ],
    )
    return figure


@in_style
def fifth_figure(found: Sequence[Verdict], *, network: str) -> Figure:
    """How much more of the answer's probability goes with a map's top fifth than with a random fifth, clip by clip."""
    rows = [one for one in found if one.name != "random"]
    random = next(one for one in found if one.name == "random")
    figure = Figure(figsize=(WIDTH_IN, 1.3 + 0.27 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for y, one in enumerate(rows):
        above, size = one.above_random, 4.0 if "head" in one.name else 6.0
        in_points = Interval(100 * above.value, 100 * above.low, 100 * above.high)
        interval_mark(axes, in_points, y, colour=ORANGE if one.name == "loudness" else BLUE, size=size)
    axes.axvline(0.0, color=INK, linewidth=0.8)
    name_rows(axes, [CALLED.get(one.name) or called(one.name) for one in rows])
    axes.set_title("Without the top fifth of each map")
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("points of 100 that the answer loses beyond what it loses without a random fifth")
    footnote(
        figure,
        [
            f"{printable(network)}, honest split; {random.n_clips} clips; lines: 95 % interval over {random.n_artists} "
            "artists of the paired differences.",
            f"A random fifth costs {100 * random.fall.value:.1f} points. Right of 0: taking out what the map ranks "
            "highest costs more than chance.",
        ],
    )
    return figure


@in_style
def judged_figure(judged: Judged, *, network: str) -> Figure:
    """Paired differences of areas: every map against chance, loudness and occlusion."""
    figure = Figure(figsize=(WIDE_IN, 1.9 + 0.5 * len(judged.asked.maps)), layout="constrained")
    panels = figure.subplots(1, len(RIVALS), sharey=True)
    for axes, other in zip(panels, RIVALS, strict=True):
        for y, name in enumerate(judged.asked.maps):
            if name == other:
                box = {"facecolor": "white", "edgecolor": "none", "pad": 2.0}
                put(axes, "itself", (0, y), (0, 0), fontsize=8, color=GREY, bbox=box)
                continue
            diff = judged.against(name, other)
            interval_mark(axes, diff.deletion, y - 0.16, colour=BLUE, size=5.0)
            interval_mark(axes, diff.insertion, y + 0.16, colour=ORANGE, sign="s", size=5.0)
        axes.axvline(0.0, color=INK, linewidth=0.8)
        axes.grid(visible=True, axis="x")
        axes.set_title(f"against {called(other)}", fontsize=9.5)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("better by, area")
    panels[0].set_yticks(range(len(judged.asked.maps)), [called(name) for name in judged.asked.maps])
    panels[0].set_ylim(len(judged.asked.maps) - 0.5, -0.6)
    signs = [
        Line2D([], [], color=BLUE, marker="o", linewidth=1.8, markersize=5),
        Line2D([], [], color=ORANGE, marker="s", linewidth=1.8, markersize=5),
    ]
    figure.legend(signs, ["deletion", "insertion"], loc="outside upper left", ncols=2, frameon=False, fontsize=8.5)
    footnote(
        figure,
        [
            f"{printable(network)}, honest split; {judged.n_clips} clips; lines: 95 % interval over "
            f"{judged.n_artists} artists of the paired differences.",
            "Right of 0 the map is truer than what it is set against; a map beats it where both lines lie there.",
        ],
    )
    return figure


def fifth(name: str) -> str:
    """What is taken out, for people."""
    return CALLED.get(name) or f"{called(name)}: its top fifth"


def _hz_ticks(studied: Studied, n_bands: int) -> tuple[list[float], list[str]]:
    """Places on an axis of bands for frequencies, and what to write there."""
    edges = front_end_of(studied.bundle).band_edges_hz
    if edges is None:  # the network's numbers are no frequencies
        return [0.0, float(n_bands)], ["low", "high"]
    inside = [hz for hz in _TICKS_HZ if edges[0] <= hz <= edges[-1]]
    return [float(np.interp(hz, edges, np.arange(n_bands + 1))) for hz in inside], [hertz(hz) for hz in inside]
