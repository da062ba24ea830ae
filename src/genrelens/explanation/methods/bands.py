"""Frequencies: which bands of a front end make a group, where it lies in Hz, and what people call it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from genrelens.frontend.filter_bank import hz_to_mel, mel_to_hz
from genrelens.frontend.frames import FrameSettings
from genrelens.frontend.mel import MelSettings
from genrelens.frontend.vggish import FMAX_HZ, FMIN_HZ, VggishSettings

EDGES_HZ = (0, 150, 300, 500, 750, 1000, 1500, 2000, 3000, 4000, 6000, 8000, 12_000, 24_000)
"""Where the groups are cut: about half an octave each where music has most, and what people can name."""
COARSE_EDGES_HZ = (0, 150, 500, 1000, 2000, 4000, 24_000)
"""Of the map over time and frequency together, whose cells have to be fewer."""

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


class BandGroup:
    """Neighbouring bands ``[first, after)`` of the front end, from ``low_hz`` to ``high_hz``."""

    __slots__ = ("after", "first", "high_hz", "low_hz")

    def __init__(self, first: int, after: int, low_hz: float, high_hz: float) -> None:
        self.first, self.after = first, after
        self.low_hz, self.high_hz = low_hz, high_hz


def band_edges_hz(front_end: FrameSettings) -> NDArray[np.float64] | None:
    """Edges of the bands, Hz, ``(n_bands + 1,)`` ascending; None for a front end whose numbers are no frequencies.

    Triangles overlap: between two of them the edge lies where they cross in mel, half way between their peaks.
    """
    if isinstance(front_end, MelSettings) and front_end.bins_per_octave is not None:
        halves = np.arange(front_end.n_bands + 1) - 0.5  # between two bins, half way in pitch
        return np.asarray(front_end.fmin_hz * 2.0 ** (halves / front_end.bins_per_octave))
    corners = _corners_hz(front_end)
    if corners is None:
        return None
    low_hz, high_hz, htk = corners
    lowest, highest = hz_to_mel(low_hz, htk=htk), hz_to_mel(high_hz, htk=htk)
    peaks = np.linspace(lowest, highest, front_end.n_bands + 2)
    between = (peaks[1:-2] + peaks[2:-1]) / 2
    return mel_to_hz(np.array([peaks[0], *between, peaks[-1]]), htk=htk)


def _corners_hz(front_end: FrameSettings) -> tuple[float, float, bool] | None:
    if isinstance(front_end, MelSettings):
        return front_end.fmin_hz, front_end.top_hz, front_end.htk
    if isinstance(front_end, VggishSettings):
        return FMIN_HZ, FMAX_HZ, True
    return None


def band_groups(front_end: FrameSettings, *, edges_hz: tuple[int, ...] = EDGES_HZ) -> list[BandGroup]:
    """The bands in groups, cut as near to ``edges_hz`` as the bands allow; empty where they are no frequencies.

    Every band is in one group, every group holds a band.
    """
    edges = band_edges_hz(front_end)
    if edges is None:
        return []
    nearest = [int(np.argmin(np.abs(edges - hz))) for hz in edges_hz if edges[0] < hz < edges[-1]]
    cuts = sorted({0, len(edges) - 1, *nearest})
    return [BandGroup(a, b, float(edges[a]), float(edges[b])) for a, b in pairwise(cuts)]


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
