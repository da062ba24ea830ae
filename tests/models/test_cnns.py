"""The image CNNs: the originals' sizes, S1's resizing by hand, cepstral coefficients, and what does not matter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from genrelens import models
from genrelens.errors import RecipeError
from genrelens.models.cnn_128 import Cnn128
from genrelens.models.cnn_plus import dct
from genrelens.models.network import Network
from genrelens.training.export import predict_onnx


def build(architecture: str, *, n_frames: int, n_mels: int, **options: Any) -> Network:
    torch.manual_seed(0)
    return models.build(architecture, options, n_frames=n_frames, n_mels=n_mels, n_classes=10).eval()


def n_parameters(network: Network) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def decibels(*shape: int) -> Tensor:
    return -80 * torch.rand(*shape, generator=torch.Generator().manual_seed(3))


def test_cnn_128_is_the_size_of_s1s() -> None:
    network = build("cnn_128", n_frames=1290, n_mels=128, dropout=0.4)
    assert n_parameters(network) == 1_662_794
    assert network.hidden.in_features == 14 * 14 * 64  # type: ignore[union-attr]


def test_cnn_5s_is_the_size_of_s4s() -> None:
    network = build("cnn_5s", n_frames=215, n_mels=64, dropout=0.3)
    assert n_parameters(network) == 451_786
    assert network.hidden.in_features == 64 * 4 * 13  # type: ignore[union-attr]
    embedding = network(decibels(2, 215, 64)).embedding
    assert embedding.shape == (2, 128)
    assert embedding.min() == 0.0  # after the ReLU


def resized(image: np.ndarray, n: int, axis: int) -> np.ndarray:
    """tf.image.resize along one axis, by its definition: bilinear between pixel centres at halves, held at the ends."""
    at = (np.arange(n) + 0.5) * image.shape[axis] / n - 0.5
    at = np.clip(at, 0, image.shape[axis] - 1)
    left = np.minimum(at.astype(int), image.shape[axis] - 2)
    shape = [1, 1]
    shape[axis] = n
    share = (at - left).reshape(shape)
    mixed: np.ndarray = image.take(left, axis) * (1 - share) + image.take(left + 1, axis) * share
    return mixed


def test_cnn_128_sees_a_window_as_s1_resized_it() -> None:
    network = build("cnn_128", n_frames=1290, n_mels=128, dropout=0.4)
    assert isinstance(network, Cnn128)
    mel_db = decibels(2, 1290, 128)
    mel_db[1] = mel_db[1] / 4 - 3
    seen = network.picture(mel_db)
    assert seen.shape == (2, 1, 128, 128)
    for one, window in zip(seen[:, 0].numpy(), mel_db.double().numpy(), strict=True):
        unit = (window.T - window.min()) / (window.max() - window.min())
        np.testing.assert_allclose(one, resized(unit, 128, 1), atol=1e-5)


def test_cnn_128_of_another_number_of_bands_is_resized_both_ways() -> None:
    network = build("cnn_128", n_frames=300, n_mels=64, dropout=0.4)
    assert isinstance(network, Cnn128)
    window = decibels(1, 300, 64)
    unit = (window - window.min()) / (window.max() - window.min())
    expected = resized(resized(unit[0].T.numpy(), 128, 0), 128, 1)
    np.testing.assert_allclose(network.picture(window)[0, 0].numpy(), expected, atol=1e-5)


def test_how_loud_a_window_is_and_how_much_contrast_it_has_do_not_matter_to_cnn_128() -> None:
    network = build("cnn_128", n_frames=64, n_mels=32, dropout=0.4)
    mel_db = decibels(2, 64, 32)
    assert torch.allclose(network(mel_db).logits, network(mel_db / 3 - 7).logits, atol=1e-5)
    assert torch.isfinite(network(torch.zeros(1, 64, 32)).logits).all()  # a constant window


def test_coefficients_are_scipys_and_librosas() -> None:
    fft = pytest.importorskip("scipy.fft")
    librosa = pytest.importorskip("librosa")
    db = decibels(7, 40)
    ours = (db @ dct(40, 13)).numpy()
    np.testing.assert_allclose(ours, fft.dct(db.numpy(), type=2, norm="ortho")[:, :13], rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(ours, librosa.feature.mfcc(S=db.numpy().T, n_mfcc=13).T, rtol=1e-4, atol=1e-3)


def test_a_level_band_has_one_coefficient() -> None:
    """The DCT-II of a constant c over n bands is c sqrt(n) in order 0, and nothing else."""
    coefficients = torch.full((1, 64), 2.0) @ dct(64, 20)
    assert coefficients[0, 0] == pytest.approx(2 * 8, rel=1e-5)
    assert coefficients[0, 1:].abs().max() < 1e-4
    assert torch.allclose(dct(24, 24) @ dct(24, 24).T, torch.eye(24), atol=1e-5)  # orthonormal


def test_cnn_plus_looks_at_bands_or_at_coefficients() -> None:
    options = {"channels": "4-8-8", "block_dropout": 0.0, "dropout": 0.0}
    bands = build("cnn_plus", n_frames=32, n_mels=40, **options)
    cepstral = build("cnn_plus", n_frames=32, n_mels=40, n_mfcc=16, **options)
    assert n_parameters(bands) == n_parameters(cepstral)
    mel_db = decibels(3, 32, 40)
    assert not torch.allclose(bands(mel_db).logits, cepstral(mel_db).logits)
    # Ripples over the bands that are finer than the 16 smoothest are none of theirs.
    unseen = dct(40, 40)[:, 30] * 5
    with torch.no_grad():
        assert torch.allclose(cepstral(mel_db + unseen).logits, cepstral(mel_db).logits, atol=1e-4)
        assert not torch.allclose(bands(mel_db + unseen).logits, bands(mel_db).logits, atol=1e-4)


def test_windows_that_four_halvings_leave_nothing_of() -> None:
    with pytest.raises(RecipeError, match="cnn_5s: windows should have at least 16 x 16 cells, got 215 x 15"):
        build("cnn_5s", n_frames=215, n_mels=15, dropout=0.3)
    with pytest.raises(RecipeError, match="image_cnn: the picture has 128 bands, got n_mels = 64"):
        build("image_cnn", n_frames=1293, n_mels=64, dropout=0.5)


SHAPES: dict[str, tuple[int, int, dict[str, Any]]] = {
    "cnn_128": (1290, 128, {"dropout": 0.4}),
    "cnn_5s": (215, 64, {"dropout": 0.3}),
    "cnn_plus": (64, 40, {"channels": "4-8", "block_dropout": 0.1, "dropout": 0.1, "n_mfcc": 20}),
    "image_cnn": (1293, 128, {"dropout": 0.5}),
}


@pytest.mark.parametrize("architecture", SHAPES)
def test_the_exported_graph_says_what_the_network_says(architecture: str) -> None:
    runtime = pytest.importorskip("onnxruntime")
    n_frames, n_mels, options = SHAPES[architecture]
    network = build(architecture, n_frames=n_frames, n_mels=n_mels, **options)
    graph = predict_onnx(network, input_name="mel_db", n_frames=n_frames, n_mels=n_mels)
    session = runtime.InferenceSession(graph)
    for n in (1, 3):
        mel_db = decibels(n, n_frames, n_mels)
        logits, embedding = session.run(["logits", "embedding"], {"mel_db": mel_db.numpy()})
        with torch.no_grad():
            out = network(mel_db)
        np.testing.assert_allclose(logits, out.logits.numpy(), rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(embedding, out.embedding.numpy(), rtol=1e-3, atol=1e-3)
