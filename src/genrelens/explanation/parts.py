"""How a stretch is cut into parts: segments of time, groups of bands, and cells of both; and ranges of Hz in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from genrelens.frontend.frames import FrameSettings

Edges = NDArray[np.int64]

SEGMENT_S = 1.0
"""Length of a segment of time; a stretch shorter than ``MIN_SEGMENTS`` of them is cut into that many."""
MIN_SEGMENTS = 10
SEGMENTS_PER_STEP = 2
"""Segments that make one step of the map over time and frequency."""
EDGES_HZ = (0, 150, 300, 500, 750, 1000, 1500, 2000, 3000, 4000, 6000, 8000, 12_000, 24_000)
"""Where the groups are cut: about half an octave each where music has most, and what people can name."""
COARSE_EDGES_HZ = (0, 150, 500, 1000, 2000, 4000, 24_000)
"""Band edges for the map over time and frequency, which has fewer bands so that it has fewer cells to score."""


@dataclass(frozen=True, slots=True)
class Part:
    """Frames ``[start, end)`` of bands ``[low, high)``; ``high`` None means up to the last band."""

    start: int
    end: int
    low: int = 0
    high: int | None = None


@dataclass(frozen=True, slots=True)
class BandGroup:
    """Neighbouring bands ``[first, after)`` of the front end, from ``low_hz`` to ``high_hz``."""

    first: int
    after: int
    low_hz: float
    high_hz: float


class Grid:
    """All parts of a stretch of ``n_frames`` frames.

    Attributes:
        edges: ``(n + 1,)`` frames at which the segments are cut.
        segments: n parts over all bands.
        groups: m groups of bands; none where the front end's numbers are no frequencies.
        bands: m parts over all time, one a group.
        step_edges, step_groups: of the map over time and frequency, coarser; no groups where it would have one only.
        cells: the map's parts, one a step and group, time first.
    """

    def __init__(self, n_frames: int, front_end: FrameSettings) -> None:
        self.frames_per_s = front_end.sample_rate / front_end.hop_length
        self.edges = segment_frames(n_frames, frames_per_s=self.frames_per_s)
        self.segments = time_parts(self.edges)
        self.groups = _several(band_groups(front_end))
        self.bands = [Part(0, n_frames, group.first, group.after) for group in self.groups]
        self.step_edges = np.append(self.edges[:-1:SEGMENTS_PER_STEP], self.edges[-1])
        self.step_groups = _several(band_groups(front_end, edges_hz=COARSE_EDGES_HZ))
        self.cells = cell_parts(self.step_edges, self.step_groups)


def segment_frames(n_frames: int, *, frames_per_s: float) -> Edges:
    """Edges ``(n + 1,)`` of equal segments over ``n_frames``, each of about :data:`SEGMENT_S`, one frame at least."""
    n = min(max(round(n_frames / frames_per_s / SEGMENT_S), MIN_SEGMENTS), n_frames)
    return np.round(np.linspace(0, n_frames, n + 1)).astype(np.int64)


def time_parts(edges: Edges) -> list[Part]:
    """One part a segment, over all bands."""
    return [Part(a, b) for a, b in pairwise(edges.tolist())]


def cell_parts(edges: Edges, groups: Sequence[BandGroup]) -> list[Part]:
    """One part a step of time and a group of bands, time first."""
    return [Part(a, b, group.first, group.after) for a, b in pairwise(edges.tolist()) for group in groups]


def band_groups(front_end: FrameSettings, *, edges_hz: tuple[int, ...] = EDGES_HZ) -> list[BandGroup]:
    """The bands in groups, cut as near to ``edges_hz`` as the bands allow; empty where they are no frequencies.

    Every band is in one group, every group holds a band.
    """
    edges = front_end.band_edges_hz
    if edges is None:
        return []
    nearest = [int(np.argmin(np.abs(edges - hz))) for hz in edges_hz if edges[0] < hz < edges[-1]]
    cuts = sorted({0, len(edges) - 1, *nearest})
    return [BandGroup(a, b, float(edges[a]), float(edges[b])) for a, b in pairwise(cuts)]


def _several(groups: list[BandGroup]) -> list[BandGroup]:
    return groups if len(groups) > 1 else []


_NAMES = (
    (60, "lowest bass"),
    (150, "bass"),
    (300, "upper bass"),
    (500, "low mids"),
    (2000, "mids"),
    (4000, "upper mids"),
    (8000, "treble"),
    (float("inf"), "highest treble"),
)
_HINTS = {
    "lowest bass": "felt more than heard",
    "bass": "where bass lines and kick drums lie",
    "upper bass": "the body of bass guitar, low voices and toms",
    "low mids": "the warmth of voices, guitars and piano",
    "mids": "where voices and most melodies lie",
    "upper mids": "bite of guitars and snare, clarity of speech",
    "treble": "consonants, cymbals and the edge of strings",
    "highest treble": "hi-hats, air and hiss",
}


def name_of(low_hz: float, high_hz: float) -> str:
    """What people call a range of frequencies, by its middle on a logarithmic scale."""
    middle = float(np.sqrt(max(low_hz, 40.0) * high_hz))
    return next(name for limit, name in _NAMES if middle < limit)


def hint_of(low_hz: float, high_hz: float) -> str:
    """What commonly lies there, for people who do not think in Hz."""
    return _HINTS[name_of(low_hz, high_hz)]


def in_words(low_hz: float, high_hz: float) -> str:
    """``bass below 150 Hz``, ``mids, 500 to 750 Hz``, ``treble, 4 to 6 kHz``."""
    name = name_of(low_hz, high_hz)
    if low_hz < 30:
        return f"{name} below {hertz(high_hz)}"
    low, high = hertz(low_hz), hertz(high_hz)
    if low.split()[1] == high.split()[1]:
        low = low.split()[0]
    return f"{name}, {low} to {high}"


def hertz(hz: float) -> str:
    """A frequency with two digits that count: ``150 Hz``, ``1.5 kHz``, ``12 kHz``."""
    if hz < 1000:
        digits = 0 if hz < 10 else 1 - int(np.floor(np.log10(hz)))
        rounded = round(hz, digits)
        if rounded < 1000:
            return f"{rounded:.0f} Hz"
    return f"{float(f'{hz / 1000:.2g}'):g} kHz"
