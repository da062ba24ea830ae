"""The numbers behind the figures of ``genrelens report`` and ``compare``, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from genrelens.evaluation.compare import Pair
from genrelens.evaluation.report import TrackRow, chance
from genrelens.evaluation.runs import Run
from genrelens.evaluation.trainings import COLUMNS
from genrelens.metrics import Interval
from genrelens.pages.sections import Cell, Table

_MEASURES: Final = ("accuracy", "macro_precision", "macro_recall", "macro_f1")


def accuracy_table(runs: Sequence[Run]) -> Table:
    """Main figures of each run with their intervals, and what guessing gets on the same tracks."""
    header = ("run", "over", "genres", "tracks", "artists", *_with_interval(_MEASURES))
    header += ("majority_accuracy", "majority_genre", "uniform_accuracy", "top_3_accuracy")
    header += ("expected_calibration_error", "brier_score", "negative_log_likelihood", "coverage")
    rows: list[tuple[Cell, ...]] = []
    for run in runs:
        report = run.report
        for over, head in report.headlines:
            levels = chance(report, head)
            of_all: tuple[Cell, ...] = (None,) * 5  # these were measured over all genres only
            if over == "all genres":
                of_all = (
                    report.top_3_accuracy,
                    report.expected_calibration_error,
                    report.brier_score,
                    report.negative_log_likelihood,
                    report.coverage,
                )
            rows.append(
                (
                    *(run.name, over, len(head.genres), head.n_tracks, head.n_artists),
                    *_cells([getattr(head, name) for name in _MEASURES]),
                    *(levels.majority, levels.majority_genre, levels.uniform, *of_all),
                )
            )
    return Table(header, tuple(rows))


def genres_table(runs: Sequence[Run]) -> Table:
    """Precision, recall and F1 of each genre in each run, with their intervals."""
    measures = ("precision", "recall", "f1")
    header = ("run", "genre", *_with_interval(measures), "tracks", "artists", "experimental")
    rows = [
        (
            *(run.name, row.genre, *_cells([getattr(row, name) for name in measures])),
            *(row.support, row.n_artists, int(row.experimental)),
        )
        for run in runs
        for row in run.report.genres
    ]
    return Table(header, tuple(rows))


def confusion_table(runs: Sequence[Run]) -> Table:
    """Counts of true genre by predicted genre; columns in the order of the first run's genres."""
    names = runs[0].report.names
    rows: list[tuple[Cell, ...]] = []
    for run in runs:
        place = [run.report.names.index(name) for name in names]
        rows += [
            (run.name, name, *(run.report.confusion[i][j] for j in place)) for name, i in zip(names, place, strict=True)
        ]
    return Table(("run", "true_genre", *names), tuple(rows))


def learning_table(runs: Sequence[Run]) -> Table:
    """Every epoch of every learning curve; ``kept`` marks those whose weights were kept."""
    rows: list[tuple[Cell, ...]] = [
        (run.name, history.fold, *(getattr(epoch, name) for name in COLUMNS), int(epoch is history.kept))
        for run in runs
        for history in run.histories
        for epoch in history.epochs
    ]
    return Table(("run", "fold", *COLUMNS, "kept"), tuple(rows))


def reliability_table(runs: Sequence[Run]) -> Table:
    """The bins of the calibration error."""
    rows: list[tuple[Cell, ...]] = []
    for run in runs:
        bins = run.report.reliability
        columns = (bins.edges[:-1], bins.edges[1:], bins.counts, bins.confidence, bins.accuracy)
        rows += [(run.name, *row) for row in zip(*columns, strict=True)]
    return Table(("run", "from", "to", "tracks", "mean_confidence", "accuracy"), tuple(rows))


def cost_table(runs: Sequence[Run]) -> Table:
    """What each training took, and how large its model is."""
    rows: list[tuple[Cell, ...]] = [
        (run.name, cost.fold, cost.training_s, cost.n_epochs, cost.n_parameters, cost.model_bytes)
        for run in runs
        for cost in run.costs
    ]
    return Table(("run", "fold", "training_s", "epochs", "parameters", "model_bytes"), tuple(rows))


def pairs_table(pairs: Sequence[Pair]) -> Table:
    """Differences in accuracy, ``a - b``, on the tracks that both answered."""
    header = ("a", "b", "over", "genres", "tracks", "artists", "accuracy_a", "accuracy_b")
    more = (*_with_interval(("difference",)), "only_a_right", "only_b_right")
    rows: list[tuple[Cell, ...]] = []
    for pair in pairs:
        for over, s in pair.measured:
            rows.append(
                (
                    *(pair.a, pair.b, over, len(s.genres), s.n_tracks, s.n_artists, s.accuracy_a, s.accuracy_b),
                    *(*_cells([s.difference]), s.n_only_a, s.n_only_b),
                )
            )
    return Table((*header, *more), tuple(rows))


def tracks_table(runs: Sequence[Run]) -> Table:
    """Every track with each run's answer and how sure it was; empty where a run has not answered it."""
    answers = [{row.id: row for row in run.report.tracks} for run in runs]
    ids = {id_: row for rows in reversed(answers) for id_, row in rows.items()}  # labels and artists by the first
    order = list(dict.fromkeys(id_ for rows in answers for id_ in rows))
    header = ["id", "artist", "genre"]
    for run in runs:
        end = "" if len(runs) == 1 else f" {run.name}"
        header += [f"called{end}", f"confidence{end}", f"right{end}", f"abstained{end}", f"why_not{end}"]
    rows: list[tuple[Cell, ...]] = []
    for id_ in order:
        cells: list[Cell] = [id_, ids[id_].artist, ids[id_].genre]
        for by_id in answers:
            cells += _answer(by_id.get(id_))
        rows.append(tuple(cells))
    return Table(tuple(header), tuple(rows))


def _answer(row: TrackRow | None) -> list[Cell]:
    if row is None:
        return [None] * 5
    if row.predicted is None:
        return [None, None, None, int(row.abstained), row.failure.message if row.failure else row.reason]
    right = int(row.predicted == row.genre)
    return [row.predicted, row.confidence, right, int(row.abstained), row.reason]


def _with_interval(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{name}{end}" for name in names for end in ("", "_low", "_high"))


def _cells(intervals: Sequence[Interval]) -> tuple[Cell, ...]:
    return tuple(cell for i in intervals for cell in (i.value, i.low, i.high))
