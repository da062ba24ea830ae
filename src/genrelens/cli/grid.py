"""``genrelens grid``: FMA's baselines, every set of features by every classifier."""

from __future__ import annotations

from typing import Annotated

import typer

from genrelens.cli import options
from genrelens.cli.options import DEFAULT_CACHE


def grid(
    data: options.Data = None,
    dataset: options.Dataset = None,
    feature_set: Annotated[
        str, typer.Option("--set", metavar="SET", help="Features: fma518, kaggle57 or vggish.")
    ] = "fma518",
    table: options.Table = None,
    weights: options.Weights = None,
    split: options.SplitName = None,
    part: options.FoldPart = "train+valid",
    features: Annotated[
        list[str] | None,
        options.option("--features", "NAME", "Only these columns (mfcc, ...); give it again for more."),
    ] = None,
    classifier: Annotated[
        list[str] | None, options.option("--classifier", "NAME", "Only this (LR, SVCrbf, ...); give it again for more.")
    ] = None,
    folds: options.Folds = 5,
    seed: options.Seed = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with what each cell remarked.")] = False,
    cache: options.Cache = DEFAULT_CACHE,
) -> None:
    """Score thirteen classifiers on parts of the descriptors of whole tracks, as FMA's baselines do, or on VGGish.

    A table of accuracies out of fold over artists, and one of CPU seconds. Nothing is kept: it is a survey, and its
    best cell is flattered by having been looked for. Recipes make models (genrelens train).

    \b
    Examples:
      genrelens grid --data ~/fma_small
      genrelens grid --data ~/gtzan --set kaggle57 --table features_30_sec.csv
      genrelens grid --data ~/gtzan --features mfcc --features all --classifier SVCrbf --json
      genrelens grid --data ~/fma_small --set vggish --weights vggish.safetensors
    """
    from genrelens.cli.terminal import Progress
    from genrelens.evaluation import grid as grids
    from genrelens.recipe import TabularRecipe
    from genrelens.recipe.start import with_weights

    if feature_set not in grids.FEATURES:
        raise typer.BadParameter(f"--set should be one of {', '.join(grids.FEATURES)}, got {feature_set!r}")
    recipe, begins_with = with_weights(grids.recipe_of(feature_set), weights)
    assert isinstance(recipe, TabularRecipe)
    given = options.table_of(table, recipe=recipe)
    selection = options.selected(data, dataset, split, part, table=given)
    from genrelens.training.rows import RowSource, survey_rows

    asked = grids.Asked(feature_set, tuple(features or ()), tuple(classifier or ()), seed)
    with Progress("getting ready") as line:
        source = RowSource(cache, given, begins_with, line.count)
        rows, columns = survey_rows(recipe, selection.selected.tracks, source)
    with Progress("cells", total=len(asked.cells)) as line:
        found = grids.survey(
            rows,
            columns=columns,
            selection=selection,
            asked=asked,
            n_folds=folds,
            weights="" if begins_with is None else begins_with.said,
            progress=lambda columns, machine: line.step(f"{machine} on {columns}"),
        )
    typer.echo(found.to_json() if as_json else grids.grid_text(found), nl=False)
