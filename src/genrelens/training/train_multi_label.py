"""One training of a head for several genres a track: one-vs-rest logistic regression on musicnn's rows -> a bundle.

The same rows, scaler, penalty and folds as :mod:`genrelens.training.train_head`; each genre is learnt against all
tracks that do not have it (Read, Pfahringer, Holmes & Frank 2011 call it binary relevance). The recipe's weighing of
genres is for one genre a track and does not count here: a genre's probability is then how often it is right.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle.pooling import sigmoid
from genrelens.data.splits.folds import grouped_folds
from genrelens.data.support import under_supported
from genrelens.data.track import Track
from genrelens.errors import MissingExtraError, TrainingError
from genrelens.metrics.calibration import TEMPERATURE_RANGE
from genrelens.models.options import read_options
from genrelens.recipe import TabularRecipe
from genrelens.taxonomy import Taxonomy
from genrelens.training.head_bundle import N_FOLDS, check_out, write_head
from genrelens.training.screens import Windows
from genrelens.training.tabular import TabularModel
from genrelens.training.tabular.logistic import LinearLogits, Options

FloatArray = NDArray[np.float64]

CERTAIN = 30.0
"""Log odds of a genre that every training row has; its negative is that of one that none has."""


def labels_of(tracks: Sequence[Track], *, taxonomy: Taxonomy) -> NDArray[np.bool_]:
    """``(n, c)``: whether a track has a genre. Raises :class:`TaxonomyError` on a genre that is none of them."""
    labels = np.zeros((len(tracks), len(taxonomy)), dtype=np.bool_)
    for i, track in enumerate(tracks):
        labels[i, [taxonomy.index(genre) for genre in track.all_genres]] = True
    return labels


def train_multi_label(
    recipe: TabularRecipe,
    tracks: Sequence[Track],
    rows: FloatArray,
    *,
    windows: Windows,
    taxonomy: Taxonomy,
    dataset: str,
    split: str,
    out: Path,
    seed: int = 0,
    figures: Sequence[str] = (),
) -> Path:
    """Fit the heads on ``rows (n, 712)`` of ``tracks``, calibrate them out of fold by one temperature, and write
    ``out/bundle``. ``windows``: (w, 712) for each track, all or some that lie evenly. Returns the bundle's path.
    """
    check_out(out)
    labels = labels_of(tracks, taxonomy=taxonomy)
    logits = out_of_fold_logits(recipe, tracks, rows, labels=labels, seed=seed)
    temperature = fit_sigmoid_temperature(logits, labels=labels)
    return write_head(
        recipe,
        tracks,
        _fit(recipe, rows, labels, seed=seed),
        rows=rows,
        windows=windows,
        confidence=sigmoid(logits, temperature=temperature).max(axis=1),
        temperature=temperature,
        conformal=None,
        experimental=under_supported(taxonomy, tracks, every_genre=True),
        taxonomy=taxonomy,
        multi_label=True,
        dataset=dataset,
        split=split,
        out=out,
        seed=seed,
        figures=figures,
    )


def out_of_fold_logits(
    recipe: TabularRecipe,
    tracks: Sequence[Track],
    rows: FloatArray,
    *,
    labels: NDArray[np.bool_],
    seed: int,
) -> FloatArray:
    """``(n, c)``: each track's logits by models that have heard neither it nor its artist.

    The folds are balanced by each track's rarest genre, which is where balance matters.
    """
    counts = Counter(genre for track in tracks for genre in track.all_genres)
    rarest = [
        dataclasses.replace(track, genre=min(track.all_genres, key=lambda g: (counts[g], g)), genres=())
        for track in tracks
    ]
    place = {track.id: i for i, track in enumerate(tracks)}
    logits = np.zeros(labels.shape)
    for fold in grouped_folds(rarest, n_folds=N_FOLDS, seed=seed):
        learn = [place[id_] for id_ in fold.ids("train")]
        answer = [place[id_] for id_ in fold.ids("test")]
        logits[answer] = _fit(recipe, rows[learn], labels[learn], seed=seed).scores(rows[answer])
    return logits


def fit_sigmoid_temperature(logits: FloatArray, *, labels: NDArray[np.bool_]) -> float:
    """The T for which ``sigmoid(logits / T)`` gives the ``labels (n, c)`` the least negative log likelihood.

    Of a genre with ``p`` tracks that have it and ``q`` that have not, a label counts as (p + 1) / (p + 2) and a missing
    one as 1 / (q + 2) (Platt, "Probabilistic outputs for support vector machines", 1999): where every answer is
    right, T would otherwise be 0 and every probability 0 or 1. The loss is convex in 1 / T, so its slope's root is
    found by halving; it stays within :data:`~genrelens.metrics.calibration.TEMPERATURE_RANGE`.
    """
    n_with = labels.sum(axis=0)
    n_without = len(labels) - n_with
    targets = np.where(labels, (n_with + 1) / (n_with + 2), 1 / (n_without + 2))

    def slope(log_b: float) -> float:
        return float(((sigmoid(logits * np.exp(log_b)) - targets) * logits).mean())

    low, high = (-float(np.log(end)) for end in reversed(TEMPERATURE_RANGE))
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if slope(middle) < 0.0 else (low, middle)
    return float(np.exp(-0.5 * (low + high)))


def _fit(recipe: TabularRecipe, rows: FloatArray, labels: NDArray[np.bool_], *, seed: int) -> TabularModel:
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
    plain = np.zeros(rows.shape[1], dtype=np.bool_)
    return TabularModel(mean, scale, LinearLogits(weight, bias), 1.0, plain)
