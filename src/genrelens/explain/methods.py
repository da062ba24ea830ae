"""The ways to explain, by name: from a stretch to scores over time, and where the way has them over frequency."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle import Bundle
from genrelens.errors import BundleError
from genrelens.explain import in_turn
from genrelens.explain.attention import AttentionMap, over_frames, over_piece
from genrelens.explain.bands import COARSE_EDGES_HZ, BandGroup, band_groups
from genrelens.explain.fills import FILLS, QUIETER_DB, quieter
from genrelens.explain.hearing import Hearing, Part
from genrelens.explain.occlusion import (
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
"""Occlusion by name: which fill stands in the place of what is taken out."""
BOTH = "occlusion-both"
"""The mean of the two: each fill has its own way of misleading a model, and what they share counts twice."""
IN_TURN = "occlusion-in-turn"
"""What moments and cells of the map take along as they go one after the other, up to half of them
(:mod:`genrelens.explain.in_turn`), by both fills; ranges of frequencies are turned down one at a time."""
ORDERS_OF_SEGMENTS, ORDERS_OF_CELLS = 2, 1
OCCLUSION_METHODS = (IN_TURN, BOTH, *OCCLUSIONS)
INTEGRATED, RELEVANCE = "integrated-gradients", "attention-gradient"
GRADIENT_METHODS = (INTEGRATED, RELEVANCE)
"""Of networks that can be built again in PyTorch (``[train]``)."""
_UNITS = {
    "mean": "a steady sound of the piece's mean power in the place of a part of time, or a range of frequencies turned "
    f"down by {QUIETER_DB:g} dB",
    "silence": "silence in the part's place",
    "both": "a part of time taken out (the mean of two ways: a steady sound of the piece's mean power in its place, "
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
        judged_by: the fill that the explanation is judged by, not the method's own.
        segments: ``(n,)`` scores.
        groups: of bands; empty where the method is over time only.
        bands: ``(m,)`` scores of the groups.
        coarse_edges: ``(k + 1,)`` frames at which the steps of the map are cut; None without a map.
        coarse_groups: of bands in the map.
        cells: ``(k, l)`` scores of steps and groups.
        without_segments, without_bands: ``(n, c)`` and ``(m, c)`` logits without each, by the first fill; None where
            nothing is taken out.
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
        from genrelens.explain.network import network_of

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
    if method == IN_TURN:
        return _in_turn(hearing, genre=genre, edges=edges, progress=progress)
    if method in OCCLUSION_METHODS:
        fills = (OCCLUSIONS[method],) if method in OCCLUSIONS else tuple(FILLS)
        return _occlusion(hearing, fills=fills, genre=genre, edges=edges, progress=progress)
    if method in GRADIENT_METHODS:
        from genrelens.explain.gradient_methods import gradient_scores
        from genrelens.explain.network import network_of

        return gradient_scores(method, hearing, network_of(hearing.bundle), genre=genre, edges=edges)
    return _attention(hearing, AttentionMap.named(method), edges=edges, progress=progress)


def _occlusion(
    hearing: Hearing,
    *,
    fills: tuple[str, ...],
    genre: int,
    edges: NDArray[np.int64],
    progress: Progress | None,
) -> Scored:
    stand_ins = [FILLS[fill](hearing.frames, hearing.front_end) for fill in fills]
    silent = fills == ("silence",)
    band_stand_in = stand_ins[0] if silent else quieter(hearing.frames, hearing.front_end)
    groups = band_groups(hearing.front_end)
    coarse = band_groups(hearing.front_end, edges_hz=COARSE_EDGES_HZ)
    coarse_edges = np.append(edges[:-1:CELLS_PER_STEP], edges[-1])
    segments = time_parts(edges)
    bands = band_parts(groups, n_frames=len(hearing.frames)) if len(groups) > 1 else []
    cells = cell_parts(coarse_edges, coarse) if len(coarse) > 1 else []
    n, m = len(segments), len(bands)
    count = _Count(progress, (n + len(cells)) * len(fills) + m)

    def scored(parts: list[Part], fill: Float32) -> tuple[Float64, Float64]:
        logits = without_each(hearing, parts, fill=fill, progress=count)
        return logits, scores(hearing, logits, genre=genre)

    without_bands, band_scores = scored(bands, band_stand_in)
    by_segment = [scored(segments, fill) for fill in stand_ins]
    cell_scores = np.mean([scored(cells, fill)[1] for fill in stand_ins], axis=0)
    way = fills[0] if len(fills) == 1 else "both"
    return Scored(
        unit=f"log-odds of the class with all sound, minus those with {_UNITS[way]}",
        judged_by="shuffled" if len(fills) > 1 else "mean" if silent else "silence",
        segments=np.mean([found for _, found in by_segment], axis=0),
        groups=groups if bands else [],
        bands=band_scores,
        coarse_edges=coarse_edges if cells else None,
        coarse_groups=tuple(coarse),
        cells=cell_scores.reshape(-1, len(coarse)) if cells else None,
        without_segments=by_segment[0][0],
        without_bands=without_bands,
        notes=() if bands else (_NO_FREQUENCIES,),
    )


def _in_turn(hearing: Hearing, *, genre: int, edges: NDArray[np.int64], progress: Progress | None) -> Scored:
    fills = [fill(hearing.frames, hearing.front_end) for fill in FILLS.values()]
    groups = band_groups(hearing.front_end)
    coarse = band_groups(hearing.front_end, edges_hz=COARSE_EDGES_HZ)
    coarse_edges = np.append(edges[:-1:CELLS_PER_STEP], edges[-1])
    segments = time_parts(edges)
    bands = band_parts(groups, n_frames=len(hearing.frames)) if len(groups) > 1 else []
    cells = cell_parts(coarse_edges, coarse) if len(coarse) > 1 else []
    # The map has many more parts in a window than the timeline, and is most of the work.
    shares = (0.15, 0.3, 0.5, 1.0) if cells else (0.3, 1.0, 1.0, 1.0)
    alone = without_each(hearing, segments, fill=fills[0], progress=_share(progress, 0.0, shares[0]))
    taken = in_turn.taken_along(
        hearing,
        segments,
        fills=fills,
        n_orders=ORDERS_OF_SEGMENTS,
        progress=_share(progress, shares[0], shares[1]),
    )
    quiet = quieter(hearing.frames, hearing.front_end)
    without_bands = without_each(hearing, bands, fill=quiet, progress=_share(progress, shares[1], shares[2]))
    of_cells = in_turn.taken_along(
        hearing,
        cells,
        fills=fills if cells else [],
        n_orders=ORDERS_OF_CELLS,
        progress=_share(progress, shares[2], shares[3]),
    )
    return Scored(
        unit=f"log-odds of the class with all sound, minus those with {_UNITS[IN_TURN]}",
        judged_by="shuffled",
        segments=in_turn.scores(hearing, taken, genre=genre),
        groups=groups if bands else [],
        bands=scores(hearing, without_bands, genre=genre),
        coarse_edges=coarse_edges if cells else None,
        coarse_groups=tuple(coarse),
        cells=in_turn.scores(hearing, of_cells, genre=genre).reshape(-1, len(coarse)) if cells else None,
        without_segments=alone,
        without_bands=without_bands,
        notes=() if bands else (_NO_FREQUENCIES,),
    )


def _share(progress: Progress | None, start: float, end: float) -> Progress | None:
    """Progress of a step that is a share of the whole, in thousandths."""
    if progress is None:
        return None
    return lambda done, total: progress(round(1000 * (start + (end - start) * done / max(total, 1))), 1000)


class _Count:
    """Counts parts over several calls, for one line of progress."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def __call__(self, done: int, total: int) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total)


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
