"""Music far from all ten genres, in bare timbres: bells, drone, random notes, gongs and blocks for the choice."""

from __future__ import annotations

import numpy as np
from scipy import signal

from sounds.parts import RATE, Array, band, decay, put, samples, slow_curve, times, tone


def bells(rng: np.random.Generator, n: int) -> Array:
    """Metallophones that interlock on a scale of five unequal steps: partials of bars, each pair a bit apart."""
    scale = 200 * rng.uniform(0.8, 1.25) * 2 ** (np.cumsum(rng.dirichlet(np.full(5, 8.0))) - 0.2)
    pulse_s, pattern = rng.uniform(0.12, 0.35), rng.integers(0, 5, 8)
    out = np.zeros(n)
    for i, at in enumerate(np.arange(0, n / RATE, pulse_s)):
        for layer, every in enumerate((8, 2, 1)):
            if i % every == 0:
                length = samples((2.5, 1.2, 0.6)[layer] * 2)
                pitch = scale[pattern[i % 8]] * 2**layer
                note = sum(
                    (
                        tone(min(pitch * ratio * detune, 10000), length)
                        * decay(length, seconds=length / RATE / ratio / 4)
                        for ratio in (1.0, 2.76, 5.4)
                        for detune in (1.0, 1.0 + 4 / pitch)
                    ),
                    np.zeros(length),
                )
                put(out, note * rng.uniform(0.5, 1), int(at * RATE))
    return out


def drone(rng: np.random.Generator, n: int) -> Array:
    """One held note with partials that come and go."""
    pitch = np.exp(rng.uniform(np.log(50), np.log(300)))
    partials = range(1, int(rng.integers(5, 25)))
    return sum(
        (
            tone(pitch * k * (1 + 0.001 * rng.standard_normal()), n) * np.exp(0.7 * slow_curve(rng, n, hz=0.3)) / k
            for k in partials
        ),
        np.zeros(n),
    )


def atonal(rng: np.random.Generator, n: int) -> Array:
    """Notes of any pitch at any time, of one plain timbre."""
    out = np.zeros(n)
    at, roughness = 0.0, rng.uniform(0.5, 2.5)
    while at * RATE < n:
        length = samples(rng.uniform(0.1, 2))
        pitch = np.exp(rng.uniform(np.log(80), np.log(3000)))
        note = sum((tone(pitch * k, length) / k**roughness for k in range(1, 6) if pitch * k < 10000), np.zeros(length))
        put(out, note * decay(length, seconds=length / RATE / 3, attack_s=0.01) * rng.uniform(0.2, 1), int(at * RATE))
        at += rng.exponential(0.3)
    return out


def gongs(rng: np.random.Generator, n: int) -> Array:
    """Gongs, metal sheets and wooden blocks struck without metre."""
    out = np.zeros(n)
    at = 0.0
    while at * RATE < n:
        if rng.random() < 0.4:
            length = samples(4)
            ratios = np.exp(rng.uniform(0, 3, 14))
            x = sum(
                (
                    tone(min(rng.uniform(70, 200) * r, 10000), length) * decay(length, seconds=2 / r**0.5)
                    for r in ratios
                ),
                np.zeros(length),
            )
            x = x / 8
        else:
            length = samples(0.3)
            x = tone(rng.uniform(300, 2000), length) * decay(length, seconds=0.03) + 0.3 * rng.standard_normal(
                length
            ) * decay(length, seconds=0.01)
        put(out, x * rng.uniform(0.3, 1), int(at * RATE))
        at += rng.exponential(0.8)
    return out


def bagpipe(rng: np.random.Generator, n: int) -> Array:
    """Reed drones and a chanter that plays a mode without rests, with grace notes."""
    tonic = rng.uniform(200, 260)
    mode = tonic * 2 ** (np.array(rng.choice([(0, 2, 4, 5, 7, 9, 10, 12), (0, 2, 3, 5, 7, 9, 10, 12)])) / 12)
    pitch = np.zeros(n)
    at, step = 0, 0
    while at < n:
        step = int(np.clip(step + rng.integers(-2, 3), 0, 7))
        if rng.random() < 0.3:
            pitch[at : at + samples(0.05)] = mode[7]
            at += samples(0.05)
        length = samples(rng.choice([0.15, 0.3, 0.6]))
        pitch[at : at + length] = mode[step]
        at += length
    reeds = 0.5 * signal.sawtooth(2 * np.pi * times(n) * tonic / 2) + 0.4 * signal.sawtooth(
        2 * np.pi * times(n) * tonic / 4 * 1.002
    )
    chanter = signal.square(2 * np.pi * np.cumsum(pitch) / RATE, duty=0.2)
    return band(reeds + chanter, 150, 5000, order=1)


def music_box(rng: np.random.Generator, n: int) -> Array:
    """Tines that ring high up, a plain tune over and over, no bass."""
    pulse_s, tonic = rng.uniform(0.15, 0.4), rng.uniform(700, 1200)
    scale = tonic * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12]) / 12)
    tune = rng.integers(0, 8, 16)
    out = 0.002 * rng.standard_normal(n)
    for i, at in enumerate(np.arange(0, n / RATE, pulse_s)):
        if rng.random() < 0.85:
            length = samples(1.5)
            pitch = scale[tune[i % 16]]
            note = tone(pitch, length) * decay(length, seconds=0.5) + 0.3 * tone(
                min(pitch * 6.27, 10500), length
            ) * decay(length, seconds=0.08)
            put(out, note + 0.05 * rng.standard_normal(length) * decay(length, seconds=0.004), int(at * RATE))
    return out


def serial_piano(rng: np.random.Generator, n: int) -> Array:
    """Twelve-note rows in wide leaps, every note of its own length and force, on struck strings."""
    out = np.zeros(n)
    at = 0.0
    while at * RATE < n:
        for note in rng.permutation(12):
            pitch = 65.4 * 2 ** (note / 12 + rng.integers(0, 5))
            length, force = samples(rng.uniform(0.3, 3)), rng.choice([0.2, 0.5, 1.0])
            partials = [k for k in range(1, 12) if pitch * k < 9000]
            string = sum(
                (
                    tone(pitch * k * np.sqrt(1 + 4e-4 * k * k), length)
                    * decay(length, seconds=2.5 / k / (pitch / 130) ** 0.5)
                    / k ** (2 - force)
                    for k in partials
                ),
                np.zeros(length),
            )
            string *= np.minimum(1, np.arange(length)[::-1] / 500)
            put(out, force * string, int(at * RATE))
            at += rng.choice([0.0, 0.1, 0.25, 0.5, 1.0])
    return out


def overtone_singing(rng: np.random.Generator, n: int) -> Array:
    """A deep held voice of pulses, one of whose harmonics is lifted out and makes a slow tune."""
    pitch = rng.uniform(85, 170) * np.exp(0.008 * slow_curve(rng, n, hz=5))
    out = np.zeros(n)
    melody = np.repeat(rng.integers(6, 14, n // samples(0.4) + 1), samples(0.4))[:n].astype(float)
    melody = band(melody - melody[0], None, 6) + melody[0]
    for k in range(1, 26):
        lifted = np.exp(-((k - melody) ** 2) / 0.5)
        vowel = np.exp(-(((k * 120 - 500) / 400) ** 2)) + 0.15 / k
        out += tone(pitch * k, n) * (vowel + 1.5 * lifted)
    breath = 0.02 * band(rng.standard_normal(n), 300, 4000)
    return out + breath
