"""VGGish: its size in closed form, its arithmetic against loops, and its weights out of files that may be anything."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

import tiny_vggish
from genrelens import models
from genrelens.errors import BundleError, RecipeError
from genrelens.models import vggish
from genrelens.models.vggish_weights import RELEASED, Weights, convert, read_weights, write_weights

pytest.importorskip("safetensors")


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_vggish.shrink(monkeypatch)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20170110)


def network(*, signed: bool = True, seed: int = 0) -> vggish.Vggish:
    found = vggish.Vggish(signed=signed)
    found.load_state_dict(vggish.random_weights(seed=seed))
    return found.eval()


# Closed forms


def test_the_released_network_has_72_141_184_weights() -> None:
    convolutions = [(1, 64), (64, 128), (128, 256), (256, 256), (256, 512), (512, 512)]
    dense = [(6 * 4 * 512, 4096), (4096, 4096), (4096, 128)]
    expected = sum(9 * a * b + b for a, b in convolutions) + sum(a * b + b for a, b in dense)
    assert sum(torch.Size(shape).numel() for shape in vggish.shapes().values()) == expected == 72_141_184


def test_its_layers_have_the_names_of_torchvggish() -> None:
    convolutions = [f"features.{i}" for i in (0, 3, 6, 8, 11, 13)]
    dense = [f"embeddings.{i}" for i in (0, 2, 4)]
    expected = [f"{layer}.{what}" for layer in convolutions + dense for what in ("weight", "bias")]
    assert list(vggish.shapes()) == expected


@pytest.mark.usefixtures("tiny")
def test_maps_are_flattened_with_the_filters_last() -> None:
    """The dense layer's input number (row * 4 + column) * filters + filter is that filter's cell."""
    found = network()
    seen: list[Tensor] = []
    found.embeddings[0].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    examples = torch.rand(2, 96, 64)
    found(examples)
    maps = found.features(examples[:, None])
    n_filters = tiny_vggish.TINY.filters[-1]
    assert maps.shape == (2, n_filters, 6, 4)
    assert seen[0][1, (5 * 4 + 2) * n_filters + 3] == maps[1, 3, 5, 2]


@pytest.mark.usefixtures("tiny")
def test_without_its_last_relu_the_embedding_keeps_its_sign() -> None:
    examples = torch.randn(3, 96, 64)
    signed, cut = network(signed=True)(examples), network(signed=False)(examples)
    assert (signed < 0).any()
    assert torch.equal(cut, signed.clamp(min=0))


@pytest.mark.usefixtures("tiny")
def test_it_is_what_loops_give(rng: np.random.Generator) -> None:
    weights = {name: value.double().numpy() for name, value in vggish.random_weights(seed=1).items()}
    example = rng.normal(0, 1, (96, 64)).astype(np.float32)
    with torch.no_grad():
        found = network(seed=1)(torch.from_numpy(example)[None])[0].numpy()
    np.testing.assert_allclose(found, by_loops(example, weights), rtol=1e-4, atol=1e-5)


def by_loops(example: npt.NDArray[Any], weights: dict[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
    maps = example[np.newaxis].astype(float)
    for layer, pooled in ((0, True), (3, True), (6, False), (8, True), (11, False), (13, True)):
        kernel, bias = weights[f"features.{layer}.weight"], weights[f"features.{layer}.bias"]
        n_rows, n_columns = maps.shape[1:]
        wide = np.pad(maps, ((0, 0), (1, 1), (1, 1)))
        made = np.zeros((len(kernel), n_rows, n_columns))
        for out in range(len(kernel)):
            made[out] = bias[out] + sum(
                kernel[out, i, a, b] * wide[i, a : a + n_rows, b : b + n_columns]
                for i in range(len(maps))
                for a in range(3)
                for b in range(3)
            )
        maps = np.maximum(made, 0)
        if pooled:
            maps = maps.reshape(len(maps), n_rows // 2, 2, n_columns // 2, 2).max(axis=(2, 4))
    values = np.array([maps[f, r, c] for r in range(6) for c in range(4) for f in range(len(maps))])
    for layer in (0, 2, 4):
        values = weights[f"embeddings.{layer}.weight"] @ values + weights[f"embeddings.{layer}.bias"]
        if layer != 4:
            values = np.maximum(values, 0)
    return values


@pytest.mark.usefixtures("tiny")
def test_random_weights_depend_on_their_seed_alone() -> None:
    first, again, other = (vggish.random_weights(seed=seed) for seed in (3, 3, 4))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["embeddings.4.weight"], other["embeddings.4.weight"])


# The classifier


@pytest.mark.usefixtures("tiny")
def test_the_classifier_reads_the_embeddings_of_a_window_side_by_side(tmp_path: Path) -> None:
    file = tiny_vggish.write_random(tmp_path / "w.safetensors", seed=5)
    found = models.build(
        "vggish", {"weights": str(file), "dropout": 0.5}, n_frames=3 * 96, n_mels=64, n_classes=4
    ).eval()
    assert isinstance(found, vggish.VggishClassifier)
    assert found.licence == "MIT" and "random weights" in found.notice  # they are nobody's
    windows = torch.randn(2, 3 * 96, 64)
    logits, embedding, *_ = found(windows)
    one_by_one = torch.cat([network(signed=False, seed=5)(windows[:, i * 96 :][:, :96]) for i in range(3)], 1)
    expected = torch.relu(one_by_one @ found.hidden.weight.T + found.hidden.bias)
    torch.testing.assert_close(embedding, expected)
    torch.testing.assert_close(logits, expected @ found.genres.weight.T + found.genres.bias)


@pytest.mark.usefixtures("tiny")
def test_every_weight_of_the_classifier_learns(tmp_path: Path) -> None:
    file = tiny_vggish.write_random(tmp_path / "w.safetensors")
    found = models.build("vggish", {"weights": str(file), "dropout": 0.0}, n_frames=96, n_mels=64, n_classes=3)
    loss, _ = found.loss(torch.randn(4, 96, 64), torch.eye(3)[[0, 1, 2, 0]])
    torch.autograd.backward(loss)
    still = [name for name, value in found.named_parameters() if value.grad is None or not value.grad.any()]
    assert not still


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("options", "n_frames", "n_mels", "message"),
    [
        ({"weights": "", "dropout": 0.5}, 96, 64, "begins with weights, and none are given"),
        ({"weights": "w", "dropout": 1.0}, 96, 64, "dropout should be from 0 to below 1"),
        ({"weights": "w", "dropout": 0.5}, 100, 64, "whole examples of 96 frames"),
        ({"weights": "w", "dropout": 0.5}, 96, 128, "hears 64 bands"),
        ({"dropout": 0.5}, 96, 64, "'weights' is missing"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], n_frames: int, n_mels: int, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        models.build("vggish", options, n_frames=n_frames, n_mels=n_mels, n_classes=2)


# Files of weights


@pytest.mark.usefixtures("tiny")
def test_weights_are_read_as_they_were_written(tmp_path: Path) -> None:
    tensors = vggish.random_weights(seed=2)
    file = write_weights(tmp_path / "w.safetensors", tensors, origin="random weights, seed 2")
    found = read_weights(file, shapes=vggish.shapes())
    assert all(torch.equal(found.tensors[name], value) for name, value in tensors.items())
    assert found.are_random
    assert found.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert "random weights, seed 2" in found.said
    assert found.sha256 in found.said
    assert [path.name for path in tmp_path.iterdir()] == ["w.safetensors"]


@pytest.mark.parametrize(
    ("origin", "licence"),
    [
        ("random weights, seed 2", "MIT"),
        (RELEASED, "MIT; the weights of VGGish inside are Google's (Apache-2.0)"),
        ("mine", "MIT; the weights of VGGish inside are another's (mine)"),
    ],
)
def test_a_model_with_anothers_weights_inside_is_not_all_ours(origin: str, licence: str) -> None:
    assert Weights({}, "00", origin).licence == licence


def released(path: Path, table: Any) -> str:
    """Writes a file in the form of torchvggish's release; returns its SHA-256."""
    torch.save(table, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.usefixtures("tiny")
def test_a_file_in_the_form_of_the_release_is_converted(tmp_path: Path) -> None:
    tensors = vggish.random_weights(seed=2)
    digest = released(tmp_path / "a.pth", tensors)
    out = tmp_path / "a.safetensors"
    assert convert(tmp_path / "a.pth", out, shapes=vggish.shapes(), sha256_begins=digest[:8]) == digest
    found = read_weights(out, shapes=vggish.shapes())
    assert found.origin == RELEASED
    assert not found.are_random
    assert all(torch.equal(found.tensors[name], value) for name, value in tensors.items())
    import safetensors

    with safetensors.safe_open(out, framework="pt") as file:
        assert file.metadata()["source_sha256"] == digest


@pytest.mark.usefixtures("tiny")
def test_another_file_than_the_release_is_not_even_opened(tmp_path: Path) -> None:
    released(tmp_path / "a.pth", vggish.random_weights(seed=2))
    with pytest.raises(BundleError, match="begins with 10086976: it was damaged"):
        convert(tmp_path / "a.pth", tmp_path / "out", shapes=vggish.shapes())
    assert not (tmp_path / "out").exists()


class Malice:
    """Unpickled, it would leave a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def _without(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda table: {key: value for key, value in table.items() if key != name}


def _with(name: str, value: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda table: table | {name: value}


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_without("features.3.bias"), "'features.3.bias' is missing"),
        (_with("pproc.pca_means", torch.zeros(128, 1)), "'pproc.pca_means' is unknown"),
        (_with("embeddings.4.bias", torch.zeros(100)), r"embeddings.4.bias is float32 \(100,\), expected"),
        (_with("embeddings.4.bias", torch.zeros(128).double()), r"embeddings.4.bias is float64 \(128,\)"),
        (_with("embeddings.4.bias", [0.0] * 128), "embeddings.4.bias is list"),
        (_with("embeddings.4.bias", torch.full((128,), torch.nan)), "values that are not finite"),
        (lambda table: list(table), "it holds a list"),
    ],
)
def test_a_file_of_other_weights_is_refused(
    change: Callable[[dict[str, Any]], Any], message: str, tmp_path: Path
) -> None:
    digest = released(tmp_path / "a.pth", change(vggish.random_weights(seed=2)))
    with pytest.raises(BundleError, match=message):
        convert(tmp_path / "a.pth", tmp_path / "out", shapes=vggish.shapes(), sha256_begins=digest[:8])
    assert [path.name for path in tmp_path.iterdir()] == ["a.pth"]


@pytest.mark.usefixtures("tiny")
def test_no_code_in_a_file_is_run(tmp_path: Path) -> None:
    digest = released(tmp_path / "a.pth", {"x": Malice(tmp_path / "was-here")})
    with pytest.raises(BundleError, match="torch cannot read it"):
        convert(tmp_path / "a.pth", tmp_path / "out", shapes=vggish.shapes(), sha256_begins=digest[:8])
    assert [path.name for path in tmp_path.iterdir()] == ["a.pth"]


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("content", [b"", b"not weights", b"\xff" * 100])
def test_a_file_that_is_no_safetensors_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(BundleError, match="cannot be read as safetensors"):
        read_weights(tmp_path / "a.safetensors", shapes=vggish.shapes())


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no such file of weights") as caught:
        read_weights(tmp_path / "none", shapes={})
    assert caught.value.code == "needs_weights"
    with pytest.raises(BundleError, match="no such file"):
        convert(tmp_path / "none", tmp_path / "out", shapes={})


@pytest.mark.usefixtures("tiny")
def test_weights_of_the_released_size_do_not_fit_a_network_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tiny_vggish.write_random(tmp_path / "w.safetensors")
    monkeypatch.undo()
    with pytest.raises(BundleError, match=r"features.0.weight is float32 \(3, 1, 3, 3\), expected"):
        read_weights(file, shapes=vggish.shapes())
