"""Recipes of classifiers of descriptors: what is wrong is named, and they are told from networks."""

from __future__ import annotations

from typing import Any

import pytest

from genrelens import recipe as recipes
from genrelens.errors import RecipeError
from genrelens.recipe import TabularRecipe


def table() -> dict[str, Any]:
    return recipes.load("mlp-4").to_dict()


def test_a_file_with_a_classifier_is_a_tabular_recipe() -> None:
    assert isinstance(recipes.load("svm"), TabularRecipe)
    assert isinstance(recipes.load("mlp-4"), TabularRecipe)


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("features", "set", "kaggle58", r"features\.set should be one of 'kaggle57', .*, got 'kaggle58'"),
        ("features", "segment_s", 5, r"features\.segment_s should be one of 3, 30, got 5"),
        ("features", "hop", 5, r"unknown key 'features\.hop'"),
        ("classifier", "name", 1, r"classifier\.name should be of type str"),
        (None, "stop_share", 0.5, "stop_share from 0 to below 0.5"),
        (None, "stop_share", 0, "mlp stops on a part of its data"),
        ("features", "log_variances", 1, r"features\.log_variances should be of type bool, got 1"),
        ("features", "set", "musicnn", "musicnn has rows of whole tracks"),
        (None, "front_end", {}, "unknown key 'front_end'"),
        ("features", "set", "vggish", "vggish has rows of 30 s"),
        ("features", "pooling", "flatten", "pooling, flatten or mean_std, goes with the set vggish"),
        ("features", "pooling", "max", r"features\.pooling should be one of 'none', 'flatten', 'mean_std'"),
        ("features", "pca", -1, "pca of at least 0"),
    ],
)
def test_a_wrong_value_is_named(section: str | None, key: str, value: object, message: str) -> None:
    made = table()
    (made if section is None else made[section])[key] = value
    with pytest.raises(RecipeError, match=message):
        TabularRecipe.from_dict(made, where="mine.toml")


def test_vggish_needs_a_pooling_and_musicnn_has_no_components() -> None:
    made = recipes.load("vggish-svm").to_dict()
    del made["features"]["pooling"]
    with pytest.raises(RecipeError, match="goes with the set vggish and with no other"):
        TabularRecipe.from_dict(made, where="mine.toml")
    made = recipes.load("genrelens-base").to_dict()
    made["features"]["pca"] = 10
    with pytest.raises(RecipeError, match="0 with musicnn, got 10"):
        TabularRecipe.from_dict(made, where="mine.toml")


def test_what_only_vggish_has_is_written_only_there() -> None:
    assert recipes.load("svm").to_dict()["features"] == {"set": "kaggle57", "segment_s": 3, "log_variances": False}
    assert recipes.load("vggish-svm").to_dict()["features"] == {
        "set": "vggish",
        "segment_s": 30,
        "log_variances": False,
        "pooling": "flatten",
        "pca": 128,
    }
