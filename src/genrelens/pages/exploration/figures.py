"""Figures of a table of features by genre, drawn with matplotlib: import this module inside functions only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from genrelens.features.description import MEAN_SUFFIX, TEMPO, Described, GenreCount, strongest_pairs
from genrelens.metrics.description import box_statistics
from genrelens.pages.figure_style import BLUE, FAINT, GREY, INK, ORANGE, WIDTH_IN, footnote, in_style, printable, put

MIN_BOXED = 5
"""Fewer tracks than this are drawn as points: a box of two says more than is known."""

N_STRONGEST = 8
MIN_LISTED = 20
"""Fewer columns than this leave no room for a list above the diagonal."""

_N_COLUMNS = 3
MAX_STACK = 0.6
"""How far above its genre's line a stack of points may reach; the next genre is 1 away."""
POINT_IN = 2.3 / 72
"""Height of a point in a stack, inches."""


@in_style
def counts_figure(counts: Sequence[GenreCount]) -> Figure:
    """Bars of tracks and, where any are known, of artists of each genre, with the share of its largest artist."""
    has_artists = any(count.n_artists for count in counts)
    figure = Figure(figsize=(WIDTH_IN, 1.3 + 0.26 * len(counts)), layout="constrained")
    panels = figure.subplots(1, 1 + has_artists, sharey=True, squeeze=False)[0]
    for y, count in enumerate(counts):
        panels[0].barh(y, count.n_tracks, height=0.72, facecolor="none", edgecolor=BLUE, linewidth=0.8)
        panels[0].barh(y, count.n_with_sound, height=0.72, color=BLUE, alpha=0.35)
        _beside(panels[0], y, count.n_tracks, str(count.n_tracks))
    _genre_axis(panels[0], [printable(count.genre) for count in counts])
    panels[0].set(xlim=(0, 1.15 * max(count.n_tracks for count in counts)), title="tracks")
    lines = []
    if any(count.n_with_sound < count.n_tracks for count in counts):
        lines.append("Filled: tracks whose sound is here; outlined: all, of the others only features are known.")
    if has_artists:
        _draw_artists(panels[1], counts)
        lines.append("In brackets: how many of the tracks with a known artist are by the most frequent one.")
    if n_unknown := sum(count.n_unknown for count in counts):
        whose = "all" if n_unknown == sum(count.n_tracks for count in counts) else str(n_unknown)
        lines.append(f"The artist of {whose} of these tracks is not known.")
    for axes in panels:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
        axes.grid(visible=True, axis="x")
        axes.set_axisbelow(True)
    footnote(figure, lines)
    return figure


def _draw_artists(axes: Axes, counts: Sequence[GenreCount]) -> None:
    for y, count in enumerate(counts):
        axes.barh(y, count.n_artists, height=0.72, color=ORANGE, alpha=0.35, edgecolor=ORANGE, linewidth=0.8)
        known = count.n_tracks - count.n_unknown
        share = f"{count.n_artists}  (largest {100 * count.n_largest / known:.0f} %)" if known else "not known"
        _beside(axes, y, count.n_artists, share)
    axes.set(xlim=(0, 1.6 * max(count.n_artists for count in counts)), title="artists")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


@in_style
def correlation_figure(matrix: NDArray[np.float64], columns: Sequence[str], *, n_tracks: int) -> Figure:
    """The lower triangle of a correlation matrix; in the place of the upper one the strongest pairs in words."""
    n = len(columns)
    figure = Figure(figsize=(WIDTH_IN, max(3.0, 1.0 + 0.185 * n)), layout="constrained")
    axes = figure.subplots()
    shown = np.ma.masked_where(np.triu(np.ones((n, n), bool)) | ~np.isfinite(matrix), matrix)
    image = axes.imshow(shown, cmap="RdBu_r", vmin=-1.0, vmax=1.0)
    for i, j in zip(*np.tril_indices(n, k=-1), strict=True):
        if not np.isfinite(matrix[i, j]):
            axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor="none", edgecolor=GREY, hatch="////", lw=0))
    names = [printable(name.removesuffix(MEAN_SUFFIX)) for name in columns]
    axes.set_xticks(range(n - 1), names[:-1], rotation=90, fontsize=8)
    axes.set_yticks(range(1, n), names[1:], fontsize=8)
    axes.set(xlim=(-0.5, n - 1.5), ylim=(n - 0.5, 0.5))  # the first row and the last column are empty
    for k in range(1, n):  # a grid of lines only where there are cells
        axes.plot([-0.5, k - 0.5], [k + 0.5] * 2, color="white", linewidth=0.8)
        axes.plot([k - 0.5] * 2, [k - 0.5, n - 0.5], color="white", linewidth=0.8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(f"correlation of {n} features over {n_tracks} tracks")
    bar = figure.colorbar(image, ax=axes, fraction=0.03, aspect=32, pad=0.02, ticks=[-1, -0.5, 0, 0.5, 1])
    bar.set_label("Pearson's r")
    bar.ax.tick_params(length=0)
    bar.ax.spines[:].set_visible(False)
    if n >= MIN_LISTED:
        _list_strongest(axes, strongest_pairs(matrix, names, n=N_STRONGEST))
    if not np.isfinite(matrix[np.tril_indices(n, k=-1)]).all():
        footnote(figure, ["Hatched: no correlation, since a column is constant or has fewer than 3 numbers."])
    return figure


@in_style
def tempo_figure(described: Described) -> Figure:
    """The tempo of each genre: a point for each track, stacked where trackers give the same, over a box."""
    tempo = described.column(TEMPO)
    by_genre = [tempo[described.rows_of(genre)] for genre in described.names]
    by_genre = [values[np.isfinite(values)] for values in by_genre]
    highest = max(np.unique(values, return_counts=True)[1].max(initial=1) for values in by_genre)
    row_in = min(0.3 + highest * POINT_IN, 0.62)
    figure = Figure(figsize=(WIDTH_IN, 1.5 + row_in * len(by_genre)), layout="constrained")
    axes = figure.subplots()
    step = min(POINT_IN / row_in, MAX_STACK / max(1, highest - 1))
    for y, values in enumerate(by_genre):
        _box(axes, y + 0.22, values, height=0.18)
        xs, levels = _stacked(values)
        axes.plot(xs, y - step * levels, "o", color=INK, markersize=2.0, markeredgewidth=0, gid="tracks")
    _genre_axis(axes, _with_counts(described, TEMPO))
    axes.set_ylim(len(described.names) - 0.4, -0.75)
    axes.set_xlabel("tempo, beats a minute")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=9, integer=True))
    axes.grid(visible=True, axis="x")
    axes.set_axisbelow(True)
    axes.set_title(f"tempo of {int(np.isfinite(tempo).sum())} tracks by genre, one tempo a track")
    footnote(figure, [*_box_key(described), "A tracker of beats may hear half or twice the tempo that people tap."])
    return figure


@in_style
def features_figure(described: Described, columns: Sequence[str], *, eta: Mapping[str, float]) -> Figure:
    """Small boxes: one panel a feature, one box a genre, in the order in which the features tell genres apart."""
    n_rows = -(-len(columns) // _N_COLUMNS)
    height = 0.75 + 0.16 * len(described.names)
    figure = Figure(figsize=(WIDTH_IN, 0.6 + height * n_rows), layout="constrained")
    grid = figure.subplots(n_rows, _N_COLUMNS, sharey=True, squeeze=False)
    for k, axes in enumerate(grid.flat):
        if k >= len(columns):
            axes.set_visible(False)
            continue
        name = columns[k]
        values = described.column(name)
        for y, genre in enumerate(described.names):
            known = values[described.rows_of(genre)]
            known = known[np.isfinite(known)]
            _box(axes, y, known, height=0.66)
            box = box_statistics(known)
            points = known if len(known) < MIN_BOXED else known[(known < box.low) | (known > box.high)]
            axes.plot(points, np.full(len(points), y), "o", color=INK, markersize=1.6, alpha=0.5, markeredgewidth=0)
        _genre_axis(axes, [printable(genre) for genre in described.names])
        if k % _N_COLUMNS:
            axes.tick_params(axis="y", length=0, labelleft=False)
        axes.tick_params(axis="x", labelsize=7.5)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
        axes.ticklabel_format(axis="x", scilimits=(-3, 5), useMathText=True)
        axes.xaxis.get_offset_text().set_fontsize(7.5)
        axes.grid(visible=True, axis="x")
        axes.set_axisbelow(True)
        axes.set_title(printable(name), fontsize=8, weight="normal", pad=4)
        axes.set_title(f"\u03b7\u00b2 {eta[name]:.2f}", fontsize=8, weight="normal", loc="right", pad=4)
    why = "\u03b7\u00b2 (eta squared): share of a feature's variance that lies between genres."
    footnote(figure, [*_box_key(described, outliers=True), why])
    return figure


def _box(axes: Axes, y: float, values: NDArray[np.float64], *, height: float) -> None:
    """A box with whiskers on the line of a genre, from the same numbers as the table beside the figure."""
    if len(values) < MIN_BOXED:
        return
    box = box_statistics(values)
    for start, end in ((box.low, box.q1), (box.q3, box.high)):
        axes.plot([start, end], [y, y], color=BLUE, linewidth=1.0, solid_capstyle="butt", zorder=1.5)
    patch = Rectangle((box.q1, y - height / 2), box.q3 - box.q1, height, gid="box")
    patch.set(facecolor="#B8D6EA", edgecolor=BLUE, linewidth=0.8, zorder=1.6)
    axes.add_patch(patch)
    ends = [y - height / 2, y + height / 2]
    axes.plot([box.median] * 2, ends, color=ORANGE, linewidth=2.0, solid_capstyle="butt", zorder=1.7, gid="median")


def _box_key(described: Described, *, outliers: bool = False) -> list[str]:
    points = "points: tracks beyond them." if outliers else "points: tracks."
    lines = [
        f"Box: middle half of the tracks; line: median; whiskers: to the last track within 1.5 boxes of it; {points}"
    ]
    counts = Counter(described.labels.tolist())
    if any(n < MIN_BOXED for n in counts.values()):
        lines.append(f"Genres with fewer than {MIN_BOXED} tracks are drawn as points alone.")
    return lines


def _list_strongest(axes: Axes, pairs: Sequence[tuple[str, str, float]]) -> None:
    """The pairs in the free corner above the diagonal, their numbers one under the other."""
    lines = [f"{a}, {b}  {r:+.2f}".replace("-", "\N{MINUS SIGN}") for a, b, r in pairs]
    text = "\n".join(["strongest pairs", *lines])
    axes.text(1.0, 0.99, text, transform=axes.transAxes, ha="right", va="top", fontsize=8, linespacing=1.6)


def _stacked(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The values in order, and how many equal ones stand before each: trackers of tempo know some fifty values."""
    xs, counts = np.unique(values, return_counts=True)
    levels = [np.arange(count) for count in counts]
    return np.repeat(xs, counts), np.concatenate([np.zeros(0, np.int64), *levels])


def _with_counts(described: Described, column: str) -> list[str]:
    known = np.isfinite(described.column(column))
    sizes = [int(known[described.rows_of(genre)].sum()) for genre in described.names]
    return [f"{printable(genre)}  ({size})" for genre, size in zip(described.names, sizes, strict=True)]


def _genre_axis(axes: Axes, labels: Sequence[str]) -> None:
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_color(FAINT)


def _beside(axes: Axes, y: float, x: float, text: str) -> None:
    put(axes, text, (x, y), (3, 0), fontsize=8)
