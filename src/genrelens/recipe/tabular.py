"""The recipe of a classifier of rows: of descriptors, or of what a trained network makes of the sound."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from genrelens.errors import RecipeError
from genrelens.recipe.reading import Scalar, read_dataclass

STOPPING = ("mlp", "xgboost")
"""Classifiers that stop on a part of their data, and so cannot be without ``stop_share``."""


DESCRIPTORS = ("kaggle57", "fma518")
"""Sets of rows that are descriptors, which a table may hold; those of all others come out of a trained network."""

_ONLY_WHERE_SET = ("pooling", "pca", "weights", "encoder")


@dataclass(frozen=True, slots=True)
class FeatureRecipe:
    """What a row holds: the descriptors ``set`` of ``segment_s`` seconds, or of a whole track (30).

    Rows of 3 s vote for their track. ``log_variances``: of kaggle57, each variance becomes its logarithm. The other
    sets are what a trained network makes of the sound: rows of "musicnn" are means over a whole track, rows of "vggish"
    its 31 embeddings of 30 s, side by side (``pooling`` "flatten") or their means and standard deviations ("mean_std").
    Rows of "encoder" are means over a whole track of what the pretrained audio encoder that ``encoder`` names makes of
    it.

    ``pca``: how many principal components of the standardised rows the classifier learns from, 0 for the rows
    themselves. ``weights`` says whose the network's weights were; it is written down when a model is trained, and a
    recipe does not give it.
    """

    set: Literal["kaggle57", "fma518", "musicnn", "vggish", "encoder"]
    segment_s: Literal[3, 30]
    log_variances: bool = False
    pooling: Literal["none", "flatten", "mean_std"] = "none"
    pca: int = 0
    weights: str = ""
    encoder: str = ""


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
        features = self.features
        if features.set == "musicnn" and features.segment_s != 30:
            raise RecipeError(f"recipe {self.name!r}: musicnn has rows of whole tracks, give segment_s = 30")
        if features.set == "vggish" and features.segment_s != 30:
            raise RecipeError(f"recipe {self.name!r}: vggish has rows of 30 s, give segment_s = 30")
        if (features.set == "encoder") != bool(features.encoder):
            raise RecipeError(
                f"recipe {self.name!r}: encoder, a folder or a hub id, goes with the set encoder and with no other"
            )
        if features.set == "encoder" and features.segment_s != 30:
            raise RecipeError(f"recipe {self.name!r}: encoder has rows of whole tracks, give segment_s = 30")
        if (features.set == "vggish") != (features.pooling != "none"):
            raise RecipeError(
                f"recipe {self.name!r}: pooling, flatten or mean_std, goes with the set vggish and with no other"
            )
        if features.pca < 0 or (features.pca and features.set == "musicnn"):
            raise RecipeError(
                f"recipe {self.name!r} should have pca of at least 0, and 0 with musicnn, got {features.pca}"
            )
        if self.features.log_variances and self.features.set != "kaggle57":
            raise RecipeError(f"recipe {self.name!r}: log_variances is for the set kaggle57 alone")
        if self.classifier.name in STOPPING and not self.stop_share:
            raise RecipeError(
                f"recipe {self.name!r}: {self.classifier.name} stops on a part of its data, give stop_share above 0"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries of TOML and JSON types; :meth:`from_dict` takes them back.

        What only some sets have is there only where it is set: other models look as they did before there was it.
        """
        table = dataclasses.asdict(self)
        for key in _ONLY_WHERE_SET:
            if table["features"][key] in ("none", 0, ""):
                del table["features"][key]
        return table

    @classmethod
    def from_dict(cls, table: Mapping[str, Any], *, where: str) -> TabularRecipe:
        """Build a recipe, or raise :class:`RecipeError` naming ``where``, the key, what was expected and what came."""
        recipe: TabularRecipe = read_dataclass(cls, table, where=where)
        return recipe
