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


def iter_windows(
    chunks: Iterable[NDArray[np.float32]], *, settings: WindowSettings, closing_from: int = 1
) -> Iterator[Window]:
    """Cut frames that arrive in chunks ``(k, n_bands)`` into windows, the same however they were chunked.

    Windows start at every multiple of ``hop_frames``; a closing one ends at the last frame, where ``closing_from``
    frames or more would be in no window: with 1 every frame is in some window. A piece shorter than one window is
    repeated to fill it. No frames give no windows. Holds at most one window and one chunk in memory. The arrays may
    share memory with the chunks: do not write to them.
    """
    n_frames, hop_frames = settings.n_frames, settings.hop_frames
    pending: list[NDArray[np.float32]] = []  # frames from `origin` on
    origin = 0
    total = 0
    next_start = 0
    for chunk in chunks:
        if len(chunk) == 0:
            continue
        pending.append(chunk)
        total += len(chunk)
        if total < next_start + n_frames:
            continue
        frames = _joined(pending)
        while next_start + n_frames <= total:
            at = next_start - origin
            yield Window(next_start, next_start + n_frames, frames[at : at + n_frames])
            next_start += hop_frames
        # The closing window starts after the last one given, so nothing before that is needed again.
        keep_from = next_start - hop_frames
        pending = [frames[keep_from - origin :]]
        origin = keep_from
    if total == 0:
        return
    if total < n_frames:
        frames = _joined(pending)
        repeats = -(-n_frames // total)
        yield Window(0, total, np.tile(frames, (repeats, 1))[:n_frames])
    elif total - (next_start - hop_frames + n_frames) >= closing_from:
        frames = _joined(pending)
        yield Window(total - n_frames, total, frames[-n_frames:])


def _joined(pieces: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
