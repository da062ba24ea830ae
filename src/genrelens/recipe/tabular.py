"""The recipe of a classifier of descriptors."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from genrelens.errors import RecipeError
from genrelens.recipe.reading import Scalar, read_dataclass


@dataclass(frozen=True, slots=True)
class FeatureRecipe:
    """What a row holds: the descriptors ``set`` of ``segment_s`` seconds; rows of 3 s vote for their track."""

    set: Literal["kaggle57", "fma518"]
    segment_s: Literal[3, 30]


@dataclass(frozen=True, slots=True)
class ClassifierRecipe:
    """A classifier of :mod:`genrelens.models.tabular` and its options."""

    name: str
    options: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class TabularRecipe:
    """Everything that makes a classifier of standardised descriptors, but for the music and the seed.

    ``stop_share`` of the training tracks, whole artists, is not learnt from: on it networks stop and every
    classifier's temperature is fitted.
    """

    name: str
    system: str
    summary: str
    features: FeatureRecipe
    classifier: ClassifierRecipe
    stop_share: float

    def __post_init__(self) -> None:
        if not 0 < self.stop_share < 0.5:
            raise RecipeError(f"recipe {self.name!r} should have stop_share above 0 and below 0.5")

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries of TOML and JSON types; :meth:`from_dict` takes them back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, table: Mapping[str, Any], *, where: str) -> TabularRecipe:
        """Build a recipe, or raise :class:`RecipeError` naming ``where``, the key, what was expected and what came."""
        recipe: TabularRecipe = read_dataclass(cls, table, where=where)
        return recipe
