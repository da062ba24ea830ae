"""Which fingerprints may be of one recording: found by an index of their words, in time almost linear in their number.

Two fingerprints are held against each other only where words of theirs agree at one distance in time; how much of the
bits agrees there then decides. What comes out are candidates, which :mod:`genrelens.audit.alignment` listens to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.audit.fingerprint import FRAME_S, N_BANDS, Fingerprint

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
