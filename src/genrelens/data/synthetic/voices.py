"""Sounds to build the synthetic styles of: oscillators, drums, and a desk that mixes them. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Sound = npt.NDArray[np.float32]

_TABLE_SIZE: Final = 4096


@dataclass(frozen=True, slots=True)
class Timbre:
    """How one invented ensemble sounds: what its recordings have in common.

    ``slope`` is the exponent by which harmonics fall, ``evenness`` the strength of the even ones, ``tuning``
    and ``decay`` multiply the pitch of drums and the length of decays, ``tilt`` is the recording's brightness
    (-1 dull to 1 bright), ``hiss_db`` its noise relative to the loudest sample.
    """

    slope: float
    evenness: float
    tuning: float
    decay: float
    tilt: float
    hiss_db: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Timbre:
        """An ensemble at random."""
        return cls(
            slope=rng.uniform(0.9, 1.7),
            evenness=rng.uniform(0.3, 1.0),
            tuning=rng.uniform(0.85, 1.18),
            decay=rng.uniform(0.7, 1.4),
            tilt=rng.uniform(-0.6, 0.6),
            hiss_db=rng.uniform(-75.0, -48.0),
        )


class Desk:
    """A mix in the making: ``samples`` (n,) float32 at ``sample_rate`` Hz, and the clip's random numbers."""

    def __init__(self, *, rng: np.random.Generator, timbre: Timbre, duration_s: float, sample_rate: int) -> None:
        self.rng = rng
        self.timbre = timbre
        self.duration_s = duration_s
        self.sample_rate = sample_rate
        self.samples: Sound = np.zeros(max(1, round(duration_s * sample_rate)), dtype=np.float32)

    def every(self, step_s: float, *, offset_s: float = 0.0) -> list[float]:
        """Times in seconds from ``offset_s`` to the end, ``step_s`` apart."""
        return [float(t) for t in np.arange(offset_s, self.duration_s, step_s)]

    def play(self, sound: Sound, *, at_s: float, gain: float = 1.0, loose_s: float = 0.004) -> None:
        """Add a sound, a little early or late and a little louder or softer, as people play."""
        start = round((at_s + loose_s * self.rng.standard_normal()) * self.sample_rate)
        start = max(0, start)
        part = self.samples[start : start + len(sound)]
        part += np.float32(gain * self.rng.uniform(0.8, 1.0)) * sound[: len(part)]

    def times(self, length_s: float) -> Sound:
        """Seconds (n,) from 0, for a sound of that length."""
        return np.arange(max(1, round(length_s * self.sample_rate)), dtype=np.float32) / np.float32(self.sample_rate)

    def decay(self, t: Sound, length_s: float) -> Sound:
        """Exponential decay (n,) to 1/e in ``length_s`` (times the ensemble's own), without a click."""
        envelope: Sound = np.exp(t * np.float32(-1.0 / (length_s * self.timbre.decay)))
        envelope[-64:] *= np.linspace(1.0, 0.0, len(envelope[-64:]), dtype=np.float32)
        return envelope

    def swell(self, t: Sound, attack_s: float, release_s: float) -> Sound:
        """Envelope (n,) that rises, stays, and falls to 0 at the end."""
        up = np.minimum(t / np.float32(attack_s), 1.0)
        envelope: Sound = np.minimum(up, np.maximum(t[-1] - t, 0.0) / np.float32(release_s))
        return envelope

    def tone(self, freq_hz: float, t: Sound, *, brightness: float = 1.0, vibrato: float = 0.0) -> Sound:
        """A steady tone (n,) of harmonics below the Nyquist frequency, peak 1; ``brightness`` 0 leaves a
        sine.

        ``vibrato`` is its depth as a fraction of the frequency, at about 5 Hz.
        """
        n_harmonics = max(1, min(40, int(0.45 * self.sample_rate / freq_hz)))
        k = np.arange(1, n_harmonics + 1)
        amplitude = brightness ** (k - 1) * k**-self.timbre.slope
        amplitude[1::2] *= self.timbre.evenness
        spectrum = np.zeros(_TABLE_SIZE // 2 + 1, dtype=np.complex128)
        spectrum[1 : n_harmonics + 1] = amplitude * np.exp(2.4j * k**2)
        table = np.fft.irfft(spectrum)
        table = (table / np.abs(table).max()).astype(np.float32)
        phase = np.arange(len(t)) * (freq_hz / self.sample_rate) + self.rng.random()
        if vibrato:
            rate_hz = self.rng.uniform(4.5, 5.8)
            phase += vibrato * freq_hz / (2 * np.pi * rate_hz) * np.sin(2 * np.pi * rate_hz * t)
        looked_up: Sound = table[(phase * _TABLE_SIZE).astype(np.int64) & (_TABLE_SIZE - 1)]
        return looked_up

    def pluck(self, freq_hz: float, *, length_s: float, brightness: float = 0.8) -> Sound:
        """A plucked string (n,): its upper harmonics die away first."""
        t = self.times(length_s)
        body = self.tone(freq_hz, t, brightness=0.35) * self.decay(t, 0.45 * length_s)
        edge = self.tone(freq_hz, t, brightness=brightness) * self.decay(t, 0.08 * length_s)
        return np.float32(0.6) * body + np.float32(0.5) * edge

    def noise(self, t: Sound, *, order: int) -> Sound:
        """White noise (n,) differenced ``order`` times (treble +6 dB an octave each), peak about 1."""
        noise: Sound = self.rng.standard_normal(len(t) + order, dtype=np.float32)
        for _ in range(order):
            noise = np.diff(noise)
        noise *= np.float32(0.35 / 2 ** (order / 2))
        return noise

    def kick(self) -> Sound:
        """A bass drum (n,): a sine that falls from some 160 to 50 Hz."""
        t = self.times(0.3)
        low, high, fall_s = 50.0 * self.timbre.tuning, 160.0 * self.timbre.tuning, 0.03
        cycles = low * t + (high - low) * fall_s * (1 - np.exp(-t / np.float32(fall_s)))
        sweep: Sound = np.sin(2 * np.pi * cycles).astype(np.float32)
        return sweep * self.decay(t, 0.1)

    def snare(self) -> Sound:
        """A snare drum (n,): noise over a short tone near 190 Hz."""
        t = self.times(0.25)
        head = np.sin(2 * np.pi * 190.0 * self.timbre.tuning * t).astype(np.float32) * self.decay(t, 0.05)
        wires = self.noise(t, order=1) * self.decay(t, 0.07)
        drum: Sound = np.float32(0.5) * head + np.float32(0.8) * wires
        return drum

    def hat(self, *, length_s: float) -> Sound:
        """A hi-hat (n,): noise above some 4 kHz."""
        t = self.times(4 * length_s)
        return self.noise(t, order=3) * self.decay(t, length_s)

    def ride(self) -> Sound:
        """A ride cymbal (n,): inharmonic partials from 3 to 9 kHz (below Nyquist) and some noise."""
        t = self.times(0.6)
        top_hz = min(9000.0, 0.45 * self.sample_rate)
        partials_hz = self.rng.uniform(0.35 * top_hz, top_hz, 10).astype(np.float32)
        ring = np.sin(2 * np.pi * np.outer(partials_hz, t)).sum(axis=0, dtype=np.float32) / np.float32(10)
        cymbal: Sound = ring + np.float32(0.5) * self.noise(t, order=3)
        return cymbal * self.decay(t, 0.16)

    def lift_treble(self, amount: float) -> None:
        """Subtract ``amount`` (-1 to 1) of each sample from the next: above 0 treble gains, below 0 bass."""
        self.samples[1:] -= np.float32(amount) * self.samples[:-1].copy()

    def finish(self) -> Sound:
        """The mix (n,) after the recording chain: tilted, with hiss, at a random level; peak below 1."""
        self.lift_treble(0.5 * self.timbre.tilt)
        mixed = self.samples
        mixed /= max(float(np.abs(mixed).max()), 1e-6)
        hiss = self.rng.standard_normal(len(mixed), dtype=np.float32)
        mixed += hiss * np.float32(10 ** (self.timbre.hiss_db / 20))
        peak = 10 ** (self.rng.uniform(-14.0, -1.0) / 20)
        mixed *= np.float32(peak / max(float(np.abs(mixed).max()), 1e-6))
        return mixed
