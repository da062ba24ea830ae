"""``genrelens leakage``: what a recipe would have claimed on a split that leaks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genrelens.cli.train import DEFAULT_CACHE, CacheOption, DataOption, DatasetOption

if TYPE_CHECKING:
    from genrelens.data.track import Track
    from genrelens.evaluation.fold_answers import FoldAnswers
    from genrelens.recipe import AnyRecipe
    from genrelens.taxonomy import Taxonomy


def leakage(
    data: DataOption = None,
    recipe: Annotated[
        str, typer.Option("--recipe", metavar="RECIPE", help="A recipe's name or a .toml file.")
    ] = "svm",
    dataset: DatasetOption = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            metavar="NAME",
            help="Published split to score beside (default: fault-filtered for GTZAN, else none).",
            show_default=False,
        ),
    ] = None,
    part: Annotated[
        str, typer.Option("--part", metavar="PART", help="Its parts whose tracks are cut into folds.")
    ] = "train+valid",
    scored: Annotated[
        str, typer.Option("--scored", metavar="PART", help="Its part that is scored after training on train.")
    ] = "valid",
    folds: Annotated[int, typer.Option("--folds", min=2, metavar="K", help="Number of folds.")] = 5,
    seed: Annotated[
        int, typer.Option(min=0, metavar="S", help="Seed of the folds and of the trainings.")
    ] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder of report.json, figure and runs (default: runs/leakage-RECIPE).",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    cache: CacheOption = DEFAULT_CACHE,
) -> None:
    """Score one recipe on splits that leak and on splits that do not, in one table and one figure.

    The same pieces of the same tracks are cut in four ways: pieces at random (as in most published work on GTZAN),
    whole tracks, whole artists, and the data set's published split. What differs is the cutting alone. Also writes
    report.json and leakage.png to DIR. A network's finished folds are kept: the same command goes on where an
    interrupted one stopped.

    \b
    Examples:
      genrelens leakage --data ~/gtzan --recipe svm
      genrelens leakage --data ~/gtzan --recipe mlp-4 --json > leakage.json
    """
    from genrelens import recipe as recipes
    from genrelens.cli.tracks import find_split, load_tracks
    from genrelens.data import registry
    from genrelens.data.splits import protocols
    from genrelens.errors import MissingExtraError
    from genrelens.evaluation.leakage import leakage as measure
    from genrelens.evaluation.leakage_text import leakage_text
    from genrelens.files import write_whole

    try:
        from genrelens.pages.figure_style import save
        from genrelens.pages.leakage.figure import leakage_figure
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="the leakage report") from error
    chosen = recipes.load(recipe)
    name, tracks = load_tracks(data, dataset=dataset)
    faulty = registry.never_train(name)
    tracks = tuple(track for track in tracks if track.id not in faulty)
    if split is None and name == "gtzan":
        split = "fault-filtered"
    named = None if split is None else find_split(split, dataset=name, tracks=tracks)
    if named is not None:
        tracks = named.part(tracks, part)
    folder = out or Path("runs") / f"leakage-{chosen.name}"
    folder.mkdir(parents=True, exist_ok=True)
    taxonomy = registry.taxonomy(name, tracks)
    answers, piece = _answers(chosen, tracks, taxonomy, name, folder, cache, seed)
    cuts = protocols.protocols(answers.pieces, n_folds=folds, seed=seed)
    if named is not None:
        cuts = (*cuts, protocols.published(answers.pieces, named, part=scored))
    report = measure(
        answers,
        cuts,
        recipe=chosen.name,
        dataset=name,
        taxonomy=taxonomy,
        piece=piece,
        n_folds=folds,
        seed=seed,
        progress=lambda protocol, k, n: _say(f"{protocol}: fold {k + 1} of {n}"),
    )
    write_whole(folder / "report.json", report.to_json())
    save(leakage_figure(report), folder / "leakage.png")
    typer.echo(report.to_json() if as_json else leakage_text(report), nl=False)
    _say(f"wrote {folder / 'report.json'} and {folder / 'leakage.png'}")


def _answers(
    recipe: AnyRecipe,
    tracks: tuple[Track, ...],
    taxonomy: Taxonomy,
    dataset: str,
    folder: Path,
    cache: Path,
    seed: int,
) -> tuple[FoldAnswers, str]:
    """The recipe with the pieces that it looks at, and what a piece is called."""
    from genrelens.cli.tabular import tabular_answers
    from genrelens.evaluation.fold_answers import NetworkAnswers
    from genrelens.recipe import Recipe

    if isinstance(recipe, Recipe):
        length_s = recipe.windows.n_frames * recipe.front_end.hop_length / recipe.front_end.sample_rate
        network = NetworkAnswers(
            recipe,
            tracks,
            taxonomy=taxonomy,
            dataset=dataset,
            out=folder,
            cache=cache,
            seed=seed,
            progress=lambda done, most, row: _say(
                f"  epoch {done}/{most}, train loss {row['train_loss']:.3f}"
            ),
        )
        return network, f"pieces of {length_s:.1f} s"
    table = tabular_answers(recipe, tracks, taxonomy=taxonomy, cache=cache, seed=seed)
    return table, f"pieces of {recipe.features.segment_s} s"


def _say(line: str) -> None:
    """Progress goes to people who watch."""
    if sys.stderr is not None and sys.stderr.isatty():
        print(line, file=sys.stderr, flush=True)
