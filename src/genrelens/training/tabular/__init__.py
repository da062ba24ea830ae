"""Classifiers of descriptors: a table in, a model of standardised rows out.

Adding a classifier is a file with ``Options`` and ``fit``, a line here and a row in a contract test.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genrelens.errors import RecipeError, TrainingError
from genrelens.metrics import fit_temperature, log_softmax
from genrelens.models.options import read_options
from genrelens.recipe import TabularRecipe
from genrelens.training.tabular.rows import FloatRows, Fold, Logits

CLASSIFIERS = {
    "svm": "genrelens.training.tabular.svm",
    "mlp": "genrelens.training.tabular.mlp",
    "logistic": "genrelens.training.tabular.logistic",
}
"""Classifier name -> module with a dataclass ``Options`` and a function ``fit``."""


@dataclass(frozen=True, slots=True)
class TabularModel:
    """A trained classifier with its scaler ``mean (d,)``, ``scale (d,)`` and its temperature."""

    mean: FloatRows
    scale: FloatRows
    logits: Logits
    temperature: float

    def probabilities(self, rows: FloatRows) -> FloatRows:
        """``(n, d)`` descriptors as they were measured -> ``(n, c)`` calibrated probabilities."""
        return np.exp(log_softmax(self.scores(rows) / self.temperature))

    def scores(self, rows: FloatRows) -> FloatRows:
        """``(n, d)`` descriptors as they were measured -> ``(n, c)`` logits before the temperature."""
        return self.logits((rows - self.mean) / self.scale)


def fit_tabular(
    recipe: TabularRecipe,
    rows: FloatRows,
    *,
    classes: NDArray[np.int64],
    stop_rows: FloatRows,
    stop_classes: NDArray[np.int64],
    n_classes: int,
    seed: int,
) -> TabularModel:
    """Standardise by the training rows ``(n, d)``, learn, and fit the temperature on the stopping rows.

    Without stopping rows it is 1.

    Raises :class:`TrainingError` on rows of one genre only and :class:`RecipeError` on an unknown classifier or
    option.
    """
    name = recipe.classifier.name
    if name not in CLASSIFIERS:
        raise RecipeError(f"unknown classifier {name!r}; known: {', '.join(CLASSIFIERS)}")
    module = importlib.import_module(CLASSIFIERS[name])
    options = read_options(recipe.classifier.options, cls=module.Options, of=name)
    if len(np.unique(classes)) < 2 or (recipe.stop_share and not len(stop_rows)):
        raise TrainingError(
            f"{recipe.name} needs rows of two genres at least to learn from, and rows to stop on; got "
            f"{len(np.unique(classes))} genres in {len(rows)} rows, and {len(stop_rows)} rows to stop on"
        )
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    scale[scale == 0] = 1.0  # a column without spread says nothing, and must not divide by nothing
    fold = Fold((rows - mean) / scale, classes, (stop_rows - mean) / scale, stop_classes)
    logits: Logits = module.fit(options, fold, n_classes=n_classes, seed=seed)
    temperature = fit_temperature(logits(fold.stop_rows), targets=stop_classes) if len(stop_rows) else 1.0
    return TabularModel(mean, scale, logits, temperature)
