"""Sounds from outdoors and rooms: rain, birds, dogs, typing for the choice; five others held out."""

from __future__ import annotations

import numpy as np

from sounds.parts import RATE, Array, band, decay, poisson, put, samples, sloped_noise, slow_curve, times, tone


def rain(rng: np.random.Generator, n: int) -> Array:
    """A wash of noise and thousands of drops."""
    out = band(rng.standard_normal(n), 400, rng.uniform(4000, 9000)) * rng.uniform(0.1, 0.6)
    for at in poisson(rng, n, per_second=rng.uniform(60, 400)):
        length = samples(rng.uniform(0.002, 0.012))
        put(
            out,
            rng.standard_normal(length) * decay(length, seconds=0.002, attack_s=2e-4) * rng.exponential(1.0),
            int(at),
        )
    return out


def birds(rng: np.random.Generator, n: int) -> Array:
    """A few birds with songs of their own, over a quiet outdoors."""
    out = 0.02 * sloped_noise(rng, n, power_slope=1.0)
    for _ in range(int(rng.integers(1, 5))):
        base, rate, sweep = rng.uniform(2000, 6000), rng.uniform(3, 14), rng.uniform(-0.4, 0.4)
        flutter, level = rng.uniform(0, 60), rng.uniform(0.2, 1)
        at = samples(rng.uniform(0, 3))
        while at < n:
            for _ in range(int(rng.integers(2, 12))):
                length = samples(rng.uniform(0.3, 0.9) / rate)
                t = np.linspace(0, 1, length)
                pitch = (
                    base
                    * np.exp(sweep * t + 0.05 * rng.standard_normal())
                    * (1 + 0.05 * np.sin(2 * np.pi * flutter * times(length)))
                )
                put(out, level * tone(pitch, length) * np.sin(np.pi * t), at)
                at += samples(1 / rate)
            at += samples(rng.uniform(0.4, 3))
    return out


def dogs(rng: np.random.Generator, n: int) -> Array:
    """Barks: short harsh calls with two resonances, in groups."""
    out = 0.01 * sloped_noise(rng, n, power_slope=1.0)
    pitch_hz, formants = rng.uniform(180, 600), rng.uniform(500, 2200, 2)
    at = samples(rng.uniform(0, 1))
    while at < n:
        for _ in range(int(rng.integers(1, 5))):
            length = samples(rng.uniform(0.12, 0.35))
            t = np.linspace(0, 1, length)
            pitch = pitch_hz * (0.8 + 0.5 * np.sin(np.pi * t)) * (1 + 0.03 * rng.standard_normal())
            voice = np.sign(tone(pitch, length)) + rng.uniform(0.3, 1.2) * rng.standard_normal(length)
            bark = sum((band(voice, f * 0.8, f * 1.25) for f in formants), np.zeros(length))
            put(out, bark * np.sin(np.pi * t) ** 0.5 * rng.uniform(0.6, 1), at)
            at += length + samples(rng.uniform(0.1, 0.4))
        at += samples(rng.uniform(0.3, 2.5))
    return out


def typing(rng: np.random.Generator, n: int) -> Array:
    """Keys struck and let go, in runs, on one keyboard."""
    out = 0.004 * sloped_noise(rng, n, power_slope=0.7)
    case, at = rng.uniform(300, 1500), 0.2
    while at * RATE < n:
        length = samples(0.04)
        click = rng.standard_normal(length) * decay(length, seconds=0.004, attack_s=3e-4)
        knock = tone(case * rng.uniform(0.8, 1.25), length) * decay(length, seconds=0.01)
        put(out, rng.uniform(0.5, 1) * (click + knock), int(at * RATE))
        put(out, 0.3 * click[::-1] * decay(length, seconds=0.006), int((at + rng.uniform(0.06, 0.12)) * RATE))
        at += rng.gamma(3, 0.05) if rng.random() < 0.93 else rng.uniform(0.5, 2)
    return out


def crickets(rng: np.random.Generator, n: int) -> Array:
    """High tones in trains of pulses, several insects at their own rates, at night."""
    out = 0.01 * sloped_noise(rng, n, power_slope=1.0)
    t = times(n)
    for _ in range(int(rng.integers(1, 6))):
        trill, chirps = rng.uniform(18, 60), rng.uniform(0.8, 4)
        pulses = np.maximum(0, np.sin(2 * np.pi * trill * t)) ** 2
        gate = (chirps * t + rng.uniform()) % 1 < rng.uniform(0.3, 0.8) if rng.random() < 0.7 else 1.0
        out += rng.uniform(0.2, 1) * tone(rng.uniform(2500, 6500), n) * pulses * gate
    return out


def thunder(rng: np.random.Generator, n: int) -> Array:
    """Claps that roll away, over rain or quiet."""
    out = rng.uniform(0.001, 0.02) * rng.standard_normal(n)
    at = samples(rng.uniform(0, 1.5))
    while at < n:
        length = samples(rng.uniform(4, 9))
        roll = band(rng.standard_normal(length), 20, rng.uniform(90, 350)) * np.exp(0.8 * slow_curve(rng, length, hz=3))
        put(out, 3 * roll / roll.std() * decay(length, seconds=rng.uniform(1, 3), attack_s=rng.uniform(0.01, 0.5)), at)
        if rng.random() < 0.6:
            crack = rng.standard_normal(samples(0.3)) * decay(samples(0.3), seconds=0.06)
            put(out, band(crack, 100, 6000) * 2, at)
        at += samples(rng.uniform(3, 8))
    return out


def footsteps(rng: np.random.Generator, n: int) -> Array:
    """Somebody walks or runs: heel and sole on gravel, wood or stone."""
    out = 0.005 * sloped_noise(rng, n, power_slope=1.0)
    rate, ground = rng.uniform(1.4, 3.0), rng.integers(3)
    at = 0.1
    while at * RATE < n:
        length = samples(0.22)
        heel = tone(rng.uniform(60, 140), length) * decay(length, seconds=0.03)
        if ground == 0:
            grains = band(rng.standard_normal(length), 1000, 7000) * (rng.random(length) < 0.08)
            sole = 3 * grains * np.sin(np.pi * np.linspace(0, 1, length))
        else:
            sole = band(rng.standard_normal(length), 200, 900 if ground == 1 else 5000) * decay(length, seconds=0.02)
        put(out, heel + sole * rng.uniform(0.4, 1), int(at * RATE))
        at += (1 + 0.04 * rng.standard_normal()) / rate
    return out


def drops(rng: np.random.Generator, n: int) -> Array:
    """Water that drips: bubbles whose pitch rises as they close (a decaying sine each), with an echo."""
    out = 0.002 * rng.standard_normal(n)
    for at in poisson(rng, n, per_second=np.exp(rng.uniform(np.log(0.8), np.log(25)))):
        length = samples(0.25)
        start = np.exp(rng.uniform(np.log(400), np.log(3000)))
        t = times(length)
        drop = tone(np.minimum(start * (1 + rng.uniform(0.5, 4) * t), 9000), length) * decay(
            length, seconds=rng.uniform(0.01, 0.05)
        )
        level = rng.uniform(0.2, 1)
        for echo, gain in ((0.0, 1.0), (0.07, 0.25), (0.16, 0.12)):
            put(out, level * gain * drop, int(at) + int(echo * RATE))
    return out


def applause(rng: np.random.Generator, n: int) -> Array:
    """Ten to some hundred people clap at their own rates, from near and far."""
    out = 0.01 * rng.standard_normal(n)
    for _ in range(int(np.exp(rng.uniform(np.log(10), np.log(150))))):
        rate, centre, level = rng.uniform(2.5, 5), rng.uniform(700, 2500), rng.pareto(2.5) + 0.1
        length = samples(0.03)
        clap = band(
            rng.standard_normal(length) * decay(length, seconds=0.006, attack_s=5e-4), centre / 1.6, centre * 1.6
        )
        at = rng.uniform(0, 1 / rate)
        while at * RATE < n:
            put(out, level * clap, int(at * RATE))
            at += (1 + 0.08 * rng.standard_normal()) / rate
    swell = np.exp(0.3 * slow_curve(rng, n, hz=0.3))
    return out * swell
