"""One training of a linear head over musicnn's frozen layers: tracks -> their embeddings -> a bundle.

The bundle also knows other words for the sound, and when not to answer. A track has one genre, or with ``multi_label``
several; each genre is then learnt against all tracks that do not have it (Read, Pfahringer, Holmes & Frank 2011 call it
binary relevance), with the same scaler, penalty and folds. The recipe's weighing of genres is for one genre a track and
does not count there: a genre's probability is then how often it is right.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from genrelens.bundle.abstention import Abstention
from genrelens.bundle.manifest import Manifest
from genrelens.bundle.pooling import sigmoid
from genrelens.bundle.store import write_bundle
from genrelens.bundle.track_term import MN04, SPREAD, TrackTerm
from genrelens.bundle.windows import WindowSettings
from genrelens.data.track import Track, classes_of, labels_of, under_supported
from genrelens.errors import MissingExtraError, TrainingError
from genrelens.models import read_options
from genrelens.models.musicnn import read_weights
from genrelens.models.musicnn_head import EMBEDDING, FRONT_END, HOP_FRAMES, N_FRAMES, MusicnnHead
from genrelens.models.screens import Screens, read_not_music
from genrelens.recipe import TabularRecipe
from genrelens.taxonomy import Taxonomy
from genrelens.training.calibrate import N_FOLDS, calibrate, fit_sigmoid_temperature, fold_rows, probabilities_of
from genrelens.training.card import model_card
from genrelens.training.export import predict_onnx
from genrelens.training.run import Origin, check_new
from genrelens.training.screens import Windows, abstention, fit_unlikeness, out_of_fold_screens
from genrelens.training.styles import read_styles
from genrelens.training.tabular import TabularModel, logistic
from genrelens.training.tabular.logistic import LinearLogits, Options
from genrelens.training.tabular.rows import Fold

FloatArray = NDArray[np.float64]
Float32 = NDArray[np.float32]

MIN_FOR_LIMITS = 100
"""Tracks that it takes to set limits of a model's own."""
CALIBRATED_ON = f"out-of-fold answers to its own tracks, {N_FOLDS} folds by artist"
BESIDE = (
    "\n\nBeside it the whole track is heard with mn04 (EfficientAT, MIT licence), whose weights are not part of this "
    "model: `genrelens weights fetch plus` gets them."
)
CERTAIN = 30.0
"""Log odds of a genre that every training row has; its negative is that of one that none has."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadData:
    """What a head learns from, ``n`` tracks or pieces of them.

    Attributes:
        tracks: ``n`` of them; pieces of a track stay in its fold.
        rows: ``(n, 712)``, the mean embedding of each.
        windows: (w, 712) for each, all of its windows or some that lie evenly.
        spread: ``(n, 712)``, the standard deviation over all windows; not a number where it is unknown. None: the head
            goes without.
        weights: ``(n,)``, how much each counts when the head is fitted; None: all the same.
        judged: ``(n,)``, which calibrate it and set its limits; None: all.
        mn04: ``(n, 911)``, the mean over windows of what mn04 makes of each; as for ``spread``.
    """

    tracks: Sequence[Track]
    rows: FloatArray
    windows: Windows
    spread: FloatArray | None = None
    weights: FloatArray | None = None
    judged: NDArray[np.bool_] | None = None
    mn04: FloatArray | None = None

    @property
    def of_tracks(self) -> dict[str, FloatArray]:
        """What the head goes by beside the means, by its kind (:mod:`genrelens.bundle.track_term`)."""
        kinds = {SPREAD: self.spread, MN04: self.mn04}
        return {kind: numbers for kind, numbers in kinds.items() if numbers is not None}

    @property
    def numbers(self) -> FloatArray:
        """``(n, d)``: the means, and all that is known of whole tracks beside them."""
        return np.hstack([self.rows, *self.of_tracks.values()])

    def calibrating(self) -> tuple[NDArray[np.int64], HeadData]:
        """Places of the tracks that are judged, and the data of these alone."""
        if self.judged is None:
            return np.arange(len(self.tracks)), self
        places = np.flatnonzero(self.judged)
        tracks, windows = list(self.tracks), list(self.windows)
        return places, HeadData([tracks[i] for i in places], self.rows[places], [windows[i] for i in places])


def train_head(
    recipe: TabularRecipe,
    data: HeadData,
    origin: Origin,
    *,
    out: Path,
    multi_label: bool = False,
    limits: Abstention | None = None,
    outside_styles: bool = False,
    seed: int = 0,
    figures: Sequence[str] = (),
) -> Path:
    """Fit the head, calibrate it out of fold, write ``out/bundle`` and return its path.

    What calibrates it comes from answers by models of the other folds. ``limits``: when it abstains, where more is
    known than its music tells; ``outside_styles``: see :class:`Manifest`; ``figures``: paragraphs for the card. Raises
    :class:`TrainingError` where ``out`` is not empty.
    """
    check_new(out)
    taxonomy = origin.taxonomy
    places, judged = data.calibrating()
    tracks = judged.tracks
    logits = out_of_fold_logits(recipe, data, taxonomy=taxonomy, multi_label=multi_label, seed=seed)[places]
    conformal = None
    if multi_label:
        temperature = fit_sigmoid_temperature(logits, labels=labels_of(tracks, taxonomy=taxonomy))
        probabilities = sigmoid(logits, temperature=temperature)
        model = _fit_several(recipe, data.rows, labels_of(data.tracks, taxonomy=taxonomy), seed=seed)
    else:
        classes = classes_of(tracks, taxonomy=taxonomy)
        temperature, conformal = calibrate(logits, targets=classes, groups=[track.group for track in tracks])
        probabilities = probabilities_of(logits, temperature=temperature)
        model = fit_head(recipe, data, np.arange(len(data.tracks)), taxonomy=taxonomy, seed=seed)
    limits = limits or limits_of(judged, confidence=probabilities.max(axis=1), seed=seed)
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
        styles=read_styles(),
        outside_styles=outside_styles,
        track_numbers=tuple(data.of_tracks),
        conformal=conformal,
        abstention=limits,
        training=origin.record(recipe, seed=seed, trained_on=list(dict.fromkeys(track.whole for track in data.tracks))),
    )
    weight, bias, term = in_measured_units(model, {kind: n.shape[1] for kind, n in data.of_tracks.items()})
    return write_bundle(
        out / "bundle",
        manifest=manifest,
        predict_onnx=_graph(weight, bias, judged.windows),
        track_term=None if term is None else term.to_bytes(),
        card=model_card(manifest, calibrated_on=CALIBRATED_ON, figures=figures, notice=_notice(data)),
    )


def _graph(weight: Float32, bias: Float32, windows: Windows) -> bytes:
    """The network, with a head of these numbers, and a distance from these windows of its training."""
    screens = Screens(fit_unlikeness(windows))
    network = MusicnnHead(torch.from_numpy(weight), torch.from_numpy(bias), screens=screens)
    return predict_onnx(network, input_name=FRONT_END.input_name, n_frames=N_FRAMES, n_mels=FRONT_END.n_mels)


def _notice(data: HeadData) -> str:
    return read_weights().notice + (BESIDE if MN04 in data.of_tracks else "")


def out_of_fold_logits(
    recipe: TabularRecipe, data: HeadData, *, taxonomy: Taxonomy, seed: int, multi_label: bool = False
) -> FloatArray:
    """``(n, c)``: each track's logits by a model that has heard neither it nor its artist.

    With ``multi_label`` the folds are balanced by each track's rarest genre, which is where balance matters.
    """
    tracks, rows = data.tracks, data.rows
    logits = np.zeros((len(tracks), len(taxonomy)))
    if multi_label:
        labels = labels_of(tracks, taxonomy=taxonomy)
        for learn, answer in fold_rows(_by_rarest_genre(tracks), seed=seed):
            logits[answer] = _fit_several(recipe, rows[learn], labels[learn], seed=seed).scores(rows[answer])
        return logits
    for learn, answer in fold_rows(tracks, seed=seed):
        model = fit_head(recipe, data, learn, taxonomy=taxonomy, seed=seed)
        logits[answer] = model.logits(np.nan_to_num((data.numbers[answer] - model.mean) / model.scale))
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
    usual = read_not_music().limit
    values = out_of_fold_screens(data.tracks, data.windows, rows=data.rows, seed=seed)
    if len(data.tracks) < MIN_FOR_LIMITS:
        return Abstention(max_not_music=max(usual, float(values[:, 0].max())))
    own = abstention(confidence, values)
    assert own.max_not_music is not None
    return dataclasses.replace(own, max_not_music=max(own.max_not_music, usual))


def in_measured_units(model: TabularModel, sizes: Mapping[str, int]) -> tuple[Float32, Float32, TrackTerm | None]:
    """Weight and bias for windows, and what is added for whole tracks, with the scaler folded in.

    ``w (x - m) / s + b = (w / s) x + (b - w m / s)``; the mean of a track's numbers (so many of each kind by ``sizes``)
    stays in the term, so that what is unknown adds nothing.
    """
    assert isinstance(model.logits, LinearLogits)
    weight = model.logits.weight / model.scale
    of_mean, of_track = weight[:, :EMBEDDING], weight[:, EMBEDDING:]
    bias = model.logits.bias - of_mean @ model.mean[:EMBEDDING]
    term = None
    if sizes:
        term = TrackTerm(sizes, model.mean[EMBEDDING:].astype(np.float32), of_track.astype(np.float32))
    return of_mean.astype(np.float32), bias.astype(np.float32), term


def fit_head(
    recipe: TabularRecipe, data: HeadData, places: NDArray[np.int64], *, taxonomy: Taxonomy, seed: int
) -> TabularModel:
    """A head learnt from the tracks at ``places``. What is unknown of a track counts as the mean of the others."""
    numbers = data.numbers[places]
    mean, scale = np.nanmean(numbers, axis=0), np.nanstd(numbers, axis=0)
    scale[scale == 0] = 1.0
    rows, classes = np.nan_to_num((numbers - mean) / scale), classes_of(data.tracks, taxonomy=taxonomy)[places]
    if len(np.unique(classes)) < 2:
        raise TrainingError(f"{recipe.name} needs tracks of two genres at least to learn from")
    weights = None if data.weights is None else data.weights[places]
    fold = Fold(rows, classes, rows[:0], classes[:0], weights)
    return TabularModel(mean, scale, logistic.fit(_options(recipe), fold, n_classes=len(taxonomy), seed=seed), 1.0)


def _options(recipe: TabularRecipe) -> Options:
    if recipe.classifier.name != "logistic":
        raise TrainingError("a head over musicnn should be linear to become a bundle: give classifier logistic")
    options: Options = read_options(recipe.classifier.options, cls=Options, of="logistic")
    return options


def _fit_several(recipe: TabularRecipe, rows: FloatArray, labels: NDArray[np.bool_], *, seed: int) -> TabularModel:
    try:
        from sklearn.linear_model import LogisticRegression
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="the classifier logistic") from error
    options = _options(recipe)
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
