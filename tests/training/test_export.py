"""ONNX graphs answer what torch answers, for any number of windows, and tell nothing of the machine."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from genrelens import models
from genrelens.models.network import Network, Output
from genrelens.training.export import attention_onnx, predict_onnx

N_FRAMES, N_MELS, N_CLASSES = 36, 32, 5
SHAPE: Any = {"input_name": "mel_db", "n_frames": N_FRAMES, "n_mels": N_MELS}
OPTIONS: dict[str, dict[str, str | int | float | bool]] = {
    "transformer": {"n_layers": 2, "n_heads": 4, "d_model": 16, "d_hidden": 32, "dropout": 0.3},
    "mel_transformer": {
        "stem": "8-12-8-8",
        "stem_dropout": 0.3,
        "n_layers": 2,
        "n_heads": 2,
        "d_model": 16,
        "d_hidden": 24,
        "dropout": 0.3,
    },
}


def windows(n: int, *, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-80, 0, size=(n, N_FRAMES, N_MELS)).astype(np.float32)


@pytest.fixture(scope="module", params=OPTIONS)
def exported(request: pytest.FixtureRequest) -> tuple[Network, bytes, bytes]:
    """A network whose norms have seen windows, left in training mode, and its two graphs."""
    torch.manual_seed(1)
    architecture = request.param
    network = models.build(
        architecture, OPTIONS[architecture], n_frames=N_FRAMES, n_mels=N_MELS, n_classes=N_CLASSES
    ).train()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1.5)  # clear answers and uneven attention
        for seed in range(30):
            network(torch.from_numpy(windows(8, seed=seed)))
    predict = predict_onnx(network, **SHAPE)
    attention = attention_onnx(network.train(), **SHAPE)
    assert attention is not None
    return network.eval(), predict, attention


def session(graph: bytes) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("n", [1, 2, 5])
def test_the_prediction_graph_is_the_network(exported: tuple[Network, bytes, bytes], n: int) -> None:
    network, graph, _ = exported
    mel_db = windows(n, seed=99)
    logits, embedding = session(graph).run(["logits", "embedding"], {"mel_db": mel_db})
    with torch.no_grad():
        expected = network(torch.from_numpy(mel_db))
    assert logits.dtype == embedding.dtype == np.float32
    assert logits.shape == (n, N_CLASSES)
    assert embedding.shape == (n, 16)
    assert np.abs(logits - expected.logits.numpy()).max() < 1e-4
    assert np.abs(embedding - expected.embedding.numpy()).max() < 1e-4
    if n > 1:
        assert np.ptp(logits, axis=0).max() > 1e-2  # it tells windows apart


def test_the_attention_graph_is_the_networks_attention(exported: tuple[Network, bytes, bytes]) -> None:
    network, _, graph = exported
    mel_db = windows(1, seed=99)
    (maps,) = session(graph).run(["attention"], {"mel_db": mel_db})
    with torch.no_grad():
        expected = network.attention(torch.from_numpy(mel_db))
    assert expected is not None
    assert maps.shape == expected.shape[1:]
    assert np.abs(maps - expected[0].numpy()).max() < 1e-4
    assert np.allclose(maps.sum(axis=-1), 1.0, atol=1e-5)
    assert maps.max() > 1.2 / maps.shape[-1]


def test_only_the_number_of_windows_is_free(exported: tuple[Network, bytes, bytes]) -> None:
    _, predict, attention = exported
    (given,) = session(predict).get_inputs()
    assert given.name == "mel_db" and isinstance(given.shape[0], str)
    assert given.shape[1:] == [N_FRAMES, N_MELS]
    assert [out.name for out in session(predict).get_outputs()] == ["logits", "embedding"]
    assert session(attention).get_inputs()[0].shape == [1, N_FRAMES, N_MELS]


@pytest.mark.parametrize("which", [1, 2])
def test_nothing_of_this_machine_is_in_the_bytes(exported: tuple[Network, bytes, bytes], which: int) -> None:
    graph = exported[which]
    assert isinstance(graph, bytes)
    places = {Path(torch.__file__).parent, Path(__file__).parent, Path(sys.prefix), Path.cwd(), Path.home()}
    secrets = [str(place).encode() for place in places if len(str(place)) > 1]
    for secret in [*secrets, b"/tmp", b"site-packages", b".py", b'File "', b"Traceback"]:
        assert secret not in graph, secret
    user = os.environ.get("USER") or getpass.getuser()
    assert f"/{user}/".encode() not in graph


def test_the_same_network_gives_the_same_bytes_without_a_word(
    exported: tuple[Network, bytes, bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    network, graph, _ = exported
    assert predict_onnx(network, **SHAPE) == graph
    assert capfd.readouterr() == ("", "")


def test_a_network_without_attention_has_no_graph_of_it() -> None:
    class Mean(Network):
        def __init__(self) -> None:
            super().__init__()
            self.linear = torch.nn.Linear(N_MELS, N_CLASSES)

        def forward(self, mel_db: torch.Tensor) -> Output:
            embedding = mel_db.mean(dim=1)
            return Output(self.linear(embedding), embedding)

    network = Mean()
    assert attention_onnx(network, **SHAPE) is None
    graph = predict_onnx(network, **SHAPE)
    logits, embedding = session(graph).run(["logits", "embedding"], {"mel_db": windows(3)})
    assert np.allclose(embedding, windows(3).mean(axis=1), atol=1e-4)
    weight, bias = network.linear.weight.detach().numpy(), network.linear.bias.detach().numpy()
    assert np.allclose(logits, windows(3).mean(axis=1) @ weight.T + bias, atol=1e-4)
