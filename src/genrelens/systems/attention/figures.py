"""Figures of the attention study; import this module inside functions only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from genrelens.bundle import Bundle
from genrelens.explanation.methods.scoring import BOTH
from genrelens.explanation.parts import hertz
from genrelens.explanation.sound import front_end_of
from genrelens.metrics import Interval
from genrelens.pages.figure_style import BLUE, GREY, INK, ORANGE, WIDTH_IN, footnote, in_style, printable
from genrelens.pages.runs.report_figures import WIDE_IN
from genrelens.systems.attention.findings import called
from genrelens.systems.attention.judge import Judged
from genrelens.systems.attention.study import Clip, Float64, Verdict

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


@in_style
def heads_figure(clip: Clip, *, network: str, seconds: float, bands_hz: Float64 | None) -> Figure:
    """One clip: its mel spectrogram, the mean over all heads and rollout over time, and each head over the picture."""
    n_layers, n_heads, n_frames = clip.heads.shape
    figure = Figure(figsize=(WIDE_IN, 2.9 + 1.45 * n_layers), layout="constrained")
    grid = figure.add_gridspec(n_layers + 2, n_heads, height_ratios=[1.5, 1.0, *[1.2] * n_layers])
    extent = (0.0, seconds, 0.0, float(clip.mel_db.shape[1]))
    mel = figure.add_subplot(grid[0, :])
    mel.imshow(
        clip.mel_db.T, origin="lower", aspect="auto", cmap="magma", vmin=-80.0, vmax=0.0, extent=extent
    )
    mel.set_yticks(*_hz_ticks(bands_hz, clip.mel_db.shape[1], _TICKS_HZ))
    mel.set_title(
        f"{printable(clip.track.id)}, called {printable(clip.called)} with {100 * clip.probability:.0f} % by "
        f"{printable(network)}"
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
            axes.imshow(
                clip.mel_db.T,
                origin="lower",
                aspect="auto",
                cmap="Greys",
                vmin=-80.0,
                vmax=0.0,
                extent=extent,
            )
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
    over_time: Mapping[str, Float64],
    spectra: Mapping[str, Float64],
    *,
    network: str,
    seconds: float,
    counts: Mapping[str, tuple[int, int]],
    bands_hz: Float64 | None,
) -> Figure:
    """Average attention over a clip's time by genre, and how the attended frames differ from all in each band.

    ``counts``: clips and artists of each genre.
    """
    names = list(over_time)
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
    right.set_xticks(*_hz_ticks(bands_hz, levels.shape[1], _TICKS_HZ))
    right.set(xlabel="frequency (mel bands)", title="What: the most attended fifth against all frames")
    figure.colorbar(shown, ax=right, fraction=0.04, label="level less that of all frames, dB")
    footnote(
        figure,
        [
            f"{printable(network)}, honest split. Means over clips of all layers and heads; in brackets clips, "
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
        head = "head" in one.name
        colour = ORANGE if one.name == "loudness" else BLUE
        _whisker(axes, one.above_random, y, colour=colour, sign="o", size=4.0 if head else 6.0, scale=100.0)
    axes.axvline(0.0, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(rows)), [CALLED.get(one.name) or called(one.name) for one in rows])
    axes.set_title("Without the top fifth of each map")
    axes.set_ylim(len(rows) - 0.5, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
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
    figure = Figure(figsize=(WIDE_IN, 1.9 + 0.5 * len(judged.maps)), layout="constrained")
    panels = figure.subplots(1, len(RIVALS), sharey=True)
    for axes, other in zip(panels, RIVALS, strict=True):
        for y, name in enumerate(judged.maps):
            if name == other:
                box = {"facecolor": "white", "edgecolor": "none", "pad": 2.0}
                axes.annotate("itself", (0, y), ha="center", va="center", fontsize=8, color=GREY, bbox=box)
                continue
            diff = judged.against(name, other)
            _whisker(axes, diff.deletion, y - 0.16, colour=BLUE, sign="o")
            _whisker(axes, diff.insertion, y + 0.16, colour=ORANGE, sign="s")
        axes.axvline(0.0, color=INK, linewidth=0.8)
        axes.grid(visible=True, axis="x")
        axes.set_title(f"against {called(other)}", fontsize=9.5)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("better by, area")
    panels[0].set_yticks(range(len(judged.maps)), [called(name) for name in judged.maps])
    panels[0].set_ylim(len(judged.maps) - 0.5, -0.6)
    signs = [
        Line2D([], [], color=BLUE, marker="o", linewidth=1.8, markersize=5),
        Line2D([], [], color=ORANGE, marker="s", linewidth=1.8, markersize=5),
    ]
    figure.legend(
        signs, ["deletion", "insertion"], loc="outside upper left", ncols=2, frameon=False, fontsize=8.5
    )
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


def bands_hz(bundle: Bundle) -> Float64 | None:
    """Edges of the mel bands in Hz ``(bands + 1,)``; None where the network's numbers are no frequencies."""
    return front_end_of(bundle).band_edges_hz


def _hz_ticks(
    bands_hz: Float64 | None, n_bands: int, marks: Sequence[float]
) -> tuple[list[float], list[str]]:
    """Places on an axis of bands for frequencies, and what to write there."""
    if bands_hz is None:
        return [0.0, float(n_bands)], ["low", "high"]
    inside = [hz for hz in marks if bands_hz[0] <= hz <= bands_hz[-1]]
    return [float(np.interp(hz, bands_hz, np.arange(n_bands + 1))) for hz in inside], [
        hertz(hz) for hz in inside
    ]


def _whisker(
    axes: Axes, found: Interval, y: float, *, colour: str, sign: str, size: float = 5.0, scale: float = 1.0
) -> None:
    if found.low == found.low:
        axes.plot([scale * found.low, scale * found.high], [y, y], color=colour, linewidth=1.8)
    axes.plot(scale * found.value, y, sign, color=colour, markersize=size)
