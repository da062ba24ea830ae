"""Fit the detector of what is no music: ``src/genrelens/models/weights/not-music.npz``.

    python tools/other_sounds.py --out SOUNDS --group choice
    python tools/fit_not_music.py --data ../shared/data --sounds SOUNDS

A logistic regression over musicnn's embedding of single windows, of real sound and real music, chosen by
tools/choose_screens.py (docs/other-music.md). Its limit is what 2 % of left-out music exceeds.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from choose_screens import MUSIC, STRENGTHS, fit, gather, left_out, shares
from other_music.material import arguments

from genrelens.files import write_whole
from genrelens.training.screens import limit_among

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "src/genrelens/models/weights/not-music.npz"
PATH = tuple(c for c in STRENGTHS if c <= 0.1)
"""Fitted from the strongest penalty on, each beginning where the one before ended, as when it was chosen."""
SYNTHESISED = False
LIMIT_SHARE = 0.02
LEFT_OUT = ROOT / "docs/results/genrelens-base/not-music.json"
"""What detectors say of sounds that they have not learnt from, for tools/abstention_report.py."""


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--sounds", required=True, type=Path, help="folder that other_sounds.py wrote")
    args = parser.parse_args()
    sounds = gather(args.data, args.sounds, args.cache)
    windows = sounds.numbers("roots")
    everything = np.ones(len(sounds.kind), dtype=bool)
    values = np.zeros(len(sounds.kind))
    for learn, judge in left_out(sounds, 0):
        *_, (weight, bias) = fit(windows, shares(sounds, learn, synthesised=SYNTHESISED), sounds.music, c=PATH)
        values[judge] = [float((windows[i] @ weight).mean() + bias) for i in np.flatnonzero(judge)]
    limit = limit_among([values[sounds.kind == source] for source in MUSIC], LIMIT_SHARE)
    *_, (weight, bias) = fit(windows, shares(sounds, everything, synthesised=SYNTHESISED), sounds.music, c=PATH)
    gtzan = sounds.kind == "gtzan"
    with HOME.with_suffix(".part").open("wb") as file:
        np.savez_compressed(
            file,
            weight=weight.astype(np.float32),
            bias=np.float32(bias),
            limit=np.float64(limit),
            dataset=np.array("gtzan"),
            heard=sounds.ids[gtzan],
            out_of_fold=values[gtzan].astype(np.float32),
        )
    HOME.with_suffix(".part").replace(HOME)
    said = {id_: round(float(value), 3) for id_, value in zip(sounds.ids.tolist(), values, strict=True)}
    write_whole(LEFT_OUT, json.dumps({"limit": limit, "values": said}, indent=0) + "\n")
    for kind in dict.fromkeys(sounds.kind.tolist()):
        print(f"{kind}: {(values[sounds.kind == kind] > limit).mean():.3f} beyond the limit {limit:.3f}, left out")


if __name__ == "__main__":
    main()
