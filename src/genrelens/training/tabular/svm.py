"""Support vector machine over standardised descriptors (Cortes & Vapnik 1995), by scikit-learn's libsvm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genrelens.errors import MissingExtraError, RecipeError
from genrelens.training.tabular.rows import FloatRows, Fold, Logits

KERNELS = ("rbf", "poly", "linear")


@dataclass(frozen=True, slots=True)
class Options:
    """``c``: cost of an error; ``kernel``: one of :data:`KERNELS`, with scikit-learn's gamma "scale" and degree 3."""

    c: float
    kernel: str

    def __post_init__(self) -> None:
        if self.c <= 0 or self.kernel not in KERNELS:
            raise RecipeError(
                f"svm should have c above 0 and a kernel of {', '.join(KERNELS)}, got {self.c} and {self.kernel!r}"
            )


def fit(options: Options, fold: Fold, *, n_classes: int, seed: int) -> Logits:
    """Learn from ``fold``; the logits are the one-against-rest scores of the pairwise votes."""
    try:
        from sklearn.svm import SVC
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="the classifier svm") from error
    # Without its own probability estimate, which would calibrate over random rows and so over pieces of one track.
    machine = SVC(
        C=options.c, kernel=options.kernel, gamma="scale", decision_function_shape="ovr", cache_size=500
    )
    machine.fit(fold.rows, fold.classes)

    def logits(rows: FloatRows) -> FloatRows:
        scores = np.asarray(machine.decision_function(rows))
        if len(machine.classes_) == 2:  # one column, positive for the second
            scores = np.stack([-scores, scores], axis=1)
        # A genre that no training row has can never be the answer.
        everything = np.full((len(rows), n_classes), scores.min(initial=0.0) - 10.0)
        everything[:, machine.classes_] = scores
        return everything

    return logits
