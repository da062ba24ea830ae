"""An audio fingerprint that survives re-encoding, loudness and a shift in time, made block by block.

After Haitsma & Kalker, "A Highly Robust Audio Fingerprinting System" (ISMIR 2002): 33 bands between 300 and 2,000 Hz,
and for each pair of neighbours one bit a frame, the sign of

    ED(n, m) = E(n, m) - E(n, m + 1) - (E(n - 1, m) - E(n - 1, m + 1)).

It differs from the paper in three things. Frames follow each other after 23.2 ms instead of 11.6, which halves the
memory and, as windows last 372 ms, costs little. Beside the bits stands a mask of those that say something: where ED is
small against the energies it was made of, a codec or clipping turns its sign as noise would, and in sound that does
not change every sign is noise. And the words to look up are given in four forms, with both values of the two bits
that are weakest (so does the paper's section 5.3, for a query); bits of bands in which nothing can be heard are 0.

Which fingerprints may be of one recording is found by an index of their words, in time almost linear in their number:
two are held against each other only where words of theirs agree at one distance in time; how many of the bits agree
there then decides. What comes out are candidates, which :mod:`genrelens.audit.duplicates` listens to.
"""

from __future__ import annotations

from collections.abc import Sequence
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
_AUDIBLE: Final = 1e-5  # of the frame's energy; what lies below is leakage of the window and noise of the codec
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
    return np.ascontiguousarray(np.packbits(bits, axis=1, bitorder="little")).view("<u4")[:, 0].astype(np.uint32)


MIN_OVERLAP: Final = round(3.0 / FRAME_S)
"""Frames that two sounds must have in common; the paper's 3 s."""
MIN_AGREEMENT: Final = 0.25
"""Least agreement of a candidate: 1 - 2 x the share of clear bits that differ. Unrelated music has 0."""

_MIN_HITS: Final = 2  # words that agree at one distance; a single one is chance
_MAX_STEPS: Final = 32  # a word is compared with so many that are the same; more are a loop or a hum
_MAX_LAGS: Final = 3  # distances tried for a pair
_MIN_CLEAR_SHARE: Final = 0.1  # of the bits in common; below it there is nothing to compare
_PARTITIONS: Final = 16  # the index is made in parts, by the words' first four bits


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two fingerprints, by their places, ``first < second``: frame n of the second sounds like frame n + ``lag`` of the
    first, for ``overlap`` frames, with an ``agreement`` between :data:`MIN_AGREEMENT` and 1.
    """

    first: int
    second: int
    lag: int
    overlap: int
    agreement: float


def find_candidates(fingerprints: Sequence[Fingerprint]) -> list[Candidate]:
    """The pairs that may be of one recording, in order of their places, each at its best distance in time."""
    if not fingerprints:
        return []
    hits = [_hits(fingerprints, partition) for partition in range(_PARTITIONS)]
    counted = _by_pair_and_lag(np.concatenate(hits))
    found = []
    for (first, second), lags in counted.items():
        a, b = fingerprints[first], fingerprints[second]
        near = sorted({lag + step for lag in lags for step in (-1, 0, 1)})
        agreements = [(agreement(a, b, lag), -abs(lag), lag) for lag in near]
        best, _, lag = max(agreements)
        if best >= MIN_AGREEMENT:
            found.append(Candidate(first, second, lag, overlap(a, b, lag), best))
    return found


def overlap(a: Fingerprint, b: Fingerprint, lag: int) -> int:
    """Frames that two fingerprints have in common where frame n of ``b`` is laid on frame n + ``lag`` of ``a``."""
    return max(0, min(len(a), len(b) + lag) - max(0, lag))


def agreement(a: Fingerprint, b: Fingerprint, lag: int) -> float:
    """1 - 2 x the share of bits that differ among those clear in both: 1 for equal sounds, about 0 for others.

    0 where less than :data:`MIN_OVERLAP` frames are in common, or hardly any of their bits are clear.
    """
    n = overlap(a, b, lag)
    if n < MIN_OVERLAP:
        return 0.0
    in_a, in_b = slice(max(0, lag), max(0, lag) + n), slice(max(0, -lag), max(0, -lag) + n)
    clear = a.clear[in_a] & b.clear[in_b]
    n_clear = int(np.bitwise_count(clear).sum())
    if n_clear < _MIN_CLEAR_SHARE * n * (N_BANDS - 1):
        return 0.0
    n_differ = int(np.bitwise_count((a.bits[in_a] ^ b.bits[in_b]) & clear).sum())
    return 1.0 - 2.0 * n_differ / n_clear


def _hits(fingerprints: Sequence[Fingerprint], partition: int) -> NDArray[np.int64]:
    """(m, 3) first, second, lag of words that are the same, of those words whose first bits are ``partition``."""
    keys, owners, frames = [], [], []
    for i, fingerprint in enumerate(fingerprints):
        rows, columns = np.nonzero(fingerprint.keys >> 28 == partition)
        keys.append(fingerprint.keys[rows, columns])
        owners.append(np.full(len(rows), i, np.int32))
        frames.append(fingerprint.key_frames[rows])
    key, owner, frame = (np.concatenate(parts) for parts in (keys, owners, frames))
    order = np.lexsort((owner, frame, key))  # what is the same stands together, in order of time
    key, owner, frame = key[order], owner[order], frame[order]
    hits = []
    for step in range(1, _MAX_STEPS + 1):
        same = np.flatnonzero(key[step:] == key[:-step])
        if not len(same):
            break
        one, other = same, same + step
        apart = owner[one] != owner[other]
        one, other = one[apart], other[apart]
        swap = owner[one] > owner[other]
        one, other = np.where(swap, other, one), np.where(swap, one, other)
        hits.append(np.stack([owner[one], owner[other], frame[one] - frame[other]], axis=1).astype(np.int64))
    return np.concatenate(hits) if hits else np.zeros((0, 3), np.int64)


def _by_pair_and_lag(hits: NDArray[np.int64]) -> dict[tuple[int, int], list[int]]:
    """The pairs with enough hits at one distance or its neighbours, and the few distances with most."""
    rows, counts = np.unique(hits, axis=0, return_counts=True)
    if not len(rows):
        return {}
    together = counts.copy()
    neighbours = np.flatnonzero((rows[1:, :2] == rows[:-1, :2]).all(axis=1) & (np.diff(rows[:, 2]) == 1))
    together[neighbours] += counts[neighbours + 1]
    together[neighbours + 1] += counts[neighbours]
    pairs: dict[tuple[int, int], list[int]] = {}
    order = np.lexsort((rows[:, 2], -together, rows[:, 1], rows[:, 0]))
    for i in order[together[order] >= _MIN_HITS]:
        lags = pairs.setdefault((int(rows[i, 0]), int(rows[i, 1])), [])
        if len(lags) < _MAX_LAGS:
            lags.append(int(rows[i, 2]))
    return pairs
