"""How sure a model may say that it is: what out-of-fold answers teach about its confidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle.coverage import ADAPTIVE, Conformal, set_scores
from genrelens.bundle.pooling import sigmoid
from genrelens.data.splits.folds import grouped_folds
from genrelens.data.track import Track
from genrelens.metrics import conformal_scores, fit_temperature, log_softmax
from genrelens.metrics.calibration import TEMPERATURE_RANGE

FloatArray = NDArray[np.float64]
Places = NDArray[np.int64]

N_FOLDS = 5
"""Folds of whole artists whose answers a model is calibrated on."""


def fold_rows(tracks: Sequence[Track], *, seed: int, n_folds: int = N_FOLDS) -> Iterator[tuple[Places, Places]]:
    """For each fold of whole artists the places in ``tracks`` to learn from and to answer; each is answered once."""
    place = {track.id: i for i, track in enumerate(tracks)}
    for fold in grouped_folds(tracks, n_folds=n_folds, seed=seed):
        learn, answer = ([place[id_] for id_ in fold.ids(part)] for part in ("train", "test"))
        yield np.array(learn, dtype=np.int64), np.array(answer, dtype=np.int64)


def calibrate(logits: FloatArray, *, targets: NDArray[np.int64], groups: Sequence[str]) -> tuple[float, Conformal]:
    """The temperature and the prediction sets' scores, from out-of-fold ``logits (n, c)``; ``groups (n,)``: artists.

    The sets are adaptive: of the ways tried (docs/other-music.md) they keep nearest to their promise where the model is
    least sure.
    """
    temperature = fit_temperature(logits, targets=targets)
    unlikely = set_scores(ADAPTIVE, probabilities_of(logits, temperature=temperature))
    scores, weights = conformal_scores(unlikely[np.arange(len(targets)), targets], groups=groups)
    # Rounded down, the weights stay below 1 in sum; rounded up, a score can only let more genres in. So many digits are
    # far below what a probability can tell.
    up = np.ceil(scores * 1e6) / 1e6
    return temperature, Conformal(
        tuple(np.minimum(up, 1.0).tolist()), tuple((np.floor(weights * 1e12) / 1e12).tolist()), ADAPTIVE
    )


def probabilities_of(logits: FloatArray, *, temperature: float) -> FloatArray:
    """``(n, c)`` probabilities of ``(n, c)`` logits."""
    return np.exp(log_softmax(logits / temperature))


def fit_sigmoid_temperature(logits: FloatArray, *, labels: NDArray[np.bool_]) -> float:
    """The T for which ``sigmoid(logits / T)`` gives the ``labels (n, c)`` the least negative log likelihood.

    Of a genre with ``p`` tracks that have it and ``q`` that have not, a label counts as (p + 1) / (p + 2) and a missing
    one as 1 / (q + 2) (Platt, "Probabilistic outputs for support vector machines", 1999): where every answer is
    right, T would otherwise be 0 and every probability 0 or 1. The loss is convex in 1 / T, so its slope's root is
    found by halving; it stays within :data:`~genrelens.metrics.calibration.TEMPERATURE_RANGE`.
    """
    n_with = labels.sum(axis=0)
    n_without = len(labels) - n_with
    targets = np.where(labels, (n_with + 1) / (n_with + 2), 1 / (n_without + 2))

    def slope(log_b: float) -> float:
        return float(((sigmoid(logits * np.exp(log_b)) - targets) * logits).mean())

    low, high = (-float(np.log(end)) for end in reversed(TEMPERATURE_RANGE))
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if slope(middle) < 0.0 else (low, middle)
    return float(np.exp(-0.5 * (low + high)))
