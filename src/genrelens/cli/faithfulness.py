"""``genrelens faithfulness``: are a model's explanations true?"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genrelens.cli import options
from genrelens.cli.terminal import Progress, print_text, say, wrote
from genrelens.errors import check_extra

if TYPE_CHECKING:
    from genrelens.bundle import Bundle
    from genrelens.data import Track
    from genrelens.explanation.faithfulness.report import FaithfulnessReport
    from genrelens.explanation.faithfulness.sample import Judged
    from genrelens.explanation.faithfulness.sanity import Sanity

N_SHUFFLED = 20
"""Tracks whose maps are compared with those of the shuffled network."""


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
    from genrelens.explanation.faithfulness.sample import CLASSLESS, asked_methods, check_sample, sample
    from genrelens.explanation.sound import check_several
    from genrelens.pages import faithfulness as faithfulness_files

    # Whatever can be refused is refused before the minutes of work.
    model = Bundle.load(find_bundle(bundle))
    check_several(model)
    asked = asked_methods(
        None if methods is None else [name.strip() for name in methods.split(",")], bundle=model
    )
    name, tracks, named_split = options.sound_tracks(data, dataset, split)
    there = list(named_split.part(tracks, part))
    chosen = sample(there, n=n)
    check_sample(chosen)
    method = next((one for one in asked if one not in CLASSLESS), None)
    with tempfile.TemporaryDirectory() as folder:
        checks = None if method is None else _prepared(model, there, n=n, method=method, folder=Path(folder))
        with faithfulness_files.FOLDER.claimed(out):
            judged = _judged(model, chosen, asked, n_workers=workers or parallel.n_cores())
            sampled = f"{name}, {named_split.name}, {part}, {len(judged.tracks)} of {len(there)}"
            report = _report(model, judged, chosen, sampled=sampled, checks=checks)
            faithfulness_files.write(report, out=out)
        if checks is not None:
            found = _checked(
                model, chosen, checks, kept=f"the curves of {len(judged.tracks)} tracks are in {out}"
            )
            report = _report(model, judged, chosen, sampled=sampled, checks=checks, sanity=found)
            faithfulness_files.write(report, out=out)
    if as_json:
        typer.echo(report.to_json())
    else:
        print_text(report.to_text())
    wrote(out / "faithfulness.json", out / "faithfulness.png", then=f"open {out / 'faithfulness.png'}")
    if judged.left_out:
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Checks:
    """The two checks of a method that knows of classes, all that they need at hand."""

    method: str
    spliced: tuple[tuple[Track, Track], ...]
    shuffled: Bundle


def _prepared(model: Bundle, tracks: Sequence[Track], *, n: int, method: str, folder: Path) -> _Checks:
    from genrelens.explanation.faithfulness.sanity import check_pairs, pairs, randomised

    shuffled = randomised(model, seed=0, out=folder / "shuffled")
    spliced = pairs(tracks, n=n)
    check_pairs(model, spliced)
    return _Checks(method, spliced, shuffled)


def _judged(model: Bundle, chosen: Sequence[Track], methods: Sequence[str], *, n_workers: int) -> Judged:
    from genrelens.errors import DataError
    from genrelens.explanation.faithfulness.sample import MIN_TRACKS, judge_sample

    n_done = 0

    def show(done: int, total: int) -> None:
        nonlocal n_done
        n_done = done
        line.show(done, total)

    try:
        with Progress("tracks judged") as line:
            judged = judge_sample(model, chosen, methods=methods, n_workers=n_workers, progress=show)
    except KeyboardInterrupt:
        say(
            f"stopped after {n_done} of {len(chosen)} tracks, of which nothing is kept; the same command begins again"
        )
        raise
    if len(judged.tracks) < MIN_TRACKS:
        raise DataError(
            f"only {len(judged.tracks)} of {len(chosen)} tracks could be judged, {MIN_TRACKS} at least are needed; the "
            f"first that could not is {': '.join(judged.left_out[0])}"
        )
    return judged


def _checked(model: Bundle, chosen: Sequence[Track], checks: _Checks, *, kept: str) -> Sanity:
    """Splices and shuffled weights. What stops them is raised, with a word on what was ``kept`` before."""
    from genrelens.errors import GenrelensError
    from genrelens.explanation.faithfulness.sample import sample
    from genrelens.explanation.faithfulness.sanity import agreement, point, sanity_of

    # Of the whole sample by chance: its first are all of the genres that come first.
    compared = sample(chosen, n=N_SHUFFLED)
    try:
        with Progress("splices pointed at") as line:
            pointings = point(model, checks.spliced, method=checks.method, progress=line.show)
            line.show(0, len(compared), what="maps compared with those of shuffled weights")
            agrees = agreement(model, checks.shuffled, compared, method=checks.method)
    except (KeyboardInterrupt, GenrelensError):
        say(f"stopped: {kept}, without the checks by splices and shuffled weights")
        raise
    groups = [track.group for track in compared]
    return sanity_of(checks.method, pointings, agreement=agrees.tolist(), groups=groups)


def _report(
    model: Bundle,
    judged: Judged,
    chosen: Sequence[Track],
    *,
    sampled: str,
    checks: _Checks | None,
    sanity: Sanity | None = None,
) -> FaithfulnessReport:
    from genrelens.explanation.faithfulness.report import build

    heard = set(model.manifest.training.trained_on)
    n_heard = sum(track.id in heard for track in chosen)
    notes = [f"{n_heard} of these tracks were among those that the model learnt from"] if n_heard else []
    if checks is not None and sanity is None:
        notes.append(
            "splices and shuffled weights have not been looked at: the run was stopped before its end"
        )
    return build(
        judged.tracks,
        model=model.name,
        model_hash=model.hash,
        sample=sampled,
        sanity=sanity,
        notes=notes,
        left_out=judged.left_out,
    )
