"""Tones: sines, sweeps and a wandering one for the choice; signals as machines give them held out."""

from __future__ import annotations

import numpy as np
from scipy import signal

from sounds.parts import Array, decay, put, samples, slow_curve, times, tone

_ROWS, _COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)


def sine(rng: np.random.Generator, n: int) -> Array:
    """One to three steady sines."""
    frequencies = np.exp(rng.uniform(np.log(80), np.log(6000), int(rng.integers(1, 4))))
    return sum((tone(f, n) * rng.uniform(0.3, 1) for f in frequencies), np.zeros(n))


def chirp(rng: np.random.Generator, n: int) -> Array:
    """Sweeps over and over, up or down, each 0.3 to 10 s."""
    low, high = np.exp(rng.uniform(np.log(60), np.log(600))), np.exp(rng.uniform(np.log(1200), np.log(9000)))
    place = (times(n) / np.exp(rng.uniform(np.log(0.3), np.log(10)))) % 1.0
    return tone(low * (high / low) ** (place if rng.random() < 0.5 else 1 - place), n)


def glide(rng: np.random.Generator, n: int) -> Array:
    """A tone with a few partials whose pitch wanders without steps, as a hand on a dial makes it."""
    pitch = np.exp(rng.uniform(np.log(150), np.log(900))) * np.exp(rng.uniform(0.1, 0.6) * slow_curve(rng, n, hz=0.5))
    return sum((tone(pitch * k, n) / k ** rng.uniform(1, 3) for k in (1, 2, 3)), np.zeros(n))


def square_fm(rng: np.random.Generator, n: int) -> Array:
    """A square wave, or a sine modulated in frequency, with settings that stay or jump now and then."""
    out = np.zeros(n)
    at = 0
    stays = rng.random() < 0.5
    while at < n:
        length = n if stays else samples(rng.uniform(0.5, 4))
        carrier = np.exp(rng.uniform(np.log(60), np.log(2500)))
        if rng.random() < 0.5:
            x = signal.square(2 * np.pi * carrier * times(length), duty=rng.uniform(0.1, 0.5))
        else:
            modulator = np.sin(2 * np.pi * np.exp(rng.uniform(np.log(2), np.log(900))) * times(length))
            x = tone(np.abs(carrier * (1 + rng.uniform(0.1, 1.5) * modulator)), length)
        put(out, x, at)
        at += length
    return out


def dial(rng: np.random.Generator, n: int) -> Array:
    """A telephone: dial tone, dialled digits, ringing or engaged tone."""
    out = np.zeros(n)
    at = samples(rng.uniform(0.5, 2.5))
    put(out, tone(350, at) + tone(440, at), 0)
    for _ in range(int(rng.integers(6, 14))):
        length = samples(rng.uniform(0.07, 0.25))
        put(out, tone(float(rng.choice(_ROWS)), length) + tone(float(rng.choice(_COLUMNS)), length), at)
        at += length + samples(rng.uniform(0.05, 0.3))
    on, off, pair = (2.0, 4.0, (440, 480)) if rng.random() < 0.5 else (0.5, 0.5, (480, 620))
    while at < n:
        put(out, tone(pair[0], samples(on)) + tone(pair[1], samples(on)), at)
        at += samples(on + off)
    return out + 0.003 * rng.standard_normal(n)


def beeps(rng: np.random.Generator, n: int) -> Array:
    """An alarm clock or a monitor: the same beep, or group of them, at a steady rate."""
    out = np.zeros(n)
    frequency, length = rng.uniform(600, 4000), samples(rng.uniform(0.05, 0.4))
    beep = tone(frequency, length) + rng.uniform(0, 0.4) * tone(3 * frequency if frequency < 3000 else 500, length)
    beep *= np.minimum(1, np.minimum(np.arange(length), np.arange(length)[::-1]) / 60)
    group, gap = int(rng.integers(1, 5)), rng.uniform(0.4, 2.0)
    at = 0
    while at < n:
        for _ in range(group):
            put(out, beep, at)
            at += 2 * length
        at += samples(gap)
    return out + 0.002 * rng.standard_normal(n)


def siren(rng: np.random.Generator, n: int) -> Array:
    """Wailing, yelping or of two notes, through a horn."""
    t = times(n)
    low, high = rng.uniform(350, 700), rng.uniform(900, 1600)
    way = rng.integers(3)
    if way == 2:
        pitch = np.where((t / rng.uniform(0.5, 1.2)) % 2 < 1, low, low * rng.choice([4 / 3, 5 / 4]))
    else:
        place = (1 + np.sin(2 * np.pi * t * (rng.uniform(0.1, 0.4) if way == 0 else rng.uniform(2, 4)))) / 2
        pitch = low * (high / low) ** place
    x = np.tanh(3 * tone(pitch, n)) + 0.01 * rng.standard_normal(n)
    out = x.copy()
    for delay, gain in ((0.09, 0.3), (0.21, 0.2)):
        put(out, gain * x * decay(n, seconds=1e9), samples(delay))
    return out
