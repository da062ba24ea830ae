"""``genrelens grid``: FMA's baselines, every set of features by every classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from genrelens.cli.feature_tables import TableOption
from genrelens.cli.train import DEFAULT_CACHE, CacheOption, DataOption, DatasetOption, SplitOption
from genrelens.cli.weights import WeightsOption, given_weights

if TYPE_CHECKING:
    from genrelens.recipe import TabularRecipe


def grid(
    data: DataOption = None,
    dataset: DatasetOption = None,
    feature_set: Annotated[
        str, typer.Option("--set", metavar="SET", help="Features: fma518, kaggle57 or vggish.")
    ] = "fma518",
    table: TableOption = None,
    weights: WeightsOption = None,
    split: SplitOption = None,
    part: Annotated[
        str, typer.Option("--part", metavar="PART", help="Tracks to make folds of.")
    ] = "train+valid",
    features: Annotated[
        list[str] | None,
        typer.Option(
            "--features",
            metavar="NAME",
            help="Only these columns (mfcc, ...); give it again for more.",
            show_default=False,
        ),
    ] = None,
    classifier: Annotated[
        list[str] | None,
        typer.Option(
            "--classifier",
            metavar="NAME",
            help="Only this (LR, SVCrbf, ...); give it again for more.",
            show_default=False,
        ),
    ] = None,
    folds: Annotated[int, typer.Option("--folds", min=2, metavar="K", help="Number of folds.")] = 5,
    seed: Annotated[
        int, typer.Option(min=0, metavar="S", help="Seed of the folds and of the trainings.")
    ] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, with what each cell remarked.")
    ] = False,
    cache: CacheOption = DEFAULT_CACHE,
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
    import numpy as np

    from genrelens.cli.descriptor_rows import descriptor_rows
    from genrelens.cli.feature_tables import open_table, with_rows
    from genrelens.cli.progress import ProgressLine
    from genrelens.cli.tabular import vggish_columns
    from genrelens.cli.tracks import find_split, load_tracks
    from genrelens.data import registry
    from genrelens.data.splits.folds import grouped_folds
    from genrelens.evaluation import grid as grids
    from genrelens.frontend.descriptors import SETS
    from genrelens.recipe import TabularRecipe

    if feature_set not in grids.FEATURES:
        raise typer.BadParameter(f"--set should be one of {', '.join(grids.FEATURES)}, got {feature_set!r}")
    rows_of, begins_with = given_weights(_recipe(feature_set), weights)
    assert isinstance(rows_of, TabularRecipe)
    given = open_table(table, recipe=rows_of)
    name, tracks = load_tracks(data, dataset=dataset)
    tracks = with_rows(name, tracks, given)
    taxonomy, faulty = registry.taxonomy(name, tracks), registry.never_train(name)
    sound = tuple(track for track in tracks if track.id not in faulty)
    chosen_part = find_split(split, dataset=name, tracks=tracks).part(sound, part)
    if feature_set == "vggish":
        pieces, rows, columns = vggish_columns(rows_of, chosen_part, weights=begins_with, cache=cache)
    else:
        pieces, rows = descriptor_rows(rows_of, chosen_part, cache=cache, table=given)
        columns = SETS[feature_set].columns
    place = {piece.id: i for i, piece in enumerate(pieces)}
    cut = [
        (
            np.array([place[id_] for id_ in fold.ids("train")]),
            np.array([place[id_] for id_ in fold.ids("test")]),
        )
        for fold in grouped_folds(pieces, n_folds=folds, seed=seed)
    ]
    n_cells = len(features or grids.FEATURES[feature_set]) * len(classifier or grids.CLASSIFIERS)
    with ProgressLine(total=n_cells) as line:
        cells = grids.grid(
            rows,
            columns=columns,
            classes=np.array([taxonomy.index(piece.genre) for piece in pieces], dtype=np.int64),
            folds=cut,
            feature_set=feature_set,
            features=features or (),
            classifiers=classifier or (),
            seed=seed,
            progress=lambda columns, machine: line.show(f"{machine} on {columns}"),
        )
    found = grids.Grid(
        dataset=name,
        part=part,
        feature_set=feature_set + (f", {begins_with.said}" if begins_with else ""),
        n_tracks=len(pieces),
        n_artists=len({piece.group for piece in pieces}),
        n_folds=folds,
        seed=seed,
        cells=cells,
    )
    typer.echo(found.to_json() if as_json else grids.grid_text(found), nl=False)


def _recipe(feature_set: str) -> TabularRecipe:
    """Rows of whole tracks of a set of features, for any classifier."""
    from genrelens.recipe import ClassifierRecipe, FeatureRecipe, TabularRecipe

    rows = {
        "fma518": FeatureRecipe("fma518", 30),
        "kaggle57": FeatureRecipe("kaggle57", 30),
        "vggish": FeatureRecipe("vggish", 30, pooling="flatten"),
    }
    return TabularRecipe(
        name="grid",
        system="S2",
        summary="rows of whole tracks",
        features=rows[feature_set],
        classifier=ClassifierRecipe("any", {}),
        stop_share=0.0,
    )
