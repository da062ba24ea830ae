"""Whether a model's confidence and its prediction sets can be believed, judged out of fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from genrelens.metrics import Interval, grouped_intervals
from genrelens.schema import Document
from genrelens.training.calibrate import calibrate, probabilities_of

FloatArray = NDArray[np.float64]
N_BINS = 15


@dataclass(frozen=True, slots=True)
class SetFigures:
    """Prediction sets at one ``coverage`` asked for: how often they held the truth, and how many genres they named.

    ``by_genre``: how often, and of how many tracks, by true genre. ``by_third``: how often among the third of the
    tracks with the least confidence, the middle third, and the third with the most.
    """

    coverage: float
    measured: Interval
    mean_size: Interval
    by_genre: dict[str, tuple[float, int]]
    by_third: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class CalibrationReport(Document):
    """Figures over ``n_tracks`` of ``n_artists``; the parameters for each fold come from the others."""

    SCHEMA: ClassVar[str] = "genrelens.calibration/2"
    WHAT: ClassVar[str] = "calibration report"

    n_tracks: int
    n_artists: int
    n_folds: int
    temperatures: tuple[float, ...]
    expected_calibration_error: Interval
    sets: tuple[SetFigures, ...]


def judge_calibration(
    logits: FloatArray,
    *,
    targets: NDArray[np.int64],
    groups: Sequence[str],
    folds: NDArray[np.int64],
    names: Sequence[str],
    coverages: Sequence[float],
    n_resamples: int = 2000,
    seed: int = 0,
) -> CalibrationReport:
    """Calibrate on all folds but one, answer that one, and pool: ``logits (n, c)``, the rest ``(n,)``.

    The expected calibration error (15 bins) is never below 0 and so is biased upwards in a resample; its interval over
    artists is then rather too high than too low.
    """
    held = [folds == fold for fold in np.unique(folds)]
    probabilities = np.zeros_like(logits)
    chosen = {coverage: np.zeros(logits.shape, dtype=bool) for coverage in coverages}
    temperatures = []
    for fold in held:
        others = [group for group, out in zip(groups, fold, strict=True) if not out]
        temperature, conformal = calibrate(logits[~fold], targets=targets[~fold], groups=others)
        temperatures.append(temperature)
        probabilities[fold] = probabilities_of(logits[fold], temperature=temperature)
        for coverage in coverages:
            chosen[coverage][fold] = conformal.choose(probabilities[fold], coverage=coverage)
    rows = np.arange(len(targets))
    columns = [_gaps(probabilities, targets)]
    for coverage in coverages:
        columns += [chosen[coverage][rows, targets][:, None], chosen[coverage].sum(axis=1)[:, None]]
    cells = np.concatenate(columns, axis=1).astype(np.float64)

    def statistic(weights: FloatArray) -> FloatArray:
        means = weights @ cells / weights.sum(axis=1, keepdims=True)
        error = np.abs(means[:, :N_BINS]).sum(axis=1, keepdims=True)
        return np.concatenate([error, means[:, N_BINS:]], axis=1)

    intervals = grouped_intervals(statistic, groups=groups, n_resamples=n_resamples, seed=seed)
    sets = []
    for k, coverage in enumerate(coverages):
        inside = chosen[coverage][rows, targets]
        by_genre = {
            name: (float(inside[targets == i].mean()), int((targets == i).sum()))
            for i, name in enumerate(names)
            if (targets == i).any()
        }
        thirds = np.array_split(np.argsort(probabilities.max(axis=1), kind="stable"), 3)
        by_third = tuple(float(inside[third].mean()) for third in thirds)
        sets.append(SetFigures(coverage, intervals[1 + 2 * k], intervals[2 + 2 * k], by_genre, by_third))
    return CalibrationReport(
        n_tracks=len(targets),
        n_artists=len(set(groups)),
        n_folds=len(held),
        temperatures=tuple(temperatures),
        expected_calibration_error=intervals[0],
        sets=tuple(sets),
    )


def _gaps(probabilities: FloatArray, targets: NDArray[np.int64]) -> FloatArray:
    """``(n, N_BINS)``: in the bin of its confidence, how far a track's being right is above that confidence."""
    top = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == targets
    which = np.searchsorted(np.linspace(0.0, 1.0, N_BINS + 1)[1:-1], top, side="left")
    gaps = np.zeros((len(targets), N_BINS))
    gaps[np.arange(len(targets)), which] = right - top
    return gaps
