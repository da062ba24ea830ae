"""Occlusion: what the class loses when a part of the sound is taken out (Zeiler & Fergus 2014, arXiv 1311.2901).

Parts are stretches of time, ranges of frequency, and both together. A score is the class's log-odds with all sound
minus its log-odds without the part: above 0 the part speaks for the class, below 0 against it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from genrelens.explanation.hearing import Hearing, Part
from genrelens.explanation.methods.bands import BandGroup
from genrelens.frontend.frames import is_silent

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Progress = Callable[[int, int], None]
"""Called before each part, with how many were done before and how many there are."""

SEGMENT_S = 1.0
"""Length of a segment of time; pieces shorter than ``MIN_SEGMENTS`` of them are cut into that many."""
MIN_SEGMENTS = 10
CELLS_PER_STEP = 2
"""Segments that make one step of the map over time and frequency."""


def segment_frames(n_frames: int, *, frames_per_s: float) -> NDArray[np.int64]:
    """Edges ``(n + 1,)`` of equal segments over ``n_frames``, each of about :data:`SEGMENT_S`, one frame at least."""
    n = max(round(n_frames / frames_per_s / SEGMENT_S), MIN_SEGMENTS)
    n = min(n, n_frames)
    return np.round(np.linspace(0, n_frames, n + 1)).astype(np.int64)


def time_parts(edges: NDArray[np.int64]) -> list[Part]:
    """One part a segment, over all bands."""
    return [Part(a, b) for a, b in pairwise(edges.tolist())]


def band_parts(groups: Sequence[BandGroup], *, n_frames: int) -> list[Part]:
    """One part a group of bands, over all time."""
    return [Part(0, n_frames, group.first, group.after) for group in groups]


def cell_parts(edges: NDArray[np.int64], groups: Sequence[BandGroup]) -> list[Part]:
    """One part a step of time and a group of bands, time first."""
    return [Part(a, b, group.first, group.after) for a, b in pairwise(edges.tolist()) for group in groups]


def without_each(
    hearing: Hearing, parts: Sequence[Part], *, baseline: Float32, progress: Progress | None = None
) -> Float64:
    """Pooled logits ``(n, c)`` without each of n parts.

    A part that holds no sound cannot be taken out: without it the logits are those of all sound.
    """
    with_all = hearing.logits
    found = np.empty((len(parts), len(with_all)))
    for i, part in enumerate(parts):
        if progress is not None:
            progress(i, len(parts))
        silent = is_silent(hearing.frames[part.start : part.end], settings=hearing.front_end)
        found[i] = with_all if silent else hearing.without([part], baseline=baseline)
    return found


def scores(hearing: Hearing, logits_without: Float64, *, genre: int) -> Float64:
    """What each part adds to the log-odds of a class: ``(n, c)`` logits without them give ``(n,)``."""
    found: Float64 = hearing.log_odds(hearing.logits, genre) - hearing.log_odds(logits_without, genre)
    return found
