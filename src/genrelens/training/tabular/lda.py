"""Linear discriminant analysis with a shrunk covariance (Ledoit & Wolf 2004), by scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genrelens.errors import MissingExtraError
from genrelens.training.tabular.logistic import LinearLogits
from genrelens.training.tabular.rows import NEVER, Fold


@dataclass(frozen=True, slots=True)
class Options:
    """There is nothing to choose: how far the covariance shrinks follows from the rows."""


def fit(options: Options, fold: Fold, *, n_classes: int, seed: int) -> LinearLogits:
    """Learn from ``fold``'s rows; nothing is stopped early and nothing is random."""
    try:
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="the classifier lda") from error
    machine = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    machine.fit(fold.rows, fold.classes)
    weight = np.zeros((n_classes, fold.rows.shape[1]))
    bias = np.full(n_classes, NEVER)
    if len(machine.classes_) == 2:  # one row, for the second class against the first
        first, second = machine.classes_
        weight[second], bias[second], bias[first] = machine.coef_[0], machine.intercept_[0], 0.0
    else:
        weight[machine.classes_], bias[machine.classes_] = machine.coef_, machine.intercept_
    return LinearLogits(weight, bias)
