"""Support vector machine over standardised descriptors (Cortes & Vapnik 1995), by scikit-learn's libsvm."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrelens.errors import MissingExtraError, RecipeError
from genrelens.training.tabular.graph import Ends, GraphBuilder
from genrelens.training.tabular.rows import FloatRows, Fold

KERNELS = ("rbf", "poly", "linear")
DEGREE = 3
NEVER_BELOW = 10.0
"""How far below the least of its scores a genre is that no training row has."""


@dataclass(frozen=True, slots=True)
class Options:
    """``c``: cost of an error; ``kernel``: one of :data:`KERNELS`, with scikit-learn's gamma "scale" and
    :data:`DEGREE`."""

    c: float
    kernel: str

    def __post_init__(self) -> None:
        if self.c <= 0 or self.kernel not in KERNELS:
            raise RecipeError(
                f"svm should have c above 0 and a kernel of {', '.join(KERNELS)}, got {self.c} and {self.kernel!r}"
            )


@dataclass(frozen=True, slots=True)
class SvmLogits:
    """A fitted ``SVC``: the one-against-rest scores of the pairwise votes, and less for genres it has no rows of."""

    machine: Any
    n_classes: int

    def __call__(self, rows: FloatRows) -> FloatRows:
        """Standardised rows ``(n, d)`` -> logits ``(n, c)``."""
        scores = np.asarray(self.machine.decision_function(rows))
        if len(self.classes) == 2:  # one column, positive for the second
            scores = np.stack([-scores, scores], axis=1)
        # A genre that no training row has can never be the answer.
        least = scores.min(axis=1, keepdims=True) - NEVER_BELOW
        everything: FloatRows = np.repeat(least, self.n_classes, axis=1)
        everything[:, self.classes] = scores
        return everything

    @property
    def classes(self) -> NDArray[np.int64]:
        """The genres that it has rows of, ascending."""
        found: NDArray[np.int64] = self.machine.classes_
        return found

    def to_graph(self, graph: GraphBuilder, scaled: str) -> Ends:
        """See :class:`~genrelens.training.tabular.rows.Logits`; the embedding is the row.

        In float64 throughout: a vote is a step, and must fall on the same side as the library's.
        """
        kernel = self._kernel(graph, scaled)
        weights, bias = self._pairs()
        margins = graph.add("Add", graph.add("MatMul", kernel, graph.constant(weights)), graph.constant(bias))
        scores = self._scores(graph, margins)
        least = graph.add("ReduceMin", scores, graph.constant(np.array([1])), keepdims=1)
        least = graph.add("Sub", least, graph.constant(np.array(NEVER_BELOW)))
        return Ends(graph.spread(scores, least, classes=self.classes, n_classes=self.n_classes), scaled)

    def _kernel(self, graph: GraphBuilder, scaled: str) -> str:
        """``(n, n_support)``: what each support vector has in common with each row."""
        machine, vectors = self.machine, np.asarray(self.machine.support_vectors_, dtype=np.float64)
        dots = graph.add("MatMul", scaled, graph.constant(vectors.T))
        if machine.kernel == "linear":
            return dots
        gamma = graph.constant(np.array(float(machine._gamma)))  # what "scale" came to
        if machine.kernel == "poly":
            return graph.add("Pow", graph.add("Mul", dots, gamma), graph.constant(np.array(DEGREE)))
        axis = graph.constant(np.array([1]))
        lengths = graph.add("ReduceSumSquare", scaled, axis, keepdims=1)
        both = graph.add("Add", lengths, graph.constant((vectors**2).sum(axis=1)))
        twice = graph.add("Mul", dots, graph.constant(np.array(2.0)))
        distances = graph.add("Sub", both, twice)
        return graph.add("Exp", graph.add("Neg", graph.add("Mul", distances, gamma)))

    def _pairs(self) -> tuple[FloatRows, FloatRows]:
        """Weights ``(n_support, pairs)`` and bias ``(pairs,)``; pair (i, j), i < j, is above 0 for i.

        libsvm keeps, for a support vector of class i, a coefficient for each class but i itself; a pair's weights are
        those of i's vectors against j and of j's against i.
        """
        coefficients, n_of = np.asarray(self.machine.dual_coef_), self.machine.n_support_
        k = len(self.classes)
        starts = np.concatenate(([0], np.cumsum(n_of)))
        weights = np.zeros((coefficients.shape[1], k * (k - 1) // 2))
        for p, (i, j) in enumerate(itertools.combinations(range(k), 2)):
            of_i, of_j = slice(starts[i], starts[i + 1]), slice(starts[j], starts[j + 1])
            weights[of_i, p] = coefficients[j - 1, of_i]
            weights[of_j, p] = coefficients[i, of_j]
        bias = np.array(self.machine.intercept_, dtype=np.float64)
        # scikit-learn turns the signs of a lone pair, so that it is positive for the second class.
        return (-weights, -bias) if k == 2 else (weights, bias)

    def _scores(self, graph: GraphBuilder, margins: str) -> str:
        """scikit-learn's one-against-rest scores: votes, and margins squeezed to less than a third of a vote."""
        k = len(self.classes)
        pairs = list(itertools.combinations(range(k), 2))
        first, second = np.zeros((2, len(pairs), k))
        for p, (i, j) in enumerate(pairs):
            first[p, i] = second[p, j] = 1.0
        summed = graph.add("MatMul", margins, graph.constant(first - second))
        if k == 2:
            return summed
        lost = graph.float64(graph.add("Less", margins, graph.constant(np.array(0.0))))
        won = graph.add("Sub", graph.constant(np.array(1.0)), lost)
        votes = graph.add(
            "Add", graph.add("MatMul", won, graph.constant(first)), graph.add("MatMul", lost, graph.constant(second))
        )
        three = graph.constant(np.array(3.0))
        size = graph.add("Add", graph.add("Abs", summed), graph.constant(np.array(1.0)))
        return graph.add("Add", votes, graph.add("Div", summed, graph.add("Mul", size, three)))


def fit(options: Options, fold: Fold, *, n_classes: int, seed: int) -> SvmLogits:
    """Learn from ``fold``; nothing is stopped early, and nothing is random."""
    try:
        from sklearn.svm import SVC
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="the classifier svm") from error
    # Without its own probability estimate, which would calibrate over random rows and so over pieces of one track.
    machine = SVC(
        C=options.c, kernel=options.kernel, degree=DEGREE, gamma="scale", decision_function_shape="ovr", cache_size=500
    )
    machine.fit(fold.rows, fold.classes)
    return SvmLogits(machine, n_classes)
