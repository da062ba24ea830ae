"""How sure a model may say that it is: what out-of-fold answers teach about its confidence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle.coverage import Conformal
from genrelens.metrics import conformal_scores, fit_temperature, log_softmax

FloatArray = NDArray[np.float64]


def calibrate(
    logits: FloatArray, *, targets: NDArray[np.int64], groups: Sequence[str]
) -> tuple[float, Conformal]:
    """The temperature and the prediction sets' scores, from out-of-fold ``logits (n, c)``; ``groups (n,)``: artists."""
    temperature = fit_temperature(logits, targets=targets)
    scores, weights = conformal_scores(
        probabilities_of(logits, temperature=temperature), targets=targets, groups=groups
    )
    # Rounded down, the weights stay below 1 in sum; rounded up, a score can only let more genres in. So many digits are
    # far below what a probability can tell.
    up = np.ceil(scores * 1e6) / 1e6
    return temperature, Conformal(
        tuple(np.minimum(up, 1.0).tolist()), tuple((np.floor(weights * 1e12) / 1e12).tolist())
    )


def probabilities_of(logits: FloatArray, *, temperature: float) -> FloatArray:
    """``(n, c)`` probabilities of ``(n, c)`` logits."""
    return np.exp(log_softmax(logits / temperature))
