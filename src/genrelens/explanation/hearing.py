"""A model listens to a stretch again and again, each time with other parts taken out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle import Bundle, iter_windows, pool_logits, softmax
from genrelens.bundle.pooling import sigmoid
from genrelens.explanation.sound import front_end_of
from genrelens.frontend.frames import compress, is_silent

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """Frames ``[start, end)`` of bands ``[low, high)``; ``high`` None means up to the last band."""

    start: int
    end: int
    low: int = 0
    high: int | None = None


class Hearing:
    """The windows of a stretch, cut and pooled as prediction does, of which only those that change are heard again."""

    def __init__(self, bundle: Bundle, frames: Float32) -> None:
        """``frames (k, bands)`` as the front end gives them, k >= 1."""
        windows = bundle.manifest.windows
        assert windows is not None
        self.bundle = bundle
        self.frames = frames
        self.front_end = front_end_of(bundle)
        self._settings = windows
        self.spans: list[tuple[int, int]] = [
            (window.start_frame, window.end_frame) for window in iter_windows([frames], settings=windows)
        ]
        self._logits, self._weights = self._heard(self._windows(frames, range(len(self.spans))))

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing to listen to in any window."""
        return not self._weights.any()

    @property
    def logits(self) -> Float64:
        """``(c,)`` of the whole stretch, pooled over windows; NaN where all is silent."""
        return pool_logits(self._logits, weights=self._weights)

    @property
    def sounding(self) -> list[int]:
        """Numbers of the windows that hold sound: those that count."""
        return np.flatnonzero(self._weights).tolist()

    def window_logits(self, index: int) -> Float64:
        """``(c,)`` of one window with all its sound; zeros where it is silent."""
        logits: Float64 = self._logits[index]
        return logits

    def heard_as(self, versions: Sequence[Float32]) -> Float64:
        """``(n, c)`` logits of n versions of a window's frames, each ``(frames, bands)``; zeros of a silent one."""
        return self._heard([self._filled(version) for version in versions])[0]

    def without(self, parts: Sequence[Part], *, baseline: Float32) -> Float64:
        """``(c,)`` pooled logits when ``baseline``, of the shape of the frames, stands in the place of some parts.

        Where nothing but silence is left, all genres are equally likely: zeros.
        """
        changed = self.frames.copy()
        for part in parts:
            at = np.s_[part.start : part.end, part.low : part.high]
            changed[at] = baseline[at]
        touched = [
            i
            for i, (start, end) in enumerate(self.spans)
            if any(part.start < end and start < part.end for part in parts)
        ]
        logits, weights = self._logits.copy(), self._weights.copy()
        if touched:
            logits[touched], weights[touched] = self._heard(self._windows(changed, touched))
        if not weights.any():
            return np.zeros(logits.shape[1])
        return pool_logits(logits, weights=weights)

    def values(self, index: int) -> Float32 | None:
        """What the graph is given of a window ``(n_frames, bands)``, or None where it is silent."""
        (frames,) = self._windows(self.frames, [index])
        return (
            None if is_silent(frames, settings=self.front_end) else compress(frames, settings=self.front_end)
        )

    def probabilities(self, logits: Float64) -> Float64:
        """Calibrated probabilities ``(..., c)`` of pooled logits ``(..., c)``, as prediction gives them."""
        manifest = self.bundle.manifest
        to_probabilities = sigmoid if manifest.multi_label else softmax
        return to_probabilities(logits, temperature=manifest.temperature)

    def log_odds(self, logits: Float64, genre: int) -> Float64:
        """``ln(p / (1 - p))`` of one class, calibrated: pooled logits ``(..., c)`` give ``(...,)``."""
        manifest = self.bundle.manifest
        scaled = logits / manifest.temperature
        if manifest.multi_label:
            alone: Float64 = scaled[..., genre]
            return alone
        others = np.delete(scaled, genre, axis=-1)
        top = others.max(axis=-1, keepdims=True)
        rest = top[..., 0] + np.log(np.exp(others - top).sum(axis=-1))
        odds: Float64 = scaled[..., genre] - rest
        return odds

    def _windows(self, frames: Float32, indices: Sequence[int]) -> Iterator[Float32]:
        return (self._filled(frames[slice(*self.spans[index])]) for index in indices)

    def _filled(self, piece: Float32) -> Float32:
        n_frames = self._settings.n_frames
        if len(piece) == n_frames:
            return piece
        # The whole piece is shorter than a window, and is repeated as iter_windows does.
        return np.tile(piece, (-(-n_frames // len(piece)), 1))[:n_frames]

    def _heard(self, windows: Iterable[Float32]) -> tuple[Float64, Float64]:
        """Logits ``(n, c)`` of n windows and their weights ``(n,)``, 0 for a silent one, whose logits are zeros."""
        weights, asked = [], []
        for window in windows:
            silent = is_silent(window, settings=self.front_end)
            weights.append(0.0 if silent else 1.0)
            if not silent:
                asked.append(compress(window, settings=self.front_end))
        heard = np.array(weights)
        logits = np.zeros((len(heard), len(self.bundle.names)))
        if asked:
            logits[heard > 0] = self.bundle.outputs(np.stack(asked)).logits
        return logits, heard
