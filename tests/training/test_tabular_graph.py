"""The ONNX graph of a classifier of descriptors gives the library's probabilities."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest

pytest.importorskip("torch")

from test_tabular import OPTIONS, blobs, recipe

from genrelens.errors import RecipeError, TrainingError
from genrelens.frontend.descriptors import SETS
from genrelens.metrics import log_softmax
from genrelens.recipe import FeatureRecipe, TabularRecipe
from genrelens.training.tabular import CLASSIFIERS, TabularModel, fit_tabular
from genrelens.training.tabular.random_forest import rounded_down

VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in CLASSIFIERS),
    ("svm", {"kernel": "poly"}),
    ("svm", {"kernel": "linear"}),
    ("mlp", {"hidden": "8", "dropout": 0.0}),
]


def fit(made: TabularRecipe, rows: np.ndarray, classes: np.ndarray, *, n_classes: int) -> TabularModel:
    stop = slice(0, len(rows) // 5)
    return fit_tabular(
        made,
        rows[stop.stop :],
        classes=classes[stop.stop :],
        stop_rows=rows[stop],
        stop_classes=classes[stop],
        n_classes=n_classes,
        seed=0,
    )


def run(model: TabularModel, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    session = ort.InferenceSession(model.to_onnx(), providers=["CPUExecutionProvider"])
    logits, embedding = session.run(["logits", "embedding"], {"descriptors": rows})
    return logits, embedding


@pytest.mark.parametrize(("name", "options"), VARIANTS)
@pytest.mark.parametrize(("n_learnt", "n_classes"), [(3, 3), (3, 5), (2, 2), (2, 4)])
def test_probabilities_are_the_librarys(name: str, options: dict[str, Any], n_learnt: int, n_classes: int) -> None:
    """Also of two genres, which libraries treat apart, and of taxonomies with genres that no row has."""
    rows, classes = blobs(300, seed=1, n_classes=n_learnt)
    rows[:, 3] += rows[:, 4] * 0.5
    model = fit(recipe(name, **options), rows, classes, n_classes=n_classes)
    new, _ = blobs(500, seed=9)
    logits, embedding = run(model, new)
    assert logits.shape == (500, n_classes)
    assert logits.dtype == embedding.dtype == np.float32
    assert np.isfinite(logits).all()
    assert np.isfinite(embedding).all()
    found = np.exp(log_softmax(logits / model.temperature))
    np.testing.assert_allclose(found, model.probabilities(new), atol=1e-4)


@pytest.mark.parametrize("name", ["random_forest", "xgboost"])
def test_trees_ask_the_same_of_rows_that_lie_on_their_thresholds(name: str) -> None:
    """Columns of few values: every row lies on thresholds, and every rounding would show."""
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 4, size=(400, 6)) / 3.0 * np.array([1.0, 1e-3, 1e4, 7.0, 0.1, 1.0])
    classes = (rows[:, 0] * 3 + rng.integers(0, 2, size=400)).astype(np.int64) % 3
    model = fit(recipe(name), rows, classes, n_classes=3)
    found = np.exp(log_softmax(run(model, rows)[0] / model.temperature))
    np.testing.assert_allclose(found, model.probabilities(rows), atol=1e-4)


def test_thresholds_are_rounded_down() -> None:
    given = np.array([0.1, 0.5, 1e-300, -0.1, 3.0])
    rounded = rounded_down(given)
    assert rounded.dtype == np.float32
    assert (rounded.astype(np.float64) <= given).all()
    assert (np.nextafter(rounded, np.float32(np.inf)).astype(np.float64) > given).all()


def test_the_forest_and_the_booster_give_their_own_probabilities() -> None:
    """Without a temperature the logits are those of ``predict_proba`` and ``predict``, by the library alone."""
    from sklearn.ensemble import RandomForestClassifier

    rows, classes = blobs(300, seed=1)
    rows += np.random.default_rng(5).normal(size=rows.shape) * rows.std(axis=0)
    new, _ = blobs(200, seed=9)
    model = fit(recipe("random_forest"), rows, classes, n_classes=3)
    scaled, fresh = ((r - model.mean) / model.scale for r in (rows[60:], new))
    theirs = RandomForestClassifier(n_estimators=50, random_state=0).fit(scaled, classes[60:])
    ours = np.exp(log_softmax(run(model, new)[0]))
    np.testing.assert_allclose(ours, theirs.predict_proba(fresh), atol=1e-4)
    boosted = fit(recipe("xgboost"), rows, classes, n_classes=3)
    import xgboost

    probabilities = boosted.logits.booster.predict(xgboost.DMatrix((new - boosted.mean) / boosted.scale))  # type: ignore[attr-defined]
    np.testing.assert_allclose(np.exp(log_softmax(run(boosted, new)[0])), probabilities, atol=1e-4)


def test_boosting_stops_where_the_stopping_rows_gain_no_more() -> None:
    """Labels that the stopping rows contradict: not one round helps, where rounds without them would go on."""
    rows, classes = blobs(300, seed=1)
    longest = {**OPTIONS["xgboost"], "max_rounds": 200, "patience": 5}
    agreeing = fit(recipe("xgboost", **longest), rows, classes, n_classes=3)
    against = classes.copy()
    against[:60] = (against[:60] + 1) % 3
    stopped = fit(recipe("xgboost", **longest), rows, against, n_classes=3)
    n_rounds = [model.logits.booster.num_boosted_rounds() for model in (stopped, agreeing)]  # type: ignore[attr-defined]
    assert n_rounds[0] == 1
    assert n_rounds[1] > 5


def with_logarithms() -> TabularRecipe:
    return dataclasses.replace(
        recipe("lda"), features=FeatureRecipe("kaggle57", 30, log_variances=True), stop_share=0.0
    )


def kaggle_rows(n: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of positive numbers over powers of ten, 57 columns; one is silence, whose variances are 0."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(3, size=n)
    rows = np.exp(rng.normal(size=(n, 57)) + classes[:, np.newaxis])
    rows[0] = 0.0
    return rows, classes


def test_variances_are_learnt_by_their_logarithms() -> None:
    rows, classes = kaggle_rows(200, seed=0)
    model = fit(with_logarithms(), rows, classes, n_classes=3)
    is_variance = np.array([name.endswith("_var") for name in SETS["kaggle57"].columns])
    assert is_variance.sum() == 28
    learnt = rows[40:].copy()
    learnt[:, is_variance] = np.log(learnt[:, is_variance] + 1e-9)
    np.testing.assert_allclose(model.mean, learnt.mean(axis=0))
    logits, embedding = run(model, rows)
    np.testing.assert_allclose(np.exp(log_softmax(logits)), np.exp(log_softmax(model.scores(rows))), atol=1e-4)
    np.testing.assert_allclose(embedding[40:], (learnt - model.mean) / model.scale, rtol=1e-4, atol=1e-5)


def test_logarithms_of_rows_of_another_width_are_refused() -> None:
    rows, classes = blobs(100, seed=0)
    with pytest.raises(TrainingError, match="learns from 57 columns, the rows have 6"):
        fit(with_logarithms(), rows, classes, n_classes=3)
    with pytest.raises(RecipeError, match="log_variances is for the set kaggle57 alone"):
        dataclasses.replace(with_logarithms(), features=FeatureRecipe("fma518", 30, log_variances=True))


def test_the_graph_names_its_ends_and_leaves_the_number_of_segments_open() -> None:
    rows, classes = blobs(100, seed=0)
    graph = onnx.load_from_string(fit(recipe("logistic"), rows, classes, n_classes=3).to_onnx()).graph
    (given,) = graph.input
    assert given.name == "descriptors"
    assert given.type.tensor_type.elem_type == onnx.TensorProto.DOUBLE
    assert given.type.tensor_type.shape.dim[0].dim_param == "segments"
    assert [value.name for value in graph.output] == ["logits", "embedding"]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("random_forest", {"n_trees": 0}, "n_trees and min_leaf of at least 1"),
        ("xgboost", {"eta": 0.0}, "eta, subsample and colsample_bytree above 0"),
        ("xgboost", {"patience": 0}, "patience of at least 1"),
        ("xgboost", {"min_child_weight": -1.0}, "min_child_weight of 0 or more"),
        ("lda", {"shrinkage": 0.5}, "lda has no option 'shrinkage'"),
    ],
)
def test_wrong_options_are_named(name: str, options: dict[str, Any], message: str) -> None:
    rows, classes = blobs(100, seed=0)
    with pytest.raises(RecipeError, match=message):
        fit(recipe(name, **options), rows, classes, n_classes=3)
