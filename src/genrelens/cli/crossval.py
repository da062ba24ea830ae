"""``genrelens crossval``: a recipe's honest figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genrelens.cli import options
from genrelens.cli.options import DEFAULT_CACHE


def crossval(
    recipe: options.RecipeName,
    out: Annotated[Path, options.option("--out", "DIR", "Folder of the folds' runs and the report.")],
    data: options.Data = None,
    dataset: options.Dataset = None,
    split: options.SplitName = None,
    part: options.FoldPart = "train+valid",
    folds: options.Folds = 5,
    seed: options.Seed = 0,
    as_json: options.Json = False,
    table: options.Table = None,
    weights: options.Weights = None,
    encoder: options.Encoder = None,
    cache: options.Cache = DEFAULT_CACHE,
) -> None:
    """Score a recipe by cross-validation over folds of artists, and pool the answers.

    Every track is answered once, by a model that has heard neither it nor its artist. Finished folds are kept: the
    same command goes on where an interrupted one stopped. The report is also written to DIR/report.json.

    \b
    Examples:
      genrelens crossval mel-transformer --data ~/gtzan --folds 5 --out runs/cv
      genrelens crossval lda-plus --data ~/gtzan --table features_30_sec.csv --out runs/cv-lda
    """
    from genrelens import recipe as recipes
    from genrelens.errors import check_extra
    from genrelens.recipe.start import needs, with_encoder, with_weights

    loaded = recipes.load(recipe)
    check_extra("torch", "lightning", needed_for="training")
    chosen, begins_with = with_weights(with_encoder(loaded, encoder), weights)
    given = options.table_of(table, recipe=chosen)
    selection = options.selected(data, dataset, split, part, table=given, pictures=needs(chosen) == "pictures")
    from genrelens.cli.terminal import Epochs, Lines, Progress, wrote
    from genrelens.evaluation.out_of_fold import crossval as run
    from genrelens.training.rows import RowSource

    say = Lines()
    epochs = Epochs(say, chosen)

    def fold(_: str, k: int, n: int) -> None:
        epochs.where = f"fold {k + 1}/{n} "
        if isinstance(chosen, recipes.TabularRecipe):
            line.clear()
            say(f"fold {k + 1} of {n}")

    with Progress("getting ready") as line:
        source = RowSource(cache, given, begins_with, line.count)
        report = run(chosen, selection, source, out=out, n_folds=folds, seed=seed, fold=fold, epoch=epochs)
    typer.echo(report.to_json() if as_json else report.to_text())
    wrote(out / "report.json", then=f"genrelens report {out} --out look draws it")
