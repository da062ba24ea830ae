"""The networks: shapes, gradients, attention by hand and against torch's own, and options that do not fit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from genrelens import models
from genrelens.errors import MissingExtraError, RecipeError
from genrelens.models.network import BandNorm, EncoderLayer, Network, attention_of
from genrelens.models.transformer import sinusoids

Options = Mapping[str, str | int | float | bool]
TRANSFORMER: Options = {"n_layers": 2, "n_heads": 4, "d_model": 16, "d_hidden": 32, "dropout": 0.1}
MEL_TRANSFORMER: Options = {
    "stem": "8-8-12-8",
    "stem_dropout": 0.1,
    "n_layers": 2,
    "n_heads": 2,
    "d_model": 16,
    "d_hidden": 24,
    "dropout": 0.1,
}
N_FRAMES, N_MELS, N_CLASSES = 44, 32, 5


@dataclass(frozen=True)
class Case:
    """Small options, the width of their embedding, and the tokens that attention has, 0 without attention.

    ``n_mels`` where an architecture takes but one number; ``free``: parameters whose gradient is zero, up to rounding.
    """

    options: Options
    embedding: int
    n_tokens: int = 0
    n_mels: int = N_MELS
    free: frozenset[str] = frozenset()


CASES = {
    "transformer": Case(TRANSFORMER, 16, N_FRAMES),
    # A constant added to all scores of a softmax changes nothing.
    "mel_transformer": Case(MEL_TRANSFORMER, 16, N_FRAMES // 8, free=frozenset({"query.bias"})),
    "cnn_128": Case({"dropout": 0.4}, 128),
    "cnn_5s": Case({"dropout": 0.3}, 128),
    "cnn_plus": Case({"channels": "4-8-12", "block_dropout": 0.1, "dropout": 0.3, "n_mfcc": 12}, 24),
    "image_cnn": Case({"dropout": 0.5, "crop": 0.8}, 768, n_mels=128),
}
"""Architecture -> a small one of it."""
WITH_ATTENTION = [name for name, case in CASES.items() if case.n_tokens]


def build(architecture: str, *, seed: int = 0, **changes: Any) -> Network:
    torch.manual_seed(seed)
    case = CASES[architecture]
    options = {**case.options, **changes}
    return models.build(architecture, options, n_frames=N_FRAMES, n_mels=case.n_mels, n_classes=N_CLASSES)


def windows(n: int, *, n_frames: int = N_FRAMES, n_mels: int = N_MELS, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return -80 * torch.rand(n, n_frames, n_mels, generator=generator)


def heard_by(architecture: str, n: int, *, seed: int = 1) -> Tensor:
    return windows(n, n_mels=CASES[architecture].n_mels, seed=seed)


def settled(architecture: str, **changes: Any) -> Network:
    """A network in evaluation mode that has seen some windows: its band norms are no identity."""
    network = build(architecture, **changes).train()
    with torch.no_grad():
        for seed in range(20):
            network(heard_by(architecture, 8, seed=seed))
    return network.eval()


def test_every_architecture_has_a_row_above() -> None:
    """But for the networks that begin with weights from elsewhere: their own tests build small ones."""
    theirs = {name for name in models.ARCHITECTURES if name.startswith(("vggish", "wav2vec2"))}
    assert models.ARCHITECTURES.keys() - theirs == CASES.keys()


@pytest.mark.parametrize("architecture", CASES)
@pytest.mark.parametrize("n", [1, 3])
def test_shapes(architecture: str, n: int) -> None:
    network = build(architecture).eval()
    logits, embedding = network(heard_by(architecture, n))[:2]
    case = CASES[architecture]
    assert logits.shape == (n, N_CLASSES)
    assert embedding.shape == (n, case.embedding)
    assert logits.dtype == embedding.dtype == torch.float32
    attention = network.attention(heard_by(architecture, n))
    if case.n_tokens:
        assert attention is not None
        layers, heads = case.options["n_layers"], case.options["n_heads"]
        assert attention.shape == (n, layers, heads, case.n_tokens, case.n_tokens)
    else:
        assert attention is None


def test_the_size_of_the_original() -> None:
    options = {**TRANSFORMER, "n_layers": 4, "d_model": 128, "d_hidden": 256}
    network = models.build("transformer", options, n_frames=1290, n_mels=128, n_classes=10).eval()
    one = windows(1, n_frames=1290, n_mels=128)
    with torch.no_grad():
        assert network(one).logits.shape == (1, 10)
        attention = network.attention(one)
    assert attention is not None
    assert attention.shape == (1, 4, 4, 1290, 1290)
    assert torch.allclose(attention.sum(-1), torch.ones(1), atol=1e-5)


def test_a_frame_is_a_token_at_the_size_of_the_original() -> None:
    network = models.build("transformer", TRANSFORMER, n_frames=1290, n_mels=128, n_classes=10).eval()
    with torch.no_grad():
        assert network(windows(2, n_frames=1290, n_mels=128)).logits.shape == (2, 10)
        tokens = network._tokens(windows(1, n_frames=1290, n_mels=128))  # type: ignore[operator]
    assert tokens.shape == (1, 1290, 16)


@pytest.mark.parametrize("architecture", CASES)
def test_the_last_layer_reads_the_embedding_and_nothing_else(architecture: str) -> None:
    network = settled(architecture)
    logits, embedding = network(heard_by(architecture, 3))[:2]
    classify = network.get_submodule("classify")
    assert torch.allclose(classify(embedding), logits, atol=1e-6)


@pytest.mark.parametrize("architecture", CASES)
def test_every_parameter_gets_a_gradient(architecture: str) -> None:
    network = build(architecture).train()
    target = torch.arange(6) % N_CLASSES
    functional.cross_entropy(network(heard_by(architecture, 6)).logits, target).backward()
    free = CASES[architecture].free
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert name in free or parameter.grad.abs().max() > 1e-6, name


@pytest.mark.parametrize("architecture", CASES)
def test_it_can_learn_its_windows_by_heart(architecture: str) -> None:
    still = {"dropout": 0.0, "stem_dropout": 0.0, "block_dropout": 0.0}
    options = CASES[architecture].options
    network = build(architecture, **{name: still[name] for name in still if name in options}).train()
    target = torch.arange(6) % N_CLASSES
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    for _ in range(60):
        optimizer.zero_grad()
        loss = functional.cross_entropy(network(heard_by(architecture, 6)).logits, target)
        loss.backward()
        optimizer.step()
        if loss.item() < 0.1 * math.log(N_CLASSES):
            return
    raise AssertionError(f"after 60 steps the loss is still {loss.item():.3f}")


@pytest.mark.parametrize("architecture", CASES)
def test_evaluation_is_deterministic_and_training_is_not(architecture: str) -> None:
    network = settled(architecture)
    assert torch.equal(network(heard_by(architecture, 3)).logits, network(heard_by(architecture, 3)).logits)
    network.train()
    assert not torch.equal(network(heard_by(architecture, 3)).logits, network(heard_by(architecture, 3)).logits)


@pytest.mark.parametrize("architecture", CASES)
def test_a_window_is_answered_alike_wherever_it_stands_and_whoever_stands_beside(architecture: str) -> None:
    network = settled(architecture)
    batch, order = heard_by(architecture, 5), torch.tensor([3, 0, 4, 1, 2])
    with torch.no_grad():
        logits, embedding = network(batch)[:2]
        shuffled, shuffled_embedding = network(batch[order])[:2]
        alone = network(batch[2:3]).logits
    assert logits.std(dim=0).min() > 1e-4  # the windows are told apart at all
    assert torch.allclose(shuffled, logits[order], atol=1e-5)
    assert torch.allclose(shuffled_embedding, embedding[order], atol=1e-5)
    assert torch.allclose(alone, logits[2:3], atol=1e-5)


@pytest.mark.parametrize("architecture", WITH_ATTENTION)
def test_attention_is_alike_wherever_a_window_stands(architecture: str) -> None:
    network = settled(architecture)
    batch, order = heard_by(architecture, 5), torch.tensor([3, 0, 4, 1, 2])
    with torch.no_grad():
        attention, shuffled_attention = network.attention(batch), network.attention(batch[order])
    assert attention is not None and shuffled_attention is not None
    assert torch.allclose(shuffled_attention, attention[order], atol=1e-5)


@pytest.mark.parametrize("architecture", CASES)
def test_the_order_of_time_matters(architecture: str) -> None:
    network = settled(architecture)
    with torch.no_grad():
        forward, backward = (
            network(heard_by(architecture, 2)).logits,
            network(heard_by(architecture, 2).flip(1)).logits,
        )
    assert (forward - backward).abs().max() > 1e-4


@pytest.mark.parametrize("architecture", CASES)
def test_the_same_seed_gives_the_same_network(architecture: str) -> None:
    one, same, other = (build(architecture, seed=seed).state_dict() for seed in (3, 3, 4))
    assert one.keys() == same.keys()
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_a_band_norm_is_batch_normalisation_over_batch_and_time() -> None:
    norm = BandNorm(N_MELS).train()
    x = windows(4)
    values = x.numpy().reshape(-1, N_MELS)
    expected = (values - values.mean(axis=0)) / np.sqrt(values.var(axis=0) + 1e-5)
    assert np.allclose(norm(x).numpy().reshape(-1, N_MELS), expected, atol=1e-4)
    norm.eval()
    running = 0.9 * 0 + 0.1 * values.mean(axis=0), 0.9 * 1 + 0.1 * values.var(axis=0, ddof=1)
    expected = (values - running[0]) / np.sqrt(running[1] + 1e-5)
    assert np.allclose(norm(x).numpy().reshape(-1, N_MELS), expected, rtol=1e-4, atol=1e-4)


def test_sinusoids_are_those_of_the_paper() -> None:
    table = sinusoids(50, 8).numpy()
    for position in (0, 1, 17, 49):
        for i in range(4):
            angle = position / 10_000 ** (2 * i / 8)
            assert table[position, 2 * i] == pytest.approx(math.sin(angle), abs=1e-5)
            assert table[position, 2 * i + 1] == pytest.approx(math.cos(angle), abs=1e-5)


def encoder_layer(*, n_heads: int = 4) -> EncoderLayer:
    """A layer whose norms are no identity, in evaluation mode."""
    torch.manual_seed(2)
    layer = EncoderLayer(16, n_heads, 32, 0.1).eval()
    with torch.no_grad():
        for norm in (layer.norm_attention, layer.norm_hidden):
            norm.weight.uniform_(0.5, 1.5)
            norm.bias.uniform_(-0.5, 0.5)
        layer.query_key_value.weight.mul_(3)  # or attention would be nearly even
    return layer


@pytest.mark.parametrize("n_heads", [1, 2, 4])
def test_attention_by_hand_gives_what_the_layer_gives(n_heads: int) -> None:
    layer, x = encoder_layer(n_heads=n_heads), torch.randn(2, 7, 16)
    with torch.no_grad():
        weights = layer.weights(x).numpy()
        expected = layer(x).numpy()
        normal = layer.norm_attention(x)
        value = functional.linear(normal, layer.query_key_value.weight[32:], layer.query_key_value.bias[32:]).numpy()
    assert weights.shape == (2, n_heads, 7, 7)
    assert np.allclose(weights.sum(-1), 1.0, atol=1e-6) and weights.min() >= 0
    assert weights.max() > 2 / 7  # it does look somewhere
    width = 16 // n_heads
    heads = [weights[:, h] @ value[..., h * width : (h + 1) * width] for h in range(n_heads)]
    mixed = torch.from_numpy(np.concatenate(heads, axis=-1))
    with torch.no_grad():
        y = x + layer.project(mixed)
        y = y + layer.contract(functional.gelu(layer.expand(layer.norm_hidden(y))))
    assert np.allclose(y.numpy(), expected, atol=1e-5)


def test_a_layer_is_torchs_own_encoder_layer_with_the_norm_first() -> None:
    layer, x = encoder_layer(), torch.randn(3, 9, 16)
    theirs = nn.TransformerEncoderLayer(
        16, 4, 32, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
    ).eval()
    theirs.load_state_dict(
        {
            "self_attn.in_proj_weight": layer.query_key_value.weight,
            "self_attn.in_proj_bias": layer.query_key_value.bias,
            "self_attn.out_proj.weight": layer.project.weight,
            "self_attn.out_proj.bias": layer.project.bias,
            "linear1.weight": layer.expand.weight,
            "linear1.bias": layer.expand.bias,
            "linear2.weight": layer.contract.weight,
            "linear2.bias": layer.contract.bias,
            "norm1.weight": layer.norm_attention.weight,
            "norm1.bias": layer.norm_attention.bias,
            "norm2.weight": layer.norm_hidden.weight,
            "norm2.bias": layer.norm_hidden.bias,
        }
    )
    with torch.no_grad():
        assert torch.allclose(layer(x), theirs(x), atol=1e-5)
        normal = layer.norm_attention(x)
        _, weights = theirs.self_attn(normal, normal, normal, need_weights=True, average_attn_weights=False)
        assert torch.allclose(layer.weights(x), weights, atol=1e-6)


def test_attention_of_a_stack_is_that_of_each_layer_on_its_own_input() -> None:
    first, second = encoder_layer(), encoder_layer()
    with torch.no_grad():
        second.query_key_value.weight.neg_()
        x = torch.randn(2, 7, 16)
        stack = attention_of(nn.ModuleList([first, second]), x)
        assert torch.equal(stack[:, 0], first.weights(x))
        assert torch.equal(stack[:, 1], second.weights(first(x)))


@pytest.mark.parametrize("architecture", WITH_ATTENTION)
def test_rows_of_attention_sum_to_one(architecture: str) -> None:
    with torch.no_grad():
        attention = settled(architecture).attention(windows(2))
    assert attention is not None
    assert torch.allclose(attention.sum(-1), torch.ones(1), atol=1e-5)
    assert attention.min() >= 0


@pytest.mark.parametrize(
    ("architecture", "changes", "message"),
    [
        ("transformer", {"n_layer": 2}, "transformer has no option 'n_layer'; it has: n_layers, "),
        ("transformer", {"n_layers": 2.0}, "n_layers should be of type int, got 2.0"),
        ("transformer", {"n_layers": True}, "n_layers should be of type int, got True"),
        ("transformer", {"dropout": "0.1"}, "dropout should be of type float, got '0.1'"),
        ("transformer", {"n_heads": 3}, "d_model 16 should divide into 3 heads"),
        ("transformer", {"n_heads": 0}, "n_heads should be at least 1, got 0"),
        ("transformer", {"d_model": 15, "n_heads": 3}, "d_model should be even, got 15"),
        ("transformer", {"n_layers": 0}, "n_layers should be at least 1, got 0"),
        ("transformer", {"d_hidden": -4}, "d_hidden should be at least 1, got -4"),
        ("transformer", {"dropout": 1.0}, "dropout should be from 0 to below 1, got 1.0"),
        ("mel_transformer", {"n_heads": 3}, "d_model 16 should divide into 3 heads"),
        ("mel_transformer", {"n_layers": 0}, "n_layers should be at least 1, got 0"),
        ("mel_transformer", {"stem": ""}, "stem should be channel counts such as '32-64-128', got ''"),
        ("mel_transformer", {"stem": "8-x"}, "stem should be channel counts"),
        ("mel_transformer", {"stem": "8-0"}, "stem should be channel counts"),
        ("mel_transformer", {"stem": 8}, "stem should be of type str, got 8"),
        ("mel_transformer", {"stem": "8-8-8-8-8-8"}, "6 stem blocks need n_mels divisible by 64, got 32"),
        ("mel_transformer", {"stem_dropout": -0.1}, "stem_dropout should be from 0 to below 1, got -0.1"),
        ("mel_transformer", {"dropout": 1}, "dropout should be from 0 to below 1, got 1.0"),
        ("cnn_128", {"dropout": 1.0}, "dropout should be from 0 to below 1, got 1.0"),
        ("cnn_5s", {"dropout": -0.1}, "dropout should be from 0 to below 1, got -0.1"),
        ("image_cnn", {"dropout": 1.0}, "dropout should be from 0 to below 1, got 1.0"),
        ("image_cnn", {"crop": 0.05}, "crop should be from 0.1 to 1, got 0.05"),
        ("image_cnn", {"crop": 1.1}, "crop should be from 0.1 to 1, got 1.1"),
        ("cnn_plus", {"channels": "8-"}, "channels should be counts such as '24-48-96', got '8-'"),
        ("cnn_plus", {"n_mfcc": 33}, "n_mfcc should be from 0 to the number of bands, 32, got 33"),
        ("cnn_plus", {"n_mfcc": -1}, "n_mfcc should be from 0 to the number of bands, 32, got -1"),
        (
            "cnn_plus",
            {"channels": "4-4-4-4"},
            "4 blocks need at least 16 frames and 16 bands or coefficients, got 44 and 12",
        ),
        ("cnn_plus", {"block_dropout": 1.5}, "block_dropout should be from 0 to below 1, got 1.5"),
    ],
)
def test_options_that_do_not_fit_are_named(architecture: str, changes: Options, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        build(architecture, **changes)
    assert message in str(caught.value)
    assert architecture in str(caught.value)


@pytest.mark.parametrize("architecture", CASES)
def test_a_missing_option_and_an_unknown_architecture(architecture: str) -> None:
    options = dict(CASES[architecture].options)
    del options["dropout"]
    with pytest.raises(RecipeError, match=f"{architecture}: the option 'dropout' is missing"):
        models.build(architecture, options, n_frames=N_FRAMES, n_mels=N_MELS, n_classes=N_CLASSES)
    with pytest.raises(RecipeError, match="unknown architecture 'cnn'; known: transformer, mel_transformer"):
        models.build("cnn", {}, n_frames=N_FRAMES, n_mels=N_MELS, n_classes=N_CLASSES)


def test_windows_too_short_for_the_stem() -> None:
    with pytest.raises(RecipeError, match="at least 8 frames, got 7"):
        models.build("mel_transformer", MEL_TRANSFORMER, n_frames=7, n_mels=N_MELS, n_classes=2)
    shortest = models.build("mel_transformer", MEL_TRANSFORMER, n_frames=8, n_mels=N_MELS, n_classes=2).eval()
    assert shortest(windows(1, n_frames=8)).logits.shape == (1, 2)


def test_without_torch_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("importlib.import_module", absent)
    with pytest.raises(MissingExtraError, match=r"\.\[train\]"):
        models.build("transformer", TRANSFORMER, n_frames=8, n_mels=8, n_classes=2)
