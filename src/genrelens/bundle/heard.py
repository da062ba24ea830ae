"""What has been heard of a piece so far, and the answer that follows from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle.coverage import in_order
from genrelens.bundle.manifest import Manifest
from genrelens.bundle.pooling import pool_logits, sigmoid, softmax
from genrelens.bundle.prediction import Prediction

Float32 = NDArray[np.float32]
Values = NDArray[Any]
"""What the graph is given of one window: frames ``(n_frames, n_bands)`` float32, or descriptors ``(d,)`` float64."""

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

    def __init__(self, manifest: Manifest, *, run: Callable[[Values], Outputs], batch_windows: int) -> None:
        self._manifest = manifest
        self._run_graph = run
        self._batch_windows = batch_windows
        self._waiting: list[tuple[int, Values]] = []
        self._times_s: list[tuple[float, float]] = []
        self._logits: list[Float32 | None] = []
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
        for name in ("embedding", "tags", "screens"):
            found = getattr(outputs, name)
            if found is not None:
                total = found.sum(axis=0, dtype=np.float64)
                self._sums[name] = self._sums[name] + total if name in self._sums else total
        self._waiting.clear()

    def prediction(
        self, *, duration_s: float, notes: tuple[str, ...], coverage: float, embedding_size: int, model_hash: str
    ) -> Prediction:
        """The answer to all that was added, which is one window at least."""
        self._run()
        manifest = self._manifest
        weights = np.array([row is not None for row in self._logits], dtype=np.float64)
        nothing = np.full(len(manifest.taxonomy), np.nan)
        window_logits = np.stack([nothing if row is None else row for row in self._logits])
        to_probabilities = sigmoid if manifest.multi_label else softmax
        probabilities = to_probabilities(pool_logits(window_logits, weights=weights), temperature=manifest.temperature)
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
        return Prediction(
            names=manifest.taxonomy.names,
            probabilities=probabilities,
            window_times_s=np.minimum(np.array(self._times_s), duration_s),
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
