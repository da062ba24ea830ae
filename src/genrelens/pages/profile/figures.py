"""The figures of a fingerprint, drawn with matplotlib: import this module inside functions only."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from genrelens.explanation.parts import hertz
from genrelens.pages import figure_style
from genrelens.pages.figure_style import BLUE, COLOURS, FAINT, GREY, INK, ORANGE, SHAPES, in_style, printable
from genrelens.pages.profile.words import label
from genrelens.profile.build import PLAIN, Fingerprint, MapFound
from genrelens.profile.fingerprint import GENRES, PARTS, BeatPrint
from genrelens.profile.heads import N_PHASES
from genrelens.profile.track import TEMPO

_FOR_AGAINST = LinearSegmentedColormap.from_list("for and against", [BLUE, "#FFFFFF", ORANGE])


@in_style
def bands_figure(found: Fingerprint) -> Figure:
    """Genres down, ranges of frequencies across: mean log-odds; grey numbers where the interval includes 0."""
    rows = found.genres
    values = np.array([[band.score.value for band in row.bands] for row in rows])
    most = max(float(np.abs(values).max()), 1e-9)
    figure = Figure(figsize=(9.6, 1.3 + 0.42 * len(rows)), layout="constrained")
    ax = figure.subplots()
    shown = ax.imshow(values, cmap=_FOR_AGAINST, vmin=-most, vmax=most, aspect="auto")
    for i, row in enumerate(rows):
        for j, band in enumerate(row.bands):
            ax.text(
                j,
                i,
                f"{band.score.value:+.1f}",
                ha="center",
                va="center",
                fontsize=8,
                color="white" if abs(band.score.value) >= 0.75 * most else INK if band.is_clear else GREY,
                fontweight="bold" if band.is_clear else "normal",
                fontstyle="normal" if band.is_clear else "italic",
            )
    bands = rows[0].bands
    ax.set_xticks(range(len(bands)), [f"{_low(b.low_hz)}\nto {hertz(b.high_hz)}" for b in bands], fontsize=7.5)
    ax.set_yticks(range(len(rows)), [f"{printable(r.genre)} (n = {r.n_tracks}, {r.n_artists})" for r in rows])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    figure.colorbar(shown, ax=ax, label="for (+) or against (-), log-odds", pad=0.01)
    figure_style.footnote(
        figure,
        [
            "Bold: the 95 % interval over artists leaves out 0. Italics: it does not. n: tracks, artists; with "
            "fewer than 10 artists intervals are too narrow."
        ],
    )
    return figure


def _low(hz: float) -> str:
    return "0" if hz < 1 else hertz(hz)


@in_style
def differences_figure(found: Fingerprint) -> Figure:
    """Effect sizes of the descriptors that can be heard: filled where they survive the correction."""
    genres = [row.genre for row in found.genres]
    plain = [name for name in dict.fromkeys(row.descriptor for row in found.differences) if name in PLAIN]
    n = len(plain)
    figure = Figure(figsize=(9.6, 1.0 + 2 * (0.6 + 0.2 * len(genres))), layout="constrained")
    axes = figure.subplots(2, n, squeeze=False, sharey=True)
    by_key = {(row.what, row.genre, row.descriptor): row for row in found.differences}
    for line, (what, title) in enumerate(
        ((PARTS, "what counted against the rest of the track"), (GENRES, "the genre against the others"))
    ):
        sizes = [abs(row.size) for row in found.differences if row.what == what and row.descriptor in PLAIN]
        reach = 1.1 * max([size for size in sizes if math.isfinite(size)], default=1.0)
        for ax, name in zip(axes[line], plain, strict=True):
            if what == PARTS and name == TEMPO:
                ax.set_visible(False)
                continue
            for i, genre in enumerate(genres):
                row = by_key.get((what, genre, name))
                if row is None or not math.isfinite(row.size) or not math.isfinite(row.p):
                    ax.text(0, i, "too few", ha="center", va="center", fontsize=6, color=GREY)
                    continue
                colour = ORANGE if row.size > 0 else BLUE
                ax.plot([0, row.size], [i, i], color=colour if row.is_found else FAINT, linewidth=1.2)
                ax.plot(row.size, i, "o", markersize=4.5, color=colour, mfc=colour if row.is_found else "white")
            ax.axvline(0, color=GREY, linewidth=0.6)
            ax.set_xlim(-reach, reach)
            ax.set_title(label(name), fontsize=7.5, fontweight="normal")
            ax.tick_params(labelsize=7)
        axes[line][0].set_yticks(range(len(genres)), [printable(genre) for genre in genres])
        axes[line][0].set_ylim(len(genres) - 0.5, -0.5)
        axes[line][n // 2].set_xlabel(f"{title}, d", fontsize=9)
    figure_style.footnote(figure, ["Filled: survives the correction for all tests. Hollow: it does not."])
    return figure


@in_style
def map_figure(found: MapFound) -> Figure:
    """The t-SNE map twice: by genre, and by how vocal musicnn finds each track."""
    places, mapped = found.found.places, found.found.mapped
    figure = Figure(figsize=(9.6, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    for k, genre in enumerate(mapped.names):
        at = mapped.labels == k
        left.scatter(
            places[at, 0],
            places[at, 1],
            s=18,
            marker=SHAPES[k % len(SHAPES)],
            color=COLOURS[k % len(COLOURS)],
            label=printable(genre),
            linewidths=0,
        )
    figure.legend(frameon=False, fontsize=7.5, loc="outside lower left", handletextpad=0.1, ncols=10)
    left.set_title("by genre", fontsize=9)
    values = np.array(found.contrast)
    known = np.isfinite(values)
    reach = float(np.abs(values[known] - np.median(values[known])).max()) if known.any() else 1.0
    middle = float(np.median(values[known])) if known.any() else 0.0
    shown = right.scatter(
        places[known, 0],
        places[known, 1],
        s=18,
        c=values[known],
        cmap=_FOR_AGAINST,
        vmin=middle - reach,
        vmax=middle + reach,
        edgecolors=GREY,
        linewidths=0.3,
    )
    right.set_title("by voice: musicnn's vocal tags less its instrumental one", fontsize=9)
    figure.colorbar(shown, ax=right, label="log-odds", pad=0.01)
    for ax in (left, right):
        ax.set(xticks=[], yticks=[], xlabel="t-SNE axis 1")
    left.set_ylabel("t-SNE axis 2")
    return figure


@in_style
def beat_figure(found: BeatPrint) -> Figure:
    """Attention in each eighth of the beat."""
    figure = Figure(figsize=(5.2, 2.8), layout="constrained")
    ax = figure.subplots()
    at = np.arange(N_PHASES + 1) / N_PHASES
    phases = [*found.phases, found.phases[0]]
    values = np.array([phase.value for phase in phases])
    errors: Any = np.nan_to_num(np.array([[p.value - p.low for p in phases], [p.high - p.value for p in phases]]))
    ax.errorbar(at, values, yerr=errors, marker="o", color=BLUE, capsize=2, linewidth=1.2)
    ax.axhline(1.0, color=GREY, linewidth=0.7, linestyle="--")
    ax.set(xlabel="place in the beat (0 and 1: on it)", ylabel="attention received,\ntimes the even share")
    ax.grid(alpha=0.25)
    return figure


@in_style
def heads_figure(found: Fingerprint) -> Figure:
    """Layers down, heads across: how far, how sharply, and how unlike genres are."""
    n_layers, n_heads = max(row.layer for row in found.heads), max(row.head for row in found.heads)
    figure = Figure(figsize=(9.6, 1.2 + 0.5 * n_layers), layout="constrained")
    for ax, (name, title, form) in zip(
        figure.subplots(1, 3),
        (
            ("distance_s", "how far it looks, s", "{:.2f}"),
            ("entropy", "entropy, 0 sharp to 1 even", "{:.2f}"),
            ("spread", "spread between genres", "{:.3f}"),
        ),
        strict=True,
    ):
        table = np.full((n_layers, n_heads), np.nan)
        for row in found.heads:
            table[row.layer - 1, row.head - 1] = getattr(row, name)
        ax.imshow(table, cmap="Greys", aspect="auto", vmin=0, vmax=2 * max(np.nanmax(table), 1e-9))
        for row in found.heads:
            value = getattr(row, name)
            told = name == "spread" and row.q <= 0.05
            text = "-" if math.isnan(value) else form.format(value) + ("*" if told else "")
            ax.text(row.head - 1, row.layer - 1, text, ha="center", va="center", fontsize=7.5)
        ax.set_xticks(range(n_heads), [str(k + 1) for k in range(n_heads)])
        ax.set_yticks(range(n_layers), [str(k + 1) for k in range(n_layers)])
        ax.set(xlabel="head", ylabel="layer")
        ax.set_title(title, fontsize=9)
    figure_style.footnote(figure, ["*: genres differ more than chance lets them, corrected over heads."])
    return figure
