"""How near frontend.image comes to Kaggle's published pictures, over every clip that is here as sound and as picture.

    python research/picture_parity.py --data ../shared/data

``--data`` is the folder above ``gtzan`` (Ogg Vorbis, made from the original samples) and ``gtzan_lossless`` (these
samples). Writes docs/results/picture-parity.json. Facts about the drawing are no training, so the clips that the split
leaves out take part.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from genrelens import audio
from genrelens.data import gtzan
from genrelens.data.gtzan.facts import clip_id
from genrelens.data.pictures import read_png
from genrelens.files import write_whole
from genrelens.frontend import image

OUT = Path(__file__).resolve().parents[1] / "docs/results/picture-parity.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    data = parser.parse_args().data
    pictures = gtzan.pictures(data / "gtzan")
    made = {}
    for name, pattern in (("lossless", "gtzan_lossless/*/*"), ("ogg", "gtzan/genres_original/*/*")):
        correlations, same = [], []
        for path in sorted(data.glob(pattern)):
            if (published := pictures.get(clip_id(path.name) or "")) is None:
                continue
            clip = audio.load(path, sample_rate=image.SETTINGS.sample_rate)
            drawn = image.picture(clip.samples, sample_rate=clip.sample_rate)
            seen = image.from_pixels(read_png(published, size_px=image.SIZE_PX))
            correlations.append(float(np.corrcoef(drawn.ravel(), seen.ravel())[0, 1]))
            same.append(float((drawn == seen).mean()))
        made[name] = {
            "n_clips": len(correlations),
            "correlation": {"mean": round(float(np.mean(correlations)), 6), "least": round(min(correlations), 6)},
            "pixels_of_the_same_level": {"mean": round(float(np.mean(same)), 5), "least": round(min(same), 5)},
        }
        print(name, made[name])
    write_whole(OUT, json.dumps({"schema": "genrelens.picture-parity/1", **made}, indent=1) + "\n")


if __name__ == "__main__":
    main()
