"""A saved model: what it is, how it is stored, and how it predicts.

The names below load on first use, so that reading a manifest does not import ONNX Runtime.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genrelens.bundle.abstention import Abstention
    from genrelens.bundle.coverage import Conformal
    from genrelens.bundle.manifest import Manifest, TrainingRecord
    from genrelens.bundle.pooling import pool_logits, softmax
    from genrelens.bundle.predict import Bundle
    from genrelens.bundle.prediction import Prediction, failed_row
    from genrelens.bundle.store import read_bundle, write_bundle
    from genrelens.bundle.windows import Window, WindowSettings, iter_windows

_HOMES = {
    "Abstention": "abstention",
    "Bundle": "predict",
    "Conformal": "coverage",
    "Manifest": "manifest",
    "Prediction": "prediction",
    "TrainingRecord": "manifest",
    "Window": "windows",
    "WindowSettings": "windows",
    "failed_row": "prediction",
    "iter_windows": "windows",
    "pool_logits": "pooling",
    "read_bundle": "store",
    "softmax": "pooling",
    "write_bundle": "store",
}

__all__ = [
    "Abstention",
    "Bundle",
    "Conformal",
    "Manifest",
    "Prediction",
    "TrainingRecord",
    "Window",
    "WindowSettings",
    "failed_row",
    "iter_windows",
    "pool_logits",
    "read_bundle",
    "softmax",
    "write_bundle",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
