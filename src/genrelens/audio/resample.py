"""Streaming resampling by soxr: the same numbers wherever the chunks are cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray


def resampled(
    chunks: Iterable[NDArray[np.float32]], *, sample_rate_in: int, sample_rate: int
) -> Iterator[NDArray[np.float32]]:
    """Yield (k,) float32 pieces at ``sample_rate`` from contiguous (m,) chunks at ``sample_rate_in`` Hz.

    Equal rates pass the chunks through untouched. Otherwise n samples become n * sample_rate /
    sample_rate_in, rounded, and at least one.
    """
    if sample_rate_in == sample_rate:
        yield from chunks
        return
    import soxr

    stream = soxr.ResampleStream(sample_rate_in, sample_rate, 1, dtype="float32", quality="HQ")
    last = np.zeros(0, np.float32)
    n_samples = 0
    for chunk in chunks:
        if len(chunk) == 0:
            continue
        piece: NDArray[np.float32] = stream.resample_chunk(chunk)
        n_samples += len(piece)
        last = chunk
        yield piece
    piece = stream.resample_chunk(last[:0], last=True)
    if n_samples + len(piece) == 0 and len(last):
        piece = last.mean(keepdims=True)  # a few samples at a high rate round to none; sound must stay sound
    yield piece
