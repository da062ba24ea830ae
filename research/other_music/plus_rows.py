"""mn04's numbers of the clips and cuts that heads are learnt from, for ``head.py --plus``: the mean over windows.

    genrelens weights fetch plus
    python research/other_music/plus_rows.py --data ../shared/data --out runs/plus-rows.npz

An array (911,) for each id: 384 features, then the logits of AudioSet's 527 classes, the numbers that a model with mn04
beside it adds for the whole track.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from material import FULL, arguments, cuts_of, thin_cuts, whole_clips

from genrelens.features.mn04 import mn04_windows


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    clips = whole_clips(args.data)
    tracks = (*clips, *thin_cuts(args.data), *cuts_of([clip for clip in clips if clip.genre in FULL]))
    windows = mn04_windows(tracks, cache=args.cache)
    rows = {track.id: one.mean(axis=0, dtype=np.float64) for track, one in zip(tracks, windows, strict=True)}
    np.savez(args.out, **rows)
    print(f"{len(rows)} clips and cuts: {args.out}")


if __name__ == "__main__":
    main()
