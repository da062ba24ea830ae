"""``genrelens faithfulness``: are a model's explanations true?"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genrelens.cli import options
from genrelens.cli.terminal import Progress, print_text, say, wrote
from genrelens.errors import GenrelensError, check_extra

if TYPE_CHECKING:
    from genrelens.explanation.faithfulness.model import Judging
    from genrelens.explanation.faithfulness.sample import Judged
    from genrelens.explanation.faithfulness.sanity import Sanity


def faithfulness(
    bundle: options.ModelArgument,
    out: options.OutFolder,
    data: options.Data = None,
    dataset: options.Dataset = None,
    split: options.SplitName = None,
    part: Annotated[
        str, typer.Option("--part", metavar="PART", help='Part to sample from; "train+valid" joins two.')
    ] = "valid",
    n: Annotated[int, typer.Option("--tracks", min=5, metavar="N", help="Tracks in the sample.")] = 50,
    methods: Annotated[
        str | None,
        options.option(
            "--methods",
            "M,M",
            "Only these methods and controls (default: all that the model can be asked); raw attention stands "
            "beside them where the model has it.",
        ),
    ] = None,
    workers: options.Workers = None,
    as_json: options.Json = False,
) -> None:
    """Judge a model's explanations against maps that explain nothing: chance, loudness, onsets, raw attention.

    Each map's parts are taken out, the highest first, and put in again; what becomes of the class's probability is the
    verdict. A method is judged only by baselines that it was not made with. The first method that knows of classes also
    has to point at 5 s of another genre inside one, and its maps to change when the weights are shuffled. The sample
    is fixed by its size; intervals are over artists. Needs the extra [train]. Takes some 20 s a track and core for the
    shipped model. Writes DIR/faithfulness.json and faithfulness.png. A track that cannot be judged is named there, and
    the exit code is 1.

    \b
    Examples:
      genrelens faithfulness base --data ~/gtzan --out faith
      genrelens faithfulness runs/t44 --data ~/gtzan --methods occlusion,attention,random --out faith
    """
    check_extra("matplotlib", "torch", "onnx", needed_for="genrelens faithfulness")
    from genrelens import parallel
    from genrelens.bundle import Bundle
    from genrelens.bundle.find import find_bundle
    from genrelens.explanation.faithfulness.model import Judging
    from genrelens.explanation.faithfulness.sample import asked_methods
    from genrelens.explanation.sound import check_several
    from genrelens.pages.pictured import FAITHFULNESS

    model = Bundle.load(find_bundle(bundle))
    check_several(model)
    names = None if methods is None else [name.strip() for name in methods.split(",")]
    asked_methods(names, bundle=model)
    selection = options.selected(data, dataset, split, part)
    there = selection.selected.tracks
    with tempfile.TemporaryDirectory() as folder, Progress("getting ready") as line:
        judging = Judging.prepare(model, there, n=n, methods=names, folder=Path(folder))
        with FAITHFULNESS.folder.claimed(out):
            judged = _judged(judging, line, n_workers=workers or parallel.n_cores())
            sampled = f"{selection.dataset}, {selection.split.name}, {part}, {len(judged.tracks)} of {len(there)}"
            report = judging.report(judged, sampled=sampled)
            written = FAITHFULNESS.write(report, out=out)
        sanity = _checked(judging, line, kept=f"the curves of {len(judged.tracks)} tracks are in {out}")
        if sanity is not None:
            report = judging.report(judged, sampled=sampled, sanity=sanity)
            written = FAITHFULNESS.write(report, out=out)
    if as_json:
        typer.echo(report.to_json())
    else:
        print_text(report.to_text())
    wrote(*written, then=f"open {written[1]}")
    if judged.left_out:
        raise typer.Exit(1)


def _judged(judging: Judging, line: Progress, *, n_workers: int) -> Judged:
    try:
        return judging.judged(n_workers=n_workers, counted=line.count)
    except KeyboardInterrupt:
        say(
            f"stopped after {line.done} of {len(judging.tracks)} tracks, of which nothing is kept; "
            "the same command begins again"
        )
        raise


def _checked(judging: Judging, line: Progress, *, kept: str) -> Sanity | None:
    try:
        return judging.checked(counted=line.count)
    except (KeyboardInterrupt, GenrelensError):
        say(f"stopped: {kept}, without the checks by splices and shuffled weights")
        raise
