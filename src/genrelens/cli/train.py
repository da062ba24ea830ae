"""``genrelens train``: from labelled music to a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genrelens.cli import options
from genrelens.cli.options import DEFAULT_CACHE


def train(
    recipe: options.RecipeName,
    out: Annotated[Path, options.option("--out", "RUN", "Folder of the run; new or empty.")],
    data: options.Data = None,
    dataset: options.Dataset = None,
    split: options.SplitName = None,
    part: Annotated[
        str, typer.Option("--part", metavar="PART", help='Part to train on; "train+valid" joins two.')
    ] = "train",
    seed: Annotated[int, typer.Option(min=0, metavar="S", help="Another seed gives another model.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the interrupted training in RUN.")] = False,
    table: options.Table = None,
    weights: options.Weights = None,
    encoder: options.Encoder = None,
    cache: options.Cache = DEFAULT_CACHE,
) -> None:
    """Train a recipe and write RUN/bundle, a model that every other command takes.

    The weights that are kept are those of the epoch with the lowest loss on the validation set, which is the split's
    valid part or, where the recipe says so or valid is trained on, whole artists taken out of the training part.
    An interrupted training goes on with --resume and ends with the same weights. A classifier of descriptors learns in
    one go, from sound or from a table; its model predicts from sound files either way.

    \b
    Examples:
      genrelens train transformer-4x4 --data ~/gtzan --out runs/t44
      genrelens train svm --data ~/gtzan --out runs/svm
      genrelens train lda-plus --data ~/gtzan --table features_30_sec.csv --out runs/lda
      genrelens train vggish-svm --data ~/fma_small --weights vggish.safetensors --out runs/vggish
      genrelens train wav2vec2 --data ~/gtzan --encoder ~/models/wav2vec2-base --out runs/w2v
      genrelens train mel-transformer --data ~/gtzan --split fault-filtered --part train+valid --out runs/all
    """
    from genrelens import recipe as recipes
    from genrelens.errors import check_extra
    from genrelens.recipe.start import needs, with_encoder, with_weights

    loaded = recipes.load(recipe)
    check_extra("torch", "lightning", needed_for="training")
    chosen, begins_with = with_weights(with_encoder(loaded, encoder), weights)
    if resume and isinstance(chosen, recipes.TabularRecipe):
        raise typer.BadParameter(f"--resume: {chosen.name} learns in one go; give a new --out")
    given = options.table_of(table, recipe=chosen)
    selection = options.selected(data, dataset, split, part, table=given, pictures=needs(chosen) == "pictures")
    from genrelens.cli.terminal import Epochs, Lines, Progress, notes, wrote
    from genrelens.training.any_recipe import train_recipe
    from genrelens.training.rows import RowSource

    if selection.split.leaks:
        notes([f"the split {selection.split.name} leaks: figures on its other parts are too high"])
    say = Lines()
    with Progress("getting ready") as line:
        bundle = train_recipe(
            chosen,
            selection,
            RowSource(cache, given, begins_with, line.count),
            out=out,
            seed=seed,
            resume=resume,
            say=say,
            epoch=Epochs(say, chosen),
        )
    rest = "" if "valid" in part else f"genrelens evaluate {out} --split {selection.split.name} --part valid, or "
    wrote(bundle, then=f"{rest}genrelens predict song.mp3 --model {out}", for_scripts=True)
