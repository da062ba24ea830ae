"""A linear head over musicnn -> a bundle that also knows other words for the sound and when not to answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from genrelens import __version__
from genrelens.bundle.abstention import Abstention
from genrelens.bundle.coverage import Conformal
from genrelens.bundle.manifest import Manifest, TrainingRecord
from genrelens.bundle.store import write_bundle
from genrelens.bundle.windows import WindowSettings
from genrelens.data.track import Track
from genrelens.errors import TrainingError
from genrelens.files import contents
from genrelens.models.musicnn import read_weights
from genrelens.models.musicnn_head import FRONT_END, HOP_FRAMES, N_FRAMES, MusicnnHead
from genrelens.models.screens import Screens, read_not_music
from genrelens.recipe import TabularRecipe
from genrelens.taxonomy import Taxonomy
from genrelens.training.card import model_card
from genrelens.training.export import predict_onnx
from genrelens.training.screens import Windows, abstention, fit_unlikeness, out_of_fold_screens
from genrelens.training.tabular import TabularModel
from genrelens.training.tabular.logistic import LinearLogits

N_FOLDS = 5
MIN_FOR_LIMITS = 100
"""Tracks that it takes to set limits of a model's own."""
CALIBRATED_ON = f"out-of-fold answers to its own tracks, {N_FOLDS} folds by artist"


def write_head(
    recipe: TabularRecipe,
    tracks: Sequence[Track],
    model: TabularModel,
    *,
    rows: NDArray[np.float64],
    windows: Windows,
    confidence: NDArray[np.float64],
    temperature: float,
    conformal: Conformal | None,
    experimental: tuple[str, ...],
    taxonomy: Taxonomy,
    multi_label: bool,
    dataset: str,
    split: str,
    out: Path,
    seed: int,
    figures: Sequence[str],
) -> Path:
    """Write ``out/bundle`` of a ``model`` that has learnt from ``tracks``; returns its path.

    ``rows`` (n, 712) and ``windows``, (w, 712) for each track, some of its windows' embeddings, say what music like
    theirs is; ``confidence`` (n,) are the largest probabilities of out-of-fold answers. The limits of the bundle's
    silence come from both.
    """
    limits = limits_of(tracks, rows, windows, confidence=confidence, seed=seed)
    if multi_label:  # a genre has a probability of its own, and none of them above one half is silence enough
        limits = dataclasses.replace(limits, min_confidence=None)
    manifest = Manifest(
        name=recipe.name,
        taxonomy=taxonomy,
        front_end=FRONT_END,
        windows=WindowSettings(N_FRAMES, HOP_FRAMES),
        temperature=temperature,
        experimental=experimental,
        multi_label=multi_label,
        tags=read_weights().tags,
        conformal=conformal,
        abstention=limits,
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
    weight, bias = in_measured_units(model)
    network = MusicnnHead(
        torch.from_numpy(weight), torch.from_numpy(bias), screens=Screens(fit_unlikeness(windows))
    )
    graph = predict_onnx(network, input_name=FRONT_END.input_name, n_frames=N_FRAMES, n_mels=FRONT_END.n_mels)
    card = model_card(manifest, calibrated_on=CALIBRATED_ON, figures=figures, notice=read_weights().notice)
    return write_bundle(out / "bundle", manifest=manifest, predict_onnx=graph, attention_onnx=None, card=card)


def limits_of(
    tracks: Sequence[Track],
    rows: NDArray[np.float64],
    windows: Windows,
    *,
    confidence: NDArray[np.float64],
    seed: int,
) -> Abstention:
    """The limits of a model's silence.

    Of fewer than :data:`MIN_FOR_LIMITS` tracks the most unusual ones say little of what other music of the kind is
    like, and limits there would hold back an eighth of it: then only ``not_music`` is looked at, from beyond all of
    them on. Nowhere is its limit below that of the music which the detector was fitted to.
    """
    usual = read_not_music().usual_limit
    values = out_of_fold_screens(tracks, windows, rows=rows, seed=seed)
    if len(tracks) < MIN_FOR_LIMITS:
        return Abstention(max_not_music=max(usual, float(values[:, 0].max())))
    own = abstention(confidence, values)
    assert own.max_not_music is not None
    return dataclasses.replace(own, max_not_music=max(own.max_not_music, usual))


def check_out(out: Path) -> None:
    """Raise :class:`TrainingError` unless ``out`` is new or an empty folder."""
    if out.exists() and (not out.is_dir() or contents(out)):
        raise TrainingError(f"{out} exists and is not empty; give a new folder, or delete it")


def in_measured_units(model: TabularModel) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weight and bias with the scaler folded in: ``w (x - m) / s + b = (w / s) x + (b - w m / s)``."""
    if not isinstance(model.logits, LinearLogits) or (model.logged is not None and model.logged.any()):
        raise TrainingError(
            "a head over musicnn should be linear to become a bundle: give classifier logistic"
        )
    weight = model.logits.weight / model.scale
    bias = model.logits.bias - weight @ model.mean
    return weight.astype(np.float32), bias.astype(np.float32)
