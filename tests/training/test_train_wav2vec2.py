"""The ordinary training, with encoders of raw sound: what is kept, what is exported, and what a sound file is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

import tiny_encoder
import tiny_training
import tiny_wav2vec2
from genrelens import audio, models
from genrelens.bundle import Bundle
from genrelens.bundle.pooling import softmax
from genrelens.data import Track
from genrelens.recipe import Recipe, load
from genrelens.training.train import train

REAL_RECIPES = ("wav2vec2", "wav2vec2-debias", "wav2vec2-transformer")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder.write(tmp_path_factory.mktemp("encoder"))


def learn(recipe: Recipe, tracks: Sequence[Track], out: Path, cache: Path, **more: Any) -> Path:
    split = tiny_training.by_timbre(tuple(tracks))
    return train(tiny_training.training(recipe, tracks, split), out=out, cache=cache, **more)


def best(out: Path, recipe: Recipe) -> models.network.Network:
    """The network with the weights that were kept, built anew."""
    network = models.build(
        recipe.model.architecture, recipe.model.options, n_frames=recipe.windows.n_frames, n_mels=1, n_classes=3
    )
    state = torch.load(out / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"]
    network.load_state_dict({key.removeprefix("network."): value for key, value in state.items()})
    return network.eval()


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["wav2vec2", "wav2vec2_debias", "wav2vec2_transformer"])
def test_a_model_says_of_a_sound_file_what_torch_says_of_its_windows(
    architecture: str, encoder: Path, corpus: tuple[Track, ...], cache: Path, tmp_path: Path
) -> None:
    recipe = tiny_wav2vec2.recipe(encoder, architecture)
    out = tmp_path / "run"
    bundle = Bundle.load(learn(recipe, corpus, out, cache))
    track = corpus[0]
    found = bundle.predict(track.path)
    samples = audio.load(track.path, sample_rate=16_000).samples
    starts = [*range(0, len(samples) - 8000 + 1, 4000)]
    if starts[-1] + 8000 < len(samples):
        starts.append(len(samples) - 8000)  # the last is kept: S3 dropped it
    windows = torch.from_numpy(np.stack([samples[start : start + 8000, None] for start in starts]))
    network = best(out, recipe)
    with torch.no_grad():
        said = network(windows)
    assert np.allclose(found.window_times_s[:, 0] * 16_000, starts) and len(starts) > 10
    temperature = bundle.manifest.temperature
    expected = softmax(said.logits.numpy(), temperature=temperature)
    assert np.abs(found.window_probabilities - expected).max() < 1e-4
    assert np.abs(found.probabilities - softmax(said.logits.numpy().mean(0), temperature=temperature)).max() < 1e-4
    assert np.abs(found.embedding - said.embedding.numpy().mean(0)).max() < 1e-4
    assert bundle.manifest.front_end.input_name == "samples"
    assert bundle.manifest.licence.endswith("under the licence of those who published them")
    assert f"Trained from the weights of {encoder}" in bundle.card
    assert bundle.has_attention == (architecture == "wav2vec2_transformer")
    if architecture == "wav2vec2_debias":
        weights = onnx.load(out / "bundle" / "predict.onnx").graph.initializer
        assert not any("biased" in value.name or "bank" in value.name for value in weights)
        n_main = sum(p.numel() for name, p in network.named_parameters() if name.startswith("main."))
        n_all = sum(p.numel() for p in network.parameters())
        n_stored = sum(int(np.prod(value.dims)) for value in weights if value.data_type == onnx.TensorProto.FLOAT)
        assert n_stored <= n_main + 100 < n_all
        assert found.window_probabilities.shape == (len(starts), 3)


@pytest.mark.parametrize("architecture", ["wav2vec2", "wav2vec2_debias"])
def test_what_is_frozen_stays_and_what_is_not_learns(
    architecture: str,
    encoder: Path,
    corpus: tuple[Track, ...],
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from safetensors.torch import load_file

    tiny_training.export_weights_only(monkeypatch)
    recipe = tiny_wav2vec2.recipe(encoder, architecture)
    weights = tiny_training.weights(learn(recipe, corpus, tmp_path / "run", cache))
    main = "main." if architecture == "wav2vec2_debias" else ""
    before = load_file(encoder / "model.safetensors")
    moved = {
        name for name, value in before.items() if not np.array_equal(weights[f"{main}encoder.model.{name}"], value)
    }
    learnt = ("encoder.layers.1.",) if architecture == "wav2vec2" else ("feature_projection", "encoder")
    # A key's bias moves every score of a query alike, so that it has no gradient.
    expected = {name for name in before if name.startswith(learnt) and not name.endswith("k_proj.bias")}
    assert expected <= moved <= {name for name in before if name.startswith(learnt)}


def test_a_resumed_training_ends_as_an_uninterrupted_one(
    encoder: Path, corpus: tuple[Track, ...], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_training.export_weights_only(monkeypatch)
    recipe = tiny_wav2vec2.recipe(encoder, max_epochs=3)
    whole = tiny_training.weights(learn(recipe, corpus, tmp_path / "whole", cache))

    def ctrl_c(done: int, most: int, row: dict[str, float]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn(recipe, corpus, tmp_path / "cut", cache, progress=ctrl_c)
    resumed = tiny_training.weights(learn(recipe, corpus, tmp_path / "cut", cache, resume=True))
    assert whole.keys() == resumed.keys()
    assert not [name for name, value in whole.items() if not np.array_equal(value, resumed[name])]


def test_without_a_share_the_main_model_is_trained_as_it_would_be_alone(
    encoder: Path, corpus: tuple[Track, ...], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Clipped together with the gradients of a biased model that learns 100 times as fast, its own were next to nothing.
    tiny_training.export_weights_only(monkeypatch)
    beside = tiny_wav2vec2.recipe(encoder, max_epochs=1, weight_decay=0.0)
    main = {key: beside.model.options[key] for key in ("encoder", "pooling", "freeze", "freeze_layers", "dropout")}
    options = {**beside.model.options, "ratio": 0.0, "biased_rate": 100.0}
    alone = replace(beside, model=replace(beside.model, architecture="wav2vec2", options=main))
    beside = replace(beside, model=replace(beside.model, options=options))
    learn(alone, corpus, tmp_path / "alone", cache)
    learn(beside, corpus, tmp_path / "beside", cache)
    found = best(tmp_path / "beside", beside).state_dict()
    for name, value in best(tmp_path / "alone", alone).state_dict().items():
        assert torch.allclose(found[f"main.{name}"], value, atol=1e-6), name


@pytest.mark.parametrize("name", REAL_RECIPES)
def test_the_recipes_hear_three_seconds_every_one_and_a_half(name: str, tmp_path: Path) -> None:
    recipe = load(name)
    assert isinstance(recipe, Recipe)
    assert recipe.front_end.to_dict() == {"sample_rate": 16000}
    assert (recipe.windows.n_frames, recipe.windows.hop_frames) == (48_000, 24_000)
    assert recipe.model.options["encoder"] == "facebook/wav2vec2-base"
    # Twelve layers, as that encoder has: the options fit it.
    deep = tiny_encoder.write(tmp_path, num_hidden_layers=12)
    network = models.build(
        recipe.model.architecture,
        {**recipe.model.options, "encoder": str(deep)},
        n_frames=recipe.windows.n_frames,
        n_mels=1,
        n_classes=10,
    )
    learnt = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    layers = {int(key.split("encoder.layers.")[1].split(".")[0]) for key in learnt if "encoder.layers." in key}
    assert layers == (set() if name == "wav2vec2-transformer" else {10, 11})
