"""Cross-validation over folds of artists: every track is answered once, by a model that knows not even its artist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genrelens.data.splits.folds import grouped_folds, hold_out
from genrelens.data.splits.protocols import Protocol
from genrelens.data.track import Track, under_supported
from genrelens.evaluation.build import build_report
from genrelens.evaluation.evaluate import evaluate
from genrelens.evaluation.out_of_fold import FoldAnswers, Progress, piece_rows, track_rows
from genrelens.evaluation.report import Report, Subject
from genrelens.files import write_whole
from genrelens.recipe import Recipe
from genrelens.taxonomy import Taxonomy

FoldProgress = Callable[[int, int, int, int, dict[str, float]], None]
"""Called after every epoch with (fold, folds, epochs done, epochs at most, the epoch's row of history)."""


def crossval(
    recipe: Recipe,
    tracks: Sequence[Track],
    *,
    taxonomy: Taxonomy,
    dataset: str,
    part: str,
    out: Path,
    cache: Path,
    n_folds: int = 5,
    seed: int = 0,
    progress: FoldProgress | None = None,
) -> Report:
    """Train ``n_folds`` models, answer each fold with the model that did not see it, and pool the answers.

    The tracks that stop and calibrate a fold's training are whole artists taken out of that fold's *training* part
    (``recipe.training.stop_share`` of it), whatever the recipe stops on otherwise: the fold that is answered has no
    say in anything. Each fold's run and report stay under ``out/fold-K``; a fold whose report is there is not trained
    again, and an interrupted one is resumed. Raises :class:`TrainingError` when ``out`` belongs to something else.
    """
    from genrelens.bundle import Bundle
    from genrelens.training.run import Origin, Training
    from genrelens.training.train import train_once

    folds = grouped_folds(tracks, n_folds=n_folds, seed=seed)
    reports: list[Report] = []
    experimental: set[str] = set()
    for k, fold in enumerate(folds):
        folder = out / f"fold-{k}"
        answered = folder / "report.json"
        share = recipe.training.stop_share
        kept, held = hold_out(fold.part(tracks, "train"), fraction=share, seed=seed)
        training = Training(
            recipe,
            Origin(taxonomy, dataset, fold.name),
            learn=kept,
            stop=held,
            stop_part=f"{share:.0%} of the training part, by artist",
            seed=seed,
        )
        show = None if progress is None else partial(progress, k, n_folds)
        bundle = Bundle.load(train_once(training, out=folder, cache=cache, progress=show))
        experimental |= set(bundle.manifest.experimental)
        report = Report.read(answered) if answered.exists() else None
        if report is None or report.model_hash != bundle.hash:
            report = evaluate(bundle, fold.part(tracks, "test"), split=fold, part="test")
            write_whole(answered, report.to_json())
        reports.append(report)
    subject = Subject(
        recipe.name,
        "+".join(report.model_hash for report in reports),
        dataset=dataset,
        names=taxonomy.names,
        split=f"{n_folds} folds by artist, seed {seed}",
        part=f"out of fold, over {part}",
        experimental=tuple(name for name in taxonomy.names if name in experimental),
        notes=(f"{n_folds} models of the recipe {recipe.name!r}, each answering artists it has not heard",),
    )
    return build_report([row for report in reports for row in report.tracks], subject)


def crossval_tabular(
    answers: FoldAnswers,
    *,
    recipe: str,
    taxonomy: Taxonomy,
    dataset: str,
    part: str,
    n_folds: int = 5,
    seed: int = 0,
    progress: Progress | None = None,
) -> Report:
    """The same for a classifier of descriptors: folds of whole artists, a track's rows pooled as its bundle does."""
    cut = Protocol("by artist", "", grouped_folds(answers.pieces, n_folds=n_folds, seed=seed), "artist")
    rows = piece_rows(answers, cut, taxonomy=taxonomy, seed=seed, progress=progress)
    subject = Subject(
        recipe,
        "-",
        dataset=dataset,
        names=taxonomy.names,
        split=f"{n_folds} folds by artist, seed {seed}",
        part=f"out of fold, over {part}",
        experimental=under_supported(taxonomy, answers.pieces),
        notes=(f"{n_folds} models of the recipe {recipe!r}, each answering artists it has not heard",),
    )
    return build_report(track_rows(rows, answers.pieces, taxonomy=taxonomy, pooled=True), subject)


def uncalibrated_logits(report: Report, *, temperatures: dict[str, float]) -> NDArray[np.float64]:
    """Pooled logits (n, c), up to a constant a row, of a report's tracks before each model's temperature.

    ``temperatures`` maps a track's id to the temperature of the model that answered it: one temperature can then be
    fitted on all out-of-fold answers.
    """
    rows = []
    for row in report.tracks:
        if row.probabilities is not None:
            rows.append(np.log(np.maximum(row.probabilities, 1e-12)) * temperatures[row.id])
    return np.array(rows)
