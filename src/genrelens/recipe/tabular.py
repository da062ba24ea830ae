"""The recipe of a classifier of descriptors."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from genrelens.errors import RecipeError
from genrelens.recipe.reading import Scalar, read_dataclass

STOPPING = ("mlp", "xgboost")
"""Classifiers that stop on a part of their data, and so cannot be without ``stop_share``."""


@dataclass(frozen=True, slots=True)
class FeatureRecipe:
    """What a row holds: the descriptors ``set`` of ``segment_s`` seconds, or of a whole track (30).

    Rows of 3 s vote for their track. "musicnn" are no descriptors but what a trained network makes of the sound; its
    rows are means over a whole track. ``log_variances``: of kaggle57, each variance becomes its logarithm.
    """

    set: Literal["kaggle57", "fma518", "musicnn"]
    segment_s: Literal[3, 30]
    log_variances: bool = False


@dataclass(frozen=True, slots=True)
class ClassifierRecipe:
    """A classifier of :mod:`genrelens.models.tabular` and its options."""

    name: str
    options: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class TabularRecipe:
    """Everything that makes a classifier of standardised descriptors, but for the music and the seed.

    ``stop_share`` of the training tracks, whole artists, is not learnt from: on it networks stop and every
    classifier's temperature is fitted. With 0 all is learnt from and the temperature stays 1. When a bundle is made its
    temperature is fitted out of fold, and only the classifiers in :data:`STOPPING` hold a part back.
    """

    name: str
    system: str
    summary: str
    features: FeatureRecipe
    classifier: ClassifierRecipe
    stop_share: float

    def __post_init__(self) -> None:
        if not 0 <= self.stop_share < 0.5:
            raise RecipeError(f"recipe {self.name!r} should have stop_share from 0 to below 0.5")
        if self.features.set == "musicnn" and self.features.segment_s != 30:
            raise RecipeError(f"recipe {self.name!r}: musicnn has rows of whole tracks, give segment_s = 30")
        if self.features.log_variances and self.features.set != "kaggle57":
            raise RecipeError(f"recipe {self.name!r}: log_variances is for the set kaggle57 alone")
        if self.classifier.name in STOPPING and not self.stop_share:
            raise RecipeError(
                f"recipe {self.name!r}: {self.classifier.name} stops on a part of its data, give stop_share above 0"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries of TOML and JSON types; :meth:`from_dict` takes them back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, table: Mapping[str, Any], *, where: str) -> TabularRecipe:
        """Build a recipe, or raise :class:`RecipeError` naming ``where``, the key, what was expected and what came."""
        recipe: TabularRecipe = read_dataclass(cls, table, where=where)
        return recipe
