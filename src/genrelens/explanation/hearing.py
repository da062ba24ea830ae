"""A stretch as a model's windows, of which it scores versions: with all sound, and with some parts taken out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle import Bundle, iter_windows, pool_logits, softmax
from genrelens.bundle.pooling import sigmoid
from genrelens.bundle.track_term import SPREAD, spread_of
from genrelens.explanation.parts import Grid, Part
from genrelens.explanation.sound import front_end_of
from genrelens.frontend.frames import compress, is_silent

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


class Hearing:
    """The windows of a stretch, cut and pooled as prediction does, of which only those that change are scored again.

    Attributes:
        bundle, front_end: the model and how it hears.
        frames: ``(k, bands)`` of the stretch.
        grid: the parts that it is cut into.
        spans: first frame and the one after the last of each window's sound.
        n_frames: of a window.
    """

    def __init__(self, bundle: Bundle, frames: Float32) -> None:
        """``frames (k, bands)`` as the front end gives them, k >= 1."""
        windows = bundle.manifest.windows
        assert windows is not None
        self.bundle = bundle
        self.frames = frames
        self.front_end = front_end_of(bundle)
        self.grid = Grid(len(frames), self.front_end)
        self.n_frames = windows.n_frames
        self.spans: list[tuple[int, int]] = [
            (window.start_frame, window.end_frame) for window in iter_windows([frames], settings=windows)
        ]
        self._logits, self._weights, self._embedding = self._scored(self._windows(frames, range(len(self.spans))))
        self._added = self._of_track(self._embedding, self._weights)

    @property
    def is_silent(self) -> bool:
        """Whether no window holds sound."""
        return not self._weights.any()

    @property
    def logits(self) -> Float64:
        """``(c,)`` of the whole stretch, pooled over windows; NaN where all is silent."""
        return pool_logits(self._logits, weights=self._weights) + self._added

    @property
    def scored_windows(self) -> list[int]:
        """Numbers of the windows that hold sound: those that count."""
        return np.flatnonzero(self._weights).tolist()

    def inputs(self) -> Iterator[tuple[int, Float32]]:
        """Number and input ``(n_frames, bands)``, as the graph is given it, of each window that holds sound."""
        for index in self.scored_windows:
            (frames,) = self._windows(self.frames, [index])
            yield index, compress(frames, settings=self.front_end)

    def with_sound(self, parts: Sequence[Part]) -> list[int]:
        """Numbers of the parts whose time is not silent."""
        return [
            i
            for i, part in enumerate(parts)
            if not is_silent(self.frames[part.start : part.end], settings=self.front_end)
        ]

    def window_logits(self, index: int) -> Float64:
        """``(c,)`` of one window with all its sound; zeros where it is silent."""
        logits: Float64 = self._logits[index]
        return logits

    def logits_of(self, versions: Sequence[Float32]) -> Float64:
        """``(n, c)`` logits of n versions of a window's frames, each ``(frames, bands)``; zeros of a silent one.

        What the whole track adds to them is not among them.
        """
        return self._scored([self._filled(version) for version in versions])[0]

    def without(self, parts: Sequence[Part], *, baseline: Float32) -> Float64:
        """``(c,)`` pooled logits when the ``baseline``, of the shape of the frames, stands in the place of some parts.

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
        logits, weights, embedding = self._logits.copy(), self._weights.copy(), self._embedding.copy()
        if touched:
            logits[touched], weights[touched], embedding[touched] = self._scored(self._windows(changed, touched))
        if not weights.any():
            return np.zeros(logits.shape[1])
        return pool_logits(logits, weights=weights) + self._of_track(embedding, weights)

    def probabilities(self, logits: Float64) -> Float64:
        """Calibrated probabilities ``(..., c)`` of pooled logits ``(..., c)``, as prediction gives them."""
        manifest = self.bundle.manifest
        to_probabilities = sigmoid if manifest.multi_label else softmax
        return to_probabilities(logits, temperature=manifest.temperature)

    def log_odds(self, logits: Float64, genre: int) -> Float64:
        """``ln(p / (1 - p))`` of one class, calibrated: pooled logits ``(..., c)`` give ``(...,)``."""
        scaled = logits / self.bundle.manifest.temperature
        odds: Float64 = scaled[..., genre]
        if self.bundle.manifest.multi_label:
            return odds
        others = np.delete(scaled, genre, axis=-1)
        top = others.max(axis=-1, keepdims=True)
        rest: Float64 = top[..., 0] + np.log(np.exp(others - top).sum(axis=-1))
        return odds - rest

    def _windows(self, frames: Float32, indices: Iterable[int]) -> Iterator[Float32]:
        return (self._filled(frames[slice(*self.spans[index])]) for index in indices)

    def _filled(self, sound: Float32) -> Float32:
        if len(sound) == self.n_frames:
            return sound
        # The whole stretch is shorter than a window, and is repeated as iter_windows does.
        return np.tile(sound, (-(-self.n_frames // len(sound)), 1))[: self.n_frames]

    def _scored(self, windows: Iterable[Float32]) -> tuple[Float64, Float64, Float32]:
        """Logits ``(n, c)`` of n windows, their weights ``(n,)``, 0 for a silent one, and embeddings ``(n, d)``.

        A silent window's logits and embedding are zeros; ``d`` is 0 where nothing but the windows counts.
        """
        weights, inputs = [], []
        for window in windows:
            silent = is_silent(window, settings=self.front_end)
            weights.append(0.0 if silent else 1.0)
            if not silent:
                inputs.append(compress(window, settings=self.front_end))
        counted, term = np.array(weights), self.bundle.track_term
        logits = np.zeros((len(counted), len(self.bundle.names)))
        embedding = np.zeros((len(counted), 0 if term is None else self.bundle.embedding_size), np.float32)
        if inputs:
            outputs = self.bundle.outputs(np.stack(inputs))
            logits[counted > 0] = outputs.logits
            if term is not None:
                embedding[counted > 0] = outputs.embedding
        return logits, counted, embedding

    def _of_track(self, embedding: Float32, weights: Float64) -> Float64:
        """``(c,)`` what the windows together add to their pooled logits."""
        term = self.bundle.track_term
        if term is None or not weights.any():
            return np.zeros(len(self.bundle.names))
        return term.logits({SPREAD: spread_of(embedding[weights > 0])})
