"""The reasons as sound: what counted, and the rest, which together are the track again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genrelens.explanation.explanation import Explanation

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

WINDOW_S = 0.046
"""Length of an STFT frame: half a beat of fast music is longer, and bass tones can still be told apart."""
FADE_S = 0.1
"""The mask's edges in time are this wide, so that nothing clicks."""
FADE_OCTAVES = 0.25
"""The mask's edges in frequency are this wide, so that nothing rings."""
WHOLE_AT = 0.8
"""Quantile of the scores above 0 from which on a cell passes whole."""
STEEPNESS = 2
"""Below that a cell passes by this power of its score: half the score is 12 dB less. In plain proportion, 6 dB, a track
that speaks for its genre nearly everywhere would be its own reason."""
LOUDEST = 0.999
_BLOCK_FRAMES = 256


@dataclass(frozen=True, slots=True, eq=False)
class Reasons:
    """``reasons + without`` is the track, times ``gain``; all ``(n,)`` float32, mono, none beyond full scale.

    ``gain`` is 1 unless a part would have been too loud for a file.
    """

    reasons: Float32
    without: Float32
    sample_rate: int
    gain: float


def reasons(samples: Float32, *, sample_rate: int, explanation: Explanation) -> Reasons:
    """What speaks for the class, cut out of the sound by a mask in time and frequency, and what is left.

    Args:
        samples: ``(n,)`` mono, the stretch that is explained, at any rate.
        sample_rate: Hz.
        explanation: its scores above 0 make the mask; what the model does not hear counts for nothing.
    """
    kept = masked(samples, sample_rate=sample_rate, explanation=explanation)
    rest = samples - kept
    peak = max(float(np.abs(sound).max(initial=0.0)) for sound in (samples, kept, rest))
    gain = LOUDEST / peak if peak > LOUDEST else 1.0
    return Reasons((kept * gain).astype(np.float32), (rest * gain).astype(np.float32), sample_rate, gain)


def masked(samples: Float32, *, sample_rate: int, explanation: Explanation) -> Float32:
    """The samples through the mask: STFT, times gains from 0 to 1, and back by overlap and add (Griffin & Lim 1984)."""
    n_fft = 2 ** round(np.log2(WINDOW_S * sample_rate))
    hop = n_fft // 4
    # The square root of Hann before and after: four overlapping frames add up to the same everywhere, namely 2.
    window = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)).astype(np.float32)
    padded = np.pad(samples, (n_fft, n_fft + hop))
    n_frames = 1 + (len(padded) - n_fft) // hop
    times_s = explanation.start_s + (np.arange(n_frames) * hop - n_fft / 2) / sample_rate
    gains = mask(explanation, times_s=times_s, bins_hz=np.arange(1 + n_fft // 2) * sample_rate / n_fft)
    out = np.zeros(len(padded), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
    for first in range(0, n_frames, _BLOCK_FRAMES):
        at = slice(first, min(first + _BLOCK_FRAMES, n_frames))
        spectrum = np.fft.rfft(frames[at] * window) * gains.rows(at)
        blocks = np.fft.irfft(spectrum, n_fft) * window
        for i, block in enumerate(blocks, start=first):
            out[i * hop : i * hop + n_fft] += block.astype(np.float32)
    return out[n_fft : n_fft + len(samples)] / np.float32(2)


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """Gains from 0 to 1 as a product, ``times @ cells @ bins``: ``times (t, k)`` and ``bins (l, f)`` say how much of
    each of the cells ``(k, l)`` is there."""

    times: Float64
    cells: Float64
    bins: Float64

    def rows(self, at: slice) -> Float32:
        """The gains of some frames ``(n, f)``."""
        return (self.times[at] @ self.cells @ self.bins).astype(np.float32)


def mask(explanation: Explanation, *, times_s: Float64, bins_hz: Float64, against: bool = False) -> Mask:
    """The gains at some times of the file and some frequencies: 0 where nothing speaks for the class, or ``against``.

    Without a map over time and frequency the segments make it, for all frequencies.
    """
    cells = explanation.cells
    if cells is None:
        edges_s = np.array([explanation.start_s, *(segment.end_s for segment in explanation.segments)])
        scores = np.array([[segment.score] for segment in explanation.segments])
        bins = np.ones((1, len(bins_hz)))
    else:
        edges_s, scores = cells.times_s, cells.scores
        bins = _shares(
            np.log2(np.maximum(bins_hz, 1.0)), np.log2(np.maximum(cells.edges_hz, 1.0)), width=FADE_OCTAVES
        ).T
    times = _shares(times_s, edges_s, width=FADE_S)
    return Mask(times, gains(scores, against=against), bins)


def gains(scores: Float64, *, against: bool = False) -> Float64:
    """From scores of any shape to 0 (nothing or less) to 1 (the :data:`WHOLE_AT` of what is above 0, and more).

    ``against``: of what is below 0, by the same measure, so that the two can be compared.
    """
    counted = scores[scores > 0]
    if not counted.size:
        if not against or not scores.any():
            return np.zeros_like(scores)
        counted = -scores[scores < 0]
    shares = np.clip((-scores if against else scores) / np.quantile(counted, WHOLE_AT), 0.0, 1.0)
    found: Float64 = shares**STEEPNESS
    return found


def _shares(at: Float64, edges: Float64, *, width: float) -> Float64:
    """How much of each cell between ``edges (n + 1,)`` is at each of the points ``(t,)``: ``(t, n)``, rows sum to at
    most 1. A cell's border is a ramp of ``width`` around its edge; the outermost borders are sharp."""
    ramps = np.clip((at[:, np.newaxis] - edges) / width + 0.5, 0.0, 1.0)
    ramps[:, 0] = at >= edges[0]
    ramps[:, -1] = at >= edges[-1]
    shares: Float64 = ramps[:, :-1] - ramps[:, 1:]
    return np.maximum(shares, 0.0)
