"""A model small enough to check by hand: logits = mean over frames of mel_db @ weights + bias."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from genrelens.bundle import Manifest, TrainingRecord, WindowSettings, write_bundle
from genrelens.frontend.mel import MelSettings
from genrelens.taxonomy import Taxonomy

GENRES = ("hum", "hiss", "thump")
MEL = MelSettings(
    sample_rate=8000, n_fft=256, hop_length=128, n_mels=8, fmin_hz=50.0, fmax_hz=None, htk=False, top_db=80.0
)
WINDOWS = WindowSettings(n_frames=64, hop_frames=32)  # 1.02 s every 0.51 s


def weights(n_genres: int = len(GENRES)) -> NDArray[np.float32]:
    """Shape (8, c): low bands speak for genre 0, high ones for genre 1, those between for genre 2."""
    table = np.zeros((MEL.n_mels, n_genres), np.float32)
    table[:3, 0] = 0.05
    table[5:, 1] = 0.05
    table[3:5, 2] = 0.075
    return table


def predict_graph(
    *,
    n_genres: int = len(GENRES),
    bias: float = 0.0,
    input_name: str = "mel_db",
    open_shapes: bool = False,
    more: bool = False,
) -> bytes:
    """ONNX: mel_db (w, 64, 8) -> embedding (w, 8), the mean over frames, and logits (w, c).

    With ``more`` also tags (w, 8), the embedding itself, and screens (w, 2), its first two numbers.
    """
    windows: Any = "windows"
    shape = [windows, "frames", "mels"] if open_shapes else [windows, WINDOWS.n_frames, MEL.n_mels]
    more_nodes, more_outputs = [], []
    if more:
        more_nodes = [
            helper.make_node("Identity", ["embedding"], ["tags"]),
            helper.make_node("MatMul", ["embedding", "first_two"], ["screens"]),
        ]
        more_outputs = [
            helper.make_tensor_value_info("tags", TensorProto.FLOAT, [windows, MEL.n_mels]),
            helper.make_tensor_value_info("screens", TensorProto.FLOAT, [windows, 2]),
        ]
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", [input_name, "axes"], ["embedding"], keepdims=0),
            helper.make_node("Gemm", ["embedding", "weights", "bias"], ["logits"]),
            *more_nodes,
        ],
        "tiny",
        [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, shape)],
        [
            helper.make_tensor_value_info(
                "logits", TensorProto.FLOAT, [windows, "genres" if open_shapes else n_genres]
            ),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [windows, MEL.n_mels]),
            *more_outputs,
        ],
        [
            numpy_helper.from_array(np.array([1]), "axes"),
            numpy_helper.from_array(np.eye(MEL.n_mels, 2, dtype=np.float32), "first_two"),
            numpy_helper.from_array(weights(n_genres), "weights"),
            numpy_helper.from_array(np.full(n_genres, bias, np.float32), "bias"),
        ],
    )
    return _encode(graph)


def attention_graph() -> bytes:
    """ONNX: mel_db (1, 64, 8) -> attention (1, 1, 64, 64), the frames' dot products."""
    graph = helper.make_graph(
        [
            helper.make_node("Transpose", ["mel_db"], ["turned"], perm=[0, 2, 1]),
            helper.make_node("MatMul", ["mel_db", "turned"], ["dots"]),
            helper.make_node("Unsqueeze", ["dots", "axes"], ["attention"]),
        ],
        "tiny_attention",
        [helper.make_tensor_value_info("mel_db", TensorProto.FLOAT, [1, 64, 8])],
        [helper.make_tensor_value_info("attention", TensorProto.FLOAT, [1, 1, 64, 64])],
        [numpy_helper.from_array(np.array([0]), "axes")],
    )
    return _encode(graph)


def manifest(**changes: Any) -> Manifest:
    """The manifest of the tiny model, with changes."""
    values: dict[str, Any] = {
        "name": "tiny",
        "taxonomy": Taxonomy(GENRES, {"buzz": "hum"}),
        "front_end": MEL,
        "windows": WINDOWS,
        "training": TrainingRecord(
            recipe={"name": "by hand"},
            seed=7,
            dataset="none",
            split="none",
            trained_on=("a", "b"),
            stopped_on=("c",),
            genrelens_version="0.1.0",
        ),
    }
    return Manifest(**{**values, **changes})


def write(path: Path, *, graph: bytes | None = None, attention: bool = False, **changes: Any) -> Path:
    """Write the tiny model to a folder or zip."""
    return write_bundle(
        path,
        manifest=manifest(**changes),
        predict_onnx=predict_graph() if graph is None else graph,
        attention_onnx=attention_graph() if attention else None,
        card="# Tiny\nMade by hand.\n",
    )


def _encode(graph: Any) -> bytes:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    encoded: bytes = model.SerializeToString()
    return encoded
