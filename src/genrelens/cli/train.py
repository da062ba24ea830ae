"""``genrelens train``, ``crossval`` and ``recipes``: from labelled music to a model and its honest figures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genrelens.cli.encoder import EncoderOption
from genrelens.cli.feature_tables import TableOption
from genrelens.cli.weights import WeightsOption, given_weights

if TYPE_CHECKING:
    from genrelens.data.splits.split import Split
    from genrelens.data.track import Track
    from genrelens.features import FeatureTable
    from genrelens.recipe import AnyRecipe

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", help="Folder of the data set (default: $GENRELENS_DATA).", show_default=False
    ),
]
DatasetOption = Annotated[
    str | None,
    typer.Option(
        "--dataset", metavar="NAME", help="Which data set it is (default: found out).", show_default=False
    ),
]
SplitOption = Annotated[
    str | None,
    typer.Option(
        "--split",
        metavar="NAME",
        help="Split of the data set, or a .json file (default: its usual one, see genrelens data splits).",
        show_default=False,
    ),
]
CacheOption = Annotated[
    Path, typer.Option("--cache", metavar="DIR", help="Where mel frames are kept between runs.")
]
RecipeArgument = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE", help="A recipe's name (see genrelens recipes) or a .toml file.", show_default=False
    ),
]
DEFAULT_CACHE = Path("runs/cache")


def train(
    recipe: RecipeArgument,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="RUN", help="Folder of the run; new or empty.", show_default=False),
    ],
    data: DataOption = None,
    dataset: DatasetOption = None,
    split: SplitOption = None,
    part: Annotated[
        str, typer.Option("--part", metavar="PART", help='Part to train on; "train+valid" joins two.')
    ] = "train",
    seed: Annotated[int, typer.Option(min=0, metavar="S", help="Another seed gives another model.")] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the interrupted training in RUN.")
    ] = False,
    table: TableOption = None,
    weights: WeightsOption = None,
    encoder: EncoderOption = None,
    cache: CacheOption = DEFAULT_CACHE,
) -> None:
    """Train a recipe and write RUN/bundle, a model that every other command takes.

    The weights that are kept are those of the epoch with the lowest loss on the stopping tracks, which are the split's
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
    _check_extra()
    from genrelens import recipe as recipes
    from genrelens.cli.encoder import with_encoder
    from genrelens.cli.feature_tables import open_table
    from genrelens.data import registry
    from genrelens.data.splits.folds import hold_out
    from genrelens.training.train import train as run_training

    chosen, begins_with = given_weights(with_encoder(recipes.load(recipe), encoder), weights)
    if resume and isinstance(chosen, recipes.TabularRecipe):
        raise typer.BadParameter(f"--resume: {chosen.name} learns in one go; give a new --out")
    given = open_table(table, recipe=chosen)
    name, tracks, named_split = _tracks(data, dataset, split, given, needs=_needs(chosen))
    learn = named_split.part(tracks, part)
    leaks = f" (leaks {', '.join(sorted(named_split.leaks))})" if named_split.leaks else ""
    if leaks:
        typer.echo(
            f"note: the split {named_split.name} leaks: figures on its other parts are too high", err=True
        )
    taxonomy, cut = registry.taxonomy(name, tracks), f"{named_split.name}{leaks}, part {part}"
    if isinstance(chosen, recipes.TabularRecipe):
        from genrelens.cli.tabular import train_rows

        _say(f"{chosen.name}: learning from {len(learn)} tracks")
        made = train_rows(
            chosen,
            learn,
            table=given,
            weights=begins_with,
            taxonomy=taxonomy,
            dataset=name,
            split=cut,
            out=out,
            cache=cache,
            seed=seed,
            progress=lambda k, n: _say(f"calibrating, fold {k + 1}/{n}"),
        )
        typer.echo(made)
        return
    if chosen.training.stop_on == "valid" and "valid" not in part.split("+"):
        stop, stop_part = named_split.part(tracks, "valid"), "the split's valid part"
    else:
        learn, stop = hold_out(learn, fraction=chosen.training.stop_share, seed=seed)
        stop_part = f"{chosen.training.stop_share:.0%} of the training part, by artist"
    _say(f"{chosen.name}: learning from {len(learn)} tracks, stopping on {len(stop)} ({stop_part})")
    bundle = run_training(
        chosen,
        taxonomy=taxonomy,
        train_tracks=learn,
        stop_tracks=stop,
        stop_part=stop_part,
        dataset=name,
        split=cut,
        out=out,
        cache=cache,
        seed=seed,
        resume=resume,
        progress=lambda done, most, row: _say(_epoch(done, most, row)),
    )
    typer.echo(bundle)


def crossval(
    recipe: RecipeArgument,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of the folds' runs.", show_default=False)
    ],
    data: DataOption = None,
    dataset: DatasetOption = None,
    split: SplitOption = None,
    part: Annotated[
        str, typer.Option("--part", metavar="PART", help="Tracks to make folds of.")
    ] = "train+valid",
    folds: Annotated[int, typer.Option("--folds", min=2, metavar="K", help="Number of folds.")] = 5,
    seed: Annotated[
        int, typer.Option(min=0, metavar="S", help="Seed of the folds and of the trainings.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    table: TableOption = None,
    weights: WeightsOption = None,
    encoder: EncoderOption = None,
    cache: CacheOption = DEFAULT_CACHE,
) -> None:
    """Score a recipe by cross-validation over folds of artists, and pool the answers.

    Every track is answered once, by a model that has heard neither it nor its artist. Finished folds are kept: the
    same command goes on where an interrupted one stopped. The report is also written to DIR/report.json.

    \b
    Examples:
      genrelens crossval mel-transformer --data ~/gtzan --folds 5 --out runs/cv
      genrelens crossval lda-plus --data ~/gtzan --table features_30_sec.csv --out runs/cv-lda
    """
    _check_extra()
    from genrelens import recipe as recipes
    from genrelens.cli.encoder import with_encoder
    from genrelens.cli.feature_tables import open_table
    from genrelens.cli.tabular import tabular_answers
    from genrelens.data import registry
    from genrelens.evaluation.crossval import crossval as run
    from genrelens.evaluation.crossval import crossval_tabular as run_tabular
    from genrelens.files import write_whole

    chosen, begins_with = given_weights(with_encoder(recipes.load(recipe), encoder), weights)
    given = open_table(table, recipe=chosen)
    name, tracks, named_split = _tracks(data, dataset, split, given, needs=_needs(chosen))
    tracks, taxonomy = named_split.part(tracks, part), registry.taxonomy(name, tracks)
    if isinstance(chosen, recipes.TabularRecipe):
        report = run_tabular(
            tabular_answers(
                chosen,
                tracks,
                taxonomy=taxonomy,
                cache=cache,
                seed=seed,
                table=given,
                weights=begins_with,
            ),
            recipe=chosen.name,
            taxonomy=taxonomy,
            dataset=name,
            part=part,
            n_folds=folds,
            seed=seed,
            progress=lambda _, k, n: _say(f"fold {k + 1}/{n}"),
        )
        out.mkdir(parents=True, exist_ok=True)
    else:
        report = run(
            chosen,
            tracks,
            taxonomy=taxonomy,
            dataset=name,
            part=part,
            out=out,
            cache=cache,
            n_folds=folds,
            seed=seed,
            progress=lambda k, n, done, most, row: _say(f"fold {k + 1}/{n} {_epoch(done, most, row)}"),
        )
    write_whole(out / "report.json", report.to_json())
    typer.echo(report.to_json() if as_json else report.to_text())


def recipes(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """List the recipes that come with genrelens."""
    import json

    from genrelens import recipe as all_recipes

    rows = [all_recipes.load(name) for name in all_recipes.names()]
    if as_json:
        typer.echo(
            json.dumps(
                [
                    {"name": r.name, "system": r.system, "needs": _needs(r), "summary": r.summary}
                    for r in rows
                ],
                indent=1,
            )
        )
    else:
        width = max(len(r.name) for r in rows)
        for r in rows:
            typer.echo(f"{r.name:<{width}}  {r.system:<10} {r.summary}")


def _tracks(
    data: Path | None,
    dataset: str | None,
    split: str | None,
    table: FeatureTable | None = None,
    *,
    needs: str = "audio",
) -> tuple[str, tuple[Track, ...], Split]:
    """The data set's name, its tracks without those that are known to be faulty, and the split.

    With a table they are the tracks that have a row in it; for a recipe that ``needs`` pictures they are those.
    """
    from genrelens.cli.feature_tables import with_rows
    from genrelens.cli.tracks import find_split, fitting, load_pictures, load_tracks
    from genrelens.data import registry

    load = load_pictures if needs == "pictures" else load_tracks
    name, tracks = load(data, dataset=dataset)
    tracks = with_rows(name, tracks, table)
    faulty = registry.never_train(name)
    sound = tuple(track for track in tracks if track.id not in faulty)
    chosen = find_split(split, dataset=name, tracks=tracks)
    return name, fitting(chosen, dataset=name, tracks=sound), chosen


def _needs(recipe: AnyRecipe) -> str:
    """What a recipe learns from: ``"pictures"`` or ``"audio"`` (classifiers of descriptors take a table as well), and
    ``"audio, weights"`` where it begins with weights that do not come with genrelens."""
    from genrelens.recipe import TabularRecipe

    if isinstance(recipe, TabularRecipe):
        begins = recipe.features.set in ("vggish", "encoder")
    else:
        begins = recipe.model.architecture.startswith(("vggish", "wav2vec2"))
    if begins:
        return "audio, weights"
    return "pictures" if getattr(recipe, "learn_from", "sound") == "pictures" else "audio"


def _check_extra() -> None:
    """One line that says what to install, in the place of a traceback."""
    from genrelens.errors import MissingExtraError

    try:
        import lightning  # noqa: F401
        import torch  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="training") from error


def _epoch(done: int, most: int, row: dict[str, float]) -> str:
    return (
        f"epoch {done}/{most}  train loss {row['train_loss']:.3f}  "
        f"stop loss {row['stop_loss']:.3f}  stop accuracy {row['stop_accuracy']:.1%}  {row['seconds']:.0f} s"
    )


def _say(line: str) -> None:
    """Progress goes to people who watch; a run's history.csv has the same for everybody else."""
    if sys.stderr is not None and sys.stderr.isatty():
        print(line, file=sys.stderr, flush=True)
