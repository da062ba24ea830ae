"""Slices of a piece that a model looks at: the same in training, prediction and explanation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.errors import BundleError

MAX_OVERLAP: Final = 2048


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """Length of a window and the step to the next one, in frames; ``1 <= hop_frames <= n_frames``.

    Raises :class:`BundleError` otherwise, and where more than :data:`MAX_OVERLAP` windows would hold each frame.
    """

    n_frames: int
    hop_frames: int

    def __post_init__(self) -> None:
        if not 1 <= self.hop_frames <= self.n_frames:
            raise BundleError(
                f"windows need 1 <= hop_frames <= n_frames, got hop_frames={self.hop_frames} and "
                f"n_frames={self.n_frames}"
            )
        if self.n_frames > MAX_OVERLAP * self.hop_frames:
            raise BundleError(
                f"windows of {self.n_frames} frames every {self.hop_frames} frames hear each frame more than "
                f"{MAX_OVERLAP} times; a hop_frames of {self.n_frames // 2} would do"
            )


@dataclass(frozen=True, slots=True)
class Window:
    """One window of a piece.

    ``start_frame`` and ``end_frame`` (exclusive) count frames of the file and say where the sound is; ``power`` are
    frames ``(n_frames, n_bands)``, mel power for most front ends, longer than ``end_frame - start_frame`` only when
    the whole piece is shorter than a window and has been repeated.
    """

    start_frame: int
    end_frame: int
    power: NDArray[np.float32]


class WindowCutter:
    """Cuts frames of a piece that arrive in chunks into windows, the same however they were chunked.

    Windows start at every multiple of ``hop_frames``; a closing one ends at the last frame, where ``closing_from``
    frames or more would be in no window: with 1 every frame is in some window. A piece shorter than one window is
    repeated to fill it. No frames give no windows. Holds at most one window and one chunk in memory. The arrays may
    share memory with the chunks: do not write to them.
    """

    def __init__(self, settings: WindowSettings, *, closing_from: int = 1) -> None:
        self._settings = settings
        self._closing_from = closing_from
        self._pending: list[NDArray[np.float32]] = []  # frames from `_origin` on
        self._origin = 0
        self._total = 0
        self._next_start = 0

    def push(self, chunk: NDArray[np.float32]) -> Iterator[Window]:
        """Take the next frames ``(k, n_bands)`` and give the windows that are complete; exhaust it before the next."""
        n_frames, hop_frames = self._settings.n_frames, self._settings.hop_frames
        if len(chunk) == 0:
            return
        self._pending.append(chunk)
        self._total += len(chunk)
        if self._total < self._next_start + n_frames:
            return
        frames = _joined(self._pending)
        while self._next_start + n_frames <= self._total:
            start, at = self._next_start, self._next_start - self._origin
            self._next_start += hop_frames
            yield Window(start, start + n_frames, frames[at : at + n_frames])
        # The closing window starts after the last one given, so nothing before that is needed again.
        keep_from = self._next_start - hop_frames
        self._pending = [frames[keep_from - self._origin :]]
        self._origin = keep_from

    def finish(self) -> Iterator[Window]:
        """End the piece and give the window that is left, if any."""
        n_frames, total = self._settings.n_frames, self._total
        if total == 0:
            return
        if total < n_frames:
            frames = _joined(self._pending)
            repeats = -(-n_frames // total)
            yield Window(0, total, np.tile(frames, (repeats, 1))[:n_frames])
        elif total - (self._next_start - self._settings.hop_frames + n_frames) >= self._closing_from:
            frames = _joined(self._pending)
            yield Window(total - n_frames, total, frames[-n_frames:])


def iter_windows(
    chunks: Iterable[NDArray[np.float32]], *, settings: WindowSettings, closing_from: int = 1
) -> Iterator[Window]:
    """The windows of frames that arrive in chunks ``(k, n_bands)``: see :class:`WindowCutter`."""
    cutter = WindowCutter(settings, closing_from=closing_from)
    for chunk in chunks:
        yield from cutter.push(chunk)
    yield from cutter.finish()


def _joined(pieces: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
