"""``genrelens ablate``: what the biased model of S3 is good for, all ways in one table."""

from __future__ import annotations

from typing import Annotated

import typer

from genrelens.cli import options
from genrelens.cli.options import DEFAULT_CACHE


def ablate(
    out: options.OutFolder,
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="wav2vec2-debias, or a .toml file of that architecture.")
    ] = "wav2vec2-debias",
    data: options.Data = None,
    dataset: options.Dataset = None,
    encoder: options.Encoder = None,
    split: options.SplitName = None,
    part: options.FoldPart = "train+valid",
    folds: options.Folds = 5,
    seed: options.Seed = 0,
    as_json: options.Json = False,
    cache: options.Cache = DEFAULT_CACHE,
) -> None:
    """Compare the ways to debias a Wav2Vec2: mixtures with r = 0, 0.1 and 0.3, product of experts, learned mixin.

    Each way is cross-validated on the same folds of artists, from the same first weights; r = 0 is the main model
    learning alone, and the others are measured against it, paired over artists. Also writes report.json and
    ablation.png to DIR. Finished folds are kept in DIR/runs: the same command goes on where an interrupted one stopped.

    \b
    Examples:
      genrelens ablate --data ~/gtzan --out runs/ablation
      genrelens ablate wav2vec2-debias --data ~/gtzan --encoder ~/models/wav2vec2-base --out runs/ablation
      genrelens ablate my-debias.toml --data ~/gtzan --folds 3 --out runs/ablation --json > ablation.json
    """
    from genrelens import recipe as recipes
    from genrelens.errors import check_extra
    from genrelens.recipe.start import with_encoder

    chosen = with_encoder(recipes.load(recipe), encoder)
    if not isinstance(chosen, recipes.Recipe):
        raise typer.BadParameter(f"{chosen.name} is a classifier of rows; the ablation is of wav2vec2-debias")
    check_extra("torch", "lightning", "matplotlib", needed_for="the ablation")
    selection = options.selected(data, dataset, split, part)
    from genrelens.cli.terminal import Epochs, Lines, wrote
    from genrelens.evaluation.ablation import ablation, ablation_text
    from genrelens.pages import pictured
    from genrelens.training.rows import RowSource

    epochs = Epochs(Lines(), chosen)

    def fold(variant: str, k: int, n: int) -> None:
        epochs.where = f"{variant}: fold {k + 1}/{n}, "

    with pictured.ABLATION.folder.claimed(out):
        report = ablation(
            chosen,
            selection,
            RowSource(cache),
            out=out / pictured.RUNS,
            n_folds=folds,
            seed=seed,
            fold=fold,
            epoch=epochs,
        )
        written = pictured.ABLATION.write(report, out=out)
    typer.echo(report.to_json() if as_json else ablation_text(report), nl=False)
    wrote(*written, then="genrelens train wav2vec2-debias makes a model")
