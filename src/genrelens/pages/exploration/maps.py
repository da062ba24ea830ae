"""Maps of tracks and pictures of single ones, drawn with matplotlib: import this module inside functions only."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from genrelens.features.description import SEED, GenreMap
from genrelens.features.example import MEL, Example
from genrelens.frontend.filter_bank import hz_to_mel
from genrelens.pages.figure_style import (
    BLUE,
    COLOURS,
    FAINT,
    GREY,
    INK,
    SHAPES,
    WIDTH_IN,
    footnote,
    in_style,
    printable,
)
from genrelens.pages.wording import clock, whole_percent

_NOTE_WIDTH = 125  # characters of small print that fit across
_N_SMALL = 5
_TICKS_HZ = (250, 1000, 4000)


@in_style
def map_figure(found: GenreMap) -> Figure:
    """A t-SNE map with a sign and a colour for each genre, and below it each genre alone before all the others.

    Tracks that the model was not trained on are hollow where it was trained on some.
    """
    names, labels = found.mapped.names, found.mapped.labels
    n_rows = -(-len(names) // _N_SMALL)
    figure = Figure(figsize=(WIDTH_IN, 5.6 + 1.4 * n_rows), layout="constrained")
    grid = figure.add_gridspec(1 + n_rows, _N_SMALL, height_ratios=[4.4, *[1.25] * n_rows])
    large = figure.add_subplot(grid[0, :])
    for k, genre in enumerate(names):
        rows = labels == k
        _signs(large, found, rows, k=k, size=26.0, genre=genre)
        small = figure.add_subplot(grid[1 + k // _N_SMALL, k % _N_SMALL])
        small.scatter(found.places[~rows, 0], found.places[~rows, 1], s=2.0, color=FAINT, linewidths=0)
        _signs(small, found, rows, k=k, size=9.0, genre=genre)
        small.set_title(printable(genre, width=17), fontsize=8, pad=3)
    for axes in figure.axes:
        axes.set(xticks=[], yticks=[], xlim=_limits(found.places[:, 0]), ylim=_limits(found.places[:, 1]))
        axes.spines[:].set(visible=True, color=FAINT)
    large.set_title(f"t-SNE of {printable(found.what, width=60)}: {len(labels)} tracks")
    handles, said = large.get_legend_handles_labels()
    large.legend(handles, said, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, ncols=-(-len(names) // 25))
    notes = [line for note in map_notes(found) for line in textwrap.wrap(note, _NOTE_WIDTH)]
    footnote(figure, notes, warning=bool(found.seen.any()))
    return figure


def _signs(axes: Axes, found: GenreMap, rows: NDArray[np.bool_], *, k: int, size: float, genre: str) -> None:
    """The tracks of one genre, in its sign and colour."""
    colour, shape = COLOURS[k % len(COLOURS)], SHAPES[k % len(SHAPES)]
    some_unseen = found.seen.any() and not found.seen.all()
    hollow = rows & ~found.seen & some_unseen
    for chosen, what in ((hollow, "unseen"), (rows & ~hollow, "tracks")):
        is_hollow = what == "unseen"
        axes.scatter(
            found.places[chosen, 0],
            found.places[chosen, 1],
            s=1.6 * size if shape == "*" else size,  # a star of the same width has less ink
            marker=shape,
            linewidths=0.9 if is_hollow else 0.3,
            facecolors="none" if is_hollow else colour,
            edgecolors=colour if is_hollow else "white",
            label=None if is_hollow else printable(genre),
            gid=what,
        )


def _limits(places: NDArray[np.float64]) -> tuple[float, float]:
    margin = 0.04 * float(np.ptp(places)) or 1.0
    return float(places.min()) - margin, float(places.max()) + margin


def map_notes(found: GenreMap) -> list[str]:
    """What must be said below a map, line by line: what it shows, what it does not, and what the model has seen."""
    lines = [
        f"t-SNE (perplexity {found.perplexity:.0f}, seed {SEED}) keeps neighbours together. Distances between groups, "
        "their sizes and the axes mean nothing."
    ]
    said = [
        f"The nearest other track, by all the numbers and not on paper, is of the same genre for "
        f"{whole_percent(found.agreement)} of the tracks"
    ]
    if not math.isnan(found.agreement_elsewhere):
        said.append(f"for {whole_percent(found.agreement_elsewhere)} where only other artists count")
    said.append(f"for {whole_percent(found.chance)} by chance")
    lines.append(", ".join(said) + ".")
    n_seen, n = int(found.seen.sum()), len(found.seen)
    if n_seen == n:
        lines.append(
            "THE MODEL WAS TRAINED ON ALL OF THESE TRACKS and may keep them apart better than it would new music."
        )
    elif n_seen:
        lines.append(
            f"THE MODEL WAS TRAINED ON {n_seen} OF THESE {n} TRACKS and may keep those apart better than others. For "
            f"{whole_percent(found.agreement_unseen)} of the others, drawn hollow, the nearest is of the same genre."
        )
    return lines


@in_style
def examples_figure(examples: Mapping[str, Example]) -> Figure:
    """The wave and the mel spectrogram of one track a genre, all on one scale of time and loudness."""
    n = len(examples)
    figure = Figure(figsize=(WIDTH_IN, 0.9 + 0.82 * n), layout="constrained")
    grid = figure.subplots(n, 2, squeeze=False, sharex=True, width_ratios=(1.0, 1.35))
    longest = max(example.duration_s for example in examples.values())
    loudest = max(float(np.abs(example.outline).max()) for example in examples.values()) or 1.0
    image = None
    for (genre, example), (left, right) in zip(examples.items(), grid, strict=True):
        times = (np.arange(len(example.outline)) + 0.5) / len(example.outline) * example.duration_s
        left.fill_between(times, example.outline[:, 0], example.outline[:, 1], color=BLUE, linewidth=0.3)
        left.set(xlim=(0, longest), ylim=(-loudest, loudest), yticks=[])
        left.set_ylabel(printable(genre, width=22), rotation=0, ha="right", va="center", weight="bold")
        left.spines[:].set_visible(False)
        left.axhline(0.0, color=FAINT, linewidth=0.6, zorder=0)
        frame_s = MEL.hop_length / MEL.sample_rate
        extent = (-frame_s / 2, (len(example.mel_db) - 0.5) * frame_s, -0.5, MEL.n_mels - 0.5)
        image = right.imshow(
            example.mel_db.T, origin="lower", aspect="auto", cmap="magma", vmin=-80.0, vmax=0.0, extent=extent
        )
        _hz_axis(right)
        right.set_title(_whence(example), fontsize=7.5, weight="normal", color=GREY, loc="right", pad=2)
        for axes in (left, right):
            axes.tick_params(axis="x", length=0, labelsize=7.5)
    grid[0, 0].set_title("wave")
    grid[0, 1].set_title("mel spectrogram")
    for axes in grid[-1]:
        axes.set_xlabel("s", fontsize=8)
        axes.tick_params(axis="x", length=2)
    if image is not None:
        bar = figure.colorbar(image, ax=grid[:, 1].tolist(), fraction=0.03, aspect=40, pad=0.02, ticks=[-80, -40, 0])
        bar.set_label("dB below the excerpt's loudest cell", fontsize=8)
        bar.ax.tick_params(length=0, labelsize=7.5)
        bar.ax.spines[:].set_visible(False)
    return figure


def _whence(example: Example) -> str:
    name = printable(example.track.id, width=40)
    return name if example.start_s < 0.5 else f"{name}, from {clock(example.start_s)}"


def _hz_axis(axes: Axes) -> None:
    corners = MEL.n_mels + 1  # band m is centred on corner m + 1 of the filter bank
    top = hz_to_mel(MEL.sample_rate / 2, htk=MEL.htk)
    places = [hz_to_mel(hz, htk=MEL.htk) / top * corners - 1 for hz in _TICKS_HZ]
    axes.set_yticks(places, [f"{hz / 1000:g} kHz" for hz in _TICKS_HZ])
    axes.tick_params(axis="y", length=2, labelsize=7, colors=INK)
    axes.spines[:].set_visible(False)
