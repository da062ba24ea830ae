"""The answer for one piece of sound, and its one JSON form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle.segments import Segment

SCHEMA = "genrelens.prediction/3"
REASONS = ("silence", "too_short", "not_music", "outside_vocabulary", "unlike_training", "undecided")
"""Why a prediction abstains, the gravest first."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Prediction:
    """What a model says about one piece. ``c`` genres, ``w`` windows, ``d`` numbers of embedding.

    Attributes:
        names: the genres, in class order.
        probabilities: ``(c,)`` float64, sum 1 unless ``multi_label``; all NaN when nothing could be computed.
        window_times_s: ``(w, 2)`` float64, start and end of each window in the file, s.
        window_probabilities: ``(w, c)`` float64; NaN in the rows of silent windows.
        embedding: ``(d,)`` float32, mean over the windows that are not silent; NaN without any.
        duration_s: length of the sound that was decoded, s.
        model_name, model_hash: which model said so.
        abstained: whether the answer is "don't know"; ``genre`` is None then.
        reason: one of :data:`REASONS`, or None when it did not abstain.
        notes: what the decoder had to say, e.g. that the file is truncated.
        set: the genres that ``coverage`` asks for, likeliest first; of a ``multi_label`` model the genres of at least
            0.5; None where the model cannot say, or where the sound is none that it should be asked about.
        coverage: how often ``set`` holds the true genre of music like the training's; None where there is no promise.
        tags: other words for the sound, likeliest first, each with a probability of its own; empty without.
        styles: genre-like words from the tags, the best first, each with a score: the share of real music that has less
            of it; empty where the model has none, and under the reasons ``silence``, ``too_short`` and ``not_music``.
        segments: the stretches of one genre each, in order, of sound that holds music: one where nothing changes; empty
            under the same three reasons as ``styles``, and of a ``multi_label`` model.
        multi_label: whether a piece may be of several genres, each with a probability of its own.
    """

    names: tuple[str, ...]
    probabilities: NDArray[np.float64]
    window_times_s: NDArray[np.float64]
    window_probabilities: NDArray[np.float64]
    embedding: NDArray[np.float32]
    duration_s: float
    model_name: str
    model_hash: str
    abstained: bool = False
    reason: str | None = None
    notes: tuple[str, ...] = ()
    set: tuple[str, ...] | None = None
    coverage: float | None = None
    tags: tuple[tuple[str, float], ...] = ()
    styles: tuple[tuple[str, float], ...] = ()
    segments: tuple[Segment, ...] = ()
    multi_label: bool = False

    def __post_init__(self) -> None:
        n_genres, n_windows = len(self.names), len(self.window_times_s)
        shapes = (self.probabilities.shape, self.window_times_s.shape, self.window_probabilities.shape)
        if shapes != ((n_genres,), (n_windows, 2), (n_windows, n_genres)):
            raise ValueError(f"shapes {shapes} do not fit {n_genres} genres and {n_windows} windows")
        if self.abstained != (self.reason is not None):
            raise ValueError("a prediction abstains exactly when it has a reason")

    def __repr__(self) -> str:
        if self.guess is None:
            return f"Prediction(no genre: {self.reason})"
        held = f"no genre: {self.reason}; guess " if self.abstained else ""
        return f"Prediction({held}{self.guess!r}, confidence {self.confidence:.2f}, {self.duration_s:.1f} s)"

    @property
    def genre(self) -> str | None:
        """The answer: the likeliest genre, or None where the model abstains."""
        return None if self.abstained else self.guess

    @property
    def guess(self) -> str | None:
        """The likeliest genre, even where the model abstains; None where nothing could be computed."""
        if np.isnan(self.probabilities).any():
            return None
        return self.names[int(np.argmax(self.probabilities))]

    @property
    def confidence(self) -> float | None:
        """Probability of ``guess``, 0 to 1, or None where there is none."""
        return None if self.guess is None else float(self.probabilities.max())

    def top(self, n: int) -> list[tuple[str, float]]:
        """The ``n`` likeliest genres with their probabilities, likeliest first; empty when there are none."""
        if self.guess is None:
            return []
        order = np.argsort(-self.probabilities, kind="stable")[:n]
        return [(self.names[i], float(self.probabilities[i])) for i in order]

    def to_json(self, *, path: str | None = None, timeline: bool = False) -> str:
        """:meth:`to_dict` as one line of JSON."""
        return json.dumps(self.to_dict(path=path, timeline=timeline), ensure_ascii=False, allow_nan=False)

    def to_dict(self, *, path: str | None = None, timeline: bool = False) -> dict[str, Any]:
        """The prediction in JSON types, with ``windows`` only if ``timeline``. Probabilities have six decimals.

        ``genre`` is None when the model abstains; ``guess``, ``confidence`` and ``probabilities`` are None when nothing
        could be computed, and so are the probabilities of a silent window.
        """
        row: dict[str, Any] = {
            "schema": SCHEMA,
            "path": path,
            "genre": self.genre,
            "guess": self.guess,
            "confidence": None if self.confidence is None else round(self.confidence, 6),
            "probabilities": _by_name(self.names, self.probabilities),
            "abstained": self.abstained,
            "reason": self.reason,
            "set": None if self.set is None else list(self.set),
            "coverage": self.coverage,
            "tags": {tag: round(p, 4) for tag, p in self.tags},
            "styles": {style: round(score, 4) for style, score in self.styles},
            "segments": [segment.to_dict() for segment in self.segments],
        }
        if timeline:
            row["windows"] = [
                {
                    "start_s": round(float(start_s), 3),
                    "end_s": round(float(end_s), 3),
                    "probabilities": _by_name(self.names, probabilities),
                }
                for (start_s, end_s), probabilities in zip(self.window_times_s, self.window_probabilities, strict=True)
            ]
        row["duration_s"] = round(self.duration_s, 3)
        row["model"] = {"name": self.model_name, "hash": self.model_hash}
        row["notes"] = list(self.notes)
        row["error"] = None
        return row


def failed_row(
    path: str | None, *, code: str, message: str, model_name: str, model_hash: str, timeline: bool = False
) -> dict[str, Any]:
    """The row of a path that could not be answered: the keys of ``Prediction.to_dict``, the genre None."""
    row: dict[str, Any] = {
        "schema": SCHEMA,
        "path": path,
        "genre": None,
        "guess": None,
        "confidence": None,
        "probabilities": None,
        "abstained": False,
        "reason": None,
        "set": None,
        "coverage": None,
        "tags": {},
        "styles": {},
        "segments": [],
    }
    if timeline:
        row["windows"] = []
    row["duration_s"] = None
    row["model"] = {"name": model_name, "hash": model_hash}
    row["notes"] = []
    row["error"] = {"code": code, "message": message}
    return row


def _by_name(names: Sequence[str], probabilities: NDArray[np.float64]) -> dict[str, float] | None:
    if np.isnan(probabilities).any():
        return None
    return {name: round(float(p), 6) for name, p in zip(names, probabilities, strict=True)}
