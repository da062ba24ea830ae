"""``genrelens leakage``: what a recipe would have claimed on a split that leaks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genrelens.cli import options
from genrelens.cli.options import DEFAULT_CACHE


def leakage(
    data: options.Data = None,
    recipe: Annotated[str, typer.Option("--recipe", metavar="RECIPE", help="A recipe's name or a .toml file.")] = "svm",
    dataset: options.Dataset = None,
    split: Annotated[
        str | None,
        options.option(
            "--split", "NAME", "Published split to score beside (default: fault-filtered for GTZAN, else none)."
        ),
    ] = None,
    part: Annotated[
        str, typer.Option("--part", metavar="PART", help="Its parts whose tracks are cut into folds.")
    ] = "train+valid",
    scored: Annotated[
        str, typer.Option("--scored", metavar="PART", help="Its part that is scored after training on train.")
    ] = "valid",
    folds: options.Folds = 5,
    seed: options.Seed = 0,
    out: Annotated[
        Path | None,
        options.option(
            "--out",
            "DIR",
            "Folder of report.json, figure and runs; new, or an earlier run's (default: runs/leakage-RECIPE).",
        ),
    ] = None,
    as_json: options.Json = False,
    cache: options.Cache = DEFAULT_CACHE,
) -> None:
    """Score one recipe on splits that leak and on splits that do not, in one table and one figure.

    The same pieces of the same tracks are cut in four ways: pieces at random (as in most published work on GTZAN),
    whole tracks, whole artists, and the data set's published split. What differs is the cutting alone. Also writes
    report.json and leakage.png to DIR. A network's finished folds are kept in DIR/runs: the same command goes on where
    an interrupted one stopped.

    \b
    Examples:
      genrelens leakage --data ~/gtzan --recipe svm
      genrelens leakage --data ~/gtzan --recipe mlp-4 --json > leakage.json
    """
    from genrelens import recipe as recipes
    from genrelens.errors import check_extra

    chosen = recipes.load(recipe)
    check_extra("torch", "lightning", "matplotlib", "sklearn", needed_for="the leakage report")
    loaded = options.opened(data, dataset)
    from genrelens.cli.terminal import Epochs, Lines, Progress, wrote
    from genrelens.data import registry
    from genrelens.data.registry import find_split, trainable
    from genrelens.data.splits import protocols
    from genrelens.evaluation.fold_answers import segment_answers
    from genrelens.evaluation.leakage import leakage as measure
    from genrelens.evaluation.leakage import leakage_text
    from genrelens.pages import pictured
    from genrelens.training.rows import RowSource

    name = loaded.dataset
    tracks = trainable(name, loaded.tracks)
    split = split or registry.DATASETS[name].published_split
    named = None if split is None else find_split(split, dataset=name, tracks=tracks)
    if named is not None:
        tracks = named.part(tracks, part)
    folder = out or Path("runs") / f"leakage-{chosen.name}"
    with pictured.LEAKAGE.folder.claimed(folder):
        say = Lines()
        with Progress("getting ready") as line:
            answers, piece = segment_answers(
                chosen,
                registry.Loaded(dataset=name, tracks=tracks, taxonomy=registry.taxonomy(name, tracks)),
                RowSource(cache, counted=line.count),
                out=folder / pictured.RUNS,
                seed=seed,
                epoch=Epochs(say, chosen),
            )
        cuts = protocols.protocols(answers.clips, n_folds=folds, seed=seed)
        if named is not None:
            cuts = (*cuts, protocols.published(answers.clips, named, part=scored))
        report = measure(
            answers,
            cuts,
            recipe=chosen.name,
            dataset=name,
            piece=piece,
            n_folds=folds,
            seed=seed,
            progress=lambda protocol, k, n: say(f"{protocol}: fold {k + 1} of {n}"),
        )
        written = pictured.LEAKAGE.write(report, out=folder)
    typer.echo(report.to_json() if as_json else leakage_text(report), nl=False)
    wrote(*written, then=f"genrelens crossval {chosen.name} --out DIR has the honest figures in full")
