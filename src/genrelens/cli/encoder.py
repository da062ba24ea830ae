"""``--encoder``: which pretrained audio encoder a recipe starts from, in the place of the one that it names."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from genrelens.recipe import AnyRecipe

EncoderOption = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        metavar="DIR_OR_ID",
        help="Pretrained audio encoder: a folder in the Hugging Face format or a hub id (default: the recipe's).",
        show_default=False,
    ),
]

R = TypeVar("R", bound="AnyRecipe")


def with_encoder(recipe: R, encoder: str | None) -> R:
    """The recipe with this encoder in the place of its own; wrong usage where it has none."""
    from genrelens.recipe import Recipe, TabularRecipe

    if encoder is None:
        return recipe
    if isinstance(recipe, TabularRecipe) and recipe.features.set == "encoder":
        return dataclasses.replace(recipe, features=dataclasses.replace(recipe.features, encoder=encoder))
    if isinstance(recipe, Recipe) and "encoder" in recipe.model.options:
        options = {**recipe.model.options, "encoder": encoder}
        return dataclasses.replace(recipe, model=dataclasses.replace(recipe.model, options=options))
    raise typer.BadParameter(
        f"--encoder: the recipe {recipe.name} has no encoder; wav2vec2, encoder-probe and their like have"
    )
