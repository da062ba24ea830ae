"""Answers out of fold: every track is answered by a model that learnt from others; the one loop that makes them.

A cross-validation takes folds of whole artists, a leakage report also splits that leak.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle.pooling import pool_logits, softmax
from genrelens.data.registry import Selection
from genrelens.data.splits.folds import grouped_folds
from genrelens.data.splits.protocols import Protocol
from genrelens.data.track import Track, under_supported
from genrelens.evaluation.build import build_report
from genrelens.evaluation.fold_answers import EpochProgress, FoldAnswers, NetworkAnswers, TabularAnswers
from genrelens.evaluation.report import Report, Subject, TrackRow
from genrelens.files import write_whole
from genrelens.recipe import AnyRecipe, Recipe
from genrelens.taxonomy import Taxonomy

if TYPE_CHECKING:
    from genrelens.training.rows import RowSource

Progress = Callable[[str, int, int], None]
"""Called with (what the folds are of, folds done, folds) before each fold."""


def crossval(
    recipe: AnyRecipe,
    selection: Selection,
    source: RowSource,
    *,
    out: Path,
    n_folds: int = 5,
    seed: int = 0,
    fold: Progress | None = None,
    epoch: EpochProgress | None = None,
) -> Report:
    """Score a recipe over folds of whole artists: every track is answered once, by a model that knows not even its
    artist.

    What stops and calibrates a fold's training are whole artists out of that fold's *training* part, whatever the
    recipe stops on otherwise: the fold that is answered has no say in anything. A network's runs stay under
    ``out/fold-K`` and are resumed or taken from there; a classifier's rows are pooled to tracks as its bundle pools
    them. Also written to ``out/report.json``. Raises :class:`TrainingError` when ``out`` belongs to something else.
    """
    music, taxonomy = selection.selected, selection.taxonomy
    answers: NetworkAnswers | TabularAnswers
    if isinstance(recipe, Recipe):
        answers = NetworkAnswers(recipe, music, out=out, cache=source.cache, seed=seed, epoch=epoch)
    else:
        from genrelens.training.rows import rows_for

        answers = TabularAnswers(recipe, rows_for(recipe, music.tracks, source), taxonomy=taxonomy, seed=seed)
    cut = Protocol("by artist", "", grouped_folds(answers.clips, n_folds=n_folds, seed=seed), "artist")
    rows = out_of_fold(answers, cut, seed=seed, progress=fold)
    model_hash, experimental = "-", under_supported(taxonomy, answers.clips)
    if isinstance(answers, NetworkAnswers):
        model_hash = "+".join(answers.hashes)
        experimental = tuple(name for name in taxonomy.names if name in answers.experimental)
    else:
        rows = track_rows(rows, answers.clips, taxonomy=taxonomy, pooled=True)
    subject = Subject(
        recipe.name,
        model_hash,
        dataset=music.dataset,
        names=taxonomy.names,
        split=f"{n_folds} folds by artist, seed {seed}",
        part=f"out of fold, over {selection.part}",
        experimental=experimental,
        notes=(f"{n_folds} models of the recipe {recipe.name!r}, each answering artists it has not heard",),
    )
    report = build_report(rows, subject)
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / "report.json", report.to_json())
    return report


def out_of_fold(answers: FoldAnswers, cut: Protocol, *, seed: int, progress: Progress | None = None) -> list[TrackRow]:
    """The row of every clip that ``cut`` tests, each answered by a model of its fold's training part.

    Raises :class:`SplitError` where a split leaks what it does not declare.
    """
    rows: list[TrackRow] = []
    for k, split in enumerate(cut.splits):
        if progress is not None:
            progress(cut.name, k, len(cut.splits))
        train, test = split.part(answers.clips, "train"), split.part(answers.clips, cut.tested)
        learn, stop = cut.hold_out(train, fraction=answers.stop_share, seed=seed)
        rows += answers.answer(learn, stop, test, fold=split)
    return rows


def track_rows(
    rows: Sequence[TrackRow], segments: Sequence[Track], *, taxonomy: Taxonomy, pooled: bool = False
) -> list[TrackRow]:
    """One row a track, with the mean of its segments' probabilities; ``pooled``: of their logits, as a prediction pools
    its windows."""
    whole_of = {segment.id: segment.whole for segment in segments}
    of_track: dict[str, list[TrackRow]] = defaultdict(list)
    for row in rows:
        of_track[whole_of[row.id]].append(row)
    return [
        TrackRow.answered(
            id_,
            its[0].artist,
            its[0].genre,
            _vote(np.array([row.probabilities for row in its], dtype=np.float64), pooled=pooled),
            names=taxonomy.names,
        )
        for id_, its in of_track.items()
    ]


def _vote(probabilities: NDArray[np.float64], *, pooled: bool) -> NDArray[np.float64]:
    """``(n, c)`` of the segments -> ``(c,)`` of the whole."""
    if len(probabilities) == 1 or not pooled:
        mean: NDArray[np.float64] = probabilities.mean(axis=0)
        return mean
    logits = np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
    return softmax(pool_logits(logits, weights=np.ones(len(logits))))


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
