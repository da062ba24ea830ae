"""Multinomial logistic regression with an L2 penalty, by scikit-learn's lbfgs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from genrelens.errors import MissingExtraError, RecipeError
from genrelens.training.tabular.graph import Ends, GraphBuilder
from genrelens.training.tabular.rows import NEVER, FloatRows, Fold

POWERS: Final = {"uniform": 0.0, "root": 0.5, "balanced": 1.0}
"""``class_weight`` -> a; a row of a genre of n rows counts n ** -a."""


@dataclass(frozen=True, slots=True)
class Options:
    """``c``: scikit-learn's inverse strength of the penalty; ``class_weight``: how much a row of a genre of n rows
    counts, the same as every other ("uniform"), 1 / sqrt(n) ("root") or 1 / n ("balanced", so that genres count alike).
    """

    c: float
    class_weight: str = "uniform"

    def __post_init__(self) -> None:
        if self.c <= 0:
            raise RecipeError(f"logistic should have c above 0, got {self.c}")
        if self.class_weight not in POWERS:
            raise RecipeError(f"logistic: class_weight should be one of {', '.join(POWERS)}, got {self.class_weight!r}")


@dataclass(frozen=True, slots=True)
class LinearLogits:
    """``rows @ weight.T + bias``: ``weight (c, d)``, ``bias (c,)``."""

    weight: FloatRows
    bias: FloatRows

    def __call__(self, rows: FloatRows) -> FloatRows:
        """Standardised rows ``(n, d)`` -> logits ``(n, c)``."""
        return rows @ self.weight.T + self.bias

    def to_graph(self, graph: GraphBuilder, scaled: str) -> Ends:
        """See :class:`~genrelens.training.tabular.rows.Logits`; the embedding is the row."""
        product = graph.add("MatMul", scaled, graph.constant(self.weight.T))
        return Ends(graph.add("Add", product, graph.constant(self.bias)), scaled)


def fit(options: Options, fold: Fold, *, n_classes: int, seed: int) -> LinearLogits:
    """Learn from ``fold``'s rows; nothing is stopped early, so its stopping rows are not needed."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="the classifier logistic") from error
    machine = LogisticRegression(C=options.c, max_iter=10_000, tol=1e-6, random_state=seed)
    machine.fit(fold.rows, fold.classes, sample_weight=_row_weights(options, fold))
    weight = np.zeros((n_classes, fold.rows.shape[1]))
    bias = np.full(n_classes, NEVER)
    if len(machine.classes_) == 2:  # one row, for the second class against the first
        first, second = machine.classes_
        weight[second], bias[second], bias[first] = machine.coef_[0], machine.intercept_[0], 0.0
    else:
        weight[machine.classes_], bias[machine.classes_] = machine.coef_, machine.intercept_
    return LinearLogits(weight, bias)


def _row_weights(options: Options, fold: Fold) -> FloatRows:
    """How much each row counts, 1 in the mean."""
    own = np.ones(len(fold.rows)) if fold.weights is None else fold.weights
    n_rows = np.bincount(fold.classes, weights=own)
    weights = own * n_rows[fold.classes] ** -POWERS[options.class_weight]
    scaled: FloatRows = weights * len(weights) / weights.sum()
    return scaled
