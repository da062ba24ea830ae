"""The inner loops of the descriptors, compiled by numba when first called. Import this inside functions only.

All of them take spectrograms with time first, (n_frames, n_bins), which is how librosa's lie in memory: bins of a frame
side by side. The compiled code is kept on disk where numba can (beside this file, or in the user's cache folder);
where it cannot, it is compiled anew in each process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Function = TypeVar("Function", bound=Callable[..., Any])

_LANES: Final = 64
"""Columns that are filtered together: 31 rows of 64 float32 stay in the first-level cache."""

_WIDTH: Final = 31
_HALF: Final = _WIDTH // 2
_TINY: Final = np.float32(np.finfo(np.float32).tiny)


def compiled(function: Function) -> Function:
    """Compile a function, and keep the code on disk if there is a place for it."""
    try:
        return cast(Function, numba.njit(cache=True)(function))
    except RuntimeError:  # "no locator available": neither this folder nor the user's cache can be written
        return cast(Function, numba.njit(function))


@compiled
def _mirrored(i: int, n: int) -> int:
    """The index that stands at place ``i`` when 0..n-1 is mirrored at its ends, the end itself repeated."""
    i %= 2 * n
    return i if i < n else 2 * n - 1 - i


@compiled
def _place(window: Float32, old: Float32, new: Float32, below: Float32) -> None:
    """Take ``old`` out of the sorted window of each column, and put ``new`` in, without a branch.

    What is at or above the old value moves down by one, which takes out just one of equal values; then each place has
    the middle one of the new value and its two neighbours. ``window`` is 31 rows of :data:`_LANES` in one row,
    ``below`` scratch. Values are read before they are chosen from, and all is contiguous: else LLVM finds no vectors.
    """
    below[:] = -np.inf
    for j in range(_WIDTH - 1):
        this, above = window[j * _LANES : (j + 1) * _LANES], window[(j + 1) * _LANES : (j + 2) * _LANES]
        for lane in range(_LANES):
            stays, comes_down, entering, lower = this[lane], above[lane], new[lane], below[lane]
            here = comes_down if stays >= old[lane] else stays
            low = lower if lower > entering else entering
            this[lane] = low if low < here else here
            below[lane] = here
    for lane in range(_LANES):
        entering, lower = new[lane], below[lane]
        window[(_WIDTH - 1) * _LANES + lane] = lower if lower > entering else entering


@compiled
def _median_down(rows: Float32, medians: Float32) -> None:
    """Running median of 31 down each column of ``rows (n, _LANES)``, mirrored at the ends, into ``medians``."""
    n = rows.shape[0]
    below, nothing = np.empty(_LANES, np.float32), np.full(_LANES, np.inf, np.float32)
    window = np.full(_WIDTH * _LANES, np.inf, np.float32)
    for at in range(-_HALF, _HALF + 1):
        _place(window, nothing, rows[_mirrored(at, n)], below)
    medians[0] = window[_HALF * _LANES : (_HALF + 1) * _LANES]
    for i in range(1, n):
        _place(window, rows[_mirrored(i - 1 - _HALF, n)], rows[_mirrored(i + _HALF, n)], below)
        medians[i] = window[_HALF * _LANES : (_HALF + 1) * _LANES]


def median_over_time(magnitude: Float32) -> Float32:
    """``scipy.ndimage.median_filter(magnitude, size=(31, 1), mode="reflect")``, exactly; of (n_frames, n_bins)."""
    n_frames, n_bins = magnitude.shape
    medians = np.empty((n_frames, n_bins), np.float32)
    rows, found = np.zeros((n_frames, _LANES), np.float32), np.empty((n_frames, _LANES), np.float32)
    for first in range(0, n_bins, _LANES):
        n = min(_LANES, n_bins - first)
        rows[:, :n] = magnitude[:, first : first + n]
        _median_down(rows, found)
        medians[:, first : first + n] = found[:, :n]
    return medians


def median_over_frequency(magnitude: Float32) -> Float32:
    """``scipy.ndimage.median_filter(magnitude, size=(1, 31), mode="reflect")``, exactly; of (n_frames, n_bins)."""
    n_frames, n_bins = magnitude.shape
    medians = np.empty((n_frames, n_bins), np.float32)
    rows, found = np.zeros((n_bins, _LANES), np.float32), np.empty((n_bins, _LANES), np.float32)
    for first in range(0, n_frames, _LANES):
        n = min(_LANES, n_frames - first)
        rows[:, :n] = magnitude[first : first + n].T
        _median_down(rows, found)
        medians[first : first + n] = found[:, :n].T
    return medians


@compiled
def keep_harmonic(spectrum: npt.NDArray[np.complex64], harmonic: Float32, percussive: Float32) -> None:
    """Multiply the spectrum (n_frames, n_bins) by the soft mask of power 2 of the two medians, in its place.

    The mask is that of ``librosa.util.softmask`` with ``split_zeros=True``.
    """
    n_frames, n_bins = spectrum.shape
    for t in range(n_frames):
        for k in range(n_bins):
            h, p = harmonic[t, k], percussive[t, k]
            most = h if h > p else p
            mask = np.float32(0.5)
            if most >= _TINY:
                h2, p2 = (h / most) * (h / most), (p / most) * (p / most)
                mask = h2 / (h2 + p2)
            spectrum[t, k] = spectrum[t, k] * mask


@compiled
def centroid_bandwidth_rolloff(
    magnitude: Float32, frequencies_hz: Float64, share: float
) -> tuple[Float64, Float64, Float64]:
    """Spectral centroid, bandwidth and roll-off of each frame, Hz, as librosa's with their defaults.

    Sums are taken in the precision that librosa takes them in: the roll-off's cumulative sum is float32, and which bin
    it names depends on that.
    """
    n_frames, n_bins = magnitude.shape
    centroid, bandwidth, rolloff = np.empty(n_frames), np.empty(n_frames), np.empty(n_frames)
    weights = np.empty(n_bins)
    running = np.empty(n_bins, np.float32)
    for t in range(n_frames):
        total = 0.0
        energy = np.float32(0.0)
        for k in range(n_bins):
            total += magnitude[t, k]
            energy += magnitude[t, k]
            running[k] = energy
        if total < _TINY:
            total = 1.0
        mean = 0.0
        for k in range(n_bins):
            weights[k] = np.float32(magnitude[t, k] / total)
            mean += weights[k] * frequencies_hz[k]
        spread = 0.0
        for k in range(n_bins):
            spread += weights[k] * (mean - frequencies_hz[k]) ** 2
        threshold = np.float32(np.float32(share) * energy)
        k = 0
        while running[k] < threshold:
            k += 1
        centroid[t], bandwidth[t], rolloff[t] = mean, np.sqrt(spread), frequencies_hz[k]
    return centroid, bandwidth, rolloff


@compiled
def peaks(power: Float32, bin_hz: float, first: int, end: int) -> tuple[Float32, Float32]:
    """Frequencies (Hz) and heights of the spectral peaks in bins ``first`` to ``end``, as ``librosa.piptrack`` finds
    them: local maxima above a tenth of the frame's largest value, placed by a parabola through three bins.
    """
    n_frames = power.shape[0]
    frequencies = np.empty(n_frames * (end - first), np.float32)
    heights = np.empty(n_frames * (end - first), np.float32)
    n = 0
    for t in range(n_frames):
        frame = power[t]
        least = np.float32(0.1) * frame.max()
        for k in range(first, end):
            here = frame[k]
            if not here > least:
                continue
            before = frame[k - 1] if frame[k - 1] > least else np.float32(0.0)
            after = frame[k + 1] if frame[k + 1] > least else np.float32(0.0)
            if not (here > before and here >= after):
                continue
            bend = frame[k + 1] + frame[k - 1] - np.float32(2.0) * here
            slope = (frame[k + 1] - frame[k - 1]) / np.float32(2.0)
            shift = np.float32(0.0) if abs(slope) >= abs(bend) else -slope / bend
            frequencies[n] = (k + shift) * bin_hz
            heights[n] = here + np.float32(0.5) * slope * shift
            n += 1
    return frequencies[:n].copy(), heights[:n].copy()
