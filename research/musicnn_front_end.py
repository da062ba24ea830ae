"""What musicnn's features are worth with other levels and patches: the tables of docs/musicnn.md.

    python research/musicnn_front_end.py ../shared/data/gtzan

Logistic regression (C = 0.01; 0.003 where copies at other gains are trained on) on standardised maxima and means over
each patch, averaged over a clip's patches side by side. GTZAN's clips of the fault-filtered train and valid parts, the
genres of which there are 20 in train; 5 folds by artist, seeds 0 to 2. Takes some ten minutes on one core.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genrelens.data import gtzan
from genrelens.data.splits.folds import grouped_folds
from genrelens.features.frame_cache import FrameCache
from genrelens.frontend.mel import MelSettings, compress
from genrelens.models import musicnn

AS_IT_IS = MelSettings(
    sample_rate=16000,
    n_fft=512,
    hop_length=256,
    n_mels=96,
    fmin_hz=0.0,
    fmax_hz=None,
    htk=False,
    top_db=None,
    log_factor=10_000.0,
)
GAINS_DB = (-12, -6, 6, 12)
LEVELS = (0.1, 0.2, 0.4)
Rows = NDArray[np.float32]


@torch.inference_mode()
def row(network: musicnn.Musicnn, power: Rows, settings: MelSettings, n_frames: int) -> Rows:
    """Maxima and means (512,) of a clip's power (n, 96)."""
    n_frames = min(n_frames, len(power))
    starts = range(0, len(power) - n_frames + 1, n_frames)
    patches = compress(np.stack([power[start : start + n_frames] for start in starts]), settings=settings)
    made = network(torch.from_numpy(patches))
    pooled: Rows = torch.cat([made.max_pool, made.mean_pool], dim=1).mean(dim=0).numpy()
    return pooled


def ways() -> dict[str, tuple[MelSettings, float, int]]:
    """By name: settings, gain in dB, frames of a patch."""
    three_s = musicnn.PATCH_FRAMES
    found = {"as it is": (AS_IT_IS, 0.0, three_s)}
    found |= {f"{gain:+d} dB": (AS_IT_IS, float(gain), three_s) for gain in GAINS_DB}
    for level in LEVELS:
        settings = dataclasses.replace(AS_IT_IS, level=level)
        found[f"level {level}"] = (settings, 0.0, three_s)
        if level == 0.2:
            found |= {f"level 0.2 {gain:+d} dB": (settings, float(gain), three_s) for gain in GAINS_DB}
    return found | {"6 s": (AS_IT_IS, 0.0, 2 * three_s), "30 s": (AS_IT_IS, 0.0, 10**9)}


def classifier(c: float = 0.01) -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=2000))


def main() -> None:
    everything = gtzan.load(Path(sys.argv[1])).tracks
    split = gtzan.split("fault-filtered")
    counts = Counter(track.genre for track in split.part(everything, "train", allow_missing=True))
    tracks = [track for track in split.part(everything, "train+valid", allow_missing=True) if counts[track.genre] >= 20]
    torch.set_num_threads(1)
    network = musicnn.pretrained()
    with tempfile.TemporaryDirectory() as folder:
        cache = FrameCache(folder, AS_IT_IS)
        if errors := cache.fill(tracks):
            raise SystemExit(f"not readable: {errors}")
        power = [np.asarray(cache.frames(track)) for track in tracks]
    too_loud = np.array([np.mean(one > np.finfo(np.float16).max / 10_000) for one in power])
    print(
        f"cells that the original's float16 makes infinite: {100 * too_loud.mean():.1f} %, "
        f"in {100 * np.mean(too_loud > 0):.0f} % of the clips"
    )
    rows = {
        name: np.stack([row(network, one * np.float32(10 ** (gain / 10)), settings, n_frames) for one in power])
        for name, (settings, gain, n_frames) in ways().items()
    }
    genres = np.array([track.genre for track in tracks])
    at = {track.id: i for i, track in enumerate(tracks)}
    folds = [
        (np.array([at[id_] for id_ in fold.parts["train"]]), np.array([at[id_] for id_ in fold.parts["test"]]))
        for seed in range(3)
        for fold in grouped_folds(tracks, n_folds=5, seed=seed)
    ]

    def answers(train: list[str], tests: list[str], c: float = 0.01) -> dict[str, NDArray[Any]]:
        """Out-of-fold answers to each of ``tests`` of classifiers that learnt from all of ``train``."""
        given: dict[str, list[NDArray[Any]]] = {test: [] for test in tests}
        for learn, judge in folds:
            model = classifier(c).fit(
                np.concatenate([rows[name][learn] for name in train]), np.tile(genres[learn], len(train))
            )
            for test in tests:
                given[test].append(model.predict(rows[test][judge]))
        return {test: np.concatenate(parts) for test, parts in given.items()}

    truth = np.concatenate([genres[judge] for _, judge in folds])
    print(f"{len(tracks)} clips, {len(set(genres))} genres; accuracy out of fold, then the labels that gains change")
    gains = [f"{gain:+d} dB" for gain in GAINS_DB]
    levelled = [f"level 0.2 {name}" for name in gains]
    for name, train, tests, c in (
        ("as it is", ["as it is"], ["as it is", *gains], 0.01),
        ("copies at four gains", ["as it is", *gains], ["as it is", *gains], 0.003),
        ("level 0.2", ["level 0.2"], ["level 0.2", *levelled], 0.01),
    ):
        plain, *changed = answers(train, tests, c).values()
        shares = "  ".join(f"{100 * np.mean(one != plain):.1f}" for one in changed)
        print(f"{name:22s} {100 * np.mean(plain == truth):.1f}   {shares}")
    for name in ("level 0.1", "level 0.4", "6 s", "30 s"):
        print(f"{name:22s} {100 * np.mean(answers([name], [name])[name] == truth):.1f}")
    crossed = answers(["as it is"], ["30 s"])["30 s"]
    print(f"{'learnt 3 s, asked 30 s':22s} {100 * np.mean(crossed == truth):.1f}")


if __name__ == "__main__":
    main()
