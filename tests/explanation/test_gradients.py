"""Gradients: exact where a closed form is known, equal to captum elsewhere; networks come back out of their graphs."""

from __future__ import annotations

import functools
from functools import partial
from pathlib import Path
from typing import Any

import captum.attr
import numpy as np
import pytest
import torch
from torch import Tensor, nn

import tiny_model
from genrelens import models
from genrelens.bundle import Bundle, WindowSettings
from genrelens.errors import BundleError
from genrelens.explanation.explain import explain
from genrelens.explanation.methods.gradients import STEPS, attention_relevance, integrated_gradients, log_odds
from genrelens.explanation.network import network_of
from genrelens.models.network import EncoderLayer, Network, Output
from genrelens.training.export import predict_onnx

N_FRAMES, N_MELS, N_CLASSES = 32, 16, 3
OPTIONS: dict[str, dict[str, Any]] = {
    "transformer": {"n_layers": 2, "n_heads": 2, "d_model": 8, "d_hidden": 16, "dropout": 0.1},
    "mel_transformer": {
        "stem": "4-8",
        "stem_dropout": 0.1,
        "n_layers": 2,
        "n_heads": 2,
        "d_model": 8,
        "d_hidden": 16,
        "dropout": 0.1,
    },
}


def odds_of(genre: int, *, temperature: float = 1.0, multi_label: bool = False) -> Any:
    return partial(log_odds, genre=genre, temperature=temperature, multi_label=multi_label)


def made(architecture: str) -> Network:
    """A network of seeded weights that are not small, in evaluation mode."""
    torch.manual_seed(3)
    network = models.build(architecture, OPTIONS[architecture], n_frames=N_FRAMES, n_mels=N_MELS, n_classes=N_CLASSES)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    return network.eval()


def windows(n: int = 3) -> np.ndarray:
    rng = np.random.default_rng(4)
    return rng.uniform(-60, 0, (n, N_FRAMES, N_MELS)).astype(np.float32)


@functools.cache
def graph_of(architecture: str) -> bytes:
    return predict_onnx(made(architecture), input_name="mel_db", n_frames=N_FRAMES, n_mels=N_MELS)


def written(path: Path, architecture: str, **recipe: Any) -> Bundle:
    record = tiny_model.manifest().training
    front_end = tiny_model.MEL.__class__(**tiny_model.MEL.to_dict() | {"n_mels": N_MELS})
    model = {"architecture": architecture, "options": OPTIONS.get(architecture, {})}
    place = tiny_model.write(
        path,
        graph=graph_of(architecture),
        front_end=front_end,
        windows=WindowSettings(N_FRAMES, N_FRAMES // 2),
        training=record.__class__(
            **{field: getattr(record, field) for field in record.__slots__} | {"recipe": {"model": model, **recipe}}
        ),
    )
    return Bundle.load(place)


class Linear(Network):
    """Logits are linear in the window, so the log-odds of one class of two are, too."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(2, N_FRAMES * N_MELS, generator=generator) / 100)

    def forward(self, mel_db: Tensor) -> Output:
        logits = mel_db.flatten(1) @ self.weight.T
        return Output(logits, logits)


def test_of_a_linear_network_each_number_gets_its_weight_times_its_height() -> None:
    network, values = Linear(), windows()
    found = integrated_gradients(network, values, odds=odds_of(1, temperature=2.0), baseline=-80.0, steps=3)
    apart = (network.weight[1] - network.weight[0]).detach().numpy().reshape(N_FRAMES, N_MELS)
    np.testing.assert_allclose(found, apart * (values + 80.0) / 2.0 / len(values), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("architecture", OPTIONS)
@pytest.mark.parametrize("multi_label", [False, True])
def test_integrated_gradients_add_up_and_equal_captums(architecture: str, multi_label: bool) -> None:
    network, values = made(architecture), windows()

    def odds(batch: Tensor) -> Tensor:  # captum hands over many pieces at once: (pieces, windows, frames, bands)
        pooled = torch.stack([network(piece).logits.mean(dim=0) for piece in batch])
        rows = [log_odds(row, genre=1, temperature=1.5, multi_label=multi_label) for row in pooled]
        return torch.stack(rows)

    its = odds_of(1, temperature=1.5, multi_label=multi_label)
    found = integrated_gradients(network, values, odds=its, baseline=-80.0)
    whole = torch.from_numpy(values)[None]
    nothing = torch.full_like(whole, -80.0)
    theirs = captum.attr.IntegratedGradients(odds).attribute(
        whole, baselines=nothing, n_steps=STEPS, method="riemann_middle"
    )
    np.testing.assert_allclose(found, theirs[0].detach().numpy(), rtol=1e-3, atol=1e-5)
    with torch.no_grad():
        difference = float((odds(whole) - odds(nothing))[0])
    assert abs(found.sum() - difference) < 0.05 * max(1.0, abs(difference))


def test_relevance_equals_the_paper_written_out_with_hooks() -> None:
    network, values = made("mel_transformer"), windows(1)
    found = attention_relevance(network, values, odds=odds_of(2))
    weights = network.attention(torch.from_numpy(values))
    assert weights is not None and found.shape == (1, weights.shape[-1])
    # By hand: numerical gradients of the log-odds with respect to each attention weight of both layers.
    layers = [module for module in network.modules() if isinstance(module, EncoderLayer)]
    n_tokens = weights.shape[-1]
    relevance = np.eye(n_tokens)
    for number, layer in enumerate(layers):
        gradient = np.zeros((layer.n_heads, n_tokens, n_tokens))
        kept = weights[0, number].detach().double()
        for at in np.ndindex(gradient.shape):
            step = 1e-3
            ends = [_odds_with(network, layer, kept, at, sign * step, values) for sign in (1, -1)]
            gradient[at] = (ends[0] - ends[1]) / (2 * step)
        heads = np.maximum(gradient * kept.numpy(), 0).mean(axis=0)
        relevance = relevance + heads @ relevance
    expected = (relevance - np.eye(n_tokens)).mean(axis=0)
    np.testing.assert_allclose(found[0], expected, rtol=0.05, atol=2e-4 * expected.max() + 1e-7)
    assert not any(layer.keeps_weights for layer in layers)


def _odds_with(
    network: Network, changed: EncoderLayer, weights: Tensor, at: tuple[int, ...], step: float, values: np.ndarray
) -> float:
    """The log-odds of class 2 when one attention weight of one layer is another by ``step``."""
    moved = weights.clone()
    moved[at] += step

    def forward(x: Tensor) -> Tensor:
        _, _, value = changed._heads(x)
        x = x + changed.project((moved @ value).transpose(1, 2).reshape(x.shape))
        return x + changed.contract(nn.functional.gelu(changed.expand(changed.norm_hidden(x))))

    ordinary = changed.forward
    network.double()
    changed.forward = forward  # type: ignore[method-assign]
    try:
        with torch.no_grad():
            logits = network(torch.from_numpy(values).double()).logits[0]
        return float(log_odds(logits, genre=2, temperature=1.0, multi_label=False))
    finally:
        changed.forward = ordinary  # type: ignore[method-assign]
        network.float()


def test_keeping_the_weights_changes_no_answer() -> None:
    network, values = made("transformer"), torch.from_numpy(windows())
    before = network(values).logits
    for layer in network.modules():
        if isinstance(layer, EncoderLayer):
            layer.keeps_weights = True
    torch.testing.assert_close(network(values).logits, before, rtol=1e-4, atol=1e-5)


def test_a_network_without_attention_is_refused() -> None:
    with pytest.raises(BundleError, match="no attention to weigh"):
        attention_relevance(Linear(), windows(), odds=odds_of(0))


@pytest.mark.slow
@pytest.mark.parametrize("architecture", OPTIONS)
def test_a_network_comes_back_out_of_its_bundle(tmp_path: Path, architecture: str) -> None:
    network, again = made(architecture), network_of(written(tmp_path / "b", architecture))
    with torch.no_grad():
        values = torch.from_numpy(windows())
        torch.testing.assert_close(again(values).logits, network(values).logits, rtol=1e-4, atol=1e-4)


def test_the_shipped_models_networks_come_back() -> None:
    assert type(network_of(Bundle.load("base"))).__name__ == "MusicnnHead"


def test_maps_by_gradients_add_up_over_time_and_over_frequency(tmp_path: Path) -> None:
    bundle = written(tmp_path / "b", "mel_transformer")
    rate = tiny_model.MEL.sample_rate
    samples = np.sin(np.arange(3 * rate) * 0.3).astype(np.float32) * np.linspace(0, 0.5, 3 * rate)
    found = explain(samples, sample_rate=rate, bundle=bundle, method="integrated-gradients").explanation
    assert found is not None and found.cells is not None and found.what_if is None
    total = sum(segment.score for segment in found.segments)
    assert total != 0 and np.isclose(total, sum(band.score for band in found.bands), rtol=1e-6)
    assert np.isclose(total, found.cells.scores.sum(), rtol=1e-6)
    assert found.faithfulness is not None and found.faithfulness.fill == "mean"


def test_relevance_needs_attention_and_occlusion_is_offered(tmp_path: Path) -> None:
    bundle = written(tmp_path / "b", "mel_transformer")
    samples = np.sin(np.arange(24_000) * 0.3).astype(np.float32)
    with pytest.raises(BundleError, match=r"the methods .*occlusion-both"):
        explain(samples, sample_rate=8000, bundle=bundle, method="attention-gradient")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (None, "it is no network of this genrelens"),
        (
            {"architecture": "mel_transformer", "options": OPTIONS["mel_transformer"] | {"n_layers": 3}},
            "its graph has no weights layers.2",
        ),
        (
            {"architecture": "mel_transformer", "options": OPTIONS["mel_transformer"] | {"d_model": 16}},
            "its weights do not fit",
        ),
        (
            {"architecture": "mel_transformer", "options": OPTIONS["mel_transformer"] | {"n_heads": 4}},
            "answers otherwise than the bundle",
        ),
    ],
)
def test_a_bundle_that_cannot_be_built_again_says_why(tmp_path: Path, model: Any, message: str) -> None:
    bundle = written(tmp_path / "b", "mel_transformer", model=model)
    with pytest.raises(BundleError, match=message) as caught:
        network_of(bundle)
    assert caught.value.code == "no_gradients" and "occlusion works" in str(caught.value)
