"""Choose a classifier of Kaggle's 57 descriptors of whole clips, by cross-validation over artists alone.

    python research/tune_tabular.py --data GTZAN --table features_30_sec.csv --out docs/results/lda-plus/tuning.json

Every candidate answers the train and valid parts of the fault-filtered split out of fold, with three dealings of the
folds. The best of many is flattered by having been chosen, so a second figure comes from choosing within: for each
fold, the candidate is chosen by folds of the other folds' artists, and answers artists that had no say in the choice.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrelens.data import gtzan, registry
from genrelens.data.splits.folds import grouped_folds, hold_out
from genrelens.data.track import Track
from genrelens.features import join, read_table
from genrelens.features.for_recipe import with_rows
from genrelens.files import write_whole
from genrelens.metrics import grouped_bootstrap, mean_statistic
from genrelens.recipe import ClassifierRecipe, FeatureRecipe, TabularRecipe
from genrelens.recipe.tabular import STOPPING
from genrelens.taxonomy import GTZAN
from genrelens.training.tabular import fit_tabular

SEEDS = (0, 1, 2)
MLP = {"learning_rate": 1e-3, "batch_size": 128, "max_epochs": 200, "patience": 20}
BOOST = {"subsample": 0.8, "colsample_bytree": 0.5, "min_child_weight": 1.0, "max_rounds": 500, "patience": 20}
CANDIDATES: list[tuple[str, dict[str, Any]]] = [
    ("lda", {}),
    *(("logistic", {"c": c}) for c in (0.01, 0.03, 0.1, 0.3, 1.0)),
    *(("svm", {"kernel": "rbf", "c": c}) for c in (1.0, 3.0, 10.0)),
    *(("svm", {"kernel": "linear", "c": c}) for c in (0.01, 0.1, 1.0)),
    ("svm", {"kernel": "poly", "c": 1.0}),
    ("random_forest", {"n_trees": 300, "min_leaf": 1}),
]
SLOW: list[tuple[str, dict[str, Any]]] = [
    ("xgboost", {"max_depth": 3, "eta": 0.1, **BOOST}),
    ("xgboost", {"max_depth": 6, "eta": 0.3, **BOOST}),
    ("mlp", {"hidden": "256-128-64", "dropout": 0.3, "optimiser": "adam", **MLP}),
]
"""Scored, too, but not among those that are chosen from within folds: they stop on a part of their own."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    table = read_table(given.table, feature_set="kaggle57", taxonomy=GTZAN)
    faulty = registry.never_train(gtzan.DATASET)
    tracks, _ = with_rows(gtzan.DATASET, gtzan.load(given.data).tracks, table)
    sound = tuple(track for track in tracks if track.id not in faulty)
    joined = join(table, gtzan.split("fault-filtered").part(sound, "train+valid"))
    tracks, rows = joined.tracks, joined.table.values
    targets = np.array([GTZAN.index(track.genre) for track in tracks])
    results = []
    for recipe in recipes([*CANDIDATES, *SLOW]):
        started = time.process_time()
        right = [answer(recipe, tracks, rows, targets, seed=seed) == targets for seed in SEEDS]
        results.append(
            {
                "classifier": recipe.classifier.name,
                "options": dict(recipe.classifier.options),
                "log_variances": recipe.features.log_variances,
                "accuracy": round(float(np.mean(right)), 4),
                "by_seed": [round(float(one.mean()), 4) for one in right],
                "cpu_s": round(time.process_time() - started, 1),
            }
        )
        print(results[-1], flush=True)
    results.sort(key=lambda row: -row["accuracy"])
    document = {
        "n_tracks": len(tracks),
        "n_artists": len({track.group for track in tracks}),
        "folds": 5,
        "seeds": list(SEEDS),
        "candidates": results,
        "chosen_within": chosen_within(tracks, rows, targets),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(given.out, json.dumps(document, indent=1) + "\n")


def recipes(candidates: list[tuple[str, dict[str, Any]]]) -> list[TabularRecipe]:
    """Each with the descriptors as they are, and with its variances' logarithms."""
    return [
        TabularRecipe(
            name=name,
            system="genrelens",
            summary="a candidate",
            features=FeatureRecipe("kaggle57", 30, log_variances=logged),
            classifier=ClassifierRecipe(name, options),
            stop_share=0.15 if name in STOPPING else 0.0,
        )
        for name, options in candidates
        for logged in (False, True)
    ]


def answer(
    recipe: TabularRecipe,
    tracks: tuple[Track, ...],
    rows: NDArray[np.float64],
    targets: NDArray[np.int64],
    *,
    seed: int,
) -> NDArray[np.int64]:
    """Each track's genre by a model that has not heard its artist."""
    place = {track.id: i for i, track in enumerate(tracks)}
    said = np.zeros(len(tracks), dtype=np.int64)
    for fold in grouped_folds(tracks, n_folds=5, seed=seed):
        learn, test = fold.part(tracks, "train"), fold.part(tracks, "test")
        its = [place[track.id] for track in test]
        said[its] = fitted_scores(recipe, learn, place, rows, targets, seed=seed)(rows[its]).argmax(axis=1)
    return said


def fitted_scores(
    recipe: TabularRecipe,
    learn: tuple[Track, ...],
    place: dict[str, int],
    rows: NDArray[np.float64],
    targets: NDArray[np.int64],
    *,
    seed: int,
) -> Any:
    held: tuple[Track, ...] = ()
    if recipe.stop_share:
        learn, held = hold_out(learn, fraction=recipe.stop_share, seed=seed)
    some, stop = ([place[track.id] for track in part] for part in (learn, held))
    return fit_tabular(
        recipe,
        rows[some],
        classes=targets[some],
        stop_rows=rows[stop],
        stop_classes=targets[stop],
        n_classes=len(GTZAN),
        seed=seed,
    ).scores


def chosen_within(tracks: tuple[Track, ...], rows: NDArray[np.float64], targets: NDArray[np.int64]) -> dict[str, Any]:
    """Accuracy out of fold where each fold's candidate was chosen by the other folds alone."""
    place = {track.id: i for i, track in enumerate(tracks)}
    said = np.zeros(len(tracks), dtype=np.int64)
    chosen = []
    for fold in grouped_folds(tracks, n_folds=5, seed=0):
        learn, test = fold.part(tracks, "train"), fold.part(tracks, "test")
        inner = [place[track.id] for track in learn]
        accuracies = [
            float(np.mean(answer(recipe, learn, rows[inner], targets[inner], seed=0) == targets[inner]))
            for recipe in recipes(CANDIDATES)
        ]
        best = recipes(CANDIDATES)[int(np.argmax(accuracies))]
        chosen.append(
            {
                "classifier": best.classifier.name,
                "options": dict(best.classifier.options),
                "log_variances": best.features.log_variances,
                "accuracy_within": round(max(accuracies), 4),
            }
        )
        its = [place[track.id] for track in test]
        said[its] = fitted_scores(best, learn, place, rows, targets, seed=0)(rows[its]).argmax(axis=1)
    right = (said == targets).astype(np.float64)
    interval = grouped_bootstrap(mean_statistic(right), groups=[track.group for track in tracks], seed=0)
    return {
        "accuracy": round(interval.value, 4),
        "low": round(interval.low, 4),
        "high": round(interval.high, 4),
        "chosen": chosen,
    }


if __name__ == "__main__":
    main()
