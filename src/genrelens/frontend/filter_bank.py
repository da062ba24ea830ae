"""The filter banks over a power spectrum: triangles on a mel scale, and constant-Q filters.

Two formulas are in use. O'Shaughnessy (Speech Communication: Human and Machine, 1987), taken over by HTK:
mel = 2595 log10(1 + f / 700). Slaney (Auditory Toolbox, 1998), librosa's default: linear up to 1 kHz with
200/3 Hz a mel, then logarithmic with 27 mels for a factor of 6.4.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

_HZ_PER_MEL = 200 / 3
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _HZ_PER_MEL
_LOG_STEP = float(np.log(6.4)) / 27


def hz_to_mel(hz: float, *, htk: bool) -> float:
    """Mel of a frequency in Hz."""
    if htk:
        return float(2595 * np.log10(1 + hz / 700))
    if hz < _BREAK_HZ:
        return hz / _HZ_PER_MEL
    return _BREAK_MEL + float(np.log(hz / _BREAK_HZ)) / _LOG_STEP


def mel_to_hz(mel: npt.NDArray[np.float64], *, htk: bool) -> npt.NDArray[np.float64]:
    """Frequencies in Hz of mels, any shape."""
    if htk:
        return 700 * (10 ** (mel / 2595) - 1)
    curve = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _BREAK_MEL) - _BREAK_MEL))
    return np.where(mel < _BREAK_MEL, mel * _HZ_PER_MEL, curve)


@lru_cache(maxsize=32)
def triangles(
    *, sample_rate: int, n_fft: int, n_mels: int, fmin_hz: float, fmax_hz: float, htk: bool
) -> npt.NDArray[np.float32]:
    """Triangles evenly spaced in mel, each of area 1 over Hz (the "slaney" norm).

    Returns:
        float32, shape (n_mels, 1 + n_fft // 2), in 1/Hz, read-only since it is shared. Band ``m`` rises from
        corner ``m`` to corner ``m + 1`` and falls to corner ``m + 2``, of ``n_mels + 2`` corners between
        ``fmin_hz`` and ``fmax_hz``.
    """
    bins_hz = np.arange(1 + n_fft // 2) * (sample_rate / n_fft)
    corners_mel = np.linspace(hz_to_mel(fmin_hz, htk=htk), hz_to_mel(fmax_hz, htk=htk), n_mels + 2)
    corners_hz = mel_to_hz(corners_mel, htk=htk)
    low, centre, high = (corners_hz[i : i + n_mels, np.newaxis] for i in range(3))
    rise = (bins_hz - low) / (centre - low)
    fall = (high - bins_hz) / (high - centre)
    bank = (np.maximum(0, np.minimum(rise, fall)) * (2 / (high - low))).astype(np.float32)
    bank.setflags(write=False)
    return bank


def triangles_in_mel(
    *, sample_rate: int, n_fft: int, n_mels: int, fmin_hz: float, fmax_hz: float
) -> npt.NDArray[np.float64]:
    """Triangles of height 1 whose sides are straight lines over mel, not over Hz, as in Kaldi and in HTK.

    Returns:
        float64, shape (n_mels, 1 + n_fft // 2), read-only, on HTK's scale; corners as in :func:`triangles`.
    """
    bins_mel = np.array([hz_to_mel(hz, htk=True) for hz in np.arange(1 + n_fft // 2) * sample_rate / n_fft])
    corners = np.linspace(hz_to_mel(fmin_hz, htk=True), hz_to_mel(fmax_hz, htk=True), n_mels + 2)
    low, centre, high = (corners[i : i + n_mels, np.newaxis] for i in range(3))
    bank: npt.NDArray[np.float64] = np.maximum(
        0.0, np.minimum((bins_mel - low) / (centre - low), (high - bins_mel) / (high - centre))
    )
    bank.setflags(write=False)
    return bank


def triangle_edges(n_bands: int, *, fmin_hz: float, fmax_hz: float, htk: bool) -> npt.NDArray[np.float64]:
    """Edges ``(n_bands + 1,)`` of such triangles, Hz: they overlap, and cross half way between their peaks in mel."""
    peaks = np.linspace(hz_to_mel(fmin_hz, htk=htk), hz_to_mel(fmax_hz, htk=htk), n_bands + 2)
    between = (peaks[1:-2] + peaks[2:-1]) / 2
    return mel_to_hz(np.array([peaks[0], *between, peaks[-1]]), htk=htk)


@lru_cache(maxsize=32)
def constant_q(
    *, sample_rate: int, n_fft: int, n_bins: int, fmin_hz: float, bins_per_octave: int
) -> npt.NDArray[np.float32]:
    """Filters at equal steps of pitch, each as wide as its frequency asks for (Brown 1991, "Calculation of a constant Q
    spectral transform"), as ``librosa.pseudo_cqt`` lays them over the frames of one length.

    Filter k is the squared response of a tone of ``fmin_hz * 2 ** (k / bins_per_octave)`` Hz under a Hann window of Q
    periods: with x = Q (f / f_k - 1), (sin(pi x) / (pi x (1 - x^2)))^2 over its main lobe, -2 < x < 2.

    Returns:
        float32, shape (n_bins, 1 + n_fft // 2), in 1/Hz, each of area 1 over Hz, read-only since it is shared.
    """
    centres_hz = fmin_hz * 2.0 ** (np.arange(n_bins)[:, np.newaxis] / bins_per_octave)
    bins_hz = np.arange(1 + n_fft // 2) * (sample_rate / n_fft)
    x = constant_q_periods(bins_per_octave) * (bins_hz / centres_hz - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        response = np.sinc(x) / (1 - x**2)
    response[np.isclose(np.abs(x), 1)] = 0.5
    weights = np.where(np.abs(x) < 2, response**2, 0.0)
    area = weights.sum(axis=1, keepdims=True) * (sample_rate / n_fft)
    bank = (weights / np.where(area > 0, area, 1)).astype(np.float32)
    bank.setflags(write=False)
    return bank


def constant_q_periods(bins_per_octave: int) -> float:
    """Q, the periods in a filter's window: (r^2 + 1) / (r^2 - 1) for frequencies a factor r apart, as in librosa."""
    squared = float(4.0 ** (1 / bins_per_octave))
    return (squared + 1) / (squared - 1)


def empty_bands(bank: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
    """Numbers of the bands (rows) that gather nothing."""
    return np.flatnonzero(~bank.any(axis=1))
