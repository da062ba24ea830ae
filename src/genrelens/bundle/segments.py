"""Stretches of a track that are of one genre: a mix, a medley or a side of a record falls into parts.

The windows' log probabilities are explained by a genre for each stretch, at a constant price for each change (a Potts
model, solved exactly by dynamic programming), and no stretch is shorter than a least length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle.pooling import pool_logits, softmax

LEAST_S: Final = 6.0
"""No segment is shorter, s, unless silence or the end of the track leaves no more; a silence this long parts two."""
PRICE_S: Final = 6.0
"""A change pays where the new genre is ten times as likely as the old one in the windows of so many seconds. Chosen by
``tools/segments_report.py``: docs/segments.md."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a track, from and to in seconds, its likeliest genre, and the calibrated probability of that one.

    ``styles``: as those of a whole prediction, of the windows in the stretch.
    """

    start_s: float
    end_s: float
    genre: str
    confidence: float
    styles: tuple[tuple[str, float], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """In JSON types: seconds with three decimals, the probability with six, scores of styles with four."""
        return {
            "start_s": round(self.start_s, 3),
            "end_s": round(self.end_s, 3),
            "genre": self.genre,
            "confidence": round(self.confidence, 6),
            "styles": {style: round(score, 4) for style, score in self.styles},
        }


def find_segments(
    window_times_s: FloatArray,
    window_logits: FloatArray,
    *,
    temperature: float,
    names: Sequence[str],
    duration_s: float,
    price_s: float = PRICE_S,
) -> tuple[Segment, ...]:
    """The segments of a track, in order: where they touch, a change of genre lies between two windows' centres.

    ``window_times_s (w, 2)``: start and end of each window, s. ``window_logits (w, c)`` of the genres ``names``; not a
    number in the rows of silent windows. Silence tells no genre: short of :data:`LEAST_S` it belongs to what is around
    it, and from there on to no segment. Without any sound there is none.
    """
    heard = np.isfinite(window_logits[:, 0])
    centres = window_times_s.mean(axis=1)
    step_s = float(np.median(np.diff(centres))) if len(centres) > 1 else duration_s
    price = price_s * np.log(10) / max(step_s, 1e-9)
    found = []
    all_edges = np.array([0.0, *(centres[1:] + centres[:-1]) / 2, duration_s])
    for places, start_s, end_s in _parted_by_silence(all_edges, heard):
        logits = window_logits[places]
        between = (centres[places][1:] + centres[places][:-1]) / 2
        edges = np.array([start_s, *between, end_s])
        cost = -np.log(np.maximum(softmax(logits, temperature=temperature), 1e-300))
        runs: list[tuple[int, int, int]] = []
        for first, last, _ in cheapest(cost, edges=edges, price=price, least=LEAST_S):
            likeliest = int(np.argmax(logits[first:last].mean(axis=0)))
            if runs and runs[-1][2] == likeliest:  # what is likeliest at most windows is not always so of their mean
                first = runs.pop()[0]
            runs.append((first, last, likeliest))
        for first, last, likeliest in runs:
            pooled = pool_logits(logits[first:last], weights=np.ones(last - first))
            probability = float(softmax(pooled, temperature=temperature)[likeliest])
            found.append(Segment(float(edges[first]), float(edges[last]), names[likeliest], probability))
    return tuple(found)


def cheapest(cost: FloatArray, *, edges: FloatArray, price: float, least: float) -> tuple[tuple[int, int, int], ...]:
    """The labelling of ``w`` places in a row that costs least, as runs (first place, place after the last, label).

    ``cost (w, c)``: of each label at each place, finite; ``price`` >= 0: of each change; ``edges (w + 1,)`` rising:
    where places begin and end. No run is shorter than ``least``, unless all places together are: they are one run then.
    Exact, and the work grows with ``w`` times ``c``: a run is its shortest allowed beginning and what comes to it.
    """
    n, n_labels = cost.shape
    total = np.concatenate([np.zeros((1, n_labels)), np.cumsum(cost, axis=0)])
    if edges[-1] - edges[0] < least:
        return ((0, n, int(total[-1].argmin())),)
    ending = np.full((n + 1, n_labels), np.inf)  # the least cost of places before this one, the last of this label
    begun = np.zeros((n + 1, n_labels), dtype=np.int64)  # where that last run began
    start = 0  # the first place at which no run has been begun yet
    for place in range(1, n + 1):
        ending[place] = ending[place - 1] + cost[place - 1]
        begun[place] = begun[place - 1]
        while start < place and edges[place] - edges[start] >= least:
            before = 0.0 if start == 0 else ending[start].min() + price
            fresh = before + total[place] - total[start]
            better = fresh < ending[place]
            ending[place][better] = fresh[better]
            begun[place][better] = start
            start += 1
    runs: list[tuple[int, int, int]] = []
    last = n
    while last > 0:
        label = int(ending[last].argmin())
        first = int(begun[last][label])
        if runs and runs[-1][2] == label:  # for nothing, where a change has no price
            runs[-1] = (first, runs[-1][1], label)
        else:
            runs.append((first, last, label))
        last = first
    return tuple(reversed(runs))


def _parted_by_silence(edges: FloatArray, heard: NDArray[np.bool_]) -> list[tuple[NDArray[np.int64], float, float]]:
    """Places of heard windows between long silences, with the seconds from and to which they reach."""
    parts: list[tuple[NDArray[np.int64], float, float]] = []
    start_s, members = float(edges[0]), list[int]()
    for before, after in pairwise([-1, *np.flatnonzero(heard).tolist(), len(heard)]):
        silent_from_s, silent_to_s = float(edges[before + 1]), float(edges[after])
        if silent_to_s - silent_from_s >= LEAST_S:
            if members:
                parts.append((np.array(members), start_s, silent_from_s))
            start_s, members = silent_to_s, []
        if after < len(heard):
            members.append(after)
    if members:
        parts.append((np.array(members), start_s, float(edges[-1])))
    return parts
