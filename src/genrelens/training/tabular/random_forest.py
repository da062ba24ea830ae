"""Random forest (Breiman 2001) over standardised descriptors, by scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrelens.errors import MissingExtraError, RecipeError
from genrelens.training.tabular.graph import Ends, GraphBuilder, Tree, add_trees
from genrelens.training.tabular.rows import FloatRows, Fold

LEAST = 1e-5
"""The least probability: no tree may vote for a genre at all, and its logarithm must be a number."""


@dataclass(frozen=True, slots=True)
class Options:
    """``n_trees``; ``min_leaf``: the fewest rows in a leaf. All else as in scikit-learn."""

    n_trees: int
    min_leaf: int

    def __post_init__(self) -> None:
        if min(self.n_trees, self.min_leaf) < 1:
            raise RecipeError(f"random_forest should have n_trees and min_leaf of at least 1, got {self}")


@dataclass(frozen=True, slots=True)
class ForestLogits:
    """A fitted ``RandomForestClassifier``: logarithms of its probabilities."""

    machine: Any
    n_classes: int

    def __call__(self, rows: FloatRows) -> FloatRows:
        """Standardised rows ``(n, d)`` -> logits ``(n, c)``."""
        probabilities = np.zeros((len(rows), self.n_classes))
        probabilities[:, self.machine.classes_] = self.machine.predict_proba(rows)
        return np.log(np.maximum(probabilities, LEAST))

    def to_graph(self, graph: GraphBuilder, scaled: str) -> Ends:
        """See :class:`~genrelens.training.tabular.rows.Logits`; the embedding is the row."""
        trees = [self._tree(one.tree_) for one in self.machine.estimators_]
        summed = add_trees(graph, scaled, trees, goes_left="BRANCH_LEQ")
        least = graph.constant(np.array(LEAST, np.float32))
        nothing = graph.column_of(0.0, summed)
        shares = graph.spread(summed, nothing, classes=self.machine.classes_, n_classes=self.n_classes)
        return Ends(graph.add("Log", graph.add("Max", shares, least)), scaled)

    def _tree(self, tree: Any) -> Tree:
        shares = tree.value[:, 0, :]
        weights = shares / shares.sum(axis=1, keepdims=True) / len(self.machine.estimators_)
        return Tree(
            tree.children_left.astype(np.int64),
            tree.children_right.astype(np.int64),
            tree.feature.astype(np.int64),
            rounded_down(tree.threshold),
            weights.astype(np.float32),
        )


def rounded_down(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """The largest float32 at or below each number: for a float32 x, ``x <= t`` is then asked of the same x."""
    near = thresholds.astype(np.float32)
    above = near.astype(np.float64) > thresholds
    rounded: NDArray[np.float32] = np.where(above, np.nextafter(near, np.float32(-np.inf)), near)
    return rounded


def fit(options: Options, fold: Fold, *, n_classes: int, seed: int) -> ForestLogits:
    """Learn from ``fold``'s rows; nothing is stopped early, so its stopping rows are not needed."""
    try:
        from sklearn.ensemble import RandomForestClassifier
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="the classifier random_forest") from error
    machine = RandomForestClassifier(n_estimators=options.n_trees, min_samples_leaf=options.min_leaf, random_state=seed)
    machine.fit(fold.rows, fold.classes)
    return ForestLogits(machine, n_classes)
