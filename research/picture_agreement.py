"""Whether a model that has learnt from pictures answers the sound of a clip as it answers its picture, out of fold.

    python research/picture_agreement.py runs/cnn-png --data ../shared/data/gtzan

The folder is a finished cross-validation of a recipe that learns from pictures. Each fold's model answers the sound of
those clips of its fold that are here as sound, too. Writes docs/results/RECIPE/sound-agreement.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np

from genrelens.bundle import Bundle
from genrelens.data import registry
from genrelens.evaluation.report import Report
from genrelens.files import write_whole
from genrelens.metrics import grouped_bootstrap, mean_statistic, paired_bootstrap

RESULTS = Path(__file__).resolve().parents[1] / "docs/results"
SCHEMA = "genrelens.picture-agreement/1"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a cross-validation")
    parser.add_argument("--data", required=True, type=Path)
    args = parser.parse_args()
    pooled = Report.read(args.run / "report.json")
    sound = {track.id: track for track in registry.load(args.data, dataset=pooled.dataset)}
    groups, looked, listened, same, apart = [], [], [], [], []
    for fold in sorted(args.run.glob("fold-*")):
        bundle = Bundle.load(fold / "bundle")
        for row in Report.read(fold / "report.json").tracks:
            if row.id not in sound or row.probabilities is None:
                continue
            heard = bundle.predict(sound[row.id].path)
            guess = bundle.names[int(np.argmax(heard.probabilities))]
            groups.append(row.group)
            looked.append(row.predicted == row.genre)
            listened.append(guess == row.genre)
            same.append(guess == row.predicted)
            apart.append(float(np.abs(heard.probabilities - np.array(row.probabilities)).max()))
    right = {"picture": looked, "sound": listened, "same_guess": same}
    document = {
        "schema": SCHEMA,
        "model": pooled.model,
        "split": pooled.split,
        "command": f"python research/picture_agreement.py runs/{pooled.model} --data GTZAN",
        "n_tracks": len(groups),
        "n_artists": len(set(groups)),
        **{
            name: dataclasses.asdict(grouped_bootstrap(mean_statistic(np.array(values, float)), groups=groups, seed=0))
            for name, values in right.items()
        },
        "sound_minus_picture": dataclasses.asdict(paired_bootstrap(listened, correct_b=looked, groups=groups, seed=0)),
        "largest_difference_of_probabilities": {
            "median": round(float(np.median(apart)), 4),
            "ninth_decile": round(float(np.quantile(apart, 0.9)), 4),
        },
    }
    write_whole(RESULTS / pooled.model / "sound-agreement.json", json.dumps(document, indent=1) + "\n")
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
