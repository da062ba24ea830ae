"""Encoders of raw sound: what they are given, what is learnt of them, and how their frames become one vector."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import tiny_encoder
from genrelens import models
from genrelens.errors import MissingExtraError, RecipeError, TrainingError
from genrelens.models.encoder import FREEZINGS, WaveformEncoder, load_pretrained
from genrelens.models.wav2vec2 import POOLINGS, Wav2Vec2
from tiny_encoder import N_LAYERS, N_SAMPLES, WIDTH

N_CLASSES = 3
OPTIONS: dict[str, Any] = {"pooling": "mean", "freeze": "none", "freeze_layers": 0, "dropout": 0.1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder.write(tmp_path_factory.mktemp("encoder"))


def network(folder: Path, **options: Any) -> Wav2Vec2:
    torch.manual_seed(1)
    made = models.build(
        "wav2vec2", {"encoder": str(folder), **OPTIONS, **options}, n_frames=N_SAMPLES, n_mels=1, n_classes=N_CLASSES
    )
    assert isinstance(made, Wav2Vec2)
    return made


def sound(n: int = 4, *, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(0.1, 0.2, (n, N_SAMPLES, 1)).astype(np.float32))


def encoder_of(folder: Path) -> WaveformEncoder:
    return WaveformEncoder(load_pretrained(str(folder)), source=str(folder), sample_rate=16_000).eval()


@pytest.mark.parametrize("kind", ["wav2vec2", "hubert", "wavlm"])
@torch.no_grad()
def test_an_encoder_from_a_folder_gives_what_transformers_gives(kind: str, tmp_path: Path) -> None:
    import transformers

    folder = tiny_encoder.write(tmp_path, kind)
    heard = sound()
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    model = load_pretrained(str(folder)).model
    values = extractor(list(heard[:, :, 0].numpy()), sampling_rate=16_000, return_tensors="pt")["input_values"]
    ours = encoder_of(folder)
    assert torch.allclose(ours.prepare(heard), values, atol=2e-6)
    expected = model(values, output_hidden_states=True)
    assert torch.allclose(ours(heard), expected.last_hidden_state, atol=1e-5)
    hidden = ours.hidden(heard)
    assert hidden.shape == (4, 1 + N_LAYERS, 19, WIDTH)
    assert torch.allclose(hidden[:, 1], expected.hidden_states[1], atol=1e-5)
    assert ours.check_window(N_SAMPLES) == 19


def test_weights_are_those_of_the_folder_and_not_new_ones(folder: Path) -> None:
    from safetensors.torch import load_file

    stored = load_file(folder / "model.safetensors")
    ours = encoder_of(folder).model.state_dict()
    assert set(stored) == set(ours)
    assert all(torch.equal(stored[name], ours[name]) for name in stored)


@torch.no_grad()
def test_a_window_is_brought_to_mean_0_and_variance_1_where_the_encoder_was_trained_so(tmp_path: Path) -> None:
    heard = sound()
    normal = encoder_of(tiny_encoder.write(tmp_path / "a")).prepare(heard)
    assert normal.mean(dim=1).abs().max() < 1e-6
    assert (normal.var(dim=1, correction=0) - 1).abs().max() < 1e-4
    plain = encoder_of(tiny_encoder.write(tmp_path / "b", extractor={"do_normalize": False}))
    assert torch.equal(plain.prepare(heard), heard[:, :, 0])
    silence = encoder_of(tmp_path / "a").prepare(torch.full((1, N_SAMPLES, 1), 0.25))
    assert silence.abs().max() < 1e-3


@torch.no_grad()
def test_the_whole_window_is_heard(folder: Path) -> None:
    # S3's feature extractor kept the first third of its windows.
    net, heard = network(folder).eval(), sound(1)
    other = heard.clone()
    other[0, -200:] *= -1
    assert not torch.allclose(net(heard).logits, net(other).logits, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("pooling", POOLINGS)
def test_pooling(folder: Path, pooling: str) -> None:
    net, heard = network(folder, pooling=pooling).eval(), sound()
    hidden = net.encoder.hidden(heard)
    frames = hidden[:, -1]
    if net.layer_weights is not None:
        net.layer_weights[:] = torch.tensor([0.0, 1.0, -2.0]).log_softmax(0) + 5.0  # a constant changes nothing
        share = np.exp([0.0, 1.0, -2.0]) / np.exp([0.0, 1.0, -2.0]).sum()
        expected = sum(float(w) * hidden[:, i] for i, w in enumerate(share)).mean(dim=1)
    else:
        expected = {
            "last": frames[:, -1],
            "mean": frames.mean(dim=1),
            "max": frames.max(dim=1).values,
            "sum": frames.sum(dim=1),
        }[pooling]
    said = net(heard)
    assert torch.allclose(said.embedding, torch.tanh(net.dense(expected)), atol=1e-5)
    assert torch.allclose(said.logits, net.classify(said.embedding), atol=1e-6)
    assert said.logits.shape == (4, N_CLASSES)


def test_layer_weights_start_equal_and_are_learnt(folder: Path) -> None:
    net = network(folder, pooling="weighted", freeze="full")
    assert net.layer_weights is not None and not net.layer_weights.any()
    net.loss(sound(), torch.eye(N_CLASSES)[[0, 1, 2, 0]])[0].backward()
    assert net.layer_weights.grad is not None and net.layer_weights.grad.abs().min() > 0


@pytest.mark.parametrize(
    ("freeze", "n_layers", "learnt"),
    [
        ("none", 0, ("feature_extractor", "feature_projection", "encoder")),
        ("feature_extractor", 0, ("feature_projection", "encoder")),
        ("layers", 0, ("encoder.layers.0", "encoder.layers.1")),
        ("layers", 1, ("encoder.layers.1",)),
        ("layers", 2, ()),
        ("full", 0, ()),
    ],
)
@pytest.mark.parametrize("large", [False, True])  # large models put their layer norm behind the layers
def test_what_is_frozen_has_no_gradient_and_no_dropout(
    tmp_path: Path, freeze: str, n_layers: int, learnt: tuple[str, ...], large: bool
) -> None:
    norm: dict[str, Any] = {"do_stable_layer_norm": True, "feat_extract_norm": "layer"} if large else {}
    net = network(tiny_encoder.write(tmp_path, **norm), freeze=freeze, freeze_layers=n_layers)
    net.loss(sound(), torch.eye(N_CLASSES)[[0, 1, 2, 0]])[0].backward()
    for name, parameter in net.encoder.model.named_parameters():
        wanted = name.startswith(learnt) and name != "masked_spec_embed" if learnt else False
        assert parameter.requires_grad == wanted, name
        assert (parameter.grad is not None) == wanted, name
    for mode in (True, False, True):
        net.train(mode)
        for name, module in net.encoder.model.named_modules():
            inside = any(name.startswith(part) for part in learnt) if learnt else False
            if inside:
                assert module.training == mode, name
            elif freeze not in ("none", "feature_extractor"):
                assert not module.training, name
    assert net.dropout.training and net.classify.weight.grad is not None


def test_a_frozen_encoder_says_the_same_twice_in_training_mode_and_a_learning_one_does_not(folder: Path) -> None:
    heard = sound()
    with torch.no_grad():
        frozen = network(folder, freeze="full").train().encoder
        assert torch.equal(frozen(heard), frozen(heard))
        learning = network(folder, freeze="none").train().encoder
        assert not torch.equal(learning(heard), learning(heard))  # its own dropout


def test_numbers_depend_on_torchs_seed_alone(folder: Path, tmp_path: Path) -> None:
    # SpecAugment in transformers draws from NumPy's global numbers and layer drop skips whole layers.
    loud = tiny_encoder.write(tmp_path, mask_time_prob=0.5, mask_feature_prob=0.5, layerdrop=0.5)
    net, heard = network(loud).train(), sound()
    answers = []
    for numpy_seed in (0, 1):
        np.random.seed(numpy_seed)  # noqa: NPY002 the very numbers that must not matter
        torch.manual_seed(5)
        answers.append(net.encoder(heard).detach())
    assert torch.equal(*answers)
    assert net.encoder.model.config.layerdrop == 0.0


def bad_options() -> list[tuple[dict[str, Any], str]]:
    return [
        ({"pooling": "median"}, "pooling should be one of last, mean, max, sum, weighted, got 'median'"),
        ({"freeze": "half"}, "freeze should be one of none, feature_extractor, layers, full, got 'half'"),
        ({"freeze_layers": 1}, "freeze_layers = 1 goes with freeze = 'layers'"),
        ({"freeze": "layers", "freeze_layers": 3}, "from 0 to the encoder's 2, got 3"),
        ({"freeze": "layers", "freeze_layers": -1}, "from 0 to the encoder's 2, got -1"),
        ({"dropout": 1.0}, "dropout should be from 0 to below 1"),
        ({"encoders": "x"}, "has no option 'encoders'"),
    ]


@pytest.mark.parametrize(("options", "message"), bad_options())
def test_options_that_do_not_fit(folder: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message.replace("(", r"\(")):
        network(folder, **options)
    assert set(FREEZINGS) == {"none", "feature_extractor", "layers", "full"}


def build(source: str, *, n_frames: int = N_SAMPLES, n_mels: int = 1) -> None:
    models.build("wav2vec2", {"encoder": source, **OPTIONS}, n_frames=n_frames, n_mels=n_mels, n_classes=3)


def test_windows_that_do_not_fit(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match='kind = "waveform", got frames of 32 bands'):
        build(str(folder), n_mels=32)
    with pytest.raises(RecipeError, match="too short for the encoder"):
        build(str(folder), n_frames=100)
    slow = tiny_encoder.write(tmp_path, extractor={"sampling_rate": 8000})
    with pytest.raises(RecipeError, match="hears sound at 8000 Hz, this architecture gives it 16000 Hz"):
        build(str(slow))


def test_an_encoder_that_hears_no_samples_is_sent_to_the_probe(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"is a ASTModel: expected one that hears samples.*encoder-probe"):
        build(str(tiny_encoder.write_ast(tmp_path)))
    with pytest.raises(RecipeError, match="has an adapter"):
        build(str(tiny_encoder.write(tmp_path / "adapter", add_adapter=True, output_hidden_size=WIDTH)))


def test_what_is_no_encoder_is_refused_with_what_was_expected(folder: Path, tmp_path: Path) -> None:
    for nowhere in (str(tmp_path / "nowhere"), "../nowhere", "a/b/c", ""):
        with pytest.raises(TrainingError, match=r"expected a local folder in the hub's format .* or a hub id"):
            build(nowhere)
    with pytest.raises(TrainingError, match=r"cannot be had from the Hugging Face hub.*HF_HUB_OFFLINE is set"):
        build("somebody/no-such-encoder")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(TrainingError, match=r"cannot be used: .*expected the hub's format: config.json"):
        build(str(empty))


def copied(folder: Path, to: Path, *, leave_out: str = "") -> Path:
    to.mkdir()
    for file in folder.iterdir():
        if file.name != leave_out:
            (to / file.name).write_bytes(file.read_bytes())
    return to


def test_a_folder_that_is_damaged_or_not_whole_is_refused(folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    for i, name in enumerate(("config.json", "preprocessor_config.json", "model.safetensors")):
        with pytest.raises(TrainingError, match="cannot be used"):
            build(str(copied(folder, tmp_path / f"without-{i}", leave_out=name)))
    cut = copied(folder, tmp_path / "cut")
    content = (cut / "model.safetensors").read_bytes()
    (cut / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(TrainingError, match="cannot be used"):
        build(str(cut))
    lacking = copied(folder, tmp_path / "lacking")
    weights = load_file(lacking / "model.safetensors")
    del weights["encoder.layers.1.attention.k_proj.weight"]
    save_file(weights, lacking / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(TrainingError, match=r"lack 1 of those .* 'encoder.layers.1.attention.k_proj.weight'"):
        build(str(lacking))
    other = copied(folder, tmp_path / "other")
    settings = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**settings, "intermediate_size": 24}))
    with pytest.raises(TrainingError, match="cannot be used"):
        build(str(other))


def test_pickles_and_code_that_come_with_a_model_are_not_run(folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    pickled = copied(folder, tmp_path / "pickled", leave_out="model.safetensors")
    torch.save(load_file(folder / "model.safetensors"), pickled / "pytorch_model.bin")
    with pytest.raises(TrainingError, match="cannot be used"):
        build(str(pickled))
    scripted = copied(folder, tmp_path / "scripted")
    settings = json.loads((scripted / "config.json").read_text())
    code = {"AutoConfig": "own.Config", "AutoModel": "own.Model"}
    (scripted / "config.json").write_text(json.dumps({**settings, "model_type": "own", "auto_map": code}))
    ran = tmp_path / "ran"
    (scripted / "own.py").write_text(f"open({str(ran)!r}, 'w').close()")
    with pytest.raises(TrainingError, match="cannot be used"):
        build(str(scripted))
    assert not ran.exists()


def test_without_transformers_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"\.\[pretrained\]"):
        build(str(folder))


def test_transformer_over_frozen_frames(folder: Path) -> None:
    options = {"encoder": str(folder), "n_layers": 2, "n_heads": 2, "d_model": 8, "d_hidden": 8, "dropout": 0.0}
    net = models.build("wav2vec2_transformer", options, n_frames=N_SAMPLES, n_mels=1, n_classes=N_CLASSES)
    said = net(sound())
    assert said.logits.shape == (4, N_CLASSES) and said.embedding.shape == (4, 8)
    net.loss(sound(), torch.eye(N_CLASSES)[[0, 1, 2, 0]])[0].backward()
    learnt = {name for name, parameter in net.named_parameters() if parameter.grad is not None}
    assert learnt == {name for name, _ in net.named_parameters() if not name.startswith("encoder.")}
    with torch.no_grad():
        weights = net.eval().attention(sound(1))
    assert weights is not None and weights.shape == (1, 2, 2, 19, 19)
    assert torch.allclose(weights.sum(-1), torch.ones(1, 2, 2, 19), atol=1e-5)
    with pytest.raises(RecipeError, match="should divide into 3 heads"):
        models.build("wav2vec2_transformer", {**options, "n_heads": 3}, n_frames=N_SAMPLES, n_mels=1, n_classes=3)
