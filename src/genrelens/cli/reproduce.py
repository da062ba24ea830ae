"""``genrelens reproduce``: one of the five systems as a whole, by its own protocol and beside an honest split."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from genrelens.cli import options
from genrelens.cli.options import DEFAULT_CACHE, option
from genrelens.cli.terminal import Lines, check_folder, notes, print_text, wrote
from genrelens.errors import check_extra

S0_RECIPES = ("transformer-2x4", "transformer-4x4")


class System(StrEnum):
    """The systems, by the names that genrelens recipes prints."""

    s0 = "s0"
    s1 = "s1"
    s2 = "s2"
    s3 = "s3"
    s4 = "s4"


def reproduce(
    system: Annotated[System, options.argument("SYSTEM", "s0, s1, s2, s3 or s4.")],
    out: Annotated[
        Path, option("--out", "DIR", "Folder to write to: a new one, or that of an earlier or interrupted run.")
    ],
    data: options.Data = None,
    seed: Annotated[int, typer.Option(min=0, metavar="S", help="Seed of random splits and of the trainings.")] = 0,
    weights: Annotated[
        Path | None, option("--weights", "FILE", "S2: VGGish's weights (default: only its baseline).")
    ] = None,
    encoder: Annotated[str | None, option("--encoder", "DIR_OR_ID", "S3: the Wav2Vec2 to start from.")] = None,
    only: Annotated[
        str | None, option("--only", "RECIPE", "S0: transformer-2x4 or transformer-4x4 alone (default: both).")
    ] = None,
    epochs: Annotated[
        int | None,
        option("--epochs", "N", "At most N epochs a network: a quick look, and called one on the page.", min=1),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print reproduce.json in the place of the table.")] = False,
    cache: options.Cache = DEFAULT_CACHE,
) -> None:
    """Run a whole system of others again: data, training, evaluation, its own figures, and what its protocol leaked.

    \b
    s0  GTZAN      transformer on 1290 mel frames, and whether its attention
                   deserves belief
    s1  GTZAN      perceptrons on rows of 3 s, a CNN on squeezed mel images
    s2  FMA small  VGGish with SVM, XGBoost or fine-tuned, and FMA's baseline
    s3  GTZAN      Wav2Vec2, alone and beside a biased model
    s4  GTZAN      a small CNN on five seconds

    Each is trained and measured twice: by its original protocol on the clips at hand, and by a split that keeps
    artists apart. DIR/report.html has the figures, DIR/reproduce.json the numbers; trainings lie in DIR/runs, and the
    same command goes on with interrupted ones. Clips known to be faulty are left out of both.

    \b
    Examples:
      genrelens reproduce s4 --data ~/gtzan --out s4
      genrelens reproduce s3 --data ~/gtzan --encoder facebook/wav2vec2-base --out s3
      genrelens reproduce s2 --data ~/fma --weights vggish.safetensors --out s2
    """
    check_folder("--out", out)
    for flag, given, its in (("--weights", weights, "s2"), ("--encoder", encoder, "s3"), ("--only", only, "s0")):
        if given is not None and system != its:
            raise typer.BadParameter(f"{flag} is for {its}: leave it out")
    if only is not None and only not in S0_RECIPES:
        raise typer.BadParameter(f"--only should be one of {', '.join(S0_RECIPES)}, got {only!r}")
    check_extra("torch", "lightning", "matplotlib", "sklearn", "librosa", needed_for="genrelens reproduce")
    from genrelens.schema import json_text
    from genrelens.systems.job import reproduce as run
    from genrelens.systems.page import MARKER, PAGE
    from genrelens.systems.result import to_text

    if epochs is not None:
        notes([f"a quick look: at most {epochs} epochs a network, so the figures are too low to compare"])
    command = ["genrelens", "reproduce", system.value, "--data", str(data or "$GENRELENS_DATA"), "--out", str(out)]
    command += [f"--seed={seed}"] if seed else []
    command += [f"{flag}={value}" for flag, value in (("--weights", weights), ("--encoder", encoder)) if value]
    command += [f"--only={only}"] if only else []
    command += [f"--epochs={epochs}"] if epochs else []
    outcome = run(
        system.value,
        data=data,
        out=out,
        cache=cache,
        seed=seed,
        command=" ".join(word if word.startswith("$") else shlex.quote(word) for word in command),
        say=Lines(),
        weights=weights,
        encoder=encoder,
        only=only,
        epochs=epochs,
    )
    if as_json:
        typer.echo(json_text(outcome.reproduction.to_dict()), nl=False)
    else:
        print_text(to_text(outcome.reproduction))
    wrote(out / PAGE, out / MARKER, then=f"open {out / PAGE}")
