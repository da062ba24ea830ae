"""One training of a linear head over musicnn's frozen layers: tracks -> their embeddings -> a bundle.

The bundle also knows other words for the sound, and when not to answer. A track has one genre, or with ``multi_label``
several; each genre is then learnt against all tracks that do not have it (Read, Pfahringer, Holmes & Frank 2011 call it
binary relevance), with the same scaler, penalty and folds. The recipe's weighing of genres is for one genre a track and
does not count there: a genre's probability is then how often it is right.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from genrelens.bundle.abstention import Abstention
from genrelens.bundle.manifest import Manifest
from genrelens.bundle.pooling import sigmoid
from genrelens.bundle.store import write_bundle
from genrelens.bundle.windows import WindowSettings
from genrelens.data.track import Track, classes_of, labels_of, under_supported
from genrelens.errors import MissingExtraError, TrainingError
from genrelens.models import read_options
from genrelens.models.musicnn import read_weights
from genrelens.models.musicnn_head import FRONT_END, HOP_FRAMES, N_FRAMES, MusicnnHead
from genrelens.models.screens import Screens, read_not_music
from genrelens.recipe import TabularRecipe
from genrelens.taxonomy import Taxonomy
from genrelens.training.calibrate import N_FOLDS, calibrate, fit_sigmoid_temperature, fold_rows, probabilities_of
from genrelens.training.card import model_card
from genrelens.training.export import predict_onnx
from genrelens.training.run import Origin, check_new
from genrelens.training.screens import Windows, abstention, fit_unlikeness, out_of_fold_screens
from genrelens.training.tabular import TabularModel, fit_tabular
from genrelens.training.tabular.logistic import LinearLogits, Options

FloatArray = NDArray[np.float64]

MIN_FOR_LIMITS = 100
"""Tracks that it takes to set limits of a model's own."""
CALIBRATED_ON = f"out-of-fold answers to its own tracks, {N_FOLDS} folds by artist"
CERTAIN = 30.0
"""Log odds of a genre that every training row has; its negative is that of one that none has."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadData:
    """What a head learns from: ``rows (n, 712)``, the mean embedding of each of ``tracks``, and ``windows``, (w, 712)
    for each track, all of its windows or some that lie evenly."""

    tracks: Sequence[Track]
    rows: FloatArray
    windows: Windows


def train_head(
    recipe: TabularRecipe,
    data: HeadData,
    origin: Origin,
    *,
    out: Path,
    multi_label: bool = False,
    seed: int = 0,
    figures: Sequence[str] = (),
) -> Path:
    """Fit the head, calibrate it out of fold, write ``out/bundle`` and return its path.

    Every track is learnt from: what calibrates comes from answers by models of the other folds. ``figures`` are
    paragraphs for the card. Raises :class:`TrainingError` where ``out`` is not empty.
    """
    check_new(out)
    tracks, taxonomy = data.tracks, origin.taxonomy
    logits = out_of_fold_logits(recipe, tracks, data.rows, taxonomy=taxonomy, multi_label=multi_label, seed=seed)
    if multi_label:
        labels = labels_of(tracks, taxonomy=taxonomy)
        temperature, conformal = fit_sigmoid_temperature(logits, labels=labels), None
        probabilities = sigmoid(logits, temperature=temperature)
        model = _fit_several(recipe, data.rows, labels, seed=seed)
    else:
        classes = classes_of(tracks, taxonomy=taxonomy)
        temperature, conformal = calibrate(logits, targets=classes, groups=[track.group for track in tracks])
        probabilities = probabilities_of(logits, temperature=temperature)
        model = _fit(recipe, data.rows, classes, len(taxonomy), seed)
    limits = limits_of(data, confidence=probabilities.max(axis=1), seed=seed)
    if multi_label:  # a genre has a probability of its own, and none of them above one half is silence enough
        limits = dataclasses.replace(limits, min_confidence=None)
    manifest = Manifest(
        name=recipe.name,
        taxonomy=taxonomy,
        front_end=FRONT_END,
        windows=WindowSettings(N_FRAMES, HOP_FRAMES),
        temperature=temperature,
        experimental=under_supported(taxonomy, tracks, every_genre=multi_label),
        multi_label=multi_label,
        tags=read_weights().tags,
        conformal=conformal,
        abstention=limits,
        training=origin.record(recipe, seed=seed, trained_on=[track.id for track in tracks]),
    )
    weight, bias = in_measured_units(model)
    network = MusicnnHead(
        torch.from_numpy(weight), torch.from_numpy(bias), screens=Screens(fit_unlikeness(data.windows))
    )
    return write_bundle(
        out / "bundle",
        manifest=manifest,
        predict_onnx=predict_onnx(network, input_name=FRONT_END.input_name, n_frames=N_FRAMES, n_mels=FRONT_END.n_mels),
        card=model_card(manifest, calibrated_on=CALIBRATED_ON, figures=figures, notice=read_weights().notice),
    )


def out_of_fold_logits(
    recipe: TabularRecipe,
    tracks: Sequence[Track],
    rows: FloatArray,
    *,
    taxonomy: Taxonomy,
    seed: int,
    multi_label: bool = False,
) -> FloatArray:
    """``(n, c)``: each track's logits by a model that has heard neither it nor its artist.

    With ``multi_label`` the folds are balanced by each track's rarest genre, which is where balance matters.
    """
    logits = np.zeros((len(tracks), len(taxonomy)))
    if multi_label:
        labels = labels_of(tracks, taxonomy=taxonomy)
        for learn, answer in fold_rows(_by_rarest_genre(tracks), seed=seed):
            logits[answer] = _fit_several(recipe, rows[learn], labels[learn], seed=seed).scores(rows[answer])
        return logits
    classes = classes_of(tracks, taxonomy=taxonomy)
    for learn, answer in fold_rows(tracks, seed=seed):
        model = _fit(recipe, rows[learn], classes[learn], len(taxonomy), seed)
        logits[answer] = model.scores(rows[answer])
    return logits


def _by_rarest_genre(tracks: Sequence[Track]) -> list[Track]:
    counts = Counter(genre for track in tracks for genre in track.all_genres)
    return [
        dataclasses.replace(track, genre=min(track.all_genres, key=lambda g: (counts[g], g)), genres=())
        for track in tracks
    ]


def limits_of(data: HeadData, *, confidence: FloatArray, seed: int) -> Abstention:
    """When a model abstains, from its music; ``confidence (n,)``: the largest probabilities of out-of-fold answers.

    Of fewer than :data:`MIN_FOR_LIMITS` tracks the most unusual ones say little of what other music of the kind is
    like, and limits there would hold back an eighth of it: then only ``not_music`` is looked at, from beyond all of
    them on. Nowhere is its limit below that of the music which the detector was fitted to.
    """
    usual = read_not_music().usual_limit
    values = out_of_fold_screens(data.tracks, data.windows, rows=data.rows, seed=seed)
    if len(data.tracks) < MIN_FOR_LIMITS:
        return Abstention(max_not_music=max(usual, float(values[:, 0].max())))
    own = abstention(confidence, values)
    assert own.max_not_music is not None
    return dataclasses.replace(own, max_not_music=max(own.max_not_music, usual))


def in_measured_units(model: TabularModel) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weight and bias with the scaler folded in: ``w (x - m) / s + b = (w / s) x + (b - w m / s)``."""
    if not isinstance(model.logits, LinearLogits) or model.logged.any():
        raise TrainingError("a head over musicnn should be linear to become a bundle: give classifier logistic")
    weight = model.logits.weight / model.scale
    bias = model.logits.bias - weight @ model.mean
    return weight.astype(np.float32), bias.astype(np.float32)


def _fit(
    recipe: TabularRecipe, rows: FloatArray, classes: NDArray[np.int64], n_classes: int, seed: int
) -> TabularModel:
    return fit_tabular(
        recipe, rows, classes=classes, stop_rows=rows[:0], stop_classes=classes[:0], n_classes=n_classes, seed=seed
    )


def _fit_several(recipe: TabularRecipe, rows: FloatArray, labels: NDArray[np.bool_], *, seed: int) -> TabularModel:
    try:
        from sklearn.linear_model import LogisticRegression
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="the classifier logistic") from error
    if recipe.classifier.name != "logistic":
        raise TrainingError("several genres a track are learnt by classifier logistic; give it in the recipe")
    options = read_options(recipe.classifier.options, cls=Options, of="logistic")
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    scale[scale == 0] = 1.0
    standard = (rows - mean) / scale
    weight, bias = np.zeros((labels.shape[1], rows.shape[1])), np.full(labels.shape[1], -CERTAIN)
    for k, has_it in enumerate(labels.T):
        if has_it.all():
            bias[k] = CERTAIN
        elif has_it.any():
            machine = LogisticRegression(C=options.c, max_iter=10_000, tol=1e-6, random_state=seed)
            machine.fit(standard, has_it)
            weight[k], bias[k] = machine.coef_[0], machine.intercept_[0]
    return TabularModel(mean, scale, LinearLogits(weight, bias), 1.0)
