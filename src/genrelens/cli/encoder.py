"""``--encoder``: which pretrained audio encoder a recipe starts from, in the place of the one that it names."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar, cast

import typer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from genrelens.data.track import Track
    from genrelens.errors import RecipeError
    from genrelens.recipe import AnyRecipe, TabularRecipe

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
    """The recipe with this encoder in the place of its own; wrong usage where it has none.

    Of a folder the recipe's summary says from then on which weights were in it, and so does the model that it becomes.
    """
    from genrelens.recipe import Recipe, TabularRecipe
    from genrelens.recipe.encoder import starting_from

    if isinstance(recipe, TabularRecipe) and recipe.features.set == "encoder":
        features = dataclasses.replace(recipe.features, encoder=encoder or recipe.features.encoder)
        return dataclasses.replace(recipe, features=features)
    if isinstance(recipe, Recipe) and "encoder" in recipe.model.options:
        chosen = encoder or str(recipe.model.options["encoder"])
        return cast("R", starting_from(recipe, chosen))
    if encoder is not None:
        raise typer.BadParameter(
            f"--encoder: the recipe {recipe.name} has no encoder; wav2vec2, encoder-probe and their like have"
        )
    return recipe


def rows_of_encoder(recipe: TabularRecipe, tracks: tuple[Track, ...], *, cache: Path) -> NDArray[np.float64]:
    """What the recipe's encoder makes of each track, ``(n, width)``, with progress."""
    from genrelens.cli.progress import CountLine
    from genrelens.errors import MissingExtraError

    try:
        from genrelens.features.encoder import encoder_rows
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="a pretrained audio encoder") from error
    with CountLine("encoder: tracks heard,") as line:
        return encoder_rows(tracks, encoder=recipe.features.encoder, cache=cache, progress=line.show)


def no_bundle(recipe: TabularRecipe) -> RecipeError:
    """Why no model is made of such rows, and what to do."""
    from genrelens.errors import RecipeError

    return RecipeError(
        f"{recipe.name} scores an encoder (genrelens crossval {recipe.name}) and makes no model: a bundle runs without "
        "transformers, whose feature extractor prepares the encoder's input; for encoders of raw sound "
        'train wav2vec2 with freeze = "full"'
    )
