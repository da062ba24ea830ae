"""How much of a map is the orders that its parts went in: the default method twice, by other seeds.

    python research/order_noise.py --model base --data GTZAN

Rank correlation of the scores of the same piece, by two seeds of the orders; over seconds, and over the cells of the
map. 1 would mean that orders do not matter. The mean over 25 tracks of train, with its interval over artists. Writes
docs/explain/order-noise-MODEL.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from genrelens.bundle import Bundle
from genrelens.data import registry
from genrelens.data.registry import find_split
from genrelens.explanation.faithfulness.sample import sample
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.baselines import BASELINES
from genrelens.explanation.methods.occlusion import permutation_losses, scores
from genrelens.explanation.methods.scoring import ORDERS_OF_CELLS, ORDERS_OF_SEGMENTS
from genrelens.explanation.sound import stretch
from genrelens.files import write_whole
from genrelens.metrics import grouped_bootstrap, mean_statistic
from genrelens.metrics.permutation import spearman

OUT = Path(__file__).resolve().parents[1] / "docs/explain"
N_TRACKS, SEEDS = 25, (0, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a bundle")
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args()
    bundle = Bundle.load(given.model)
    loaded = registry.open_dataset(given.data)
    name, tracks = loaded.dataset, loaded.tracks
    split = find_split(None, dataset=name, tracks=tracks)
    faulty = registry.never_train(name)
    chosen = sample([track for track in split.part(tracks, "train") if track.id not in faulty], n=N_TRACKS)
    agreement: dict[str, list[float]] = {"time": [], "time-frequency": []}
    for track in chosen:
        path = Path(track.path)
        prediction = bundle.predict(path)
        genre = int(np.argmax(prediction.probabilities))
        sound = stretch(path, bundle=bundle, prediction=prediction, genre=genre)
        hearing = Hearing(bundle, sound.frames)
        grid = hearing.grid
        parts = {"time": (grid.segments, ORDERS_OF_SEGMENTS), "time-frequency": (grid.cells, ORDERS_OF_CELLS)}
        stand_ins = [make(hearing.frames, hearing.front_end) for make in BASELINES.values()]
        for domain, (its, n_orders) in parts.items():
            losses = [
                permutation_losses(hearing, its, baselines=stand_ins, n_orders=n_orders, seed=seed) for seed in SEEDS
            ]
            maps = [scores(hearing, hearing.logits - lost, genre=genre) for lost in losses]
            agreement[domain].append(spearman(*maps))
    groups = [track.group for track in chosen]
    document = {
        "model": bundle.name,
        "model_hash": bundle.hash,
        "n_tracks": len(chosen),
        "ids": [track.id for track in chosen],
        "agreement": {
            domain: {
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "tracks": [round(value, 4) for value in values],
            }
            for domain, values in agreement.items()
            for found in [grouped_bootstrap(mean_statistic(values), groups=groups, seed=0)]
        },
    }
    write_whole(OUT / f"order-noise-{bundle.name}.json", json.dumps(document, indent=1) + "\n")
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
