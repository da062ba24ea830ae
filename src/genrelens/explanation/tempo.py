"""How fast the beat is, from how regularly sounds begin: the autocorrelation of the onset strength, in NumPy alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genrelens.explanation.explanation import Tempo
from genrelens.frontend.mel import MelSettings, mel_power

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

SLOWEST_BPM, FASTEST_BPM = 40.0, 220.0
USUAL_BPM, SPREAD_OCTAVES = 120.0, 1.0
"""Of several periods that fit, the one nearest to where people tap: a normal weight over the octaves around 120
(Ellis 2007, "Beat tracking by dynamic programming", section 3.2)."""
MIN_CLARITY = 0.1
"""Below it no tempo is given; nor below :data:`CHANCE` standard deviations of the correlation of pure noise, which is
1 / sqrt(n) for n frames."""
CHANCE = 4.0
SHORTEST_S = 5.0
FRAMES_PER_S = 100


def tempo(samples: Float32, *, sample_rate: int) -> Tempo | None:
    """Tempo of mono samples ``(n,)``, or None where there are less than 5 s or no beat is clear.

    A beat and its half or double fit the same sound: by such a factor the answer may be off.
    """
    if len(samples) < SHORTEST_S * sample_rate:
        return None
    envelope = onset_strength(samples, sample_rate=sample_rate)
    rate = sample_rate / _hop(sample_rate)
    slow = _running_mean(envelope, n=round(rate))
    correlation = _autocorrelation(envelope - slow)
    if correlation is None:
        return None
    lags = np.arange(int(rate * 60 / FASTEST_BPM), int(np.ceil(rate * 60 / SLOWEST_BPM)) + 1)
    bpm = 60 * rate / lags
    usual = np.exp(-0.5 * (np.log2(bpm / USUAL_BPM) / SPREAD_OCTAVES) ** 2)
    best = int(lags[np.argmax(correlation[lags] * usual)])
    clarity = float(correlation[best])
    if clarity < max(MIN_CLARITY, CHANCE / np.sqrt(len(envelope))):
        return None
    return Tempo(bpm=60 * rate / _refined(correlation, best), clarity=min(clarity, 1.0))


def onset_strength(samples: Float32, *, sample_rate: int) -> Float64:
    """Onset strength in each hundredth of a second, ``(k,)``: rises of the logarithmic mel power, mean over bands."""
    settings = MelSettings(
        sample_rate=sample_rate,
        n_fft=2 ** round(np.log2(0.046 * sample_rate)),
        hop_length=_hop(sample_rate),
        n_mels=32,
        fmin_hz=0.0,
        fmax_hz=None,
        htk=False,
        top_db=None,
    )
    level = np.log10(1 + 1e4 * mel_power(samples, settings=settings).astype(np.float64))
    rises = np.maximum(np.diff(level, axis=0, prepend=level[:1]), 0.0)
    strength: Float64 = rises.mean(axis=1)
    return strength


def _hop(sample_rate: int) -> int:
    return round(sample_rate / FRAMES_PER_S)


def _running_mean(values: Float64, *, n: int) -> Float64:
    padded = np.pad(values, (n // 2, n - 1 - n // 2), mode="edge")
    total = np.concatenate([[0.0], np.cumsum(padded)])
    means: Float64 = (total[n:] - total[:-n]) / n
    return means


def _autocorrelation(values: Float64) -> Float64 | None:
    """Lag by lag ``(n,)``, 1 at lag 0; each lag by the pairs that it has. None for values without any change."""
    n = len(values)
    centred = values - values.mean()
    spectrum = np.fft.rfft(centred, 2 * n)
    sums = np.fft.irfft(np.abs(spectrum) ** 2)[:n]
    if sums[0] <= 1e-12:
        return None
    means = sums / np.arange(n, 0, -1)
    shares: Float64 = means / means[0]
    return shares


def _refined(correlation: Float64, lag: int) -> float:
    """The period in frames, finer than a frame: by the peaks at 2 and 4 periods, each with a parabola through it."""
    period = _peak(correlation, lag, reach=1)
    for times in (2, 4):
        if round(period * times) + 2 < len(correlation) // 2:
            period = _peak(correlation, round(period * times), reach=2) / times
    return period


def _peak(correlation: Float64, near: int, *, reach: int) -> float:
    at = near - reach + int(np.argmax(correlation[near - reach : near + reach + 1]))
    before, here, after = correlation[at - 1 : at + 2]
    bend = before - 2 * here + after
    return at + (0.5 * (before - after) / bend if bend < 0 else 0.0)
