"""A model on a cut, measured: a network, trained once and resumed where it was interrupted, or a classifier of rows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from genrelens.data.track import Track, classes_of, under_supported
from genrelens.errors import DataError
from genrelens.evaluation.build import build_report
from genrelens.evaluation.out_of_fold import track_rows
from genrelens.evaluation.report import Report, Subject, TrackRow
from genrelens.evaluation.runs import Run, open_run
from genrelens.evaluation.trainings import Cost, Epoch, History
from genrelens.files import write_whole
from genrelens.recipe import Recipe, TabularRecipe
from genrelens.systems.cuts import Cut
from genrelens.systems.job import Job
from genrelens.systems.result import Measured, measured
from genrelens.training.tabular.train import TabularData

CALLED: Final = {"protocol": "their protocol", "honest": "honest split"}


def on_cuts(job: Job, recipe: Recipe, *cuts: Cut) -> tuple[list[Run], list[Measured]]:
    """A network on each cut: its runs, with one idea of which genres are supported, and their figures."""
    runs = alike([run_network(job, recipe, cut) for cut in cuts])
    return runs, figures_of(runs, cuts)


def by_window(
    job: Job, runs: Sequence[Run], cuts: Sequence[Cut], *, counted: str, first: bool = False
) -> list[Measured]:
    """The figures of runs on their cuts when every window counts for itself, or the ``first`` of each track alone."""
    reports = [_window_report(job, run, cut, first=first) for run, cut in zip(runs, cuts, strict=True)]
    again = alike([replace(run, report=report) for run, report in zip(runs, reports, strict=True)])
    return figures_of(again, cuts, counted=counted)


def figures_of(runs: Sequence[Run], cuts: Sequence[Cut], *, counted: str = "tracks") -> list[Measured]:
    """The figures of runs on their cuts."""
    return [
        measured(run.report, cut, counted=counted, n_learnt=len(cut.learn), n_stopped=len(cut.stop))
        for run, cut in zip(runs, cuts, strict=True)
    ]


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
    """The runs with one idea of which genres are supported: those that each of them had enough tracks to learn from."""
    thin = sorted({name for run in runs for name in run.report.experimental})
    return [replace(run, report=_again(run.report, run.report.tracks, experimental=thin)) for run in runs]


def _window_report(job: Job, run: Run, cut: Cut, *, first: bool) -> Report:
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
            rows.append(TrackRow.answered(f"{track.id}.{k}", track.group, genre, p, names=bundle.names))
    return _again(run.report, rows, experimental=run.report.experimental)


def _again(report: Report, rows: Sequence[TrackRow], *, experimental: Sequence[str]) -> Report:
    """A report of the same model and split on other rows, or with other experimental genres."""
    if rows is report.tracks and set(experimental) == set(report.experimental):
        return report
    notes = tuple(note for note in report.notes if "artists: the intervals" not in note)
    return build_report(rows, replace(report.subject, experimental=tuple(experimental), notes=notes))


def tracks_of(data: TabularData, tracks: Sequence[Track]) -> TabularData:
    """The rows of tracks, or of the segments named themselves, in the data's order."""
    wanted = {track.id for track in tracks}
    its = [i for i, piece in enumerate(data.pieces) if piece.id in wanted or piece.whole in wanted]
    return TabularData(tuple(data.pieces[i] for i in its), data.rows[its], data.ids)


def with_pieces(cut: Cut, data: TabularData) -> Cut:
    """A cut of tracks as one of their segments that have rows."""
    learn, stop, test = (tracks_of(data, tracks).pieces for tracks in (cut.learn, cut.stop, cut.test))
    return replace(cut, learn=learn, stop=stop, test=test)


def fit_and_answer(job: Job, recipe: TabularRecipe, data: TabularData, cut: Cut) -> tuple[Run, Run]:
    """A run counted by segment and the same voted to tracks (where the rows are of tracks, the two are alike).

    A track's answer is the mean of its segments' probabilities.
    """
    from genrelens.training.tabular import fit_tabular

    taxonomy, name = job.loaded.taxonomy, f"{recipe.name}, {CALLED[cut.kind]}"
    job.say(name)
    learn, stop, test = (tracks_of(data, tracks) for tracks in (cut.learn, cut.stop, cut.test))
    if not len(learn.pieces) or not len(test.pieces):
        raise DataError(f"the split {cut.split.name!r} has no rows of descriptors to learn from or to answer here")
    started = time.monotonic()
    model = fit_tabular(
        recipe,
        learn.rows,
        classes=classes_of(learn.pieces, taxonomy=taxonomy),
        stop_rows=stop.rows,
        stop_classes=classes_of(stop.pieces, taxonomy=taxonomy),
        n_classes=len(taxonomy),
        seed=job.seed,
    )
    took_s = time.monotonic() - started
    by_piece = [
        TrackRow.answered(piece.id, piece.group, taxonomy.canonical(piece.genre), p, names=taxonomy.names)
        for piece, p in zip(test.pieces, model.probabilities(test.rows), strict=True)
    ]
    subject = Subject(
        recipe.name,
        "-",
        dataset=job.loaded.dataset,
        names=taxonomy.names,
        split=cut.split.name,
        part=cut.tested,
        leaks=tuple(cut.split.leaks),
        experimental=under_supported(taxonomy, learn.pieces),
    )
    by_track = track_rows(by_piece, test.pieces, taxonomy=taxonomy)
    reports = [build_report(rows, subject) for rows in (by_piece, by_track)]
    histories, n_parameters = _history(model.logits)
    cost = Cost("", took_s, len(histories[0].epochs) if histories else None, n_parameters, None)
    without = {} if histories else {"learning": f"{recipe.name} is not learnt epoch by epoch"}
    of_pieces, of_tracks = (Run(name, job.out, report, histories, (cost,), None, without) for report in reports)
    return of_pieces, of_tracks


def _history(logits: object) -> tuple[tuple[History, ...], int | None]:
    """The learning curve of a perceptron and how many weights it has; nothing of other classifiers."""
    from genrelens.training.tabular.mlp import MlpLogits

    if not isinstance(logits, MlpLogits):
        return (), None
    epochs = tuple(
        Epoch(k, one.train_loss, one.train_accuracy, one.stop_loss, one.stop_accuracy)
        for k, one in enumerate(logits.history, start=1)
    )
    return (History("", epochs),), sum(parameter.numel() for parameter in logits.network.parameters())
