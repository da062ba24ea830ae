"""What an independent reading of EfficientAT's mn04 gave for three signals; tests skip where it is not at hand."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
RELEASED = "mn04_as_mAP_432.pt"
SIGNALS = ("tones", "noise", "beats")


def folder() -> Path:
    """The folder of mn04's weights, by GENRELENS_WEIGHTS or beside the repository; without one the test skips."""
    top = Path(os.environ.get("GENRELENS_WEIGHTS") or REPOSITORY.parent / "shared" / "weights")
    found = top / "efficientat-mn04"
    if not (found / RELEASED).is_file():
        pytest.skip(f"mn04's weights are not here: neither GENRELENS_WEIGHTS nor {top} holds efficientat-mn04")
    return found


@cache
def expected() -> dict[str, np.ndarray]:
    """``NAME_logmel (128, 200)``, ``NAME_logits (527,)``, ``NAME_features (384,)`` for each of :data:`SIGNALS`."""
    with np.load(folder() / "expected.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file}


def signal(name: str) -> np.ndarray:
    """10 s at 32 kHz, as that reading made them."""
    t = np.arange(320_000) / 32_000
    made = {
        "tones": lambda: 0.2 * np.sin(2 * np.pi * 220 * t) + 0.1 * np.sin(2 * np.pi * 1760 * t),
        "noise": lambda: 0.1 * np.random.default_rng(0).standard_normal(t.size),
        "beats": lambda: 0.3 * np.sin(2 * np.pi * 110 * t) * np.exp(-8 * (t % 0.5)),
    }
    return made[name]().astype(np.float32)
