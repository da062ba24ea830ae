"""One training of a head: tracks -> musicnn's rows -> a linear layer -> a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genrelens.data.splits.folds import grouped_folds
from genrelens.data.support import under_supported
from genrelens.data.track import Track
from genrelens.recipe import TabularRecipe
from genrelens.taxonomy import Taxonomy
from genrelens.training.calibrate import calibrate, probabilities_of
from genrelens.training.head_bundle import N_FOLDS, check_out, write_head
from genrelens.training.screens import Windows
from genrelens.training.tabular import TabularModel, fit_tabular


def train_head(
    recipe: TabularRecipe,
    tracks: Sequence[Track],
    rows: NDArray[np.float64],
    *,
    windows: Windows,
    taxonomy: Taxonomy,
    dataset: str,
    split: str,
    out: Path,
    seed: int = 0,
    figures: Sequence[str] = (),
) -> Path:
    """Fit the head on ``rows (n, 712)`` of ``tracks``, calibrate it out of fold, and write ``out/bundle``.

    ``windows``: (w, 712) for each track, all of its windows or some that lie evenly. Every track is learnt from: what
    calibrates comes from answers by models of the other folds. Returns the bundle's path.
    """
    check_out(out)
    classes = np.array([taxonomy.index(track.genre) for track in tracks], dtype=np.int64)
    logits = out_of_fold_logits(recipe, tracks, rows, classes=classes, n_classes=len(taxonomy), seed=seed)
    temperature, conformal = calibrate(logits, targets=classes, groups=[track.group for track in tracks])
    return write_head(
        recipe,
        tracks,
        _fit(recipe, rows, classes, len(taxonomy), seed),
        rows=rows,
        windows=windows,
        confidence=probabilities_of(logits, temperature=temperature).max(axis=1),
        temperature=temperature,
        conformal=conformal,
        experimental=under_supported(taxonomy, tracks),
        taxonomy=taxonomy,
        multi_label=False,
        dataset=dataset,
        split=split,
        out=out,
        seed=seed,
        figures=figures,
    )


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
