"""Laying two sounds over each other: whether it is the same sound, or only the same beat.

Pieces made of one drum loop or one sustained chord may share most of their fingerprint. Their waveforms do not: in a
copy, seconds correlate whatever codec, loudness or even clipping lies between, and elsewhere they do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.audio import open_stream
from genrelens.audit.fingerprint import SAMPLE_RATE
from genrelens.errors import AudioError

MIN_CORRELATION: Final = 0.8
"""Correlation from which two sounds are one recording, in the median of the seconds looked at."""

_N_SECONDS: Final = 8
_SEARCH: Final = 256  # samples to either side, two frames: what the fingerprint leaves open
_BAND_HZ: Final = (100.0, 2000.0)
_QUIET: Final = 1e-4  # root mean square of a second that holds nothing to compare

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Overlay:
    """Two files to be laid over each other: second t of ``second`` on second t + ``lag_s`` of ``first``, for
    ``overlap_s`` seconds.
    """

    first: str
    second: str
    lag_s: float
    overlap_s: float


def correlation(overlay: Overlay) -> float:
    """The median correlation, 0 to 1, of up to eight seconds spread over what two files have in common.

    Each is moved by up to 46 ms to where it fits best, so a slow drift does no harm; polarity does not count. 0 where
    there is no second to compare.
    """
    starts_s = _spread(max(0.0, -overlay.lag_s), overlay.overlap_s)
    margin_s = _SEARCH / SAMPLE_RATE
    try:
        theirs = _excerpts(overlay.second, [(at_s, 1.0) for at_s in starts_s])
        ours = _excerpts(
            overlay.first, [(at_s + overlay.lag_s - margin_s, 1.0 + 2 * margin_s) for at_s in starts_s]
        )
    except AudioError:  # it could be read a moment ago, and the disk is gone
        return 0.0
    values = [_best(a, b) for a, b in zip(ours, theirs, strict=True)]
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else 0.0


def died(overlay: Overlay) -> float:
    """The answer for a pair whose decoder took its process down: nothing is known, so nothing is said."""
    return 0.0


def _spread(start_s: float, overlap_s: float) -> list[float]:
    room_s = max(0.0, overlap_s - 1.0)
    n = int(min(_N_SECONDS, 1 + room_s))
    return [start_s + float(at_s) for at_s in np.linspace(0.0, room_s, n)]


def _excerpts(path: str, spans_s: Sequence[tuple[float, float]]) -> list[Samples]:
    """Pieces of a file at :data:`SAMPLE_RATE`: (start, length) in seconds, filled with zeros where the file ends."""
    begins = [round(start_s * SAMPLE_RATE) for start_s, _ in spans_s]
    pieces = [np.zeros(round(length_s * SAMPLE_RATE), np.float32) for _, length_s in spans_s]
    last = max(begin + len(piece) for begin, piece in zip(begins, pieces, strict=True))
    at = 0
    with open_stream(path, sample_rate=SAMPLE_RATE) as stream:
        for block in stream:
            for begin, piece in zip(begins, pieces, strict=True):
                low, high = max(begin, at), min(begin + len(piece), at + len(block))
                if low < high:
                    piece[low - begin : high - begin] = block[low - at : high - at]
            at += len(block)
            if at >= last:
                break
    return pieces


def _best(ours: Samples, theirs: Samples) -> float | None:
    """The highest correlation of (n,) ``theirs`` with n samples of ``ours``; ``None`` where either is quiet."""
    a, b = _band(ours), _band(theirs)
    n = len(b)
    power = np.concatenate([[0.0], np.cumsum(a**2)])
    power = power[n:] - power[:-n]
    own = float(b @ b)
    if min(own, float(power.max())) < _QUIET**2 * n:
        return None
    products = np.correlate(a, b, mode="valid")
    return float((np.abs(products) / np.sqrt(np.maximum(power, _QUIET**2 * n) * own)).max())


def _band(samples: Samples) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(samples.astype(np.float64))
    hz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    spectrum[(hz < _BAND_HZ[0]) | (hz > _BAND_HZ[1])] = 0.0
    return np.fft.irfft(spectrum, len(samples))
