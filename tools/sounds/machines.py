"""Machines: mains hum and a pump for the choice; engine, fan, drill and clock held out."""

from __future__ import annotations

import numpy as np

from sounds.parts import RATE, Array, band, decay, put, samples, sloped_noise, slow_curve, times, tone


def mains_hum(rng: np.random.Generator, n: int) -> Array:
    """Harmonics of 50 or 60 Hz that stand still, with some hiss."""
    mains = rng.choice([50.0, 60.0]) * (1 + 0.002 * rng.standard_normal())
    out = np.zeros(n)
    for k in range(1, int(rng.integers(6, 40))):
        out += tone(mains * k, n) * rng.exponential() / k ** rng.uniform(0.5, 1.5)
    hiss = sloped_noise(rng, n, power_slope=rng.uniform(0, 1))
    return out + rng.uniform(0, 0.4) * out.std() * hiss / hiss.std()


def pump(rng: np.random.Generator, n: int) -> Array:
    """A stroke of noise and a knock 0.5 to 4 times a second, over a motor's hum."""
    out = 0.1 * tone(rng.uniform(90, 200), n) + 0.02 * rng.standard_normal(n)
    period = 1 / rng.uniform(0.5, 4)
    stroke_s = period * rng.uniform(0.3, 0.7)
    centre = rng.uniform(400, 2500)
    at = 0.0
    while at * RATE < n:
        length = samples(stroke_s)
        hiss = band(rng.standard_normal(length), centre / 2, centre * 2)
        put(out, hiss * np.sin(np.pi * np.arange(length) / length), int(at * RATE))
        put(out, 0.8 * tone(rng.uniform(80, 160), 3000) * decay(3000, seconds=0.03), int(at * RATE))
        at += period * (1 + 0.01 * rng.standard_normal())
    return out


def engine(rng: np.random.Generator, n: int) -> Array:
    """Cylinders that fire 12 to 90 times a second, unevenly, while the speed drifts; exhaust and valves around."""
    speed = np.exp(rng.uniform(np.log(12), np.log(90))) * np.exp(rng.uniform(0.02, 0.3) * slow_curve(rng, n, hz=0.2))
    phase = np.cumsum(speed) / RATE
    fires = np.flatnonzero(np.diff(np.floor(phase)) > 0)
    out = np.zeros(n)
    cylinders = rng.uniform(0.6, 1.3, int(rng.integers(1, 7)))
    shot = band(rng.standard_normal(1500) * decay(1500, seconds=0.012, attack_s=5e-4), 40, rng.uniform(400, 2500))
    for i, at in enumerate(fires):
        put(out, shot * cylinders[i % len(cylinders)] * (1 + 0.1 * rng.standard_normal()), int(at))
    rattle = band(rng.standard_normal(n), 1500, 6000) * (0.5 + 0.5 * np.sin(np.pi * phase) ** 8)
    return out / out.std() + rng.uniform(0.05, 0.3) * rattle


def fan(rng: np.random.Generator, n: int) -> Array:
    """Air through blades: shaped noise that beats with the blades, and their tone."""
    blades = rng.uniform(15, 140)
    air = band(sloped_noise(rng, n, power_slope=rng.uniform(0.5, 1.5)), 60, rng.uniform(1500, 7000))
    air *= 1 + rng.uniform(0.02, 0.3) * np.sin(2 * np.pi * blades / 4 * times(n))
    hum = sum((tone(blades * k, n) / k**1.5 for k in range(1, 6)), np.zeros(n))
    return air / air.std() + rng.uniform(0.05, 0.5) * hum


def drill(rng: np.random.Generator, n: int) -> Array:
    """A power drill that is pressed and let go: whine of gears that sags under load, with grinding."""
    load = np.zeros(n)
    at = 0
    while at < n:
        length = samples(rng.uniform(0.8, 4))
        ramp = np.minimum(1, np.minimum(np.arange(length), np.arange(length)[::-1]) / samples(0.25))
        put(load, ramp, at)
        at += length + samples(rng.uniform(0.2, 1.5))
    whine = rng.uniform(250, 700) * (0.2 + load) * (1 + 0.03 * slow_curve(rng, n, hz=3))
    gears = sum((tone(whine * k, n) * rng.uniform(0.2, 1) for k in (1, 2, 3, 5, 8)), np.zeros(n))
    return load * (
        gears + rng.uniform(0.3, 1.2) * band(rng.standard_normal(n), 800, 8000)
    ) + 1e-3 * rng.standard_normal(n)


def clock(rng: np.random.Generator, n: int) -> Array:
    """A clock that ticks, tick and tock apart, in a quiet room."""
    out = 0.003 * sloped_noise(rng, n, power_slope=0.5)
    period, second = rng.choice([0.2, 0.25, 0.5, 1.0]), rng.uniform(0.7, 1.0)
    rings = rng.uniform(1500, 6000, 4)
    length = samples(0.06)
    for i, at in enumerate(np.arange(rng.uniform(0, period), n / RATE, period)):
        pitch = second if i % 2 else 1.0
        tick = sum((tone(f * pitch, length) for f in rings), np.zeros(length)) * decay(
            length, seconds=0.008, attack_s=3e-4
        )
        put(out, tick + 0.5 * rng.standard_normal(length) * decay(length, seconds=0.003, attack_s=3e-4), int(at * RATE))
    return out
