"""``genrelens weights``: VGGish's weights in the form that is read, and ``--weights``, which gives them to a recipe."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from genrelens.models.vggish_weights import Weights
    from genrelens.recipe import AnyRecipe

WeightsOption = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        metavar="FILE",
        help="Weights of VGGish (.safetensors; see genrelens weights) for the recipes that begin with them.",
        show_default=False,
    ),
]


class Network(StrEnum):
    """Networks whose weights can be had."""

    vggish = "vggish"


def weights(
    network: Annotated[Network, typer.Argument(metavar="NETWORK", help="vggish.", show_default=False)],
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE", help="Where the weights go (.safetensors).", show_default=False
        ),
    ],
    released: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="The released file, vggish-10086976.pth.", show_default=False),
    ] = None,
    download: Annotated[
        bool, typer.Option("--download", help="Get the released file first (275 MB), beside --out.")
    ] = False,
    random: Annotated[
        bool, typer.Option("--random", help="Make weights that know nothing, to try things with.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, metavar="S", help="Seed of random weights.")] = 0,
) -> None:
    """Convert the released weights of VGGish to safetensors, the one form that is read afterwards.

    The file is that of torchvggish, a port of Google's. Its SHA-256 has to begin with the digits in its name, all of
    its tensors have to have VGGish's shapes, and no code in it is run. The whole SHA-256 is printed, and kept in the
    new file. What is made of --random weights says so: in its name, its card and its reports.

    \b
    Examples:
      genrelens weights vggish --download --out vggish.safetensors
      genrelens weights vggish vggish-10086976.pth --out vggish.safetensors
      genrelens weights vggish --random --seed 0 --out random.safetensors
      genrelens train vggish-svm --weights vggish.safetensors --data ~/fma_small --out runs/vggish
    """
    if (released is not None) + download + random != 1:
        raise typer.BadParameter(
            "give one of: the released file, --download to get it first, or --random for weights that know nothing"
        )
    if seed and not random:
        raise typer.BadParameter("--seed goes with --random")
    vggish, files = _network()
    if random:
        files.write_weights(out, vggish.random_weights(seed=seed), origin=f"{files.RANDOM}, seed {seed}")
    else:
        source = released or _downloaded(files, out.parent / files.RELEASE_NAME)
        sha256 = files.convert(source, out, shapes=vggish.shapes())
        typer.echo(f"{source}: SHA-256 {sha256}", err=True)
    typer.echo(out)


def given_weights(recipe: AnyRecipe, path: Path | None) -> tuple[AnyRecipe, Weights | None]:
    """The recipe as it is with the weights of ``--weights``, and those weights; None for recipes that need none.

    The recipe says from then on whose they are, and random ones in its name. Raises :class:`RecipeError` where they
    are missing and :class:`BundleError` where they are none of VGGish's.
    """
    from genrelens import recipe as recipes
    from genrelens.errors import RecipeError

    if isinstance(recipe, recipes.TabularRecipe):
        needs, named = recipe.features.set == "vggish", ""
    else:
        needs = recipe.model.architecture == "vggish"
        named = str(recipe.model.options.get("weights", ""))
    if not needs:
        if path is not None:
            raise typer.BadParameter(
                f"--weights: {recipe.name} begins with no weights of VGGish; leave it out"
            )
        return recipe, None
    vggish, files = _network()
    if path is None and not named:
        raise RecipeError(
            f"{recipe.name} begins with weights, and none come with genrelens; give --weights FILE: "
            f"{files.WHERE_FROM}"
        )
    found: Weights = files.read_weights(path or named, shapes=vggish.shapes())
    name = f"{recipe.name} ({files.RANDOM})" if found.are_random else recipe.name
    if isinstance(recipe, recipes.TabularRecipe):
        features = dataclasses.replace(recipe.features, weights=found.said)
        return dataclasses.replace(recipe, name=name, features=features), found
    options = {**recipe.model.options, "weights": str(path or named)}
    model = dataclasses.replace(recipe.model, options=options)
    summary = f"{recipe.summary}; began with {found.said}"
    return dataclasses.replace(recipe, name=name, summary=summary, model=model), found


def _network() -> tuple[ModuleType, ModuleType]:
    """The modules of VGGish and of its weights, or one line that says what to install."""
    from genrelens.errors import MissingExtraError

    try:
        from genrelens.models import vggish, vggish_weights
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="VGGish") from error
    return vggish, vggish_weights


def _downloaded(files: ModuleType, target: Path) -> Path:
    """The released file beside ``--out``, got if it is not there or is damaged; it stays, for another time."""
    if target.exists() and not files.is_released(target):
        typer.echo(f"note: {target} is damaged or another file; it is got again", err=True)
    if not files.is_released(target):
        from genrelens.cli.progress import CountLine
        from genrelens.data.fetch import download

        by_hand = (
            f"Get it by other means and give its path: genrelens weights vggish {target.name} --out FILE"
        )
        with CountLine("bytes") as line:
            download(
                files.RELEASE_URL,
                target,
                by_hand=by_hand,
                progress=lambda _, done, total: line.show(done, total or done),
            )
    return target
