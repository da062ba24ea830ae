"""One training of a head: tracks -> musicnn's rows -> a linear layer -> a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from genrelens import __version__
from genrelens.bundle.manifest import Manifest, TrainingRecord
from genrelens.bundle.store import write_bundle
from genrelens.bundle.windows import WindowSettings
from genrelens.data.folds import grouped_folds
from genrelens.data.track import Track
from genrelens.errors import TrainingError
from genrelens.models.musicnn import read_weights
from genrelens.models.musicnn_head import FRONT_END, HOP_FRAMES, N_FRAMES, MusicnnHead
from genrelens.recipe import TabularRecipe
from genrelens.taxonomy import Taxonomy
from genrelens.training.calibrate import calibrate
from genrelens.training.card import model_card
from genrelens.training.export import predict_onnx
from genrelens.training.tabular import TabularModel, fit_tabular
from genrelens.training.tabular.logistic import LinearLogits

N_FOLDS = 5
CALIBRATED_ON = f"out-of-fold answers to its own tracks, {N_FOLDS} folds by artist"


def train_head(
    recipe: TabularRecipe,
    tracks: Sequence[Track],
    rows: NDArray[np.float64],
    *,
    taxonomy: Taxonomy,
    dataset: str,
    split: str,
    out: Path,
    seed: int = 0,
    figures: Sequence[str] = (),
) -> Path:
    """Fit the head on ``rows (n, 712)`` of ``tracks``, calibrate it out of fold, and write ``out/bundle``.

    Every track is learnt from: the temperature comes from answers by models of the other folds. Returns the bundle's
    path.
    """
    from genrelens.training.train import experimental_genres

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise TrainingError(f"{out} exists and is not empty; give a new folder, or delete it")
    classes = np.array([taxonomy.index(track.genre) for track in tracks], dtype=np.int64)
    logits = out_of_fold_logits(recipe, tracks, rows, classes=classes, n_classes=len(taxonomy), seed=seed)
    temperature, conformal = calibrate(logits, targets=classes, groups=[track.group for track in tracks])
    weight, bias = _in_measured_units(_fit(recipe, rows, classes, len(taxonomy), seed))
    manifest = Manifest(
        name=recipe.name,
        taxonomy=taxonomy,
        front_end=FRONT_END,
        windows=WindowSettings(N_FRAMES, HOP_FRAMES),
        temperature=temperature,
        experimental=experimental_genres(taxonomy, tracks),
        tags=read_weights().tags,
        conformal=conformal,
        training=TrainingRecord(
            recipe=recipe.to_dict(),
            seed=seed,
            dataset=dataset,
            split=split,
            trained_on=tuple(track.id for track in tracks),
            stopped_on=(),
            genrelens_version=__version__,
        ),
    )
    network = MusicnnHead(torch.from_numpy(weight), torch.from_numpy(bias))
    graph = predict_onnx(network, input_name=FRONT_END.input_name, n_frames=N_FRAMES, n_mels=FRONT_END.n_mels)
    card = model_card(manifest, calibrated_on=CALIBRATED_ON, figures=figures, notice=read_weights().notice)
    return write_bundle(out / "bundle", manifest=manifest, predict_onnx=graph, attention_onnx=None, card=card)


def out_of_fold_logits(
    recipe: TabularRecipe,
    tracks: Sequence[Track],
    rows: NDArray[np.float64],
    *,
    classes: NDArray[np.int64],
    n_classes: int,
    seed: int,
) -> NDArray[np.float64]:
    """``(n, c)``: each track's logits by a model that has heard neither it nor its artist."""
    place = {track.id: i for i, track in enumerate(tracks)}
    logits = np.zeros((len(tracks), n_classes))
    for fold in grouped_folds(tracks, n_folds=N_FOLDS, seed=seed):
        learn = [place[id_] for id_ in fold.ids("train")]
        answer = [place[id_] for id_ in fold.ids("test")]
        logits[answer] = _fit(recipe, rows[learn], classes[learn], n_classes, seed).scores(rows[answer])
    return logits


def _fit(
    recipe: TabularRecipe, rows: NDArray[np.float64], classes: NDArray[np.int64], n_classes: int, seed: int
) -> TabularModel:
    nothing = rows[:0]
    return fit_tabular(
        recipe,
        rows,
        classes=classes,
        stop_rows=nothing,
        stop_classes=classes[:0],
        n_classes=n_classes,
        seed=seed,
    )


def _in_measured_units(model: TabularModel) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weight and bias with the scaler folded in: ``w (x - m) / s + b = (w / s) x + (b - w m / s)``."""
    if not isinstance(model.logits, LinearLogits):
        raise TrainingError(
            "a head over musicnn should be linear to become a bundle: give classifier logistic"
        )
    weight = model.logits.weight / model.scale
    bias = model.logits.bias - weight @ model.mean
    return weight.astype(np.float32), bias.astype(np.float32)
