"""Streaming resampling by soxr: the same numbers wherever the chunks are cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Resampler:
    """Brings sound that arrives in contiguous chunks from one rate to another, both in Hz.

    Equal rates pass the chunks through untouched. Otherwise n samples become n * sample_rate / sample_rate_in, rounded,
    and at least one. A resampler is for one sound.
    """

    def __init__(self, *, sample_rate_in: int, sample_rate: int) -> None:
        self._stream: Any = None
        self._last = np.zeros(0, np.float32)
        self._n_samples = 0
        if sample_rate_in != sample_rate:
            import soxr

            self._stream = soxr.ResampleStream(sample_rate_in, sample_rate, 1, dtype="float32", quality="HQ")

    def push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take the next samples ``(m,)`` and give those ``(k,)`` at the other rate that are ready, perhaps none."""
        if self._stream is None or len(chunk) == 0:
            return chunk
        part: NDArray[np.float32] = self._stream.resample_chunk(chunk)
        self._n_samples += len(part)
        self._last = chunk
        return part

    def finish(self) -> NDArray[np.float32]:
        """End the sound and give the samples ``(k,)`` that are left."""
        if self._stream is None:
            return self._last
        part: NDArray[np.float32] = self._stream.resample_chunk(self._last[:0], last=True)
        if self._n_samples + len(part) == 0 and len(self._last):
            part = self._last.mean(keepdims=True)  # a few samples at a high rate round to none; sound must stay sound
        return part


def resampled(
    chunks: Iterable[NDArray[np.float32]], *, sample_rate_in: int, sample_rate: int
) -> Iterator[NDArray[np.float32]]:
    """Parts (k,) at ``sample_rate`` of contiguous chunks (m,) at ``sample_rate_in`` Hz: see :class:`Resampler`."""
    resampler = Resampler(sample_rate_in=sample_rate_in, sample_rate=sample_rate)
    for chunk in chunks:
        yield resampler.push(chunk)
    yield resampler.finish()
