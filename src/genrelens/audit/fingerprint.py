"""An audio fingerprint that survives re-encoding, loudness and a shift in time, made block by block.

After Haitsma & Kalker, "A Highly Robust Audio Fingerprinting System" (ISMIR 2002): 33 bands between 300 and 2,000 Hz,
and for each pair of neighbours one bit a frame, the sign of

    ED(n, m) = E(n, m) - E(n, m + 1) - (E(n - 1, m) - E(n - 1, m + 1)).

It differs from the paper in three things. Frames follow each other after 23.2 ms instead of 11.6, which halves the
memory and, as windows last 372 ms, costs little. Beside the bits stands a mask of those that say something: where ED is
small against the energies it was made of, a codec or clipping turns its sign as noise would, and in sound that does
not change every sign is noise. And the words to look up are given in four forms, with both values of the two bits
that are weakest (so does the paper's section 5.3, for a query); bits of bands in which nothing can be heard are 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE: Final = 5512
"""Hz of the sound that is fingerprinted: an eighth of 44.1 kHz, enough for 2 kHz."""
N_FFT: Final = 2048
HOP: Final = 128
N_BANDS: Final = 33
N_WEAK: Final = 2
"""Bits of a word that are looked up with both of their values."""
LOWEST_HZ, HIGHEST_HZ = 300.0, 2000.0
FRAME_S: Final = HOP / SAMPLE_RATE

_CLEAR: Final = 0.02  # |ED| against the sum of its four energies; below it a sign is noise
_AUDIBLE: Final = (
    1e-5  # of the frame's energy; what lies below is leakage of the window and noise of the codec
)
_FLOOR: Final = 1e-4  # energy of full scale 1; the rounding to 16 bits makes 2e-6
_MIN_CLEAR_BITS: Final = 4  # a frame with fewer says too little to be looked up
_BATCH: Final = 512

Words = NDArray[np.uint32]


def seconds(n_frames: int) -> float:
    """The sound that so many frames in a row are made of; each needs the one before it, too."""
    return (n_frames * HOP + N_FFT) / SAMPLE_RATE


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """A file's fingerprint, a row a frame of :data:`FRAME_S` seconds: (n,) ``bits``, (n,) ``clear`` (the mask of the
    bits that say something), and ``keys`` (k, 4) to look up with the ``key_frames`` (k,) that they stand for.
    """

    bits: Words
    clear: Words
    keys: Words
    key_frames: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.bits)


class FingerprintStream:
    """Blocks of mono sound at :data:`SAMPLE_RATE` in, a :class:`Fingerprint` out; the same however it was cut."""

    def __init__(self) -> None:
        self._window = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
        edges_hz = LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ) ** (np.arange(N_BANDS + 1) / N_BANDS)
        self._edges = np.round(edges_hz * N_FFT / SAMPLE_RATE).astype(np.intp)
        self._waiting = np.zeros(0, np.float32)
        self._before: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        self._rows: list[tuple[Words, Words, Words]] = []

    def push(self, block: NDArray[np.float32]) -> None:
        """Take the next (k,) samples."""
        samples = np.concatenate([self._waiting, block])
        n_frames = max(0, 1 + (len(samples) - N_FFT) // HOP)
        if n_frames:
            frames = np.lib.stride_tricks.sliding_window_view(samples, N_FFT)[::HOP]
            with np.errstate(over="ignore", invalid="ignore"):  # energy beyond all numbers is not heard
                for start in range(0, n_frames, _BATCH):
                    self._take(frames[start : start + _BATCH])
        self._waiting = samples[n_frames * HOP :].copy()

    def finish(self) -> Fingerprint:
        """The fingerprint of all that was pushed; empty if that was shorter than 0.4 s."""
        none = np.zeros(0, np.uint32)
        rows = self._rows or [(none, none, none.reshape(0, 1 << N_WEAK))]
        bits, clear, keys = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        worth = np.bitwise_count(clear) >= _MIN_CLEAR_BITS
        return Fingerprint(bits, clear, keys[worth], np.flatnonzero(worth).astype(np.int32))

    def _take(self, frames: NDArray[np.float32]) -> None:
        spectrum = np.fft.rfft(frames * self._window, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        energy = np.add.reduceat(power[:, : self._edges[-1]], self._edges[:-1], axis=1, dtype=np.float64)
        total = power.sum(axis=1, dtype=np.float64)
        if self._before is not None:
            energy = np.concatenate([self._before[0], energy])
            total = np.concatenate([self._before[1], total])
        self._before = (energy[-1:], total[-1:])
        if len(energy) > 1:
            self._rows.append(_words(energy, total))


def _words(energy: NDArray[np.float64], total: NDArray[np.float64]) -> tuple[Words, Words, Words]:
    """(n + 1, 33) band energies and (n + 1,) whole energies -> (n,) bits, (n,) mask and keys."""
    slope, pair = energy[:, :-1] - energy[:, 1:], energy[:, :-1] + energy[:, 1:]
    change, size = slope[1:] - slope[:-1], pair[1:] + pair[:-1]
    heard = size > np.maximum(_AUDIBLE * np.maximum(total[1:], total[:-1]), _FLOOR)[:, np.newaxis]
    strength = np.abs(change) / np.maximum(size, np.finfo(np.float64).tiny)
    clear = heard & (strength >= _CLEAR)
    bits = _packed(change > 0)
    weakest = np.argpartition(np.where(heard, strength, np.inf), N_WEAK, axis=1)[:, :N_WEAK]
    keys = (bits & _packed(heard))[:, np.newaxis]
    for flip in (np.uint32(1) << weakest.astype(np.uint32)).T:
        keys = np.concatenate([keys, keys ^ flip[:, np.newaxis]], axis=1)
    return bits, _packed(clear), keys


def _packed(bits: NDArray[np.bool_]) -> Words:
    """(n, 32) booleans -> (n,) words; column i is bit i."""
    return (
        np.ascontiguousarray(np.packbits(bits, axis=1, bitorder="little")).view("<u4")[:, 0].astype(np.uint32)
    )
