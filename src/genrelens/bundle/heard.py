"""What has been heard of a piece so far, and the answer that follows from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle.audioset import genre_logits
from genrelens.bundle.coverage import in_order
from genrelens.bundle.manifest import Manifest
from genrelens.bundle.pooling import pool_logits, sigmoid, softmax
from genrelens.bundle.prediction import Prediction
from genrelens.bundle.segments import Segment, find_segments
from genrelens.bundle.styles import is_outside
from genrelens.bundle.track_term import MN04, SPREAD, Spread, TrackTerm

Float32 = NDArray[np.float32]
Values = NDArray[Any]
"""What the graph is given of one window: frames ``(n_frames, n_bands)`` float32, or descriptors ``(d,)`` float64."""

MULTI_LABEL_FROM = 0.5
"""A piece is of a genre that has at least this probability of its own."""
_NOTHING_IS_WRONG = ("undecided", None)
_HOLDS_NO_MUSIC = ("silence", "too_short", "not_music")


class Outputs(NamedTuple):
    """What the graph says of ``w`` windows: ``logits (w, c)``, ``embedding (w, d)``, ``tags (w, t)`` logits and
    ``screens (w, 2)``; None where it has no such output."""

    logits: Float32
    embedding: Float32
    tags: Float32 | None
    screens: Float32 | None


class Heard:
    """Windows wait until a batch is full; only results are kept, so memory does not grow with their sound."""

    def __init__(self, manifest: Manifest, *, run: Callable[[Values], Outputs], batch_windows: int) -> None:
        self._manifest = manifest
        self._spread = Spread()
        self.beside: dict[str, NDArray[np.float64]] = {}
        """What was made of the whole track beside its windows, by the kinds of :mod:`genrelens.bundle.track_term`."""
        self._run_graph = run
        self._batch_windows = batch_windows
        self._waiting: list[tuple[int, Values]] = []
        self._times_s: list[tuple[float, float]] = []
        self._logits: list[Float32 | None] = []
        self._tags: dict[int, Float32] = {}
        self._sums: dict[str, NDArray[np.float64]] = {}

    def add(self, values: Values | None, *, start_s: float, end_s: float) -> None:
        """Take in the next window, these seconds of the file; None for a silent one, which is not scored."""
        self._times_s.append((start_s, end_s))
        self._logits.append(None)
        if values is None:
            return
        self._waiting.append((len(self._logits) - 1, values))
        if len(self._waiting) == self._batch_windows:
            self._run()

    def _run(self) -> None:
        if not self._waiting:
            return
        outputs = self._run_graph(np.stack([values for _, values in self._waiting]))
        for (index, _), row in zip(self._waiting, outputs.logits, strict=True):
            self._logits[index] = row
        if outputs.tags is not None and self._manifest.styles is not None:
            self._tags.update(zip((index for index, _ in self._waiting), outputs.tags, strict=True))
        if SPREAD in self._manifest.track_numbers:
            self._spread.add(outputs.embedding)
        for name in ("embedding", "tags", "screens"):
            found = getattr(outputs, name)
            if found is not None:
                total = found.sum(axis=0, dtype=np.float64)
                self._sums[name] = self._sums[name] + total if name in self._sums else total
        self._waiting.clear()

    def prediction(
        self,
        *,
        duration_s: float,
        notes: tuple[str, ...],
        coverage: float,
        embedding_size: int,
        model_hash: str,
        track_term: TrackTerm | None = None,
    ) -> Prediction:
        """The answer to all that was added, which is one window at least; ``track_term``: what the whole adds to it."""
        self._run()
        manifest = self._manifest
        weights = np.array([row is not None for row in self._logits], dtype=np.float64)
        nothing = np.full(len(manifest.taxonomy), np.nan)
        window_logits = np.stack([nothing if row is None else row for row in self._logits])
        to_probabilities = sigmoid if manifest.multi_label else softmax
        pooled = pool_logits(window_logits, weights=weights)
        if track_term is not None:
            pooled = pooled + track_term.logits({SPREAD: self._spread.value(embedding_size), **self.beside})
        probabilities = to_probabilities(pooled, temperature=manifest.temperature)
        sure = float(probabilities.max())
        means = {name: total / weights.sum() for name, total in self._sums.items()}
        not_music, unlikeness = means.get("screens", np.full(2, np.nan)).tolist()
        reason = manifest.abstention.reason(
            silent=not weights.any(), duration_s=duration_s, confidence=sure, not_music=not_music, unlikeness=unlikeness
        )
        if reason is None and manifest.multi_label and sure < MULTI_LABEL_FROM:
            reason = "undecided"
        styles = () if reason in _HOLDS_NO_MUSIC else self._styles(means.get("tags"))
        if manifest.outside_styles and is_outside(styles, reason=reason, confidence=sure, taxonomy=manifest.taxonomy):
            reason = "outside_vocabulary"
        chosen = self._set(probabilities, coverage=coverage) if reason in _NOTHING_IS_WRONG else None
        tags = sigmoid(means.get("tags", np.zeros(0)))
        times_s = np.minimum(np.array(self._times_s), duration_s)
        whole = Segment(0.0, duration_s, manifest.taxonomy.names[int(np.argmax(probabilities))], sure, styles)
        return Prediction(
            names=manifest.taxonomy.names,
            probabilities=probabilities,
            window_times_s=times_s,
            window_probabilities=to_probabilities(window_logits, temperature=manifest.temperature),
            embedding=means.get("embedding", np.full(embedding_size, np.nan)).astype(np.float32),
            duration_s=duration_s,
            model_name=manifest.name,
            model_hash=model_hash,
            abstained=reason is not None,
            reason=reason,
            notes=notes,
            set=chosen,
            coverage=None if chosen is None or manifest.conformal is None else coverage,
            tags=tuple((manifest.tags[i], float(tags[i])) for i in np.argsort(-tags, kind="stable")),
            styles=styles,
            segments=() if reason in _HOLDS_NO_MUSIC else self._segments(times_s, window_logits, whole),
            multi_label=manifest.multi_label,
        )

    def _styles(self, tags: NDArray[np.float64] | None) -> tuple[tuple[str, float], ...]:
        """The styles of music whose mean ``tags (t,)`` are these logits; none of a model without styles."""
        manifest = self._manifest
        if manifest.styles is None:
            return ()
        logits = {} if tags is None else dict(zip(manifest.tags, tags.tolist(), strict=True))
        if MN04 in self.beside:
            logits |= genre_logits(self.beside[MN04])
        return manifest.styles.listed(logits)

    def _segments(
        self, times_s: NDArray[np.float64], window_logits: NDArray[np.float64], whole: Segment
    ) -> tuple[Segment, ...]:
        manifest = self._manifest
        if manifest.multi_label:
            return ()
        found = find_segments(
            times_s,
            window_logits,
            temperature=manifest.temperature,
            names=manifest.taxonomy.names,
            duration_s=whole.end_s,
        )
        if len(found) == 1:  # the whole, of which more is known than of its windows
            return (dataclasses.replace(whole, start_s=found[0].start_s, end_s=found[0].end_s),)
        if manifest.styles is None or not self._tags:
            return found
        middles = times_s.mean(axis=1)
        parts = []
        for one in found:
            rows = [row for i, row in self._tags.items() if one.start_s <= middles[i] < one.end_s]
            means: NDArray[np.float64] = np.stack(rows).mean(axis=0, dtype=np.float64)
            logits = dict(zip(manifest.tags, means.tolist(), strict=True))
            parts.append(dataclasses.replace(one, styles=manifest.styles.listed(logits)))
        return tuple(parts)

    def _set(self, probabilities: NDArray[np.float64], *, coverage: float) -> tuple[str, ...] | None:
        manifest = self._manifest
        if manifest.multi_label:
            chosen = probabilities >= MULTI_LABEL_FROM
        elif manifest.conformal is not None:
            chosen = manifest.conformal.choose(probabilities, coverage=coverage)
        else:
            return None
        return in_order(manifest.taxonomy.names, chosen=chosen, probabilities=probabilities)
