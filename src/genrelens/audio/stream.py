"""The one way from a file, bytes or an array to sound at the rate that is asked for, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genrelens.audio.clip import Clip, check_finite, checked_rate, mono_from_array
from genrelens.audio.downmix import Watch, mixed
from genrelens.audio.opening import open_sound
from genrelens.audio.resample import resampled
from genrelens.audio.source import open_reader

BLOCK_S = 2.5
"""At least; ffmpeg's sound comes in blocks of 3 s (``gather``), which go on as they are."""
_ARRAY_CHUNK = 1 << 16


class AudioStream:
    """Sound that comes block by block, so that memory does not grow with its length; made by ``open_stream``.

    Iterate once, inside ``with``: each block is (k,) float32 mono at ``sample_rate``, about 3 s long. A
    block that holds NaN or infinity raises ``AudioError("not_finite")``.

    Attributes:
        source: the path as a string, ``"bytes"`` or ``"array"``.
        sample_rate: Hz, of the blocks.
        native_sample_rate: Hz, of the file or array.
        n_channels: of the file or array, before they were mixed.
        n_samples: number of samples yielded so far; after iteration the length of the whole.
        notes: after iteration, what was wrong with the file, e.g.
            ``"the file is truncated: 12.3 of 30.0 s could be read"``.
    """

    def __init__(
        self,
        chunks: Iterator[NDArray[np.float32]],
        *,
        source: str,
        sample_rate: int,
        native_sample_rate: int,
        n_channels: int,
        notes: Callable[[], tuple[str, ...]] = tuple,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.source = source
        self.sample_rate = sample_rate
        self.native_sample_rate = native_sample_rate
        self.n_channels = n_channels
        self.n_samples = 0
        self.notes: tuple[str, ...] = ()
        self._final_notes = notes
        self._close = close
        self._closed = False
        self._blocks = self._run(chunks)

    def _run(self, chunks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        checked = self._checked(chunks)
        at_rate = resampled(checked, sample_rate_in=self.native_sample_rate, sample_rate=self.sample_rate)
        for block in grouped(at_rate, n_samples=round(BLOCK_S * self.sample_rate)):
            self.n_samples += len(block)
            yield block
        self.notes = self._final_notes()

    def _checked(self, chunks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        for chunk in chunks:
            check_finite(chunk, self.source)
            yield chunk

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        if self._closed:
            raise ValueError(f"{self.source!r}: the stream is closed; iterate inside its with block")
        return self._blocks

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the file and its decoder; twice is harmless."""
        if not self._closed:
            self._closed = True
            self._close()


def grouped(chunks: Iterable[NDArray[np.float32]], *, n_samples: int) -> Iterator[NDArray[np.float32]]:
    """Join (k,) chunks to blocks of at least ``n_samples``; the last may be shorter."""
    waiting: list[NDArray[np.float32]] = []
    n_waiting = 0
    for chunk in chunks:
        if len(chunk):
            waiting.append(chunk)
            n_waiting += len(chunk)
        if n_waiting >= n_samples:
            yield joined(waiting)
            waiting, n_waiting = [], 0
    if waiting:
        yield joined(waiting)


def joined(chunks: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Concatenate (k,) chunks, without a copy if there is only one."""
    return chunks[0] if len(chunks) == 1 else np.concatenate(chunks)


def load(source: str | Path | bytes, *, sample_rate: int | None = None) -> Clip:
    """Read a whole file into memory.

    Args:
        source: a path, or the bytes of a whole file; the format is found by content, not by suffix.
        sample_rate: Hz to resample to, 1,000 to 1,536,000; None keeps the file's own.

    Returns:
        A Clip with (n,) float32 mono samples, the same numbers that ``open_stream`` yields, and its notes.

    Raises:
        AudioError: ``missing``, ``not_a_file``, ``permission``, ``empty``, ``not_audio``, ``no_sound``,
            ``damaged`` (nothing can be decoded), ``not_finite``, ``bad_samples`` for a wrong ``sample_rate``.
    """
    with _open(source, None if sample_rate is None else checked_rate(sample_rate)) as stream:
        samples = joined(list(stream))
        return Clip(samples, stream.sample_rate, stream.source, stream.notes)


def open_stream(source: str | Path | bytes, *, sample_rate: int | None, watch: Watch | None = None) -> AudioStream:
    """Open a file to be read in blocks of about 3 s at ``sample_rate`` Hz; use it in a ``with`` statement.

    Arguments and errors are those of ``load``; ``not_finite`` may also come while iterating. ``watch`` is called with
    each (n, channels) chunk of the file, at the file's own rate, before the channels are mixed (full scale
    [-1, 1]; NaN may be in it): what only a single channel shows, such as clipping, is seen there.
    """
    return _open(source, None if sample_rate is None else checked_rate(sample_rate), watch=watch)


def stream_array(samples: ArrayLike, *, sample_rate_in: int, sample_rate: int) -> AudioStream:
    """Give samples in memory, (n,) or (n, channels), the interface of ``open_stream``.

    Raises:
        AudioError: as ``from_array``.
    """
    mono, n_channels = mono_from_array(samples, sample_rate=checked_rate(sample_rate_in), source="array")
    return AudioStream(
        (mono[start : start + _ARRAY_CHUNK] for start in range(0, len(mono), _ARRAY_CHUNK)),
        source="array",
        sample_rate=checked_rate(sample_rate),
        native_sample_rate=sample_rate_in,
        n_channels=n_channels,
    )


def _open(source: str | Path | bytes, sample_rate: int | None, *, watch: Watch | None = None) -> AudioStream:
    reader = open_reader(source)
    try:
        sound, chunks = open_sound(reader)
    except BaseException:
        reader.close()
        raise

    def close() -> None:
        sound.close()
        reader.close()

    return AudioStream(
        mixed(chunks, sample_rate=sound.sample_rate, watch=watch),
        source=reader.source,
        sample_rate=sound.sample_rate if sample_rate is None else sample_rate,
        native_sample_rate=sound.sample_rate,
        n_channels=sound.n_channels,
        notes=sound.notes,
        close=close,
    )
