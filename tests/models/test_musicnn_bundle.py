"""musicnn as a bundle: its graph answers what torch answers, and the one path from sound to an answer takes it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

import tiny_model
from genrelens.bundle import Bundle, WindowSettings, pool_logits, softmax, write_bundle
from genrelens.data import synthetic
from genrelens.frontend.mel import MelSettings, compress, mel_power
from genrelens.models import musicnn
from genrelens.models.network import Network, Output
from genrelens.taxonomy import Taxonomy
from genrelens.training.export import predict_onnx

LOG_MEL = MelSettings(
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
SHAPE = {"n_frames": musicnn.PATCH_FRAMES, "n_mels": musicnn.N_MELS}


class Tagger(Network):
    def __init__(self) -> None:
        super().__init__()
        self.musicnn = musicnn.pretrained()

    def forward(self, log_mel: torch.Tensor) -> Output:
        made = self.musicnn(log_mel)
        return Output(logits=made.logits, embedding=torch.cat([made.max_pool, made.mean_pool], dim=1))


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger().eval()


@pytest.fixture(scope="module")
def graph(tagger: Tagger) -> bytes:
    return predict_onnx(tagger, input_name="log_mel", **SHAPE)


def patches(n: int) -> np.ndarray:
    sound = synthetic.render("waltz", seed=3, duration_s=3.0 * n + 1, sample_rate=16000).samples
    log_mel = compress(mel_power(sound, settings=LOG_MEL), settings=LOG_MEL)
    return np.stack([log_mel[i * 187 : (i + 1) * 187] for i in range(n)])


@pytest.mark.parametrize("n", [1, 4])
def test_the_graph_is_the_network(tagger: Tagger, graph: bytes, n: int) -> None:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    logits, embedding = session.run(["logits", "embedding"], {"log_mel": patches(n)})
    with torch.inference_mode():
        expected = tagger(torch.from_numpy(patches(n)))
    np.testing.assert_allclose(logits, expected.logits, atol=3e-5, rtol=1e-5)
    # Both round, each in its order, what evaluating the filters at points has made large (models.toom_cook).
    np.testing.assert_allclose(embedding, expected.embedding, atol=3e-4, rtol=1e-5)


def test_a_bundle_of_it_predicts(tagger: Tagger, graph: bytes, tmp_path: Path) -> None:
    tags = Taxonomy(tuple(f"tag {i}" for i in range(50)), {})
    manifest = dataclasses.replace(
        tiny_model.manifest(), taxonomy=tags, front_end=LOG_MEL, windows=WindowSettings(187, 94)
    )
    bundle = Bundle.load(write_bundle(tmp_path / "tags", manifest=manifest, predict_onnx=graph, card=""))
    sound = synthetic.render("power_chords", seed=4, duration_s=8.0, sample_rate=16000).samples
    log_mel = compress(mel_power(sound, settings=LOG_MEL), settings=LOG_MEL)
    starts = [*range(0, len(log_mel) - 187, 94), len(log_mel) - 187]
    with torch.inference_mode():
        logits = tagger(torch.from_numpy(np.stack([log_mel[start : start + 187] for start in starts]))).logits
    pooled = pool_logits(logits.numpy(), weights=np.ones(len(starts)))
    np.testing.assert_allclose(bundle.predict(sound, sample_rate=16000).probabilities, softmax(pooled), atol=1e-5)
