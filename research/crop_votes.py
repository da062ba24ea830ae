"""Whether a clip's crops, voting, beat its first crop alone: the same models, the same tracks, paired.

    python research/crop_votes.py runs/cnn-5s --data ../shared/data/gtzan

The folder is a finished cross-validation. Each fold's model answers the fold that it has not heard: by all its windows,
pooled as in every prediction, and by the first window that is not silent, alone. The difference is paired over the same
tracks, its interval a bootstrap over artists. Writes docs/results/RECIPE/crop-votes.json.
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
SCHEMA = "genrelens.crop-votes/1"


@dataclasses.dataclass(frozen=True)
class Answered:
    """One track: whether the vote and the first crop alone named its genre."""

    group: str
    genre: str
    voted: bool
    first: bool
    n_crops: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a cross-validation")
    parser.add_argument("--data", required=True, type=Path)
    args = parser.parse_args()
    pooled = Report.read(args.run / "report.json")
    paths = {track.id: track.path for track in registry.load(args.data, dataset=pooled.dataset)}
    rows: list[Answered] = []
    for fold in sorted(args.run.glob("fold-*")):
        rows += answers(Bundle.load(fold / "bundle"), Report.read(fold / "report.json"), paths)
    full = [name for name in pooled.names if name not in pooled.experimental]
    document = {
        "schema": SCHEMA,
        "model": pooled.model,
        "split": pooled.split,
        "command": f"python research/crop_votes.py runs/{pooled.model} --data GTZAN",
        "crops_a_track": float(np.median([row.n_crops for row in rows])),
        "full_genres": figures([row for row in rows if row.genre in full]),
        "all_genres": figures(rows),
    }
    write_whole(RESULTS / pooled.model / "crop-votes.json", json.dumps(document, indent=1) + "\n")
    print(json.dumps(document, indent=1))


def answers(bundle: Bundle, report: Report, paths: dict[str, Path]) -> list[Answered]:
    """The tracks of a fold's report, answered again with their windows."""
    rows = []
    for row in report.tracks:
        prediction = bundle.predict(paths[row.id])
        heard = prediction.window_probabilities[~np.isnan(prediction.window_probabilities).any(axis=1)]
        if not len(heard):
            continue
        voted = bundle.names[int(prediction.probabilities.argmax())]
        if voted != row.predicted:
            raise SystemExit(f"{row.id}: {voted} now, {row.predicted} in the report; was the run moved or changed?")
        first = bundle.names[int(heard[0].argmax())]
        rows.append(Answered(row.group, row.genre, voted == row.genre, first == row.genre, len(heard)))
    return rows


def figures(rows: list[Answered]) -> dict[str, object]:
    """Accuracies of both and what the vote gains, each with its interval over artists."""
    groups = [row.group for row in rows]
    voted, first = [row.voted for row in rows], [row.first for row in rows]
    gain = paired_bootstrap(voted, correct_b=first, groups=groups, seed=0)
    return {
        "n_tracks": len(rows),
        "n_artists": len(set(groups)),
        **{
            name: dataclasses.asdict(grouped_bootstrap(mean_statistic(np.array(right, float)), groups=groups, seed=0))
            for name, right in (("voted", voted), ("first_crop", first))
        },
        "gain": dataclasses.asdict(gain),
        "n_only_voted": sum(v and not f for v, f in zip(voted, first, strict=True)),
        "n_only_first": sum(f and not v for v, f in zip(voted, first, strict=True)),
    }


if __name__ == "__main__":
    main()
