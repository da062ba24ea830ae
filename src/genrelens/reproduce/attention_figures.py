"""Figures of the attention study; import this module inside functions only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from genrelens.report.figure_style import BLUE, GREY, INK, ORANGE, WIDTH_IN, footnote, in_style, printable
from genrelens.report.run_figures import WIDE_IN
from genrelens.reproduce.attention_study import Clip, Float64, Verdict

_MOST_SHOWN = 3.0  # times the even share: what is looked at more is drawn as this
CALLED = {
    "attention": "most attended fifth",
    "rollout": "rollout's top fifth",
    "loudness": "loudest fifth",
    "random": "random fifth",
}


@in_style
def heads_figure(clip: Clip, *, seconds: float, band_edges: tuple[str, str]) -> Figure:
    """One clip: its mel spectrogram, the mean over all heads and rollout over time, and each head over the picture."""
    n_layers, n_heads, n_frames = clip.heads.shape
    figure = Figure(figsize=(WIDE_IN, 2.9 + 1.45 * n_layers), layout="constrained")
    grid = figure.add_gridspec(n_layers + 2, n_heads, height_ratios=[1.5, 1.0, *[1.2] * n_layers])
    extent = (0.0, seconds, 0.0, float(clip.mel_db.shape[1]))
    mel = figure.add_subplot(grid[0, :])
    mel.imshow(
        clip.mel_db.T, origin="lower", aspect="auto", cmap="magma", vmin=-80.0, vmax=0.0, extent=extent
    )
    mel.set_yticks([0.0, extent[3]], band_edges)
    mel.set_title(
        f"{printable(clip.track.id)}, called {printable(clip.called)} with {100 * clip.probability:.0f} %"
    )
    mel.tick_params(labelbottom=False)
    lines = figure.add_subplot(grid[1, :], sharex=mel)
    times = (np.arange(n_frames) + 0.5) * seconds / n_frames
    lines.axhline(1.0, color=GREY, linestyle=":", linewidth=1.0)
    lines.plot(times, clip.maps["attention"], color=BLUE, linewidth=0.9, label="mean of all heads")
    lines.plot(times, clip.maps["rollout"], color=ORANGE, linewidth=0.9, label="rollout")
    lines.set_ylabel("times even")
    lines.set_ylim(bottom=0.0)
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
    if shades is not None:
        bar = figure.colorbar(shades, ax=figure.axes[2:], fraction=0.02, pad=0.01)
        bar.set_label(f"times the even share (to {_MOST_SHOWN:.0f})", fontsize=8)
    return figure


@in_style
def genres_figure(
    over_time: Mapping[str, Float64],
    spectra: Mapping[str, Float64],
    *,
    seconds: float,
    n_clips: Mapping[str, int],
) -> Figure:
    """Average attention over a clip's time by genre, and how the attended frames differ from all in each band."""
    names = list(over_time)
    figure = Figure(figsize=(WIDE_IN, 1.9 + 0.3 * len(names)), layout="constrained")
    left, right = figure.subplots(1, 2)
    labels = [f"{printable(name)}  ({n_clips[name]})" for name in names]
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
    figure.colorbar(shown, ax=left, fraction=0.04, label="times the even share")
    levels = np.stack([spectra[name] for name in names])
    most = max(1.0, float(np.abs(levels).max()))
    shown = right.imshow(
        levels, aspect="auto", cmap="RdBu_r", vmin=-most, vmax=most,
        extent=(0.0, levels.shape[1], len(names) - 0.5, -0.5),
    )  # fmt: skip
    right.set_yticks(range(len(names)), [""] * len(names))
    right.set(xlabel="mel band, low to high", title="What: attended frames against all")
    figure.colorbar(shown, ax=right, fraction=0.04, label="dB")
    footnote(
        figure, ["Means over clips (in brackets), over all layers and heads; right: the most attended fifth."]
    )
    return figure


@in_style
def verdict_figure(found: Sequence[Verdict]) -> Figure:
    """How far the answer's probability falls without each kind of fifth."""
    figure = Figure(figsize=(WIDTH_IN, 1.2 + 0.42 * len(found)), layout="constrained")
    axes = figure.subplots()
    for y, verdict in enumerate(found):
        colour = GREY if verdict.name == "random" else ORANGE if verdict.name == "loudness" else BLUE
        fall = verdict.fall
        if fall.low == fall.low:
            axes.plot([fall.low, fall.high], [y, y], color=colour, linewidth=2.0)
        axes.plot(fall.value, y, "o", color=colour, markersize=6)
        axes.annotate(
            f"{100 * fall.value:.1f}", (fall.value, y), (0, 7), textcoords="offset points", ha="center",
            fontsize=8.5,
        )  # fmt: skip
    axes.axvline(0.0, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(found)), [CALLED[verdict.name] for verdict in found])
    axes.set_ylim(len(found) - 0.5, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_formatter(lambda x, _: f"{100 * x:.0f}")
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("fall of the answer's probability when it is taken out, points of 100")
    n = found[0]
    footnote(figure, [f"{n.n_clips} clips; lines: 95 % interval over {n.n_artists} artists."])
    return figure
