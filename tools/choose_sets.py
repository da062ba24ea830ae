"""Which prediction sets to ship: coverage by thirds of confidence, nested, out of fold.

    python tools/choose_head.py --data ../shared/data      # first: it keeps the out-of-fold logits
    python tools/choose_sets.py --data ../shared/data

Writes docs/results/genrelens-base/sets.json and prints its table.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from choose_head import N_FOLDS, NAMES, SEEDS, folds, gather
from numpy.typing import NDArray
from other_music.material import arguments

from genrelens.files import write_whole
from genrelens.metrics import fit_temperature, log_softmax

ROOT: Final = Path(__file__).resolve().parents[1]
COVERAGES: Final = (0.8, 0.9, 0.95)

FloatArray = NDArray[np.float64]


def least_ambiguous(p: FloatArray) -> FloatArray:
    """1 - p of each genre."""
    return 1.0 - p


def adaptive(p: FloatArray, charge: float = 0.0) -> FloatArray:
    """What the likelier genres sum up to, and ``charge`` for each genre beyond the second."""
    order = np.argsort(-p, axis=1, kind="stable")
    before = np.cumsum(np.take_along_axis(p, order, 1), axis=1) - np.take_along_axis(p, order, 1)
    before += charge * np.maximum(np.arange(p.shape[1]) - 1, 0)
    made = np.empty_like(p)
    np.put_along_axis(made, order, before, 1)
    return made


KINDS: Final[dict[str, Callable[[FloatArray], FloatArray]]] = {
    "least ambiguous": least_ambiguous,
    "adaptive": adaptive,
    "adaptive, charged": lambda p: adaptive(p, 0.05),
}


def threshold(scores: FloatArray, groups: NDArray[np.str_], coverage: float) -> float:
    """The least score that ``coverage`` of the artists' votes lies at or below."""
    names, of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    weight = 1.0 / (len(names) + 1) / sizes[of]
    order = np.argsort(scores)
    reached = np.cumsum(weight[order]) >= coverage - 1e-12
    return float(scores[order][np.argmax(reached)]) if reached.any() else np.inf


def main() -> None:
    args = arguments(__doc__).parse_args()
    rows = gather(args.data, args.cache)
    stored = np.load(args.cache / "head.npz")
    clips = np.flatnonzero(rows.whole)
    groups = np.array([rows.tracks[i].group for i in clips])
    targets = rows.classes[clips]
    table: list[dict[str, Any]] = []
    for kind, score_of in KINDS.items():
        for coverage in COVERAGES:
            parts = []
            for seed in SEEDS:
                logits = stored[f"logits{seed}"][clips]
                chosen, top = np.zeros(logits.shape, dtype=bool), np.zeros(len(clips))
                for _, answer in folds(rows, np.arange(len(rows.classes)), n_folds=N_FOLDS, seed=seed):
                    held = np.isin(clips, answer)
                    t = fit_temperature(logits[~held], targets=targets[~held])
                    p = np.exp(log_softmax(logits / t))
                    scores = score_of(p)
                    at = threshold(scores[~held, targets[~held]], groups[~held], coverage)
                    chosen[held] = (scores[held] <= at + 1e-12) | (p[held] == p[held].max(1, keepdims=True))
                    top[held] = p[held].max(1)
                inside = chosen[np.arange(len(clips)), targets]
                thirds = np.array_split(np.argsort(top, kind="stable"), 3)
                artists = [inside[groups == g].mean() for g in sorted(set(groups))]
                sizes = chosen.sum(1)
                parts.append(
                    [inside.mean(), np.mean(artists), sizes.mean()]
                    + [inside[t].mean() for t in thirds]
                    + [sizes[t].mean() for t in thirds]
                    + [inside[targets == k].mean() for k in range(len(NAMES))]
                )
            mean = np.mean(parts, axis=0)
            table.append(
                {
                    "kind": kind,
                    "coverage": coverage,
                    "clips": round(mean[0], 4),
                    "artists": round(mean[1], 4),
                    "size": round(mean[2], 3),
                    "thirds": np.round(mean[3:6], 4).tolist(),
                    "sizes": np.round(mean[6:9], 3).tolist(),
                    "genres": dict(zip(NAMES, np.round(mean[9:], 4).tolist(), strict=True)),
                    "shortfall": round(float(np.maximum(coverage - mean[3:6], 0.0).max()), 4),
                }
            )
    at_90 = [row for row in table if row["coverage"] == 0.9]
    chosen_kind = min(at_90, key=lambda row: (row["shortfall"], row["size"]))["kind"]
    home = ROOT / "docs/results/genrelens-base/sets.json"
    write_whole(home, json.dumps({"chosen": chosen_kind, "table": table}, indent=1) + "\n")
    for row in table:
        print(row)
    print(chosen_kind)


if __name__ == "__main__":
    main()
