"""The heat strips of a piece: one row a genre, time to the right, drawn as one small SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from genrelens.pages.wording import clock

MAX_COLUMNS = 240
"""Windows of longer pieces are averaged in groups: more than this nobody could see."""
N_LEVELS = 10
ROW_HEIGHT = 18
VIEW_WIDTH = 1000
_TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)


@dataclass(frozen=True, slots=True)
class Column:
    """A stretch of a piece, s, and the probability of each genre in it; None where it is silent."""

    start_s: float
    end_s: float
    probabilities: Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class Strip:
    """An SVG, ``VIEW_WIDTH`` wide: where it is silent (x and width), and each shade's (1 to 10) path of cells."""

    height: int
    silences: Sequence[tuple[float, float]]
    paths: Sequence[tuple[int, str]]


def columns(windows: Sequence[Mapping[str, Any]], *, duration_s: float) -> list[Column]:
    """Stretches that do not overlap, from the windows of a prediction's JSON, which may.

    Each reaches half way to the centres of its neighbours; the first begins at 0, the last ends at the end.
    """
    groups = _grouped(windows)
    centres = [(start_s + end_s) / 2 for start_s, end_s, _ in groups]
    inner = [(a + b) / 2 for a, b in pairwise(centres)]
    edges = [0.0, *inner, duration_s]
    return [Column(edges[i], edges[i + 1], group[2]) for i, group in enumerate(groups)]


def runs(stretches: Sequence[Column]) -> list[tuple[float, float, str | None]]:
    """The likeliest genre over time, neighbours joined: (start, end, genre or None for silence), s."""
    joined: list[tuple[float, float, str | None]] = []
    for stretch in stretches:
        p = stretch.probabilities
        genre = max(p, key=lambda name: p[name]) if p else None
        if joined and joined[-1][2] == genre:
            joined[-1] = (joined[-1][0], stretch.end_s, genre)
        else:
            joined.append((stretch.start_s, stretch.end_s, genre))
    return joined


def strip(stretches: Sequence[Column], *, genres: Sequence[str], duration_s: float) -> Strip:
    """The strips of some genres, one below the other."""
    height = ROW_HEIGHT * len(genres)
    scale = VIEW_WIDTH / duration_s
    paths: dict[int, list[str]] = {}
    for row, genre in enumerate(genres):
        top = row * ROW_HEIGHT + 1
        for start_s, end_s, level in _level_runs(stretches, genre):
            x, right = round(start_s * scale, 1), round(end_s * scale, 1)
            cell = f"M{x:g} {top}h{right - x:.4g}v{ROW_HEIGHT - 2}H{x:g}z"
            paths.setdefault(level, []).append(cell)
    return Strip(
        height,
        [
            (start_s * scale, (end_s - start_s) * scale)
            for start_s, end_s, leader in runs(stretches)
            if leader is None
        ],
        [(level, "".join(cells)) for level, cells in sorted(paths.items())],
    )


def ticks(duration_s: float) -> list[tuple[float, str]]:
    """Marks of a time axis on round times: (position in percent, m:ss), at most eight."""
    step = next((step for step in _TICK_STEPS_S if duration_s / step <= 7), _TICK_STEPS_S[-1])
    marks = [(100 * at / duration_s, clock(at)) for at in range(0, int(duration_s) + 1, step)]
    return [mark for mark in marks if not 95 <= mark[0] < 99.5]  # too close to the end to be read


def _level_runs(stretches: Sequence[Column], genre: str) -> list[tuple[float, float, int]]:
    """Neighbouring stretches of one shade joined; shade 0, under 5 %, is left out."""
    found: list[tuple[float, float, int]] = []
    for stretch in stretches:
        p = 0.0 if stretch.probabilities is None else stretch.probabilities.get(genre, 0.0)
        level = round(p * N_LEVELS)
        if found and found[-1][2] == level:
            found[-1] = (found[-1][0], stretch.end_s, level)
        else:
            found.append((stretch.start_s, stretch.end_s, level))
    return [run for run in found if run[2] > 0]


def _grouped(windows: Sequence[Mapping[str, Any]]) -> list[tuple[float, float, Mapping[str, float] | None]]:
    size = max(1, -(-len(windows) // MAX_COLUMNS))
    groups: list[tuple[float, float, Mapping[str, float] | None]] = []
    for first in range(0, len(windows), size):
        group = windows[first : first + size]
        heard = [window["probabilities"] for window in group if window["probabilities"]]
        mean = {name: sum(p[name] for p in heard) / len(heard) for name in heard[0]} if heard else None
        groups.append((float(group[0]["start_s"]), float(group[-1]["end_s"]), mean))
    return groups
