"""``genrelens ablate``: what the biased model of S3 is good for, all ways in one table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from genrelens.cli.encoder import EncoderOption, with_encoder
from genrelens.cli.train import DEFAULT_CACHE, CacheOption, DataOption, DatasetOption, SplitOption


def ablate(
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Folder of the runs, the JSON and the figure.", show_default=False
        ),
    ],
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="wav2vec2-debias, or a .toml file of that architecture.")
    ] = "wav2vec2-debias",
    data: DataOption = None,
    dataset: DatasetOption = None,
    encoder: EncoderOption = None,
    split: SplitOption = None,
    part: Annotated[
        str, typer.Option("--part", metavar="PART", help="Tracks to make folds of.")
    ] = "train+valid",
    folds: Annotated[int, typer.Option("--folds", min=2, metavar="K", help="Number of folds.")] = 5,
    seed: Annotated[
        int, typer.Option(min=0, metavar="S", help="Seed of the folds and of the trainings.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    cache: CacheOption = DEFAULT_CACHE,
) -> None:
    """Compare the ways to debias a Wav2Vec2: mixtures with r = 0, 0.1 and 0.3, product of experts, learned mixin.

    Each way is cross-validated on the same folds of artists, from the same first weights; r = 0 is the main model
    learning alone, and the others are measured against it, paired over artists. Also writes report.json and
    ablation.png to DIR. Finished folds are kept: the same command goes on where an interrupted one stopped.

    \b
    Examples:
      genrelens ablate --data ~/gtzan --out runs/ablation
      genrelens ablate wav2vec2-debias --data ~/gtzan --encoder ~/models/wav2vec2-base --out runs/ablation
      genrelens ablate my-debias.toml --data ~/gtzan --folds 3 --out runs/ablation --json > ablation.json
    """
    from genrelens import recipe as recipes
    from genrelens.cli.tracks import find_split, load_tracks
    from genrelens.data import registry
    from genrelens.errors import MissingExtraError
    from genrelens.evaluation.ablation import ablation, ablation_text
    from genrelens.files import write_whole

    try:
        import lightning  # noqa: F401

        from genrelens.pages.ablation.figure import ablation_figure
        from genrelens.pages.figure_style import save
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="the ablation") from error
    chosen = with_encoder(recipes.load(recipe), encoder)
    if not isinstance(chosen, recipes.Recipe):
        raise typer.BadParameter(f"{chosen.name} is a classifier of rows; the ablation is of wav2vec2-debias")
    name, tracks = load_tracks(data, dataset=dataset)
    faulty = registry.never_train(name)
    named = find_split(split, dataset=name, tracks=tracks)
    tracks = named.part(tuple(track for track in tracks if track.id not in faulty), part)
    report = ablation(
        chosen,
        tracks,
        taxonomy=registry.taxonomy(name, tracks),
        dataset=name,
        part=part,
        out=out,
        cache=cache,
        n_folds=folds,
        seed=seed,
        progress=lambda variant, k, n, done, most, row: _say(
            f"{variant}: fold {k + 1}/{n}, epoch {done}/{most}, train loss {row['train_loss']:.3f}, "
            f"stop accuracy {row['stop_accuracy']:.1%}"
        ),
    )
    write_whole(out / "report.json", report.to_json())
    save(ablation_figure(report), out / "ablation.png")
    typer.echo(report.to_json() if as_json else ablation_text(report), nl=False)
    _say(f"wrote {out / 'report.json'} and {out / 'ablation.png'}")


def _say(line: str) -> None:
    """Progress goes to people who watch."""
    if sys.stderr is not None and sys.stderr.isatty():
        print(line, file=sys.stderr, flush=True)
