"""What the generators share: rate, filtered noise, decaying notes, events strewn over time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import signal

RATE = 22050
"""Samples a second of every sound here, as in GTZAN."""

Array = NDArray[np.float64]
Maker = Callable[[np.random.Generator, int], Array]
"""``maker(rng, n) -> (n,)`` samples of any level."""


def times(n: int) -> Array:
    """Seconds of ``n`` samples."""
    return np.arange(n) / RATE


def sloped_noise(rng: np.random.Generator, n: int, *, power_slope: float) -> Array:
    """Gaussian noise whose power goes as ``f ** -power_slope`` above 20 Hz: 0 white, 1 pink, 2 brown."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequency = np.maximum(np.fft.rfftfreq(n, 1 / RATE), 20.0)
    return np.fft.irfft(spectrum * frequency ** (-power_slope / 2), n)


def band(x: Array, low_hz: float | None, high_hz: float | None, *, order: int = 2) -> Array:
    """``x`` through a Butterworth filter; None leaves that side open."""
    if low_hz is None:
        edges, kind = high_hz, "lowpass"
    elif high_hz is None:
        edges, kind = low_hz, "highpass"
    else:
        edges, kind = (low_hz, high_hz), "bandpass"
    filtered: Array = signal.sosfilt(signal.butter(order, edges, kind, fs=RATE, output="sos"), x)
    return filtered


def slow_curve(rng: np.random.Generator, n: int, *, hz: float) -> Array:
    """A random curve of mean 0 and deviation 1 that has about ``hz`` turns a second: points joined by cosines."""
    n_points = max(4, int(n / RATE * hz * 2) + 3)
    points = rng.standard_normal(n_points)
    at = np.linspace(0, n_points - 1.001, n)
    left = at.astype(int)
    share = (1 - np.cos(np.pi * (at - left))) / 2
    return points[left] * (1 - share) + points[np.minimum(left + 1, n_points - 1)] * share


def tone(frequency_hz: Array | float, n: int) -> Array:
    """A sine whose frequency may change from sample to sample."""
    return np.sin(2 * np.pi * np.cumsum(np.broadcast_to(frequency_hz, n)) / RATE)


def decay(n: int, *, seconds: float, attack_s: float = 0.002) -> Array:
    """An envelope that rises within ``attack_s`` and falls to 1/e in ``seconds``."""
    t = times(n)
    return np.minimum(t / attack_s, 1.0) * np.exp(-t / seconds)


def put(out: Array, x: Array, at: int) -> None:
    """Add ``x`` to ``out`` from sample ``at`` on, cut at the end."""
    if at >= len(out):
        return
    end = min(len(out), at + len(x))
    out[at:end] += x[: end - at]


def poisson(rng: np.random.Generator, n: int, *, per_second: float) -> NDArray[np.int64]:
    """Samples at which independent events happen; at least one."""
    return np.sort(rng.integers(0, n, max(1, rng.poisson(n / RATE * per_second))))


def samples(seconds: float) -> int:
    """Samples of that many seconds, at least one."""
    return max(1, int(seconds * RATE))
