"""The ways to explain, by name: from a stretch to scores over time, and where the way has them over frequency."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle import Bundle
from genrelens.errors import BundleError
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.attention import AttentionMap, frame_scores
from genrelens.explanation.methods.baselines import BASELINES, QUIETER_DB, quieter
from genrelens.explanation.methods.occlusion import Progress, permutation_losses, scores, without_each
from genrelens.explanation.parts import Part

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

DEFAULT = IN_TURN = "occlusion-in-turn"
"""Moments and cells of the map by permutation sampling (:func:`permutation_losses`), with both baselines; ranges of
frequencies are turned down one at a time."""
OCCLUSIONS = {"occlusion": "mean", "occlusion-silence": "silence"}
"""Occlusion by name: which baseline stands in the place of what is taken out."""
BOTH = "occlusion-both"
"""The mean of the two: each baseline has its own way of misleading a model, and what they share counts twice."""
ORDERS_OF_SEGMENTS, ORDERS_OF_CELLS = 2, 1
OCCLUSION_METHODS = (IN_TURN, BOTH, *OCCLUSIONS)
INTEGRATED, RELEVANCE = "integrated-gradients", "attention-gradient"
GRADIENT_METHODS = (INTEGRATED, RELEVANCE)
"""Of networks that can be built again in PyTorch (``[train]``)."""
_UNITS = {
    "occlusion": "a steady sound of the piece's mean power in the place of a part of time, or a range of frequencies "
    f"turned down by {QUIETER_DB:g} dB",
    "occlusion-silence": "silence in the part's place",
    BOTH: "a part of time taken out (the mean of two ways: a steady sound of the piece's mean power in its place, "
    f"and silence), or a range of frequencies turned down by {QUIETER_DB:g} dB",
    IN_TURN: "the logits lowered by what a moment or cell takes along on average as parts go in turn, up to half of "
    "those in a window (two ways: a steady sound of the piece's mean power in its place, and silence), or with a range "
    f"of frequencies turned down by {QUIETER_DB:g} dB",
}


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What a method found of a stretch, for the parts of its grid.

    Attributes:
        unit: what a score is, in words.
        judged_by: the baseline that the explanation is judged by, not the method's own.
        segments: ``(n,)`` scores.
        bands: ``(m,)`` scores; empty where the method is over time only.
        cells: ``(k, l)`` scores of the map's steps and groups; None without a map.
        without_segments, without_bands: ``(n, c)`` and ``(m, c)`` logits without each, by the first baseline; None
            where nothing is taken out.
        notes: what must be known of the method.
    """

    unit: str
    judged_by: str
    segments: Float64
    bands: Float64 = field(default_factory=lambda: np.zeros(0))
    cells: Float64 | None = None
    without_segments: Float64 | None = None
    without_bands: Float64 | None = None
    notes: tuple[str, ...] = ()


def check_method(method: str, *, bundle: Bundle) -> None:
    """Raise :class:`BundleError` where there is no such method, or it needs attention that the model has not."""
    if method in OCCLUSION_METHODS:
        return
    if method in GRADIENT_METHODS:
        from genrelens.explanation.network import network_of

        network_of(bundle)
    elif not method.startswith(("attention", "rollout")):
        raise BundleError(
            f"there is no method {method!r}; expected {', '.join(OCCLUSION_METHODS)}, or of models with attention: "
            "attention, attention-layer1, attention-head1, attention-layer1-head1 (counted from 1), rollout, "
            f"attention-gradient; with the extra [train] also {INTEGRATED}",
            code="unknown_method",
        )
    else:
        AttentionMap.named(method)
    if method != INTEGRATED and not bundle.has_attention:
        raise BundleError(
            f"{bundle.name} has no attention to show: its architecture has none. What works with every model: "
            f"the methods {', '.join(OCCLUSION_METHODS)}",
            code="no_attention",
        )


def score(method: str, hearing: Hearing, *, genre: int, progress: Progress | None = None) -> Scored:
    """Scores of a stretch's parts by one of the methods, for the class of number ``genre``."""
    if method in OCCLUSION_METHODS:
        return _occlusion(method, hearing, genre=genre, progress=progress)
    if method in GRADIENT_METHODS:
        from genrelens.explanation.methods.gradients import gradient_scores

        return gradient_scores(method, hearing, genre=genre)
    return _attention(hearing, AttentionMap.named(method), progress=progress)


def _occlusion(method: str, hearing: Hearing, *, genre: int, progress: Progress | None) -> Scored:
    names = (OCCLUSIONS[method],) if method in OCCLUSIONS else tuple(BASELINES)
    baselines = [BASELINES[name](hearing.frames, hearing.front_end) for name in names]
    silent = names == ("silence",)
    grid = hearing.grid
    n, m = len(grid.segments), len(grid.bands)
    if method == IN_TURN:
        n_turns = len(hearing.scored_windows) * len(baselines)
        count = _Count(progress, n + m + (2 if grid.cells else 1) * n_turns)
    else:
        count = _Count(progress, (n + len(grid.cells)) * len(baselines) + m)

    def alone(parts: list[Part], baseline: Float32) -> Float64:
        return without_each(hearing, parts, baseline=baseline, progress=count)

    def over(parts: list[Part], *, n_orders: int, known: list[Float64]) -> Float64:
        if method == IN_TURN:
            losses = permutation_losses(hearing, parts, baselines=baselines, n_orders=n_orders, progress=count)
            return scores(hearing, hearing.logits - losses, genre=genre)
        logits = [*known, *(alone(parts, baseline) for baseline in baselines[len(known) :])]
        mean: Float64 = np.mean([scores(hearing, without, genre=genre) for without in logits], axis=0)
        return mean

    without_segments = alone(grid.segments, baselines[0])
    without_bands = alone(grid.bands, baselines[0] if silent else quieter(hearing.frames, hearing.front_end))
    by_segment = over(grid.segments, n_orders=ORDERS_OF_SEGMENTS, known=[without_segments])
    by_cell = over(grid.cells, n_orders=ORDERS_OF_CELLS, known=[]) if grid.cells else None
    return Scored(
        unit=f"log-odds of the class with all sound, minus those with {_UNITS[method]}",
        judged_by="shuffled" if len(baselines) > 1 else "mean" if silent else "silence",
        segments=by_segment,
        bands=scores(hearing, without_bands, genre=genre),
        cells=None if by_cell is None else by_cell.reshape(-1, len(grid.step_groups)),
        without_segments=without_segments,
        without_bands=without_bands,
        notes=() if m else ("This model hears samples, not frequencies: only time is explained.",),
    )


class _Count:
    """Counts parts and windows over several calls, for one line of progress."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def __call__(self, done: int, total: int) -> None:
        if self._progress is not None:
            self._progress(self._done, self._total)
        self._done += 1


def _attention(hearing: Hearing, wanted: AttentionMap, *, progress: Progress | None) -> Scored:
    def tokens_of(done: int, values: Float32) -> Float64:
        if progress is not None:
            progress(done, len(hearing.scored_windows))
        return wanted.scores(hearing.bundle.attention(values))

    frames = frame_scores(hearing, tokens_of)
    segments = np.array([_mean(frames[a:b]) for a, b in pairwise(hearing.grid.edges.tolist())])
    return Scored(
        # Everything is looked at somewhat, so the even share is where speaking for the class could begin.
        unit="attention received, in times the even share, minus 1",
        judged_by="mean",
        segments=segments - 1.0,
        notes=(
            "Attention says where the model looks, not what for: it is the same for every class, and what is looked "
            "at need not change the answer. It is over time only; occlusion also explains frequencies.",
        ),
    )


def _mean(values: Float64) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else 1.0
