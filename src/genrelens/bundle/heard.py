"""What has been heard of a piece so far, and the answer that follows from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle.coverage import in_order
from genrelens.bundle.manifest import Manifest
from genrelens.bundle.pooling import pool_logits, sigmoid, softmax
from genrelens.bundle.prediction import Prediction
from genrelens.bundle.windows import Window, is_silent
from genrelens.frontend.mel import compress

Float32 = NDArray[np.float32]

MULTI_LABEL_FROM = 0.5
"""A piece is of a genre that has at least this probability of its own."""
_NOTHING_IS_WRONG = ("undecided", None)


class Outputs(NamedTuple):
    """What the graph says of ``w`` windows: ``logits (w, c)``, ``embedding (w, d)``, ``tags (w, t)`` logits and
    ``screens (w, 2)``; None where it has no such output."""

    logits: Float32
    embedding: Float32
    tags: Float32 | None
    screens: Float32 | None


class Heard:
    """Windows wait until a batch is full; only results are kept, so memory does not grow with their sound."""

    def __init__(self, manifest: Manifest, *, run: Callable[[Float32], Outputs], batch_windows: int) -> None:
        self._manifest = manifest
        self._run_graph = run
        self._batch_windows = batch_windows
        self._waiting: list[tuple[int, Float32]] = []
        self._frames: list[tuple[int, int]] = []
        self._logits: list[Float32 | None] = []
        self._sums: dict[str, NDArray[np.float64]] = {}

    def add(self, window: Window) -> None:
        """Take in the next window; it is done with on return."""
        self._frames.append((window.start_frame, window.end_frame))
        self._logits.append(None)
        front_end = self._manifest.front_end
        if is_silent(window.power, settings=front_end):
            return
        self._waiting.append((len(self._logits) - 1, compress(window.power, settings=front_end)))
        if len(self._waiting) == self._batch_windows:
            self._run()

    def _run(self) -> None:
        if not self._waiting:
            return
        outputs = self._run_graph(np.stack([mel for _, mel in self._waiting]))
        for (index, _), row in zip(self._waiting, outputs.logits, strict=True):
            self._logits[index] = row
        for name in ("embedding", "tags", "screens"):
            values = getattr(outputs, name)
            if values is not None:
                total = values.sum(axis=0, dtype=np.float64)
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
    ) -> Prediction:
        """The answer to all that was added, which is one window at least."""
        self._run()
        manifest = self._manifest
        weights = np.array([row is not None for row in self._logits], dtype=np.float64)
        nothing = np.full(len(manifest.taxonomy), np.nan)
        window_logits = np.stack([nothing if row is None else row for row in self._logits])
        to_probabilities = sigmoid if manifest.multi_label else softmax
        probabilities = to_probabilities(
            pool_logits(window_logits, weights=weights), temperature=manifest.temperature
        )
        means = {name: total / weights.sum() for name, total in self._sums.items()}
        not_music, unlikeness = means.get("screens", np.full(2, np.nan))
        reason = manifest.abstention.reason(
            silent=not weights.any(),
            duration_s=duration_s,
            confidence=float(probabilities.max()),
            not_music=float(not_music),
            unlikeness=float(unlikeness),
        )
        if reason is None and manifest.multi_label and probabilities.max() < MULTI_LABEL_FROM:
            reason = "undecided"
        chosen = self._set(probabilities, coverage=coverage) if reason in _NOTHING_IS_WRONG else None
        tags = sigmoid(means["tags"]) if "tags" in means else np.zeros(0)
        seconds_per_frame = manifest.front_end.hop_length / manifest.front_end.sample_rate
        times_s = np.minimum(np.array(self._frames) * seconds_per_frame, duration_s)
        times_s[-1, 1] = duration_s
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
            multi_label=manifest.multi_label,
        )

    def _set(self, probabilities: NDArray[np.float64], *, coverage: float) -> tuple[str, ...] | None:
        manifest = self._manifest
        if manifest.multi_label:
            chosen = probabilities >= MULTI_LABEL_FROM
        elif manifest.conformal is not None:
            chosen = manifest.conformal.choose(probabilities, coverage=coverage)
        else:
            return None
        return in_order(manifest.taxonomy.names, chosen=chosen, probabilities=probabilities)
