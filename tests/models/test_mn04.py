"""mn04: its size and shape in closed form, and an independent reading's numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import mn04_expected
from genrelens.frontend.frames import compress, frames_of
from genrelens.frontend.mn04 import Mn04Settings
from genrelens.models import mn04

SETTINGS = Mn04Settings()


def log_mel(samples: np.ndarray) -> np.ndarray:
    return compress(frames_of(samples, settings=SETTINGS), settings=SETTINGS)


def released_table() -> dict[str, torch.Tensor]:
    table = torch.load(mn04_expected.folder() / mn04_expected.RELEASED, weights_only=True)
    return {name: value for name, value in table.items() if not mn04.is_counter(name)}


# Closed forms


def test_the_released_network_has_983_599_weights_that_were_learnt() -> None:
    """0.98 M, as its authors say; the running means and variances of its 46 normalisations come on top."""
    learnt = sum(torch.Size(shape).numel() for name, shape in mn04.shapes().items() if "running" not in name)
    assert learnt == sum(value.numel() for value in mn04.Mn04().parameters())
    assert learnt == 983_599


def test_it_is_mobilenet_v3_large_at_four_tenths_of_its_width() -> None:
    """Howard et al. 2019, table 1: channels times 0.4, to the nearest multiple of 8, up where a tenth would be lost."""

    def eights(channels: float) -> int:
        nearest = max(8, int(channels + 4) // 8 * 8)
        return nearest + 8 if nearest < 0.9 * channels else nearest

    def narrow(channels: int) -> int:
        return eights(channels * 0.4)

    inside = [16, 64, 72, 72, 120, 120, 240, 200, 184, 184, 480, 672, 672, 960, 960]
    out = [16, 24, 24, 40, 40, 40, 80, 80, 80, 80, 112, 112, 160, 160, 160]
    assert [step.inside for step in mn04._STEPS] == [narrow(n) for n in inside]
    assert [step.out for step in mn04._STEPS] == [narrow(n) for n in out]
    assert [step.kernel for step in mn04._STEPS] == [3, 3, 3, 5, 5, 5, 3, 3, 3, 3, 3, 3, 5, 5, 5]
    gated = [step for step in mn04._STEPS if step.squeezed]
    assert [step.squeezed for step in gated] == [eights(step.inside // 4) for step in gated]
    assert [i for i, step in enumerate(mn04._STEPS) if step.stride == 2] == [1, 3, 6, 12]


def test_a_normalisation_inside_its_convolution_changes_nothing() -> None:
    weights = mn04.random_weights(seed=1)
    plain = mn04.Mn04()
    plain.load_state_dict({**plain.state_dict(), **weights})
    folded = mn04.with_weights(weights)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in folded.modules())
    x = torch.randn(2, 150, 128)
    with torch.no_grad():
        torch.testing.assert_close(folded(x).logits, plain.eval()(x).logits, rtol=1e-3, atol=1e-3)


def test_a_gate_weighs_channels_by_their_means() -> None:
    gate = mn04._Gate(3, 2)
    x = torch.randn(1, 3, 4, 5)
    with torch.no_grad():
        hidden = torch.clamp(gate.fc1.weight @ x.mean((2, 3))[0] + gate.fc1.bias, min=0)
        factors = 1 / (1 + torch.exp(-(gate.fc2.weight @ hidden + gate.fc2.bias)))
        torch.testing.assert_close(gate(x), x * factors[None, :, None, None])


def test_sound_of_any_length_is_heard() -> None:
    network = mn04.with_weights(mn04.random_weights(seed=0))
    with torch.inference_mode():
        for n_frames in (1, 30, 1001):
            said = network(torch.zeros(2, n_frames, 128))
            assert said.logits.shape == (2, 527) and said.features.shape == (2, 384)


# An independent reading


@pytest.mark.parametrize("name", mn04_expected.SIGNALS)
def test_released_weights_say_what_an_independent_reading_got(name: str) -> None:
    expected = mn04_expected.expected()
    network = mn04.with_weights(released_table())
    with torch.inference_mode():
        said = network(torch.from_numpy(log_mel(mn04_expected.signal(name)))[None])
    np.testing.assert_allclose(said.logits[0], expected[f"{name}_logits"], rtol=0, atol=1e-3)
    np.testing.assert_allclose(said.features[0], expected[f"{name}_features"], rtol=0, atol=1e-3)
    assert np.abs(expected[f"{name}_logits"]).max() > 5  # not a comparison of nothing with nothing


def test_the_released_file_holds_just_these_weights() -> None:
    assert {name: tuple(value.shape) for name, value in released_table().items()} == mn04.shapes()


def test_random_weights_depend_on_their_seed_alone() -> None:
    first, again, other = (mn04.random_weights(seed=seed) for seed in (3, 3, 4))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["classifier.5.weight"], other["classifier.5.weight"])
