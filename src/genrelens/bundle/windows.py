"""Slices of a piece that a model looks at: the same in training, prediction and explanation."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genrelens.errors import BundleError
from genrelens.frontend.mel import MelSettings, mel_filter_bank

SILENCE_POWER = 1e-6
"""Mel power below which a window holds nothing to listen to (full scale is 1). Measured for frames of 512 to
4096 samples: 16-bit dither stays below 4e-7, noise that peaks at -60 dBFS reaches 3e-6 or more."""
CLICK_SHARE = 0.02
"""Share of a window's frames that a click at its edge may fill: 5 frames of 256."""


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """Length of a window and the step to the next one, in mel frames; ``1 <= hop_frames <= n_frames``."""

    n_frames: int
    hop_frames: int

    def __post_init__(self) -> None:
        if not 1 <= self.hop_frames <= self.n_frames:
            raise BundleError(
                f"windows need 1 <= hop_frames <= n_frames, got hop_frames={self.hop_frames} and "
                f"n_frames={self.n_frames}"
            )


@dataclass(frozen=True, slots=True)
class Window:
    """One window of a piece.

    ``start_frame`` and ``end_frame`` (exclusive) count frames of the file and say where the sound is;
    ``power`` is mel power ``(n_frames, n_mels)``, longer than ``end_frame - start_frame`` only when the whole
    piece is shorter than a window and has been repeated.
    """

    start_frame: int
    end_frame: int
    power: NDArray[np.float32]


def iter_windows(chunks: Iterable[NDArray[np.float32]], *, settings: WindowSettings) -> Iterator[Window]:
    """Cut frames that arrive in chunks ``(k, n_mels)`` into windows, the same however they were chunked.

    Windows start at every multiple of ``hop_frames``; the last one ends at the last frame, so every frame is
    in some window. A piece shorter than one window is repeated to fill it. No frames give no windows. Holds
    at most one window and one chunk in memory. The arrays may share memory with the chunks: do not write to
    them.
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
    elif next_start - hop_frames + n_frames < total:
        frames = _joined(pending)
        yield Window(total - n_frames, total, frames[-n_frames:])


def is_silent(power: NDArray[np.float32], *, settings: MelSettings) -> bool:
    """Whether a window of mel power (n_frames, n_mels) holds nothing but silence, dither or a constant.

    A constant (a DC offset) is no sound, so the bands that it reaches are left out; what it does where a file begins
    and ends is a click of a few frames, so up to :data:`CLICK_SHARE` of the frames may be above the threshold.
    """
    heard = power[:, _n_dc_bands(settings) :].max(axis=1, initial=0.0) >= SILENCE_POWER
    return bool(heard.sum() <= CLICK_SHARE * len(heard))


@functools.cache
def _n_dc_bands(settings: MelSettings) -> int:
    """How many of the lowest bands take from FFT bins 0 and 1, all that a Hann window lets a constant reach."""
    return int(mel_filter_bank(settings)[:, :2].any(axis=1).sum())


def _joined(pieces: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
