"""What a recipe begins with that does not come with genrelens: an encoder, or the weights of VGGish."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from genrelens.errors import MissingExtraError, RecipeError
from genrelens.recipe import AnyRecipe, Recipe, TabularRecipe
from genrelens.recipe.encoder import starting_from

if TYPE_CHECKING:
    from genrelens.models.vggish_weights import Weights

R = TypeVar("R", bound=AnyRecipe)


def needs(recipe: AnyRecipe) -> str:
    """What a recipe learns from: ``"pictures"``, ``"audio"``, or ``"audio, weights"`` where it begins with weights that
    do not come with genrelens. (Classifiers of descriptors take a table in the place of audio.)
    """
    if isinstance(recipe, TabularRecipe):
        return "audio, weights" if recipe.features.set in ("vggish", "encoder") else "audio"
    if recipe.model.architecture.startswith(("vggish", "wav2vec2")):
        return "audio, weights"
    return "pictures" if recipe.learn_from == "pictures" else "audio"


def with_encoder(recipe: R, encoder: str | None) -> R:
    """The recipe with this pretrained encoder (a folder or a hub id) in the place of the one that it names.

    Of a folder the recipe's summary says from then on which weights were in it, and so does the model that it becomes.
    Raises :class:`RecipeError` where an ``encoder`` is given and the recipe has none.
    """
    if isinstance(recipe, TabularRecipe) and recipe.features.set == "encoder":
        features = dataclasses.replace(recipe.features, encoder=encoder or recipe.features.encoder)
        return dataclasses.replace(recipe, features=features)
    if isinstance(recipe, Recipe) and "encoder" in recipe.model.options:
        return cast("R", starting_from(recipe, encoder or str(recipe.model.options["encoder"])))
    if encoder is not None:
        raise RecipeError(
            f"the recipe {recipe.name} has no encoder; wav2vec2, encoder-probe and their like have", code="no_encoder"
        )
    return recipe


def with_weights(recipe: AnyRecipe, path: str | Path | None) -> tuple[AnyRecipe, Weights | None]:
    """The recipe as it begins with VGGish's weights in a file, and those weights; ``None`` for recipes without VGGish.

    The recipe says from then on whose weights they are (random ones in its name), so that others under the same path
    are another run. Raises :class:`RecipeError` where weights are missing or the recipe needs none, and
    :class:`BundleError` where the file holds others.
    """
    if isinstance(recipe, TabularRecipe):
        begins, named = recipe.features.set == "vggish", ""
    else:
        begins = recipe.model.architecture == "vggish"
        named = str(recipe.model.options.get("weights", ""))
    if not begins:
        if path is not None:
            raise RecipeError(
                f"{recipe.name} begins with no weights of VGGish", code="no_weights", hint="leave them out"
            )
        return recipe, None
    try:
        from genrelens.models import vggish, vggish_weights
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="VGGish") from error
    if path is None and not named:
        raise RecipeError(f"{recipe.name} begins with weights, and none come with genrelens", code="needs_weights")
    found = vggish_weights.read_weights(path or named, shapes=vggish.shapes())
    name = f"{recipe.name} ({vggish_weights.RANDOM})" if found.are_random else recipe.name
    if isinstance(recipe, TabularRecipe):
        features = dataclasses.replace(recipe.features, weights=found.said)
        return dataclasses.replace(recipe, name=name, features=features), found
    model = dataclasses.replace(recipe.model, options={**recipe.model.options, "weights": str(path or named)})
    summary = f"{recipe.summary}; began with {found.said}"
    return dataclasses.replace(recipe, name=name, summary=summary, model=model), found
