"""Classifiers of descriptors: a table in, a model of standardised rows out, and its ONNX graph.

Adding a classifier is a file with ``Options`` and ``fit``, a line here and a row in a contract test.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from genrelens.errors import RecipeError, TrainingError
from genrelens.frontend.descriptors import SETS
from genrelens.metrics import fit_temperature, log_softmax
from genrelens.models import read_options
from genrelens.recipe import TabularRecipe
from genrelens.recipe.tabular import STOPPING
from genrelens.training.tabular.graph import Ends, GraphBuilder, behind
from genrelens.training.tabular.rows import FloatRows, Fold, Logits, principal_components

CLASSIFIERS = {
    "svm": "genrelens.training.tabular.svm",
    "mlp": "genrelens.training.tabular.mlp",
    "logistic": "genrelens.training.tabular.logistic",
    "lda": "genrelens.training.tabular.lda",
    "random_forest": "genrelens.training.tabular.random_forest",
    "xgboost": "genrelens.training.tabular.xgboost",
}
"""Classifier name -> module with a dataclass ``Options`` and a function ``fit``."""


LEAST_VARIANCE = 1e-9
"""Added to a variance before its logarithm: silence has variances of nothing."""


def _none_logged() -> NDArray[np.bool_]:
    return np.zeros(0, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class TabularModel:
    """A trained classifier with its scaler ``mean (d,)``, ``scale (d,)`` and its temperature.

    ``logged (d,)``: the columns whose logarithm is scaled in their place; empty for none. ``components (d, k)``: the
    principal components of scaled rows that the classifier learnt from; None where it learnt from the rows themselves.
    """

    mean: FloatRows
    scale: FloatRows
    logits: Logits
    temperature: float
    logged: NDArray[np.bool_] = field(default_factory=_none_logged)
    components: FloatRows | None = None

    def probabilities(self, rows: FloatRows) -> FloatRows:
        """``(n, d)`` descriptors as they were measured -> ``(n, c)`` calibrated probabilities."""
        return np.exp(log_softmax(self.scores(rows) / self.temperature))

    def scores(self, rows: FloatRows) -> FloatRows:
        """``(n, d)`` descriptors as they were measured -> ``(n, c)`` logits before the temperature."""
        scaled = (_with_logarithms(rows, self.logged) - self.mean) / self.scale
        return self.logits(scaled if self.components is None else scaled @ self.components)

    def to_onnx(self, *, network: bytes | None = None) -> bytes:
        """The graph of :meth:`scores`: ``descriptors (n, d)``, float64 -> ``logits (n, c)``, ``embedding``, float32.

        With a ``network``, an ONNX graph whose output :data:`~genrelens.training.tabular.graph.ROWS` are the
        descriptors: the graph of both, from the network's input on.
        """
        graph, rows = GraphBuilder(), "descriptors"
        if self.logged.any():
            where = graph.constant(self.logged)
            positive = graph.add("Where", where, rows, graph.constant(np.array(1.0)))
            least = graph.constant(np.array(LEAST_VARIANCE))
            rows = graph.add("Where", where, graph.add("Log", graph.add("Add", positive, least)), rows)
        centred = graph.add("Sub", rows, graph.constant(self.mean))
        scaled = graph.add("Div", centred, graph.constant(self.scale))
        if self.components is not None:
            scaled = graph.add("MatMul", scaled, graph.constant(self.components))
        ends: Ends = self.logits.to_graph(graph, scaled)
        classifier = graph.finish(ends, n_columns=len(self.mean))
        return classifier if network is None else behind(network, classifier)


def _with_logarithms(rows: FloatRows, logged: NDArray[np.bool_]) -> FloatRows:
    if not logged.any():
        return rows
    rows = rows.copy()
    rows[:, logged] = np.log(rows[:, logged] + LEAST_VARIANCE)
    return rows


def _logged(recipe: TabularRecipe, n_columns: int) -> NDArray[np.bool_]:
    if not recipe.features.log_variances:
        return _none_logged()
    columns = SETS[recipe.features.set].columns
    if len(columns) != n_columns:
        raise TrainingError(f"{recipe.name} learns from {len(columns)} columns, the rows have {n_columns}")
    return np.array([column.endswith("_var") for column in columns])


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

    Without stopping rows it is 1. Principal components are those of the training rows, too.

    Raises :class:`TrainingError` on rows of one genre only, or fewer rows than components, and :class:`RecipeError` on
    an unknown classifier or option.
    """
    name = recipe.classifier.name
    if name not in CLASSIFIERS:
        raise RecipeError(f"unknown classifier {name!r}; known: {', '.join(CLASSIFIERS)}")
    module = importlib.import_module(CLASSIFIERS[name])
    options = read_options(recipe.classifier.options, cls=module.Options, of=name)
    if len(np.unique(classes)) < 2 or (name in STOPPING and not len(stop_rows)):
        raise TrainingError(
            f"{recipe.name} needs rows of two genres at least to learn from, and rows to stop on; got "
            f"{len(np.unique(classes))} genres in {len(rows)} rows, and {len(stop_rows)} rows to stop on"
        )
    logged = _logged(recipe, rows.shape[1])
    rows, stop_rows = _with_logarithms(rows, logged), _with_logarithms(stop_rows, logged)
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    scale[scale == 0] = 1.0  # a column without spread says nothing, and must not divide by nothing
    rows, stop_rows = (rows - mean) / scale, (stop_rows - mean) / scale
    components = None
    if recipe.features.pca:
        components = principal_components(rows, n_components=recipe.features.pca, of=recipe.name)
        rows, stop_rows = rows @ components, stop_rows @ components
    fold = Fold(rows, classes, stop_rows, stop_classes)
    logits: Logits = module.fit(options, fold, n_classes=n_classes, seed=seed)
    temperature = fit_temperature(logits(fold.stop_rows), targets=stop_classes) if len(stop_rows) else 1.0
    return TabularModel(mean, scale, logits, temperature, logged, components)
