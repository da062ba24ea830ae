"""The biased model and the three ways to combine it: closed forms, and which gradients go where."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

import tiny_encoder
from genrelens import models
from genrelens.errors import RecipeError
from genrelens.models.wav2vec2_debias import (
    COMBINATIONS,
    Colour,
    Wav2Vec2Debias,
    cross_entropy,
    learned_mixin,
    mixture,
    product_of_experts,
)
from genrelens.training.export import predict_onnx
from tiny_encoder import N_SAMPLES

N_CLASSES = 3
MAIN: dict[str, Any] = {"pooling": "mean", "freeze": "none", "freeze_layers": 0, "dropout": 0.0}
TARGETS = torch.eye(N_CLASSES)[[0, 1, 2, 0]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder.write(
        tmp_path_factory.mktemp("encoder"),
        hidden_dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        feat_proj_dropout=0.0,
    )


def network(folder: Path, combine: str = "mixture", **options: Any) -> Wav2Vec2Debias:
    torch.manual_seed(1)
    chosen = {**MAIN, "ratio": 0.1, "entropy_penalty": 0.0, "biased_rate": 1.0, **options}
    made = models.build(
        "wav2vec2_debias",
        {"encoder": str(folder), "combine": combine, **chosen},
        n_frames=N_SAMPLES,
        n_mels=1,
        n_classes=N_CLASSES,
    )
    assert isinstance(made, Wav2Vec2Debias)
    return made


def sound(n: int = 4, *, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(0, 0.2, (n, N_SAMPLES, 1)).astype(np.float32))


def two_models(seed: int = 0) -> tuple[Tensor, Tensor]:
    numbers = torch.from_numpy(np.random.default_rng(seed).normal(0, 2, (2, 4, N_CLASSES)))
    main, biased = numbers.log_softmax(dim=-1)
    return main, biased


def nll(probabilities: Tensor) -> float:
    """The definition, in plain numbers: the mean of -log of what the true genre is given."""
    return -sum(math.log(float(row[k])) for row, k in zip(probabilities, (0, 1, 2, 0), strict=True)) / 4


def test_cross_entropy_is_torchs_also_for_soft_targets() -> None:
    logits = torch.from_numpy(np.random.default_rng(0).normal(0, 2, (4, N_CLASSES)))
    soft = 0.9 * TARGETS.double() + 0.1 / N_CLASSES
    expected = functional.cross_entropy(logits, soft)
    assert torch.isclose(cross_entropy(logits.log_softmax(1), soft), expected, rtol=1e-12)


@pytest.mark.parametrize("ratio", [0.1, 0.3, 0.9])
def test_mixture_is_the_likelihood_of_mixed_probabilities(ratio: float) -> None:
    main, biased = two_models()
    mixed = (1 - ratio) * main.exp() + ratio * biased.exp()
    assert float(mixture(main, biased, TARGETS, ratio=ratio)) == pytest.approx(nll(mixed), rel=1e-12)


def test_mixture_without_a_share_is_plain_cross_entropy() -> None:
    main, biased = two_models()
    assert torch.equal(mixture(main, biased, TARGETS, ratio=0.0), cross_entropy(main, TARGETS))
    assert float(mixture(main, biased, TARGETS, ratio=1e-9)) == pytest.approx(nll(main.exp()), rel=1e-6)


def test_product_of_experts_by_hand() -> None:
    main, biased = two_models()
    product = main.exp() * biased.exp()
    expected = nll(product / product.sum(dim=1, keepdim=True))
    assert float(product_of_experts(main, biased, TARGETS)) == pytest.approx(expected, rel=1e-12)
    even = torch.full_like(main, 1 / N_CLASSES).log()  # a biased model that knows nothing changes nothing
    assert float(product_of_experts(main, even, TARGETS)) == pytest.approx(nll(main.exp()), rel=1e-12)


def test_learned_mixin_by_hand_and_its_two_ends() -> None:
    main, biased = two_models()
    weight = torch.tensor([[0.5], [1.0], [2.0], [0.0]], dtype=torch.float64)
    product = main.exp() * biased.exp() ** weight
    share = biased.exp() ** weight
    share = share / share.sum(dim=1, keepdim=True)
    entropy = float(-(share * share.log()).sum(dim=1).mean())
    expected = nll(product / product.sum(dim=1, keepdim=True)) + 0.3 * entropy
    found = learned_mixin(main, biased, TARGETS, weight=weight, entropy_penalty=0.3)
    assert float(found) == pytest.approx(expected, rel=1e-12)
    ones, zeros = torch.ones(4, 1), torch.zeros(4, 1)
    as_product = learned_mixin(main, biased, TARGETS, weight=ones, entropy_penalty=0.0)
    assert torch.isclose(as_product, product_of_experts(main, biased, TARGETS))
    # At g = 0 the biased model does not count, and what it is multiplied by is as even as can be: log(3) of entropy.
    alone = learned_mixin(main, biased, TARGETS, weight=zeros, entropy_penalty=1.0)
    assert float(alone) == pytest.approx(nll(main.exp()) + math.log(3), rel=1e-12)


def gradients(net: torch.nn.Module) -> dict[str, Tensor]:
    return {name: p.grad.clone() for name, p in net.named_parameters() if p.grad is not None}


def test_without_a_share_the_main_model_learns_as_it_would_alone(folder: Path) -> None:
    net = network(folder, ratio=0.0)
    torch.manual_seed(1)
    alone = models.build(
        "wav2vec2", {"encoder": str(folder), **MAIN}, n_frames=N_SAMPLES, n_mels=1, n_classes=N_CLASSES
    )
    for each in (net, alone):
        each.loss(sound(), TARGETS)[0].backward()
    with_biased, plain = gradients(net.main), gradients(alone)
    assert set(with_biased) == set(plain)
    for name, value in plain.items():
        assert torch.allclose(with_biased[name], value, atol=1e-7), name


@pytest.mark.parametrize("combine", COMBINATIONS)
def test_the_biased_model_learns_from_its_own_loss_alone(folder: Path, combine: str) -> None:
    net = network(folder, combine, entropy_penalty=0.1)
    loss, logits = net.loss(sound(), TARGETS)
    loss.backward()
    found = gradients(net.biased)
    assert set(found) == {name for name, _ in net.biased.named_parameters()}
    net.biased.zero_grad()
    functional.cross_entropy(net.biased(sound()), TARGETS).backward()
    for name, value in gradients(net.biased).items():
        assert value.abs().max() > 0, name
        assert torch.allclose(found[name], value, atol=1e-7), name
    assert torch.equal(logits, net.main(sound()).logits)


@pytest.mark.parametrize("combine", COMBINATIONS)
def test_the_main_model_learns_less_of_what_the_biased_one_knows(folder: Path, combine: str) -> None:
    # The weight of the last layer's bias: its gradient is what is still to be learnt of each genre.
    net = network(folder, combine)
    with torch.no_grad():
        net.biased.classify.weight.zero_()
        net.biased.classify.bias[:] = torch.tensor([6.0, 0.0, 0.0])
        net.main.classify.weight.zero_()
        net.main.classify.bias.zero_()
    of_genre_0 = torch.eye(N_CLASSES)[[0, 0, 0, 0]]
    net.loss(sound(), of_genre_0)[0].backward()
    grad = net.main.classify.bias.grad
    assert grad is not None
    assert 0 < -float(grad[0]) < 2 / 3 - 0.05  # alone it would be 2/3
    if net.gate is not None:
        assert net.gate.weight.grad is not None and net.gate.weight.grad.abs().max() > 0
    else:
        assert not any("gate" in name for name, _ in net.named_parameters())


def test_the_main_models_gradient_by_hand(folder: Path) -> None:
    # d NLL / d logits of a product is softmax(main + biased) - targets; of a mixture it is the plain one, times the
    # share of the mixed probability that is the main model's.
    for combine in ("poe", "mixture"):
        net = network(folder, combine, ratio=0.3).eval()
        net.loss(sound(), TARGETS)[0].backward()
        with torch.no_grad():
            main = net.main(sound()).logits.log_softmax(1)
            biased = net.biased(sound()).log_softmax(1)
            if combine == "poe":
                per_row = (main + biased).softmax(1) - TARGETS
            else:
                true = (TARGETS * main.exp()).sum(1, keepdim=True)
                false = (TARGETS * biased.exp()).sum(1, keepdim=True)
                per_row = (main.exp() - TARGETS) * (0.7 * true / (0.7 * true + 0.3 * false))
        assert net.main.classify.bias.grad is not None
        assert torch.allclose(net.main.classify.bias.grad, per_row.mean(0), atol=1e-6)


@pytest.mark.slow
def test_only_the_main_model_predicts_and_only_it_is_exported(folder: Path) -> None:
    import onnx
    import onnxruntime

    net = network(folder, "learned_mixin").eval()
    heard = sound(5)
    with torch.no_grad():
        expected = net.main(heard)
        assert torch.equal(net(heard).logits, expected.logits)
        for parameter in [*net.biased.parameters(), *net.gate.parameters()] if net.gate is not None else []:
            parameter.fill_(123.0)
    graph = predict_onnx(net, input_name="samples", n_frames=N_SAMPLES, n_mels=1)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    logits, embedding = session.run(["logits", "embedding"], {"samples": heard.numpy()})
    assert np.abs(logits - expected.logits.numpy()).max() < 1e-5
    assert np.abs(embedding - expected.embedding.numpy()).max() < 1e-5
    stored = onnx.load_from_string(graph).graph.initializer
    assert not any("biased" in value.name or "gate" in value.name for value in stored)
    assert all(not (onnx.numpy_helper.to_array(value) == 123.0).any() for value in stored)
    n_main = sum(parameter.numel() for parameter in net.main.parameters())
    assert sum(math.prod(value.dims) for value in stored if value.data_type == 1) <= n_main + 100


def test_the_biased_model_hears_colour_and_neither_order_nor_level() -> None:
    torch.manual_seed(0)
    biased = Colour(N_CLASSES, rate=10.0).eval()
    rng = np.random.default_rng(0)
    frames = torch.from_numpy(rng.normal(0, 0.1, (16, 400)).astype(np.float32))
    forth = frames.reshape(1, -1, 1)
    back = forth.flip(1)  # backwards a spectrum is the same, but for a window that is a sample longer on one side
    with torch.no_grad():
        assert torch.allclose(biased(forth), biased(back), atol=2e-3)
        assert torch.allclose(biased(forth), biased(0.1 * forth), atol=1e-3)
        dull = torch.nn.functional.avg_pool1d(forth[:, :, 0], 9, 1, 4)[:, :, None]
        assert not torch.allclose(biased(forth), biased(dull), atol=1e-2)
        assert torch.isfinite(biased(torch.zeros(1, 1600, 1))).all()


def test_the_biased_model_learns_rate_times_as_fast() -> None:
    steps = {}
    for rate in (1.0, 100.0):
        torch.manual_seed(0)
        biased = Colour(N_CLASSES, rate=rate)
        before = biased.classify.bias.detach() * rate
        optimizer = torch.optim.AdamW(biased.parameters(), lr=1e-5)
        functional.cross_entropy(biased(sound()), TARGETS).backward()
        optimizer.step()
        steps[rate] = biased.classify.bias.detach() * rate - before
    assert torch.allclose(steps[1.0].abs(), torch.full((N_CLASSES,), 1e-5), rtol=0.02)
    assert torch.allclose(steps[100.0], 100 * steps[1.0], rtol=0.02)


def test_the_biased_model_really_learns(folder: Path) -> None:
    # Three colours of noise: S3's biased model, which was never trained, would stay at a third.
    rng = np.random.default_rng(0)
    noise = torch.from_numpy(rng.normal(0, 0.1, (24, N_SAMPLES, 1)).astype(np.float32))
    for i, width in enumerate((1, 5, 15)):
        part = noise[i::3, :, 0]
        noise[i::3, :, 0] = torch.nn.functional.avg_pool1d(part, width, 1, width // 2, count_include_pad=False)
    targets = torch.eye(N_CLASSES)[torch.arange(24) % 3]
    net = network(folder, freeze="full", biased_rate=100.0).train()
    optimizer = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=1e-4)
    for _ in range(20):
        optimizer.zero_grad()
        net.loss(noise, targets)[0].backward()
        optimizer.step()
    with torch.no_grad():
        right = (net.eval().biased(noise).argmax(1) == targets.argmax(1)).float().mean()
    assert right == 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"combine": "sum"}, "combine should be one of mixture, poe, learned_mixin, got 'sum'"),
        ({"ratio": 1.0}, "ratio from 0 to below 1"),
        ({"ratio": -0.1}, "ratio from 0 to below 1"),
        ({"entropy_penalty": -1.0}, "entropy_penalty of at least 0"),
        ({"biased_rate": 0.0}, "biased_rate above 0"),
        ({"pooling": "median"}, "pooling should be one of"),
    ],
)
def test_options_that_do_not_fit(folder: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        network(folder, **options)
