"""Noise: plain spectra for the choice; shaped, modulated and natural ones held out."""

from __future__ import annotations

import numpy as np

from sounds.parts import RATE, Array, band, decay, poisson, put, samples, sloped_noise, slow_curve, times, tone


def white(rng: np.random.Generator, n: int) -> Array:
    return sloped_noise(rng, n, power_slope=0.0)


def pink(rng: np.random.Generator, n: int) -> Array:
    return sloped_noise(rng, n, power_slope=1.0)


def brown(rng: np.random.Generator, n: int) -> Array:
    return sloped_noise(rng, n, power_slope=2.0)


def band_limited(rng: np.random.Generator, n: int) -> Array:
    centre = np.exp(rng.uniform(np.log(150), np.log(5000)))
    width = rng.uniform(1.2, 3.0)
    return band(rng.standard_normal(n), centre / width, min(centre * width, 0.45 * RATE), order=4)


def modulated(rng: np.random.Generator, n: int) -> Array:
    """Noise whose level goes up and down 0.5 to 12 times a second, softly or in steps."""
    rate = np.exp(rng.uniform(np.log(0.5), np.log(12)))
    wave = np.sin(2 * np.pi * rate * times(n))
    envelope = (wave > 0).astype(float) if rng.random() < 0.4 else (1 + rng.uniform(0.6, 1) * wave) / 2
    return sloped_noise(rng, n, power_slope=rng.uniform(0, 1.5)) * envelope


def crackle(rng: np.random.Generator, n: int) -> Array:
    """Electric crackle: short bursts of random size at random times over a little hiss."""
    out = 0.003 * rng.standard_normal(n)
    for at in poisson(rng, n, per_second=rng.uniform(8, 80)):
        length = samples(rng.uniform(0.001, 0.01))
        burst = rng.standard_normal(length) * decay(length, seconds=length / RATE / 4, attack_s=1e-4)
        put(out, burst * rng.pareto(2.0), int(at))
    return band(np.clip(out, -6, 6), rng.uniform(100, 600), None)


def wind(rng: np.random.Generator, n: int) -> Array:
    """Low rumble with gusts, and a whistle that follows them."""
    gust = np.exp(0.8 * slow_curve(rng, n, hz=0.3))
    rumble = band(sloped_noise(rng, n, power_slope=1.5), 30, rng.uniform(300, 900))
    rumble /= rumble.std()
    whistle = tone(rng.uniform(400, 900) * np.exp(0.15 * np.log(gust)), n) * band(
        np.abs(rng.standard_normal(n)), None, 8
    )
    return rumble * gust + rng.uniform(0, 0.25) * whistle * gust**2


def sea(rng: np.random.Generator, n: int) -> Array:
    """Waves that come every 5 to 10 s: the brighter, the louder."""
    period = rng.uniform(5, 10)
    phase = times(n) / period + 0.15 * np.cumsum(slow_curve(rng, n, hz=0.2)) / RATE + rng.uniform()
    swell = ((1 + np.sin(2 * np.pi * phase)) / 2) ** 3
    dark, bright = band(white(rng, n), None, 500), band(white(rng, n), 500, 6000)
    return dark * (0.3 + swell) + rng.uniform(0.3, 0.8) * bright * swell**1.5


def vinyl(rng: np.random.Generator, n: int) -> Array:
    """The run-in groove of a record: hiss, rumble, ticks, and a scratch at every turn."""
    out = 0.05 * pink(rng, n) / pink(rng, n).std() + 0.05 * band(rng.standard_normal(n), 15, 60)
    for at in poisson(rng, n, per_second=rng.uniform(5, 25)):
        put(out, rng.standard_normal(20) * rng.exponential(0.4), int(at))
    for at in range(int(rng.integers(RATE)), n, int(RATE * 60 / 33.333)):
        put(out, rng.standard_normal(80) * rng.uniform(0.5, 1.5), at)
    return band(out, 20, 9000)
