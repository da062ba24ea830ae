"""Classifiers of descriptors: the contract of each, then what each must give exactly."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from genrelens import recipe as recipes
from genrelens.errors import RecipeError, TrainingError
from genrelens.models.mlp import MLP
from genrelens.recipe import ClassifierRecipe, TabularRecipe
from genrelens.training.tabular import CLASSIFIERS, TabularModel, fit_tabular
from genrelens.training.tabular import mlp as mlp_file
from genrelens.training.tabular import svm as svm_file
from genrelens.training.tabular.rows import Fold

OPTIONS: dict[str, dict[str, Any]] = {
    "svm": {"c": 10.0, "kernel": "rbf"},
    "logistic": {"c": 0.1},
    "lda": {},
    "random_forest": {"n_trees": 50, "min_leaf": 1},
    "xgboost": {
        "max_depth": 4,
        "eta": 0.3,
        "subsample": 0.8,
        "colsample_bytree": 0.8,
        "min_child_weight": 1.0,
        "max_rounds": 60,
        "patience": 10,
    },
    "mlp": {
        "hidden": "32-16",
        "dropout": 0.1,
        "optimiser": "adam",
        "learning_rate": 3e-3,
        "batch_size": 32,
        "max_epochs": 40,
        "patience": 10,
    },
}


def blobs(n: int, *, seed: int, n_classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Classes around corners of a simplex, in columns whose units differ by 10^6; one column is constant."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(n_classes, size=n)
    rows = 4.0 * np.eye(6)[classes] + rng.normal(size=(n, 6))
    rows[:, 5] = 7.0
    return rows * np.array([1e-3, 1.0, 1e3, 1.0, 1.0, 1.0]), classes


def recipe(name: str, **options: Any) -> TabularRecipe:
    base = recipes.load("svm")
    assert isinstance(base, TabularRecipe)
    return dataclasses.replace(base, classifier=ClassifierRecipe(name, {**OPTIONS[name], **options}))


def fitted(name: str, *, seed: int = 0, n_classes: int = 3, **options: Any) -> TabularModel:
    rows, classes = blobs(240, seed=1)
    stop_rows, stop_classes = blobs(60, seed=2)
    return fit_tabular(
        recipe(name, **options),
        rows,
        classes=classes,
        stop_rows=stop_rows,
        stop_classes=stop_classes,
        n_classes=n_classes,
        seed=seed,
    )


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_it_learns_what_can_be_learnt_and_gives_probabilities(name: str) -> None:
    model = fitted(name)
    rows, classes = blobs(300, seed=3)
    probabilities = model.probabilities(rows)
    assert probabilities.shape == (300, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    assert np.mean(probabilities.argmax(axis=1) == classes) > 0.95


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_same_seed_gives_the_same_model(name: str) -> None:
    rows, _ = blobs(50, seed=3)
    np.testing.assert_array_equal(fitted(name).probabilities(rows), fitted(name).probabilities(rows))


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_genre_without_rows_is_never_the_answer(name: str) -> None:
    rows, _ = blobs(50, seed=3)
    probabilities = fitted(name, n_classes=5).probabilities(rows)
    assert probabilities.shape == (50, 5)
    assert set(probabilities.argmax(axis=1)) <= {0, 1, 2}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_it_trains_in_the_units_of_no_column(name: str) -> None:
    """The scaler is inside the model (S2 fed unscaled rows): other units of a column change nothing."""
    rows, classes = blobs(240, seed=1)
    stop_rows, stop_classes = blobs(60, seed=2)
    units = np.array([10.0, 1e-2, 1e4, 1.0, 1.0, 1.0])
    shared = {"classes": classes, "stop_classes": stop_classes, "n_classes": 3, "seed": 0}
    plain = fit_tabular(recipe(name), rows, stop_rows=stop_rows, **shared)
    other = fit_tabular(recipe(name), rows * units, stop_rows=stop_rows * units, **shared)
    new, _ = blobs(50, seed=4)
    np.testing.assert_allclose(plain.probabilities(new), other.probabilities(new * units), atol=1e-4)


def test_svm_decides_as_scikit_learns_pipeline() -> None:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    rows, classes = blobs(240, seed=1)
    new, _ = blobs(200, seed=5)
    theirs = make_pipeline(StandardScaler(), SVC(C=10.0, break_ties=True)).fit(rows, classes)
    np.testing.assert_array_equal(fitted("svm").probabilities(new).argmax(axis=1), theirs.predict(new))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_logistic_gives_scikit_learns_probabilities(n_classes: int) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows, classes = blobs(240, seed=1, n_classes=n_classes)
    new, _ = blobs(50, seed=5)
    plain = dataclasses.replace(recipe("logistic"), stop_share=0.0)
    model = fit_tabular(
        plain, rows, classes=classes, stop_rows=rows[:0], stop_classes=classes[:0], n_classes=n_classes, seed=0
    )
    assert model.temperature == 1.0
    theirs = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, tol=1e-8, max_iter=10_000)).fit(rows, classes)
    np.testing.assert_allclose(model.probabilities(new), theirs.predict_proba(new), atol=1e-4)


def test_balanced_genres_count_the_same_however_many_rows_they_have() -> None:
    """As if the rows of the thin genre stood there as often as those of the others: the penalty is per row, too."""
    rows, classes = blobs(200, seed=3)
    few = np.concatenate([np.flatnonzero(classes != 2), np.flatnonzero(classes == 2)[:10]])
    rows, classes = rows[few], classes[few]
    counts = np.bincount(classes)
    base = dataclasses.replace(recipe("logistic", c=0.01, class_weight="balanced"), stop_share=0.0)
    nothing: dict[str, Any] = {"stop_rows": rows[:0], "stop_classes": classes[:0], "n_classes": 3, "seed": 0}
    found = fit_tabular(base, rows, classes=classes, **nothing)
    from sklearn.linear_model import LogisticRegression

    machine = LogisticRegression(C=0.01, max_iter=10_000, tol=1e-8)
    standard = (rows - found.mean) / found.scale
    machine.fit(standard, classes, sample_weight=len(rows) / (3 * counts[classes]))
    np.testing.assert_allclose(found.probabilities(rows), machine.predict_proba(standard), atol=1e-4)
    plain = fit_tabular(
        dataclasses.replace(recipe("logistic", c=0.01), stop_share=0.0), rows, classes=classes, **nothing
    )
    thin = classes == 2
    assert found.probabilities(rows[thin])[:, 2].mean() > plain.probabilities(rows[thin])[:, 2].mean() + 0.1


def test_svm_takes_two_classes_that_are_not_the_first() -> None:
    rows, classes = blobs(100, seed=1, n_classes=2)
    fold = Fold(rows, classes + 1, rows, classes + 1)
    logits = svm_file.fit(svm_file.Options(1.0, "linear"), fold, n_classes=4, seed=0)
    assert set(logits(rows).argmax(axis=1)) == {1, 2}


@pytest.mark.parametrize(("hidden", "n"), [((256, 128, 64), 56_650), ((1024, 512, 256, 128, 64), 757_322)])
def test_the_perceptrons_have_s1s_parameters(hidden: tuple[int, ...], n: int) -> None:
    network = MLP(n_columns=57, hidden=hidden, dropout=0.3, n_classes=10)
    assert sum(p.numel() for p in network.parameters()) == n


def test_mlp_keeps_the_best_weights_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trained on noise it only gets worse on the stopping rows: a longer training must give the same model."""
    rng = np.random.default_rng(0)
    rows, classes = rng.normal(size=(200, 6)), rng.integers(3, size=200)
    fold = Fold(rows, classes, rng.normal(size=(100, 6)), rng.integers(3, size=100))
    options = {**OPTIONS["mlp"], "dropout": 0.0, "learning_rate": 0.01, "patience": 100}
    logits = [
        mlp_file.fit(mlp_file.Options(**{**options, "max_epochs": n}), fold, n_classes=3, seed=0)(rows)
        for n in (20, 60)
    ]
    np.testing.assert_array_equal(*logits)


def test_mlp_leaves_the_callers_random_numbers_alone() -> None:
    import torch

    torch.manual_seed(5)
    before = torch.rand(1)
    torch.manual_seed(5)
    fitted("mlp", max_epochs=1)
    assert torch.equal(torch.rand(1), before)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("svm", {"c": 0.0}, "c above 0"),
        ("logistic", {"c": -1.0}, "c above 0"),
        ("logistic", {"c": 1.0, "class_weight": "none"}, "one of uniform, root, balanced"),
        ("svm", {"kernel": "cubic"}, "kernel of rbf, poly, linear"),
        ("svm", {"gamma": 1.0}, "svm has no option 'gamma'"),
        ("mlp", {"hidden": "32-x"}, "hidden like"),
        ("mlp", {"optimiser": "lion"}, "optimiser one of"),
        ("mlp", {"max_epochs": 1.5}, "max_epochs should be of type int"),
    ],
)
def test_wrong_options_are_named(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        fitted(name, **options)


def test_unknown_classifiers_and_rows_of_one_genre_are_refused() -> None:
    rows, classes = blobs(20, seed=0)
    shared = {"stop_rows": rows, "stop_classes": classes, "n_classes": 3, "seed": 0}
    unknown = dataclasses.replace(recipe("svm"), classifier=ClassifierRecipe("oracle", {}))
    with pytest.raises(RecipeError, match="unknown classifier 'oracle'; known: svm, mlp, logistic, lda"):
        fit_tabular(unknown, rows, classes=classes, **shared)
    with pytest.raises(TrainingError, match="two genres"):
        fit_tabular(recipe("svm"), rows, classes=np.zeros(20, dtype=np.int64), **shared)
