"""A model that hears samples: the same windows, silence, JSON and answers as one that hears mel frames."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

import tiny_model
from genrelens.bundle import Bundle, Manifest, WindowSettings, softmax, write_bundle
from genrelens.frontend.wave import WaveSettings

RATE, WINDOW = 8000, 4000


def wave_graph() -> bytes:
    """samples (w, 4000, 1) -> embedding (w, 1), their mean square; logits (w, 3), 100, 0 and -100 times that."""
    graph = helper.make_graph(
        [
            helper.make_node("Mul", ["samples", "samples"], ["squares"]),
            helper.make_node("ReduceMean", ["squares", "axes"], ["embedding"], keepdims=0),
            helper.make_node("MatMul", ["embedding", "weights"], ["logits"]),
        ],
        "wave",
        [helper.make_tensor_value_info("samples", TensorProto.FLOAT, ["windows", WINDOW, 1])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["windows", 3]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["windows", 1]),
        ],
        [
            numpy_helper.from_array(np.array([1]), "axes"),
            numpy_helper.from_array(np.array([[100.0, 0.0, -100.0]], np.float32), "weights"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    return model.SerializeToString()


def write(path: Path) -> Bundle:
    manifest = tiny_model.manifest(
        front_end=WaveSettings(sample_rate=RATE), windows=WindowSettings(WINDOW, WINDOW // 2)
    )
    return Bundle.load(
        write_bundle(path, manifest=manifest, predict_onnx=wave_graph(), attention_onnx=None, card="wave")
    )


def test_every_window_is_heard_whole_and_the_last_is_kept(tmp_path: Path) -> None:
    """S3 heard the first second of three, and no last window at all."""
    samples = np.sin(np.arange(3 * WINDOW // 2 + 100) / 5).astype(np.float32) * np.float32(0.1)
    said = write(tmp_path / "b").predict(samples, sample_rate=RATE)
    np.testing.assert_allclose(said.window_times_s, [(0.0, 0.5), (0.25, 0.75), (0.2625, 0.7625)])
    windows = [samples[start : start + WINDOW] for start in (0, 2000, 2100)]
    logits = np.outer([np.mean(np.square(w, dtype=np.float64)) for w in windows], [100, 0, -100])
    np.testing.assert_allclose(said.probabilities, softmax(logits.mean(axis=0)), atol=1e-5)


def test_sound_shorter_than_a_window_is_repeated_and_silence_is_not_asked_about(tmp_path: Path) -> None:
    bundle = write(tmp_path / "b")
    short = np.full(1000, 0.05, np.float32) * np.where(np.arange(1000) % 2, 1, -1)
    np.testing.assert_allclose(bundle.predict(short, sample_rate=RATE).embedding, [0.0025], rtol=1e-4)
    silent = bundle.predict(np.zeros(9000, np.float32), sample_rate=RATE)
    assert silent.genre is None and silent.reason == "silence"


def test_the_manifest_names_the_kind_and_comes_back(tmp_path: Path) -> None:
    manifest = write(tmp_path / "b").manifest
    content = manifest.to_bytes()
    assert json.loads(content)["front_end"] == {"kind": "waveform", "sample_rate": RATE}
    assert Manifest.from_bytes(content, where="here") == manifest
