"""A recipe, a corpus and a split so small that a training takes a second."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from genrelens.data import Split, Track, synthetic
from genrelens.recipe import Recipe
from genrelens.taxonomy import Taxonomy
from genrelens.training.run import Origin, Training

STYLES = ("drone", "four_on_the_floor", "walking_swing")
TAXONOMY = Taxonomy(STYLES)
TABLE: dict[str, Any] = {
    "name": "tiny",
    "system": "test",
    "summary": "A mel-transformer of a few thousand weights",
    "front_end": {
        "sample_rate": 8000,
        "n_fft": 512,
        "hop_length": 256,
        "n_mels": 32,
        "fmin_hz": 0.0,
        "htk": False,
        "top_db": 80.0,
    },
    "windows": {"n_frames": 64, "hop_frames": 32},
    "model": {
        "architecture": "mel_transformer",
        "options": {
            "stem": "8-8",
            "stem_dropout": 0.1,
            "n_layers": 1,
            "n_heads": 2,
            "d_model": 16,
            "d_hidden": 16,
            "dropout": 0.1,
        },
    },
    "augment": {
        "time_stretch": 0.1,
        "eq_db": 2.0,
        "band_shift": 1,
        "n_masks": 1,
        "time_mask": 0.1,
        "band_mask": 3,
        "mixup_alpha": 0.2,
    },
    "training": {
        "max_epochs": 4,
        "batch_size": 8,
        "learning_rate": 3e-3,
        "weight_decay": 0.01,
        "warmup_epochs": 1,
        "schedule": "cosine",
        "label_smoothing": 0.05,
        "average_decay": 0.0,
        "patience": 10,
        "stop_on": "valid",
        "stop_share": 0.2,
        "precision": "32-true",
    },
}


def recipe(*, augment: Mapping[str, Any] | None = None, **training: Any) -> Recipe:
    """The tiny recipe, with changes to its training and its augmentation."""
    table = json.loads(json.dumps(TABLE))
    table["training"].update(training)
    table["augment"].update(augment or {})
    return Recipe.from_dict(table, where="the tiny recipe")


def training(chosen: Recipe, corpus: Sequence[Track], split: Split | None) -> Training:
    """A training on the corpus's train part that stops on its valid part; on nothing without a split."""
    learn, stop = ((), ()) if split is None else (split.part(corpus, part) for part in ("train", "valid"))
    origin = Origin(TAXONOMY, "synthetic", "none" if split is None else split.name)
    return Training(chosen, origin, learn=learn, stop=stop, stop_part="the valid part", seed=3)


def to_toml(chosen: Recipe) -> str:
    """A recipe as the text of a .toml file."""
    lines, tables = [], []
    for key, value in chosen.to_dict().items():
        if isinstance(value, dict):
            tables.append(f"\n[{key}]")
            tables += [f"{name} = {_inline(item)}" for name, item in value.items() if item is not None]
        else:
            lines.append(f"{key} = {_inline(value)}")
    return "\n".join([*lines, *tables]) + "\n"


def _inline(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_inline(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)


def write_corpus(root: Path) -> tuple[Track, ...]:
    """Ten pieces of 4 s, by five ensembles, of each of three styles."""
    tracks = synthetic.write_corpus(root, n_per_style=10, seed=0, duration_s=4.0)
    return tuple(track for track in tracks if track.genre in STYLES)


def by_timbre(tracks: tuple[Track, ...]) -> Split:
    """The corpus's own split, of these tracks."""
    return synthetic.split("by-timbre", tracks=tracks)


def export_weights_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a network's weights where its ONNX graph would be: for tests of the loop, at a tenth of the time."""

    def weights_of(network: Any, **_: Any) -> bytes:
        out = io.BytesIO()
        np.savez(out, **{name: value.cpu().numpy() for name, value in network.state_dict().items()})
        return out.getvalue()

    monkeypatch.setattr("genrelens.training.train.predict_onnx", weights_of)
    monkeypatch.setattr("genrelens.training.train.attention_onnx", lambda network, **_: None)


def weights(bundle: Path) -> dict[str, NDArray[Any]]:
    """The weights in a bundle that was written under :func:`export_weights_only`."""
    with np.load(bundle / "predict.onnx", allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}
