"""A network on a cut: trained once, resumed where it was interrupted, and measured by the code that users run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from genrelens.evaluation.build import build_report
from genrelens.evaluation.report import Report, TrackRow
from genrelens.evaluation.runs import Run, open_run
from genrelens.files import write_whole
from genrelens.recipe import Recipe
from genrelens.systems.cuts import Cut
from genrelens.systems.job import Job
from genrelens.systems.result import Measured, measured

if TYPE_CHECKING:
    from collections.abc import Sequence

CALLED = {"protocol": "their protocol", "honest": "honest split"}


def run_network(job: Job, recipe: Recipe, cut: Cut) -> Run:
    """Train ``recipe`` on a cut, or take the finished training of it, and answer the cut's test part."""
    folder = train_on(job, recipe, cut)
    from genrelens.bundle import Bundle
    from genrelens.evaluation.evaluate import evaluate

    bundle = Bundle.load(folder / "bundle")
    file = folder / "report.json"
    report = Report.read(file) if file.exists() else None
    if (
        report is None
        or report.model_hash != bundle.hash
        or [row.id for row in report.tracks] != [track.id for track in cut.test]
    ):
        job.say(f"{recipe.name}, {CALLED[cut.kind]}: answering {len(cut.test)} tracks")
        report = evaluate(bundle, cut.test, split=cut.split, part=cut.tested)
        write_whole(file, report.to_json())
    return replace(open_run(folder), name=f"{recipe.name}, {CALLED[cut.kind]}")


def train_on(job: Job, recipe: Recipe, cut: Cut) -> Path:
    """The folder of a finished training. Raises :class:`TrainingError` where it holds another one."""
    from genrelens.training.run import Origin, RunFolder, Training
    from genrelens.training.train import train_once

    folder = job.out / "runs" / f"{recipe.name}-{cut.kind}"
    training = Training(
        recipe,
        Origin(job.loaded.taxonomy, job.loaded.dataset, cut.split.name),
        learn=tuple(cut.learn),
        stop=tuple(cut.stop),
        stop_part=cut.stop_part,
        seed=job.seed,
    )
    if RunFolder(folder, training).is_finished():
        job.say(f"{recipe.name}, {CALLED[cut.kind]}: {folder} is finished and is taken as it is")
        return folder
    job.say(
        f"{recipe.name}, {CALLED[cut.kind]}: learning from {len(cut.learn)} tracks, stopping on {len(cut.stop)} "
        f"({cut.stop_part})"
    )
    train_once(
        training,
        out=folder,
        cache=job.cache,
        progress=lambda done, most, row: job.say(
            f"{recipe.name}, {CALLED[cut.kind]}: epoch {done}/{most}  train loss {row['train_loss']:.3f}  "
            f"stop loss {row['stop_loss']:.3f}  stop accuracy {row['stop_accuracy']:.1%}"
        ),
    )
    return folder


def alike(runs: Sequence[Run]) -> list[Run]:
    """The runs with one idea of which genres are full: those that every one of them had enough tracks to learn from."""
    thin = {name for run in runs for name in run.report.experimental}
    return [replace(run, report=_with_experimental(run.report, thin)) for run in runs]


def figures_of(run: Run, cut: Cut, *, counted: str = "tracks") -> Measured:
    """The figures of a run on its cut."""
    return measured(run.report, cut, counted=counted, n_learnt=len(cut.learn), n_stopped=len(cut.stop))


def window_report(job: Job, run: Run, cut: Cut, *, first: bool = False) -> Report:
    """A report on every window of the answered tracks, each counted for itself as some originals did, or on the first
    of each alone."""
    from genrelens.bundle import Bundle
    from genrelens.errors import AudioError

    assert run.bundle is not None
    bundle = Bundle.load(run.bundle)
    rows: list[TrackRow] = []
    for track in cut.test:
        try:
            prediction = bundle.predict(track.path)
        except AudioError:
            continue  # the report on tracks says which and why
        genre = job.loaded.taxonomy.canonical(track.genre)
        for k, p in enumerate(prediction.window_probabilities[: 1 if first else None]):
            if not p.size or not (p == p).all():
                continue  # a silent window has no answer
            guess = bundle.names[int(p.argmax())]
            rows.append(
                TrackRow(f"{track.id}.{k}", track.group, genre, guess, tuple(p.tolist()), False, None, None)
            )
    return _again(run.report, rows, experimental=run.report.experimental)


def _with_experimental(report: Report, thin: set[str]) -> Report:
    return (
        report
        if set(report.experimental) == thin
        else _again(report, report.tracks, experimental=sorted(thin))
    )


def _again(report: Report, rows: Sequence[TrackRow], *, experimental: Sequence[str]) -> Report:
    """A report of the same model and split on other rows, or with other experimental genres."""
    return build_report(
        rows,
        names=report.names,
        model=report.model,
        model_hash=report.model_hash,
        dataset=report.dataset,
        split=report.split,
        part=report.part,
        leaks=report.leaks,
        experimental=experimental,
        seen=report.seen,
        notes=[note for note in report.notes if "artists: the intervals" not in note],
    )
