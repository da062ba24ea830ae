"""What prediction sets are made from, and how they are judged: never by the tracks that they were made from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genrelens.metrics._checks import FloatArray, probability_rows


def conformal_scores(
    probabilities: ArrayLike, *, targets: ArrayLike, groups: Sequence[str] | NDArray[np.generic]
) -> tuple[FloatArray, FloatArray]:
    """Scores ``1 - p[n, target_n]`` ascending, and their weights, each ``(n,)``.

    ``probabilities (n, c)``, ``targets (n,)``, ``groups (n,)`` (artists). The ``k`` groups weigh ``1 / (k + 1)`` each,
    shared among their tracks; the rest is the next group's, of which nothing is known. Lee, Barber & Willett,
    "Distribution-free inference with hierarchical data" (arXiv 2306.06342), eq. 6.
    """
    rows, truth = probability_rows(probabilities, targets=targets)
    names = np.asarray(groups)
    if names.shape != truth.shape or not len(truth):
        raise ValueError(f"expected a group for each of n >= 1 tracks, got {names.shape} for {truth.shape}")
    _, group_of, sizes = np.unique(names, return_inverse=True, return_counts=True)
    weights = 1.0 / (len(sizes) + 1) / sizes[group_of]
    scores = 1.0 - rows[np.arange(len(truth)), truth]
    order = np.argsort(scores, kind="stable")
    return scores[order], weights[order]
