"""The ways to explain, by name: from a stretch to scores over time, and where the way has them over frequency."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle import Bundle
from genrelens.errors import BundleError
from genrelens.explanation.hearing import Hearing, Part
from genrelens.explanation.methods import in_turn
from genrelens.explanation.methods.attention import AttentionMap, over_frames, over_piece
from genrelens.explanation.methods.bands import COARSE_EDGES_HZ, BandGroup, band_groups
from genrelens.explanation.methods.baselines import BASELINES, QUIETER_DB, quieter
from genrelens.explanation.methods.occlusion import (
    CELLS_PER_STEP,
    Progress,
    band_parts,
    cell_parts,
    scores,
    time_parts,
    without_each,
)

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

DEFAULT = "occlusion-in-turn"
OCCLUSIONS = {"occlusion": "mean", "occlusion-silence": "silence"}
"""Occlusion by name: which baseline stands in the place of what is taken out."""
BOTH = "occlusion-both"
"""The mean of the two: each baseline has its own way of misleading a model, and what they share counts twice."""
IN_TURN = "occlusion-in-turn"
"""What moments and cells of the map take along as they go one after the other, up to half of them
(:mod:`genrelens.explanation.methods.in_turn`), by both baselines; bands are turned down one at a time."""
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
_NO_FREQUENCIES = "This model hears samples, not frequencies: only time is explained."


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What a method found.

    Attributes:
        unit: what a score is, in words.
        judged_by: the baseline that the explanation is judged by, not the method's own.
        segments: ``(n,)`` scores.
        groups: of bands; empty where the method is over time only.
        bands: ``(m,)`` scores of the groups.
        coarse_edges: ``(k + 1,)`` frames at which the steps of the map are cut; None without a map.
        coarse_groups: of bands in the map.
        cells: ``(k, l)`` scores of steps and groups.
        without_segments, without_bands: ``(n, c)`` and ``(m, c)`` logits without each, by the first baseline; None
            where nothing is taken out.
        notes: what must be known of the method.
    """

    unit: str
    judged_by: str
    segments: Float64
    groups: list[BandGroup]
    bands: Float64
    coarse_edges: NDArray[np.int64] | None = None
    coarse_groups: tuple[BandGroup, ...] = ()
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
        if method == INTEGRATED or bundle.has_attention:
            return
        raise _no_attention(bundle)
    if not method.startswith(("attention", "rollout")):
        raise BundleError(
            f"there is no method {method!r}; expected {', '.join(OCCLUSION_METHODS)}, or of models with attention: "
            "attention, attention-layer1, attention-head1, attention-layer1-head1 (counted from 1), rollout, "
            f"attention-gradient; with the extra [train] also {INTEGRATED}",
            code="unknown_method",
        )
    AttentionMap.named(method)
    if not bundle.has_attention:
        raise _no_attention(bundle)


def _no_attention(bundle: Bundle) -> BundleError:
    return BundleError(
        f"{bundle.name} has no attention to show: its architecture has none. What works with every model: "
        f"--method {' or --method '.join(OCCLUSION_METHODS)}",
        code="no_attention",
    )


def score(
    method: str,
    hearing: Hearing,
    *,
    genre: int,
    edges: NDArray[np.int64],
    progress: Progress | None = None,
) -> Scored:
    """Scores of a stretch's segments, which are cut at the frames ``edges``, and what else the method gives."""
    if method in OCCLUSION_METHODS:
        return _occlusion(method, hearing, genre=genre, edges=edges, progress=progress)
    if method in GRADIENT_METHODS:
        from genrelens.explanation.methods.gradient_methods import gradient_scores
        from genrelens.explanation.network import network_of

        return gradient_scores(method, hearing, network_of(hearing.bundle), genre=genre, edges=edges)
    return _attention(hearing, AttentionMap.named(method), edges=edges, progress=progress)


def _occlusion(
    method: str,
    hearing: Hearing,
    *,
    genre: int,
    edges: NDArray[np.int64],
    progress: Progress | None,
) -> Scored:
    names = (OCCLUSIONS[method],) if method in OCCLUSIONS else tuple(BASELINES)
    baselines = [BASELINES[name](hearing.frames, hearing.front_end) for name in names]
    silent = names == ("silence",)
    groups = band_groups(hearing.front_end)
    coarse = band_groups(hearing.front_end, edges_hz=COARSE_EDGES_HZ)
    coarse_edges = np.append(edges[:-1:CELLS_PER_STEP], edges[-1])
    segments = time_parts(edges)
    bands = band_parts(groups, n_frames=len(hearing.frames)) if len(groups) > 1 else []
    cells = cell_parts(coarse_edges, coarse) if len(coarse) > 1 else []
    n, m = len(segments), len(bands)
    if method == IN_TURN:
        n_turns = len(hearing.sounding) * len(baselines)
        count = _Count(progress, n + m + (2 if cells else 1) * n_turns)
    else:
        count = _Count(progress, (n + len(cells)) * len(baselines) + m)

    def alone(parts: list[Part], baseline: Float32) -> Float64:
        return without_each(hearing, parts, baseline=baseline, progress=count)

    def over(parts: list[Part], *, n_orders: int, known: list[Float64]) -> Float64:
        if method == IN_TURN:
            taken = in_turn.taken_along(
                hearing, parts, baselines=baselines, n_orders=n_orders, progress=count
            )
            return in_turn.scores(hearing, taken, genre=genre)
        logits = [*known, *(alone(parts, baseline) for baseline in baselines[len(known) :])]
        mean: Float64 = np.mean([scores(hearing, without, genre=genre) for without in logits], axis=0)
        return mean

    without_segments = alone(segments, baselines[0])
    without_bands = alone(bands, baselines[0] if silent else quieter(hearing.frames, hearing.front_end))
    by_segment = over(segments, n_orders=ORDERS_OF_SEGMENTS, known=[without_segments])
    by_cell = over(cells, n_orders=ORDERS_OF_CELLS, known=[]).reshape(-1, len(coarse)) if cells else None
    return Scored(
        unit=f"log-odds of the class with all sound, minus those with {_UNITS[method]}",
        judged_by="shuffled" if len(baselines) > 1 else "mean" if silent else "silence",
        segments=by_segment,
        groups=groups if bands else [],
        bands=scores(hearing, without_bands, genre=genre),
        coarse_edges=coarse_edges if cells else None,
        coarse_groups=tuple(coarse),
        cells=by_cell,
        without_segments=without_segments,
        without_bands=without_bands,
        notes=() if bands else (_NO_FREQUENCIES,),
    )


class _Count:
    """Counts parts and windows over several calls, for one line of progress."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def __call__(self, done: int, total: int) -> None:
        if self._progress is not None:
            self._progress(self._done, self._total)
        self._done += 1


def _attention(
    hearing: Hearing, wanted: AttentionMap, *, edges: NDArray[np.int64], progress: Progress | None
) -> Scored:
    windows = hearing.bundle.manifest.windows
    assert windows is not None
    found: list[Float64 | None] = []
    for i in range(len(hearing.spans)):
        if progress is not None:
            progress(i, len(hearing.spans))
        values = hearing.values(i)
        if values is None:
            found.append(None)
        else:
            tokens = wanted.scores(hearing.bundle.attention(values))
            found.append(over_frames(tokens, n_frames=windows.n_frames))
    frames = over_piece(found, spans=hearing.spans, n_frames=windows.n_frames)
    segments = np.array([_mean(frames[a:b]) for a, b in pairwise(edges.tolist())], dtype=np.float64)
    return Scored(
        # Everything is looked at somewhat, so the even share is where speaking for the class could begin.
        unit="attention received, in times the even share, minus 1",
        judged_by="mean",
        segments=segments - 1.0,
        groups=[],
        bands=np.zeros(0),
        notes=(
            "Attention says where the model looks, not what for: it is the same for every class, and what is looked "
            "at need not change the answer. It is over time only; --method occlusion also explains frequencies.",
        ),
    )


def _mean(values: Float64) -> float:
    heard = values[~np.isnan(values)]
    return float(heard.mean()) if heard.size else 1.0
