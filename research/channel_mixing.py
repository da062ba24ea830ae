"""Ways from two channels to one, by how many labels they change: docs/results/NAME/channel_mixing.json.

    python research/channel_mixing.py --data ../shared/data/gtzan       about a quarter of an hour on one core

Clips of train + valid are made into stereo whose channels disagree, mixed in three ways, and answered out of fold as in
tools/robustness.py: the plain average; the rule of ``genrelens.audio.downmix``, which is what predict does; and the
average of the channels' mel *power*, which cannot cancel but computes every front end once a channel.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genrelens.audio import load
from genrelens.bundle import Bundle
from genrelens.bundle.coverage import COVERAGE
from genrelens.bundle.frame_stream import take_frames
from genrelens.bundle.heard import Heard
from genrelens.data.track import Track, under_supported
from genrelens.files import write_whole
from genrelens.frontend.mel import MelSettings, mel_power
from genrelens.metrics import fit_temperature, log_softmax
from genrelens.parallel import map_each
from genrelens.recipe import TabularRecipe
from genrelens.schema import encode, json_text

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from robustness import N_FOLDS, PARTS, RESULTS, SEED, SPLIT, change, out_of_fold, tracks_of
from variants import INVERTED, ONE_SIDE, Samples, both

SCHEMA = "genrelens.channel_mixing/1"
STEREO: dict[str, Callable[[Samples], Samples]] = {
    "stereo-apart": lambda x: both(x, right_db=-3.0, delay=2),
    "stereo-inverted": lambda x: both(x) * INVERTED,
    "stereo-one": lambda x: both(x) * ONE_SIDE,
    "stereo-partly-inverted": lambda x: both(x, right_db=-6.0) * INVERTED,
}
"""Of a clip (n,) at 22,050 Hz; the first three stand in ``tools/variants.py``, too."""
MIXES = ("average", "downmix", "power")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of GTZAN")
    parser.add_argument("--model", default="base", help="bundle to ask")
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    bundle = Bundle.load(args.model)
    recipe = TabularRecipe.from_dict(bundle.manifest.training.recipe, where=f"the bundle {bundle.name}")
    tracks, taxonomy = tracks_of(args.data)
    each = [None] * len(tracks)
    answers: list[dict[str, NDArray[np.float32]] | None] = list(each)
    one = partial(embeddings, bundle)
    for i, found in map_each(one, [track.path for track in tracks], n_workers=args.workers, died=died):
        answers[i] = found
    rows = {name: np.stack([found[name] for found in answers if found is not None]) for name in answers[0] or ()}
    write_whole(
        RESULTS / bundle.name / "channel_mixing.json",
        json_text(report(bundle, recipe, tracks, rows, names=taxonomy.names)),
    )


def embeddings(bundle: Bundle, path: Path) -> dict[str, NDArray[np.float32]]:
    """What the model reads of one clip, as it came and by each kind of stereo and each mix."""
    clip = load(path)
    predict = partial(bundle.predict, sample_rate=clip.sample_rate)
    found = {"original": predict(clip.samples).embedding}
    for kind, make in STEREO.items():
        frames = make(clip.samples)
        found[f"{kind} average"] = predict(frames.mean(axis=1)).embedding
        found[f"{kind} downmix"] = predict(frames).embedding
        found[f"{kind} power"] = by_power(bundle, frames, rate=clip.sample_rate)
    return found


def by_power(bundle: Bundle, frames: Samples, *, rate: int) -> NDArray[np.float32]:
    """The embedding of the mean of the channels' mel power."""
    import soxr

    manifest = bundle.manifest
    settings = manifest.front_end
    assert isinstance(settings, MelSettings) and manifest.windows is not None
    channels = [soxr.resample(side, rate, settings.sample_rate, quality="HQ") for side in frames.T]
    power = np.mean([mel_power(side, settings=settings) for side in channels], axis=0, dtype=np.float32)
    heard = Heard(manifest, run=bundle.outputs, batch_windows=8)
    take_frames([power], heard, settings=settings, windows=manifest.windows)
    return heard.prediction(
        duration_s=len(frames) / rate, notes=(), coverage=COVERAGE, embedding_size=0, model_hash=bundle.hash
    ).embedding


def report(
    bundle: Bundle,
    recipe: TabularRecipe,
    tracks: Sequence[Track],
    rows: dict[str, NDArray[np.float32]],
    *,
    names: Sequence[str],
) -> dict[str, object]:
    """Labels changed over the full genres, by kind of stereo and mix."""
    classes = np.array([names.index(track.genre) for track in tracks])
    logits = out_of_fold(recipe, tracks, rows, classes=classes, n_classes=len(names), seed=SEED)
    temperature = fit_temperature(logits["original"], targets=classes)
    probabilities = {name: np.exp(log_softmax(value / temperature)) for name, value in logits.items()}
    thin = under_supported(bundle.manifest.taxonomy, tracks)
    full = np.array([track.genre not in thin for track in tracks])
    groups = np.array([track.group for track in tracks])
    changes = [
        change(f"{kind} {mix}", probabilities, classes=classes, groups=groups, among=full, genres="full")
        for kind in STEREO
        for mix in MIXES
    ]
    return {
        "schema": SCHEMA,
        "model": bundle.name,
        "model_hash": bundle.hash,
        "measured": f"out of fold over {PARTS} of the split {SPLIT}, {N_FOLDS} folds by artist, seed {SEED}",
        "changes": [encode(each) for each in changes],
    }


def died(path: Path) -> dict[str, NDArray[np.float32]]:
    raise RuntimeError(f"a process died over {path}")


if __name__ == "__main__":
    main()
