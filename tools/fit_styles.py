"""Fit the styles' scores: ``src/genrelens/training/tag-styles.json``, from the tags of real music.

    python tools/fit_styles.py --data ../shared/data

The music is GTZAN's train and valid and that of the music/speech set, one vote a clip. FMA takes no part: it judges
(docs/other-music.md).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from other_music.material import arguments, unlabelled, whole_clips

from genrelens.bundle import Bundle
from genrelens.files import write_whole
from genrelens.models.musicnn import read_weights
from genrelens.training import styles

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    args = arguments(__doc__).parse_args()
    tracks = (*whole_clips(args.data), *unlabelled(args.data / "other_music/gtzan_music", kind="music"))
    bundle, tags = Bundle.load("base"), read_weights().tags
    rows = []
    for track in tracks:
        found = dict(bundle.predict(track.path).tags)
        p = np.array([found[tag] for tag in tags])
        rows.append(np.log(p) - np.log1p(-p))
    made = styles.fit_styles(np.array(rows, np.float32), tags)
    write_whole(ROOT / "src/genrelens/training" / styles.FILE, styles.to_json(made))
    print(f"{len(made.styles)} styles of {len(tracks)} tracks")


if __name__ == "__main__":
    main()
