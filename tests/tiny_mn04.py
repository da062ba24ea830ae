"""A graph with mn04's input and outputs and nothing learnt: its tests need neither torch nor weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from genrelens.bundle.mn04 import SOURCE, WIDTHS


def graph(*, seed: int = 0, source_sha256: str = "0" * 64, widths: dict[str, int] = WIDTHS) -> bytes:
    """ONNX: the mean over frames, then two random matrices: ``log_mel (w, t, 128)`` -> ``features``, ``logits``."""
    rng = np.random.default_rng(seed)
    windows: Any = "windows"
    n_features, n_classes = widths["features"], widths["logits"]
    made = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["log_mel", "axes"], ["mean"], keepdims=0),
            helper.make_node("MatMul", ["mean", "first"], ["features"]),
            helper.make_node("MatMul", ["features", "second"], ["logits"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("log_mel", TensorProto.FLOAT, [windows, "frames", 128])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [windows, n]) for name, n in widths.items()],
        [
            numpy_helper.from_array(np.array([1]), "axes"),
            numpy_helper.from_array(rng.normal(0, 0.1, (128, n_features)).astype(np.float32), "first"),
            numpy_helper.from_array(rng.normal(0, 0.1, (n_features, n_classes)).astype(np.float32), "second"),
        ],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {SOURCE: source_sha256})
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def write(path: Path, **how: Any) -> Path:
    """The graph as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(graph(**how))
    return path
