"""One training of a classifier of rows: rows of tracks -> a model, calibrated out of fold -> a bundle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle.manifest import FrontEnd, Manifest
from genrelens.bundle.pooling import pool_logits
from genrelens.bundle.store import write_bundle
from genrelens.bundle.windows import WindowSettings
from genrelens.data.splits.folds import hold_out
from genrelens.data.track import Track, classes_of, under_supported
from genrelens.errors import TrainingError
from genrelens.frontend.descriptors.settings import DescriptorSettings
from genrelens.frontend.frames import FrameSettings
from genrelens.recipe import TabularRecipe
from genrelens.recipe.tabular import STOPPING
from genrelens.taxonomy import Taxonomy
from genrelens.training.calibrate import N_FOLDS, calibrate, fold_rows
from genrelens.training.card import model_card
from genrelens.training.run import Origin, check_new
from genrelens.training.tabular import TabularModel, fit_tabular

CALIBRATED_ON = f"out-of-fold answers to whole tracks, {N_FOLDS} folds by artist"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class TabularData:
    """Row i of ``rows (n, d)`` is of ``pieces[i]``, which is one of the tracks ``ids`` or a piece of one."""

    pieces: tuple[Track, ...]
    rows: NDArray[np.float64]
    ids: frozenset[str]

    def __post_init__(self) -> None:
        if self.rows.ndim != 2 or len(self.rows) != len(self.pieces):
            raise TrainingError(f"expected a row for each of {len(self.pieces)} pieces, got an array {self.rows.shape}")

    def owner(self, piece: Track) -> str:
        """The id of the track that a piece stands for."""
        return piece.id if piece.id in self.ids else piece.whole

    def of(self, pieces: Sequence[Track]) -> TabularData:
        """The rows of some of the pieces."""
        place = {piece.id: i for i, piece in enumerate(self.pieces)}
        return self.at([place[piece.id] for piece in pieces])

    def at(self, places: Sequence[int] | NDArray[np.int64]) -> TabularData:
        """The rows at some places."""
        return TabularData(tuple(self.pieces[i] for i in places), self.rows[places], self.ids)


@dataclass(frozen=True, slots=True)
class RowNetwork:
    """The network that rows come out of, as the bundle is to have it.

    ``onnx``: a graph from windows as ``front_end`` and ``windows`` give them to the output
    :data:`~genrelens.training.tabular.graph.ROWS`, ``(windows, n_columns)`` float64. ``notice``: whose weights are
    inside, for the card; ``licence``: of the whole bundle.
    """

    front_end: FrameSettings
    windows: WindowSettings
    onnx: bytes
    n_columns: int
    notice: str
    licence: str


def train_tabular(
    recipe: TabularRecipe,
    data: TabularData,
    origin: Origin,
    *,
    out: Path,
    network: RowNetwork | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Path:
    """Fit a model on ``data``, calibrate it on out-of-fold answers to whole tracks, and write ``out/bundle``.

    The bundle hears descriptors, or with a ``network`` what that makes of the sound. A classifier that stops early
    stops on whole artists (``recipe.stop_share``), which the model does not learn from and the manifest names; every
    other one learns from everything. Returns the bundle's path. Raises :class:`TrainingError` where ``out`` is not
    empty, or there is too little to learn from.
    """
    check_new(out)
    taxonomy = origin.taxonomy
    front_end: FrontEnd
    if network is None:
        front_end = DescriptorSettings(set=recipe.features.set, segment_s=recipe.features.segment_s)
        n_columns = front_end.n_columns
    else:
        front_end, n_columns = network.front_end, network.n_columns
    if data.rows.shape[1] != n_columns:
        raise TrainingError(
            f"{recipe.name} learns from the {n_columns} columns of {recipe.features.set}, the rows have "
            f"{data.rows.shape[1]}"
        )
    tracks, logits = out_of_fold_logits(recipe, data, taxonomy=taxonomy, seed=seed, progress=progress)
    targets = classes_of(tracks, taxonomy=taxonomy)
    temperature, conformal = calibrate(logits, targets=targets, groups=[track.group for track in tracks])
    model, learnt, stopped = _fit(recipe, data, taxonomy=taxonomy, seed=seed)
    learnt_ids, stopped_ids = _ids(learnt), _ids(stopped)
    learnt_set = set(learnt_ids)
    manifest = Manifest(
        name=recipe.name,
        taxonomy=taxonomy,
        front_end=front_end,
        windows=None if network is None else network.windows,
        temperature=temperature,
        experimental=under_supported(taxonomy, [track for track in tracks if data.owner(track) in learnt_set]),
        conformal=conformal,
        licence="MIT" if network is None else network.licence,
        training=origin.record(recipe, seed=seed, trained_on=learnt_ids, stopped_on=stopped_ids),
    )
    return write_bundle(
        out / "bundle",
        manifest=manifest,
        predict_onnx=model.to_onnx(network=None if network is None else network.onnx),
        card=model_card(manifest, calibrated_on=CALIBRATED_ON, notice="" if network is None else network.notice),
    )


def out_of_fold_logits(
    recipe: TabularRecipe, data: TabularData, *, taxonomy: Taxonomy, seed: int, progress: Progress | None = None
) -> tuple[tuple[Track, ...], NDArray[np.float64]]:
    """A piece of each of the ``m`` tracks, and ``(m, c)``: the track's logits, pooled over its rows as a prediction
    pools them, by a model that has heard neither it nor its artist."""
    tracks: list[Track] = []
    logits: list[NDArray[np.float64]] = []
    for k, (learn, answer) in enumerate(fold_rows(data.pieces, seed=seed)):
        if progress is not None:
            progress(k, N_FOLDS)
        answered = data.at(answer)
        model, _, _ = _fit(recipe, data.at(learn), taxonomy=taxonomy, seed=seed)
        scores = model.scores(answered.rows)
        owners = np.array([data.owner(piece) for piece in answered.pieces])
        for owner in dict.fromkeys(owners.tolist()):
            its = np.flatnonzero(owners == owner)
            tracks.append(answered.pieces[its[0]])
            logits.append(pool_logits(scores[its], weights=np.ones(len(its))))
    return tuple(tracks), np.stack(logits)


def _fit(
    recipe: TabularRecipe, data: TabularData, *, taxonomy: Taxonomy, seed: int
) -> tuple[TabularModel, TabularData, TabularData]:
    """A model, what it learnt from, and what it stopped on."""
    if recipe.classifier.name in STOPPING:
        kept, held = hold_out(data.pieces, fraction=recipe.stop_share, seed=seed)
        learn, stop = data.of(kept), data.of(held)
    else:
        learn, stop = data, data.of(())
    model = fit_tabular(
        recipe,
        learn.rows,
        classes=classes_of(learn.pieces, taxonomy=taxonomy),
        stop_rows=stop.rows,
        stop_classes=classes_of(stop.pieces, taxonomy=taxonomy),
        n_classes=len(taxonomy),
        seed=seed,
    )
    return model, learn, stop


def _ids(data: TabularData) -> tuple[str, ...]:
    return tuple(dict.fromkeys(data.owner(piece) for piece in data.pieces))
