"""Figures of merit in pure NumPy, each with its formula, its shapes and its source.

Class indices are integers from 0; rows are tracks. A figure over no tracks at all is NaN, never an error, so
that a report on an empty part says "not measurable"; shapes that do not fit each other are a
:class:`ValueError`.
"""

from genrelens.metrics.bootstrap import (
    Interval,
    bootstrap_distribution,
    grouped_bootstrap,
    grouped_intervals,
    interval_from,
    mean_statistic,
    paired_bootstrap,
)
from genrelens.metrics.calibration import (
    CalibrationBins,
    brier_score,
    conformal_scores,
    expected_calibration_error,
    fit_temperature,
    log_softmax,
    negative_log_likelihood,
)
from genrelens.metrics.classification import ClassScores, confusion_matrix, scores_from_confusion, top_k_accuracy

__all__ = [
    "CalibrationBins",
    "ClassScores",
    "Interval",
    "bootstrap_distribution",
    "brier_score",
    "conformal_scores",
    "confusion_matrix",
    "expected_calibration_error",
    "fit_temperature",
    "grouped_bootstrap",
    "grouped_intervals",
    "interval_from",
    "log_softmax",
    "mean_statistic",
    "negative_log_likelihood",
    "paired_bootstrap",
    "scores_from_confusion",
    "top_k_accuracy",
]
