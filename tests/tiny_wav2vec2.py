"""A recipe over raw sound and a tiny encoder, so small that a training takes a second."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tiny_training
from genrelens.recipe import Recipe

N_SAMPLES = 8000
"""Half a second at 16 kHz."""
OPTIONS: dict[str, dict[str, Any]] = {
    "wav2vec2": {"pooling": "weighted", "freeze": "layers", "freeze_layers": 1, "dropout": 0.1},
    "wav2vec2_debias": {
        "pooling": "mean",
        "freeze": "feature_extractor",
        "freeze_layers": 0,
        "dropout": 0.1,
        "combine": "mixture",
        "ratio": 0.1,
        "entropy_penalty": 0.03,
        "biased_rate": 1.0,
    },
    "wav2vec2_transformer": {"n_layers": 1, "n_heads": 2, "d_model": 8, "d_hidden": 8, "dropout": 0.1},
}


def recipe(encoder: Path | str, architecture: str = "wav2vec2_debias", **training: Any) -> Recipe:
    """A recipe of one of the architectures over raw sound, with changes to its training."""
    table = json.loads(json.dumps(tiny_training.TABLE))
    table["front_end"] = {"kind": "waveform", "sample_rate": 16000}
    table["windows"] = {"n_frames": N_SAMPLES, "hop_frames": N_SAMPLES // 2}
    options = {"encoder": str(encoder), **OPTIONS[architecture]}
    table["model"] = {"architecture": architecture, "options": options}
    table["augment"] = dict.fromkeys(table["augment"], 0)
    table["training"].update({"max_epochs": 2, "label_smoothing": 0.0, **training})
    return Recipe.from_dict(table, where="the tiny recipe over raw sound")
