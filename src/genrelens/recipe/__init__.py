"""Recipes: how a model is made, as a frozen dataclass that reads from and writes to TOML.

A recipe names all that makes a model, and nothing else does: what a recipe does not say, the program does not guess.
An unknown key or a wrong type is an error that names both. There are two kinds: :class:`Recipe`, a network over windows
of mel frames, and :class:`TabularRecipe`, a classifier of descriptors.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

from genrelens.errors import RecipeError, did_you_mean
from genrelens.files import no_device
from genrelens.recipe.network import AugmentRecipe, ModelRecipe, Recipe, TrainingRecipe, WindowRecipe
from genrelens.recipe.reading import Scalar
from genrelens.recipe.tabular import ClassifierRecipe, FeatureRecipe, TabularRecipe

__all__ = [
    "AnyRecipe",
    "AugmentRecipe",
    "ClassifierRecipe",
    "FeatureRecipe",
    "ModelRecipe",
    "Recipe",
    "Scalar",
    "TabularRecipe",
    "TrainingRecipe",
    "WindowRecipe",
    "load",
    "names",
]

AnyRecipe = Recipe | TabularRecipe


def names() -> tuple[str, ...]:
    """Names of the recipes that come with genrelens, in alphabetical order."""
    folder = resources.files("genrelens.recipe") / "shipped"
    return tuple(sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml")))


def load(name_or_path: str | Path) -> AnyRecipe:
    """A recipe by the name of one that comes with genrelens, or from a TOML file of one's own."""
    path = Path(name_or_path)
    if path.suffix == ".toml":
        try:
            text = no_device(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(f"could not read the recipe {path}: {error}") from error
        where = str(path)
    elif str(name_or_path) in names():
        text = (resources.files("genrelens.recipe") / "shipped" / f"{name_or_path}.toml").read_text(encoding="utf-8")
        where = f"recipe {name_or_path}"
    else:
        meant = did_you_mean(str(name_or_path), names())
        raise RecipeError(
            f"unknown recipe {str(name_or_path)!r}{meant or ';'} known: {', '.join(names())}, or a path ending in .toml"
        )
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # of a number of 5,000 digits it is Python that complains
        raise RecipeError(f"{where} is not valid TOML: {error}") from error
    kind = TabularRecipe if "classifier" in table else Recipe
    return kind.from_dict(table, where=where)
