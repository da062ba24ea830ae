"""Gradients as ways to explain: from a network's attributions to scores of segments, bands and cells. ``[train]``."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from genrelens.errors import BundleError
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.attention import over_frames, over_piece
from genrelens.explanation.methods.bands import COARSE_EDGES_HZ, BandGroup, band_groups
from genrelens.explanation.methods.occlusion import CELLS_PER_STEP
from genrelens.explanation.methods.scoring import INTEGRATED, Scored
from genrelens.frontend.mel import MelSettings
from genrelens.frontend.vggish import LOG_OFFSET, VggishSettings

if TYPE_CHECKING:
    from genrelens.models.network import Network

Float64 = NDArray[np.float64]


def gradient_scores(
    method: str, hearing: Hearing, network: Network, *, genre: int, edges: NDArray[np.int64]
) -> Scored:
    """Scores of a stretch's segments, cut at the frames ``edges``; ``network`` is that of the stretch's bundle.

    Raises :class:`BundleError` where the method needs attention and the network has none.
    """
    if method == INTEGRATED:
        return _integrated(hearing, network, genre=genre, edges=edges)
    return _relevance(hearing, network, genre=genre, edges=edges)


def nothing(hearing: Hearing) -> float:
    """The number that silence would be beside the sound: the floor in decibels, of VGGish log(0.01), else 0."""
    front_end = hearing.front_end
    if isinstance(front_end, MelSettings) and front_end.log_factor is None:
        if front_end.top_db is None:
            raise BundleError(
                f"{hearing.bundle.name} hears decibels without a floor: nothing stands for silence, from which "
                f"{INTEGRATED} would begin; occlusion works with every model",
                code="no_gradients",
            )
        return -front_end.top_db
    return float(np.log(LOG_OFFSET)) if isinstance(front_end, VggishSettings) else 0.0


def _integrated(hearing: Hearing, network: Network, *, genre: int, edges: NDArray[np.int64]) -> Scored:
    from genrelens.explanation.methods.gradients import integrated_gradients

    heard = [(i, values) for i in range(len(hearing.spans)) if (values := hearing.values(i)) is not None]
    manifest = hearing.bundle.manifest
    found = integrated_gradients(
        network,
        np.stack([values for _, values in heard]),
        baseline=nothing(hearing),
        genre=genre,
        temperature=manifest.temperature,
        multi_label=manifest.multi_label,
    )
    total = np.zeros(hearing.frames.shape)
    for (i, values), attributed in zip(heard, found, strict=True):
        start, end = hearing.spans[i]
        np.add.at(total, start + np.arange(len(values)) % (end - start), attributed)
    groups = band_groups(hearing.front_end)
    coarse = band_groups(hearing.front_end, edges_hz=COARSE_EDGES_HZ)
    coarse_edges = np.append(edges[:-1:CELLS_PER_STEP], edges[-1])
    in_bands = len(groups) > 1
    return Scored(
        unit="what the part adds to the log-odds of the class, on the way from silence to the sound",
        judged_by="mean",
        segments=_sums(total, edges)[:, 0] if not in_bands else _sums(total, edges).sum(axis=1),
        groups=groups if in_bands else [],
        bands=_grouped(total.sum(axis=0, keepdims=True), groups)[0] if in_bands else np.zeros(0),
        coarse_edges=coarse_edges if in_bands else None,
        coarse_groups=tuple(coarse),
        cells=_grouped(_sums(total, coarse_edges), coarse) if in_bands else None,
    )


def _relevance(hearing: Hearing, network: Network, *, genre: int, edges: NDArray[np.int64]) -> Scored:
    from genrelens.explanation.methods.gradients import attention_relevance

    manifest = hearing.bundle.manifest
    assert manifest.windows is not None
    n_frames = manifest.windows.n_frames
    found: list[Float64 | None] = []
    for i in range(len(hearing.spans)):
        values = hearing.values(i)
        if values is None:
            found.append(None)
            continue
        tokens = attention_relevance(
            network,
            values[np.newaxis],
            genre=genre,
            temperature=manifest.temperature,
            multi_label=manifest.multi_label,
        )[0]
        found.append(over_frames(tokens, n_frames=n_frames))
    frames = np.nan_to_num(over_piece(found, spans=hearing.spans, n_frames=n_frames))
    means = np.array([frames[a:b].mean() for a, b in pairwise(edges)])
    return Scored(
        unit="attention that raises the class, by its gradient; 0 and up",
        judged_by="mean",
        segments=means,
        groups=[],
        bands=np.zeros(0),
        notes=("Attention relevance has no sign, and is over time only.",),
    )


def _sums(total: Float64, edges: NDArray[np.int64]) -> Float64:
    """Rows ``(n, bands)`` of sums over the frames between edges ``(n + 1,)``."""
    sums: Float64 = np.add.reduceat(total, edges[:-1], axis=0)
    return sums


def _grouped(rows: Float64, groups: list[BandGroup]) -> Float64:
    """``(n, bands)`` summed over each group's bands: ``(n, m)``."""
    return np.stack([rows[:, group.first : group.after].sum(axis=1) for group in groups], axis=1)
