"""musicnn against what TensorFlow computed with the original's own code (tools/make_musicnn_activations.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from genrelens.models import musicnn
from genrelens.models.toom_cook import transforms

STORED = Path(__file__).with_name("musicnn_activations.npz")
STYLES = ("power_chords", "walking_swing", "four_on_the_floor", "waltz")
CLOSE = {"atol": 3e-4, "rtol": 1e-5}
"""Features reach 100, where float32 itself is no finer than 1e-5 of the value; one number in 5,000 is off by 1e-4 to
2e-4, since the timbral filters are evaluated at points (``models.toom_cook``)."""


@pytest.fixture(scope="module")
def weights() -> musicnn.Weights:
    return musicnn.read_weights()


@pytest.fixture(scope="module")
def network(weights: musicnn.Weights) -> musicnn.Musicnn:
    return musicnn.pretrained(weights)


def stored(style: str) -> dict[str, np.ndarray]:
    with np.load(STORED, allow_pickle=False) as file:
        return {name.removeprefix(f"{style}."): file[name] for name in file if name.startswith(f"{style}.")}


def patch_of(expected: dict[str, np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(expected["log_mel"].astype(np.float32))[None]


@pytest.mark.parametrize("style", STYLES)
def test_every_layer_gives_what_tensorflow_gave(network: musicnn.Musicnn, weights: musicnn.Weights, style: str) -> None:
    expected = stored(style)
    with torch.inference_mode():
        ours = network(patch_of(expected))
    kept = weights.kept
    np.testing.assert_allclose(ours.frames[0, expected["at"]], expected["frames"][:, kept], **CLOSE)
    np.testing.assert_allclose(ours.max_pool[0], expected["max_pool"][kept], **CLOSE)
    np.testing.assert_allclose(ours.mean_pool[0], expected["mean_pool"][kept], **CLOSE)
    np.testing.assert_allclose(ours.penultimate[0], expected["penultimate"], **CLOSE)
    np.testing.assert_allclose(ours.logits[0], expected["logits"], **CLOSE)
    assert expected["frames"].std() > 1  # not a comparison of nothing with nothing


@pytest.mark.parametrize("style", STYLES)
def test_the_filters_left_out_gave_nothing_in_tensorflow_either(weights: musicnn.Weights, style: str) -> None:
    expected = stored(style)
    left_out = np.setdiff1d(np.arange(753), weights.kept)
    assert len(left_out) == 497
    assert np.abs(expected["frames"][:, left_out]).max() < 1e-5
    assert np.abs(expected["max_pool"][left_out]).max() < 1e-5


def test_the_sizes_of_the_paper_and_of_what_training_left() -> None:
    paper, left = musicnn.Sizes(), musicnn.read_weights().sizes
    assert (paper.front, paper.features) == (561, 753)
    assert (left.timbral, left.temporal, left.front, left.features) == ((23, 14), (3, 7, 17), 64, 256)

    def n_parameters(sizes: musicnn.Sizes) -> int:
        return sum(parameter.numel() for parameter in musicnn.Musicnn(sizes).parameters())

    # By hand: filters with bias and two of the normalisation, the input's two, then the dense layers.
    front = 2 + sum((7 * bands + 3) * 204 for bands in (38, 67)) + sum((t + 3) * 51 for t in (128, 64, 32))
    mid = 64 * (7 * 561 + 3) + 2 * 64 * (7 * 64 + 3)
    back = 2 * 1506 + 1506 * 200 + 200 + 2 * 200 + 200 * 50 + 50
    assert n_parameters(paper) == front + mid + back == 787_159
    assert n_parameters(left) == 214_920


def test_the_licence_and_the_tags_come_with_the_weights(weights: musicnn.Weights) -> None:
    assert "Copyright (c) Music Technology Group, Universitat Pompeu Fabra 2019" in weights.notice
    assert "Permission to use, copy, modify, and/or distribute" in weights.notice
    beside = Path(musicnn.__file__).parent / "weights" / "musicnn-msd.LICENSE.txt"
    assert beside.read_text(encoding="utf-8") == weights.notice
    assert len(weights.tags) == 50
    assert weights.tags[:3] == ("rock", "pop", "alternative")
    assert weights.tags[33] == "Hip-Hop"
    assert all(array.dtype in (np.float32, np.int64) for array in weights.arrays.values())


def test_a_long_piece_gives_in_its_middle_what_a_cut_gives() -> None:
    """A feature sees 72 frames back and 73 ahead: whatever is further away does not matter, and what is nearer does."""
    front = musicnn.pretrained().front.double()
    piece = torch.from_numpy(np.random.default_rng(0).uniform(0, 5, (1, 400, 96)))
    with torch.inference_mode():
        whole, cut = front(piece)[0, 50:350], front(piece[:, 50:350])[0]
    difference = (whole - cut).abs().amax(dim=1).numpy()
    assert difference[72 : 300 - 73].max() < 1e-11
    assert min(difference[64:72].max(), difference[300 - 73]) > 1e-8


@pytest.mark.parametrize("n_frames", [1, 2, 31])
def test_patches_shorter_than_a_filter_have_features_too(network: musicnn.Musicnn, n_frames: int) -> None:
    with torch.inference_mode():
        ours = network(torch.ones(2, n_frames, 96))
    assert ours.frames.shape == (2, n_frames, 256)
    assert torch.isfinite(ours.logits).all()


def test_it_can_be_trained_on(weights: musicnn.Weights) -> None:
    """All of it: no filter that is left has lost its gradient."""
    network = musicnn.pretrained(weights).train()
    patches = torch.cat([patch_of(stored(style)) for style in STYLES[:3]])
    network(patches).logits.square().sum().backward()
    without = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []


@pytest.mark.parametrize(("kind", "number"), [("timbral", 0), ("timbral", 1), ("temporal", 0), ("temporal", 2)])
@pytest.mark.parametrize("n_frames", [187, 61, 1])
def test_filters_are_a_convolution_its_normalisation_and_the_loudest_band(
    network: musicnn.Musicnn, kind: str, number: int, n_frames: int
) -> None:
    """In float64, step by step as the paper has it, with every other normalisation turning its filter's sign."""
    filters = getattr(network.front, kind)[number].double()
    norm, kept = filters.norm, filters.norm.weight.detach().clone()
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 1, n_frames, 96)))
    with torch.inference_mode():
        norm.weight[::2] *= -1
        responses = torch.relu(filters.conv(torch.nn.functional.pad(x, (0, 0, *filters.padding))))
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        plain = responses * scale[:, None, None] + (norm.bias - norm.running_mean * scale)[:, None, None]
        np.testing.assert_allclose(filters(x), plain.amax(dim=3), atol=1e-10)
        norm.weight.copy_(kept)
    filters.float()


@pytest.mark.parametrize(("n_outputs", "n_taps"), [(1, 1), (2, 3), (4, 7), (3, 5), (1, 7), (4, 1)])
def test_toom_cook_is_a_convolution(n_outputs: int, n_taps: int) -> None:
    to_outputs, of_taps, of_inputs = transforms(n_outputs, n_taps)
    rng = np.random.default_rng(0)
    taps, inputs = rng.normal(size=n_taps), rng.normal(size=n_outputs + n_taps - 1)
    found = to_outputs @ ((of_taps @ taps) * (of_inputs @ inputs))
    np.testing.assert_allclose(found, np.correlate(inputs, taps, "valid"), atol=1e-12)


def test_toom_cook_says_what_it_has_no_points_for() -> None:
    with pytest.raises(ValueError, match="not for 12"):
        transforms(5, 7)
