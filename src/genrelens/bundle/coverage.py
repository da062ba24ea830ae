"""Prediction sets: every genre that it takes to be right so often as was asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.errors import BundleError

COVERAGE = 0.9
"""Usual coverage: the set holds the true genre nine times of ten."""


LEAST_AMBIGUOUS: Final = "least_ambiguous"
ADAPTIVE: Final = "adaptive"
KINDS: Final = (LEAST_AMBIGUOUS, ADAPTIVE)


def set_scores(kind: str, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """How unlikely each genre is, 0 to 1: ``(..., c)`` probabilities give ``(..., c)`` scores.

    ``least_ambiguous``: 1 minus its probability (Sadinle, Lei & Wasserman, JASA 114, 2019). ``adaptive``: what the
    likelier genres sum up to, so that a flat answer lets more genres in (Romano, Sesia & Candès 2020, arXiv 2006.02544,
    without their random draw).
    """
    if kind == LEAST_AMBIGUOUS:
        return 1.0 - probabilities
    order = np.argsort(-probabilities, axis=-1, kind="stable")
    falling = np.take_along_axis(probabilities, order, axis=-1)
    scores = np.empty_like(probabilities)
    np.put_along_axis(scores, order, np.clip(np.cumsum(falling, axis=-1) - falling, 0.0, 1.0), axis=-1)
    return scores


@dataclass(frozen=True, slots=True)
class Conformal:
    """How unlikely the true genre was found on tracks that were not learnt from: split conformal prediction.

    ``scores (m,)``: :func:`set_scores` of the true genre by this ``kind``, ascending; ``weights (m,)`` > 0: each
    artist's tracks share ``1 / (artists + 1)``, so the sum stays below 1 and the rest stands for the artist to come.
    One artist has one vote because tracks of one artist are no independent witnesses: Lee, Barber & Willett,
    "Distribution-free inference with hierarchical data" (arXiv 2306.06342), section 3. Raises :class:`BundleError` on
    other values.
    """

    scores: tuple[float, ...]
    weights: tuple[float, ...]
    kind: str = LEAST_AMBIGUOUS

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BundleError(f"this genrelens has no prediction sets of the kind {self.kind!r}: {', '.join(KINDS)}")
        scores, weights = np.array(self.scores), np.array(self.weights)
        if not len(scores) or len(scores) != len(weights):
            raise BundleError(f"prediction sets need one weight a score, got {len(scores)} and {len(weights)}")
        if not (np.diff(scores) >= 0).all() or scores[0] < 0 or scores[-1] > 1:
            raise BundleError("the scores of prediction sets should ascend from 0 to 1 at most")
        if not (weights > 0).all() or weights.sum() >= 1:
            raise BundleError("the weights of prediction sets should be above 0 and their sum below 1")

    def threshold(self, coverage: float) -> float:
        """The least score that ``coverage`` of the weight lies at or below; infinite where the weights do not reach."""
        # Sums of thirds and sevenths miss a bound by rounding: 1e-12 is far below the weight of any track.
        reached = np.cumsum(self.weights) >= coverage - 1e-12
        return float(self.scores[int(np.argmax(reached))]) if reached.any() else math.inf

    def choose(self, probabilities: NDArray[np.float64], *, coverage: float) -> NDArray[np.bool_]:
        """Which genres are in the set: ``(..., c)`` probabilities give ``(..., c)``. The likeliest always is."""
        inside = set_scores(self.kind, probabilities) <= self.threshold(coverage) + 1e-12
        likeliest = probabilities.argmax(axis=-1)[..., np.newaxis] == np.arange(probabilities.shape[-1])
        chosen: NDArray[np.bool_] = inside | likeliest
        return chosen


def check_coverage(coverage: float) -> None:
    """Raise ``ValueError`` unless a coverage is above 0 and below 1."""
    if not 0 < coverage < 1:
        raise ValueError(f"expected a coverage above 0 and below 1, such as 0.9, got {coverage}")


def in_order(names: Sequence[str], *, chosen: NDArray[np.bool_], probabilities: NDArray[np.float64]) -> tuple[str, ...]:
    """The chosen genres, likeliest first."""
    return tuple(names[i] for i in np.argsort(-probabilities, kind="stable") if chosen[i])
