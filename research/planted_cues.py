"""Planted cues: do explanations point where the reason is, when the reason is known?

    python research/planted_cues.py --work runs/planted --seed 1
    python research/planted_cues.py --work runs/planted-quiet --seed 1 --cue-db -6

Pieces of 8 s of genrelens' synthetic music, all styles alike in every class; what makes the class is a cue of 1.5 s
somewhere in the piece: a band of noise in the class's own range of frequencies. A fifth class has no cue, or one of the
four could be named because the other three cues are not there, and that is a reason without a place. A network is
trained on them (early stopping on pieces of its own). Asked for the reason are pieces that it has not met, names
rightly, and names as without a cue when theirs is left out: then the cue is the reason. A hit in time: the middle of
the highest segment lies in the cue. A hit in band: the middle of the highest range of frequencies (by the logarithm)
lies in the cue's. Writes docs/explain/planted-cues-seed-S-D-dB.json.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.stats import binomtest

from genrelens.bundle import Bundle
from genrelens.data import synthetic
from genrelens.data.track import Track
from genrelens.explanation.faithfulness.judging import CONTROLS, control_scores
from genrelens.explanation.faithfulness.sample import methods_of
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.scoring import score
from genrelens.explanation.sound import stretch
from genrelens.files import write_whole
from genrelens.recipe import Recipe
from genrelens.schema import json_text
from genrelens.taxonomy import Taxonomy
from genrelens.training.run import Origin, Training
from genrelens.training.train import train_once

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs/explain"
RATE, DURATION_S, CUE_S = 16000, 8.0, 1.5
CUES_HZ: Mapping[str, tuple[float, float]] = {
    "low": (150.0, 300.0),
    "middle": (750.0, 1500.0),
    "high": (2000.0, 3000.0),
    "top": (4000.0, 6000.0),
}
"""Each class's range: two of the ranges that explanations are cut into at most."""
NO_CUE = "none"
N_TRAIN, N_STOP, N_TEST = 60, 15, 25
"""Pieces of each class."""
RECIPE: Mapping[str, Any] = {
    "name": "planted-cues",
    "system": "genrelens",
    "summary": "A small mel transformer over whole pieces of 8 s",
    "front_end": {
        "sample_rate": RATE,
        "n_fft": 1024,
        "hop_length": 512,
        "n_mels": 64,
        "fmin_hz": 0.0,
        "htk": False,
        "top_db": 80.0,
    },
    "windows": {"n_frames": 248, "hop_frames": 248},
    "model": {
        "architecture": "mel_transformer",
        "options": {
            "stem": "16-32-32",
            "stem_dropout": 0.0,
            "n_layers": 2,
            "n_heads": 2,
            "d_model": 48,
            "d_hidden": 96,
            "dropout": 0.1,
        },
    },
    "augment": {
        "time_stretch": 0.0,
        "eq_db": 0.0,
        "band_shift": 0,
        "n_masks": 0,
        "time_mask": 0.0,
        "band_mask": 0,
        "mixup_alpha": 0.0,
    },
    "training": {
        "max_epochs": 60,
        "batch_size": 16,
        "learning_rate": 2e-3,
        "weight_decay": 0.01,
        "warmup_epochs": 2,
        "schedule": "cosine",
        "label_smoothing": 0.0,
        "average_decay": 0.0,
        "patience": 12,
        "stop_on": "valid",
        "stop_share": 0.2,
        "precision": "32-true",
    },
}


@dataclass(frozen=True, slots=True)
class Planted:
    """A piece with its cue's place, and the file of the same piece without it."""

    track: Track
    start_s: float
    without_cue: Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("runs/planted"), help="folder for pieces and run")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cue-db", type=float, default=0.0, help="level of the cue against the whole background")
    given = parser.parse_args()
    taxonomy = Taxonomy((*CUES_HZ, NO_CUE))
    pieces = write_pieces(given.work / "pieces", seed=given.seed, cue_db=given.cue_db)
    parts = {name: [piece for key, piece in pieces.items() if key[1] == name] for name in ("train", "stop", "test")}
    run = given.work / "run"
    training = Training(
        Recipe.from_dict(RECIPE, where="planted cues"),
        Origin(taxonomy, "planted-cues", "by seed"),
        learn=tuple(piece.track for piece in parts["train"]),
        stop=tuple(piece.track for piece in parts["stop"]),
        stop_part="pieces of its own",
        seed=given.seed,
    )
    bundle = Bundle.load(train_once(training, out=run, cache=given.work / "cache"))
    document = {"cue_db": given.cue_db, **judge(bundle, parts["test"], seed=given.seed)}
    OUT.mkdir(parents=True, exist_ok=True)
    write_whole(OUT / f"planted-cues-seed-{given.seed}-{given.cue_db:g}-dB.json", json_text(document))
    print(json.dumps({key: value for key, value in document.items() if key != "pieces"}, indent=1))


def write_pieces(folder: Path, *, seed: int, cue_db: float) -> dict[tuple[str, str, int], Planted]:
    """Pieces by (class, part, number): as many of each style in each class, each with a seed of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    styles = list(synthetic.STYLES)
    made = {}
    for c, name in enumerate((*CUES_HZ, NO_CUE)):
        for p, (part, n) in enumerate((("train", N_TRAIN), ("stop", N_STOP), ("test", N_TEST))):
            for i in range(n):
                rng = np.random.default_rng([seed, c, p, i])
                start_s = float(rng.uniform(0, DURATION_S - CUE_S))
                path, without = (folder / f"{name}-{part}-{i:03}{end}.wav" for end in ("", "-without"))
                if not path.exists():
                    style = synthetic.STYLES[styles[i % len(styles)]].name
                    background = synthetic.render(
                        style, seed=int(rng.integers(2**31)), duration_s=DURATION_S, sample_rate=RATE
                    ).samples
                    cued = background
                    if name in CUES_HZ:
                        cued = with_cue(background, CUES_HZ[name], start_s=start_s, cue_db=cue_db, rng=rng)
                    if part == "test":
                        soundfile.write(without, background, RATE)
                    soundfile.write(path, cued, RATE)
                made[name, part, i] = Planted(
                    Track(f"{name}.{part}.{i:03}", path, name, f"{name} {part} {i}", "planted-cues", None),
                    start_s,
                    without,
                )
    return made


def with_cue(
    background: NDArray[np.float32],
    range_hz: tuple[float, float],
    *,
    start_s: float,
    cue_db: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """The background with noise in a range of frequencies for 1.5 s, ``cue_db`` above the whole background's level."""
    n = round(CUE_S * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    hz = np.fft.rfftfreq(n, 1 / RATE)
    spectrum[(hz < range_hz[0]) | (hz > range_hz[1])] = 0
    noise = np.fft.irfft(spectrum, n) * np.hanning(n) ** 0.25
    level = float(np.sqrt(np.mean(np.square(background, dtype=np.float64)))) * 10 ** (cue_db / 20)
    noise *= level / np.sqrt(np.mean(np.square(noise)))
    sound = background.astype(np.float64)
    at = round(start_s * RATE)
    sound[at : at + n] += noise
    loudest = float(np.abs(sound).max())
    made: NDArray[np.float32] = (sound * min(1.0, 0.99 / loudest)).astype(np.float32)
    return made


def judge(bundle: Bundle, test: list[Planted], *, seed: int) -> dict[str, Any]:
    """Hits of every method and control over the pieces whose reason is known to be their cue."""
    # Of chance the closed form is given, what pointing blindly hits.
    methods = [method for method in methods_of(bundle) if method != "random"]
    rows: list[dict[str, Any]] = []
    n_right = n_known = 0
    for piece in test:
        prediction = bundle.predict(piece.track.path)
        if prediction.guess != piece.track.genre:
            continue
        n_right += 1
        if piece.track.genre == NO_CUE or bundle.predict(piece.without_cue).genre != NO_CUE:
            continue
        n_known += 1
        genre = bundle.names.index(piece.track.genre)
        sound = stretch(piece.track.path, bundle=bundle, prediction=prediction, genre=genre)
        hearing = Hearing(bundle, sound.frames)
        edges = hearing.grid.edges
        middles_s = (edges[:-1] + edges[1:]) / 2 / hearing.grid.frames_per_s
        inside = (middles_s >= piece.start_s) & (middles_s <= piece.start_s + CUE_S)
        low_hz, high_hz = CUES_HZ[piece.track.genre]
        for method in methods:
            bands: list[bool] = []
            if method in CONTROLS:
                segments = control_scores(method, hearing, hearing.grid.segments, seed=seed + len(rows))
            else:
                found = score(method, hearing, genre=genre)
                segments = found.segments
                bands = [low_hz <= math.sqrt(max(g.low_hz, 20.0) * g.high_hz) <= high_hz for g in found.groups]
            rows.append(
                {
                    "id": piece.track.id,
                    "method": method,
                    "in_time": bool(inside[int(np.nanargmax(segments))]),
                    "in_band": bool(bands[int(np.argmax(found.bands))]) if bands else None,
                    "even_in_time": round(float(inside.mean()), 3),
                }
            )
    return {
        "model": bundle.name,
        "model_hash": bundle.hash,
        "seed": seed,
        "n_test": len(test),
        "n_right": n_right,
        "n_known": n_known,
        "cue_s": CUE_S,
        "cues_hz": CUES_HZ,
        "methods": [summary(rows, method) for method in methods],
        "pieces": rows,
    }


def summary(rows: list[dict[str, Any]], method: str) -> dict[str, Any]:
    its = [row for row in rows if row["method"] == method]
    in_time = [row["in_time"] for row in its]
    in_band = [row["in_band"] for row in its if row["in_band"] is not None]
    both = [row["in_time"] and row["in_band"] for row in its if row["in_band"] is not None]
    return {
        "method": method,
        "n": len(its),
        **{
            name: None if not hits else share(hits)
            for name, hits in (("in_time", in_time), ("in_band", in_band), ("in_both", both))
        },
        "even_in_time": float(np.mean([row["even_in_time"] for row in its])),
    }


def share(hits: list[bool]) -> dict[str, float]:
    """The share of hits with Wilson's interval."""
    interval = binomtest(sum(hits), len(hits)).proportion_ci(0.95, method="wilson")
    return {"value": sum(hits) / len(hits), "low": float(interval.low), "high": float(interval.high)}


if __name__ == "__main__":
    main()
