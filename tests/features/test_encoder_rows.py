"""Rows of frozen encoders: what they are means of, and that nothing is computed twice or kept too long."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import tiny_encoder
from genrelens.data import Track
from genrelens.errors import TrainingError
from genrelens.features import encoder as embed_encoder
from genrelens.features.encoder import digest, encoder_rows, window_samples
from genrelens.models.encoder import load_pretrained
from tiny_encoder import WIDTH

RATE = 16_000


def write(path: Path, samples: np.ndarray) -> Track:
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    return Track(path.stem, path, "rock", None, "toys", None)


def noise(seconds: float, *, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("encoders")
    made = {kind: tiny_encoder.write(root / kind, kind) for kind in ("wav2vec2", "hubert", "wavlm")}
    return {**made, "ast": tiny_encoder.write_ast(root / "ast")}


@pytest.mark.parametrize("kind", ["wav2vec2", "hubert", "wavlm", "ast"])
@torch.no_grad()
def test_a_row_is_the_mean_over_frames_and_windows(kind: str, folders: dict[str, Path], tmp_path: Path) -> None:
    import transformers

    samples = noise(7.0)
    rows = encoder_rows([write(tmp_path / "a.wav", samples)], encoder=str(folders[kind]), cache=tmp_path / "cache")
    model = transformers.AutoModel.from_pretrained(folders[kind]).eval()
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folders[kind])
    n = 400 + 160 * 63 if kind == "ast" else 48_000  # 64 frames of 25 ms every 10 ms, or 3 s
    starts = [*range(0, len(samples) - n + 1, n // 2)]
    if starts[-1] + n < len(samples):
        starts.append(len(samples) - n)
    values = [extractor(samples[s : s + n], sampling_rate=RATE, return_tensors="pt") for s in starts]
    means = [model(one["input_values"]).last_hidden_state.mean(dim=1)[0].numpy() for one in values]
    assert rows.shape == (1, WIDTH) and rows.dtype == np.float64
    assert np.abs(rows[0] - np.mean(means, axis=0)).max() < 1e-5
    assert window_samples(load_pretrained(str(folders[kind]))) == n
    if kind == "ast":  # its extractor neither cuts nor pads such a window
        assert values[0]["input_values"].shape == (1, 64, 16)
        assert extractor(samples[: n - 160], sampling_rate=RATE)["input_values"][0][-1].std() == 0


def test_silent_windows_do_not_count(folders: dict[str, Path], tmp_path: Path) -> None:
    loud = noise(3.0)
    alone = write(tmp_path / "alone.wav", loud)
    padded = write(tmp_path / "padded.wav", np.concatenate([loud, np.zeros(12 * RATE, np.float32)]))
    given = {"encoder": str(folders["wav2vec2"]), "cache": tmp_path / "cache"}
    whole, with_silence = encoder_rows([alone, padded], **given)  # type: ignore[arg-type]
    # Of the padded one two windows are heard: the first, and the one whose second half is silent.
    half = write(tmp_path / "half.wav", np.concatenate([loud[24_000:], np.zeros(24_000, np.float32)]))
    (second,) = encoder_rows([half], **given)  # type: ignore[arg-type]
    assert np.allclose(with_silence, (whole + second) / 2, atol=1e-6)


def test_tracks_that_cannot_be_used_are_named(folders: dict[str, Path], tmp_path: Path) -> None:
    good, silent = write(tmp_path / "good.wav", noise(1.0)), write(tmp_path / "silent.wav", np.zeros(RATE))
    (tmp_path / "broken.wav").write_bytes(b"no sound at all")
    broken = Track("broken", tmp_path / "broken.wav", "rock", None, "toys", None)
    for bad, why in ((silent, "silent throughout"), (broken, "broken")):
        with pytest.raises(TrainingError, match=f"1 of 3 tracks cannot be used, the first is {bad.id}: .*{why}"):
            encoder_rows([good, bad, good], encoder=str(folders["ast"]), cache=tmp_path / "cache")


def test_nothing_is_heard_twice_and_another_encoder_has_other_rows(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracks = [write(tmp_path / f"{i}.wav", noise(1.0, seed=i)) for i in range(2)]
    cache, seen = tmp_path / "cache", []
    first = encoder_rows(
        tracks, encoder=str(folders["hubert"]), cache=cache, progress=lambda done, n: seen.append((done, n))
    )
    assert seen == [(1, 2), (2, 2)] and not np.allclose(first[0], first[1])
    real = embed_encoder._means
    heard: list[int] = []

    def count(*args: object, **kwargs: object) -> object:
        heard.append(1)
        return real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(embed_encoder, "_means", count)
    again = encoder_rows(tracks, encoder=str(folders["hubert"]), cache=cache)
    assert np.array_equal(first, again) and not heard
    other = tiny_encoder.write(tmp_path / "other", "hubert", seed=1)
    assert not np.allclose(encoder_rows(tracks, encoder=str(other), cache=cache), first)
    assert len(heard) == 2
    copy = tiny_encoder.write(tmp_path / "same-under-another-name", "hubert", seed=0)
    assert np.array_equal(encoder_rows(tracks, encoder=str(copy), cache=cache), first) and len(heard) == 2
    for row in cache.glob("*.npy"):
        row.write_bytes(row.read_bytes()[:-8])  # cut short, as by a full disk
    assert np.array_equal(encoder_rows(tracks, encoder=str(folders["hubert"]), cache=cache), first)
    write(tmp_path / "0.wav", noise(1.5, seed=9))
    assert not np.allclose(encoder_rows(tracks, encoder=str(folders["hubert"]), cache=cache)[0], first[0])


def test_the_digest_is_of_what_the_encoder_does(folders: dict[str, Path], tmp_path: Path) -> None:
    digests = {digest(load_pretrained(str(folder))) for folder in folders.values()}
    assert len(digests) == 4
    assert digest(load_pretrained(str(tiny_encoder.write(tmp_path / "same")))) in digests
    plain = tiny_encoder.write(tmp_path / "plain", extractor={"do_normalize": False})
    assert digest(load_pretrained(str(plain))) not in digests


def test_a_model_of_something_else_is_refused(tmp_path: Path) -> None:
    import transformers

    folder = tmp_path / "clap"
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.BertConfig(**small, vocab_size=32)
    tiny_encoder._save(transformers.BertModel(config), folder)
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(folder)
    with pytest.raises(TrainingError, match=r"is a BertModel, which cannot be given sound alone"):
        encoder_rows([write(tmp_path / "a.wav", noise(1.0))], encoder=str(folder), cache=tmp_path / "cache")


def test_a_file_in_the_folders_place_is_called_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file.txt").write_text("no encoder")
    with pytest.raises(TrainingError, match=r"'file.txt' is a file; expected a folder"):
        load_pretrained("file.txt")


@pytest.mark.parametrize("rate", [None, "fast", 0])
def test_an_encoder_that_does_not_say_how_fast_it_hears_is_refused(tmp_path: Path, rate: object) -> None:
    folder = tiny_encoder.write(tmp_path / "encoder")
    said = json.loads((folder / "preprocessor_config.json").read_text("utf-8"))
    (folder / "preprocessor_config.json").write_text(json.dumps({**said, "sampling_rate": rate}))
    with pytest.raises(TrainingError, match=f"sampling_rate in Hz, 16000 for most; it says {rate!r}"):
        load_pretrained(str(folder))
