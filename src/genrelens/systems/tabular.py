"""A classifier of descriptors on a cut: rows of tracks or of pieces of 3 s, fitted, answered, voted to tracks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genrelens.data.genres import under_supported
from genrelens.data.track import Track
from genrelens.errors import DataError
from genrelens.evaluation.build import build_report
from genrelens.evaluation.out_of_fold import track_rows
from genrelens.evaluation.report import Report, TrackRow
from genrelens.evaluation.runs import Run
from genrelens.evaluation.trainings import Cost, Epoch, History
from genrelens.features import FeatureTable, extract, join
from genrelens.parallel import n_cores
from genrelens.recipe import TabularRecipe
from genrelens.systems.cuts import Cut
from genrelens.systems.job import Job
from genrelens.systems.networks import CALLED

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """``rows (n, d)``, a row for each of ``pieces``, by their ids in ``place``; ``columns`` are the descriptors."""

    pieces: tuple[Track, ...]
    rows: Rows
    columns: tuple[str, ...]

    def of(self, tracks: Sequence[Track]) -> tuple[tuple[Track, ...], Rows]:
        """The pieces of tracks (or the pieces named themselves) with their rows, in this order."""
        wanted = {track.id for track in tracks}
        its = [i for i, piece in enumerate(self.pieces) if piece.id in wanted or piece.whole in wanted]
        return tuple(self.pieces[i] for i in its), self.rows[its]


def computed_table(
    job: Job, tracks: Sequence[Track], *, feature_set: str, segment_s: float | None
) -> FeatureTable:
    """Descriptors of tracks, computed and kept; a track that cannot be read is a :class:`DataError` that names it."""
    what = f"pieces of {segment_s:g} s of " if segment_s else ""
    job.say(f"descriptors ({feature_set}) of {what}{len(tracks)} tracks")
    table = extract(
        tracks,
        feature_set=feature_set,
        segment_s=segment_s,
        cache=job.cache / "features",
        n_workers=n_cores(),
        progress=lambda done, total: job.say(f"descriptors: {done}/{total}") if done % 50 == 0 else None,
    )
    if bad := [(name, why) for name, why in zip(table.filenames, table.errors, strict=True) if why]:
        raise DataError(
            f"{len(bad)} tracks have no descriptors, the first is {bad[0][0]}: {bad[0][1]}; mend them or take them out"
        )
    return table


def describe(table: FeatureTable, tracks: Sequence[Track]) -> Described:
    """The rows of a table that belong to tracks, or to pieces of them."""
    joined = join(table, tracks)
    return Described(joined.tracks, joined.table.values, table.columns)


def with_pieces(cut: Cut, described: Described) -> Cut:
    """A cut of tracks as one of their pieces that have rows."""
    return replace(
        cut,
        learn=described.of(cut.learn)[0],
        stop=described.of(cut.stop)[0],
        test=described.of(cut.test)[0],
    )


def fit_and_answer(
    job: Job,
    recipe: TabularRecipe,
    described: Described,
    cut: Cut,
    *,
    experimental: Sequence[str] | None = None,
) -> tuple[Run, Run]:
    """A run counted by piece and the same voted to tracks (where pieces are tracks, the two are alike).

    A track's answer is the mean of its pieces' probabilities.
    """
    from genrelens.training.tabular import fit_tabular
    from genrelens.training.tabular.mlp import MlpLogits

    taxonomy = job.loaded.taxonomy
    job.say(f"{recipe.name}, {CALLED[cut.kind]}")
    (learn, rows), (stop, stop_rows), (test, test_rows) = map(described.of, (cut.learn, cut.stop, cut.test))
    if not len(learn) or not len(test):
        raise DataError(
            f"the split {cut.split.name!r} has no rows of descriptors to learn from or to answer here"
        )
    started = time.monotonic()
    model = fit_tabular(
        recipe,
        rows,
        classes=_classes(learn, job),
        stop_rows=stop_rows,
        stop_classes=_classes(stop, job),
        n_classes=len(taxonomy),
        seed=job.seed,
    )
    took_s = time.monotonic() - started
    probabilities = model.probabilities(test_rows)
    if experimental is None:
        experimental = under_supported(taxonomy, learn)
    by_piece = [
        TrackRow.answered(piece.id, piece.group, taxonomy.canonical(piece.genre), p, names=taxonomy.names)
        for piece, p in zip(test, probabilities, strict=True)
    ]
    reports = [
        build_report(
            counted,
            names=taxonomy.names,
            model=recipe.name,
            model_hash="-",
            dataset=job.loaded.dataset,
            split=cut.split.name,
            part=cut.tested,
            leaks=sorted(cut.split.leaks),
            experimental=experimental,
        )
        for counted in (by_piece, track_rows(by_piece, test, taxonomy=taxonomy))
    ]
    histories: tuple[History, ...] = ()
    n_parameters: int | None = None
    if isinstance(model.logits, MlpLogits):
        epochs = [
            Epoch(k, one.train_loss, one.train_accuracy, one.stop_loss, one.stop_accuracy)
            for k, one in enumerate(model.logits.history, start=1)
        ]
        histories = (History("", tuple(epochs)),)
        n_parameters = sum(parameter.numel() for parameter in model.logits.network.parameters())
    cost = Cost("", took_s, len(histories[0].epochs) if histories else None, n_parameters, None)
    name = f"{recipe.name}, {CALLED[cut.kind]}"
    of_pieces, of_tracks = (
        Run(name, job.out, report, histories, (cost,), None, _missing(report, histories))
        for report in reports
    )
    return of_pieces, of_tracks


def table_of(root: Path, name: str) -> FeatureTable | None:
    """Kaggle's table of that name where it lies beside the clips."""
    from genrelens.data import gtzan
    from genrelens.features import read_table

    path = gtzan.tables(root).get(name)
    return None if path is None else read_table(path)


def _classes(pieces: Sequence[Track], job: Job) -> NDArray[np.int64]:
    return np.array([job.loaded.taxonomy.index(piece.genre) for piece in pieces], dtype=np.int64)


def _missing(report: Report, histories: tuple[History, ...]) -> dict[str, str]:
    return {} if histories else {"learning": f"{report.model} is not learnt epoch by epoch"}
