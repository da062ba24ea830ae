"""What the screens give of an embedding, in closed form, and what the detector that ships says of simple sounds."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from genrelens.bundle import Bundle
from genrelens.bundle.windows import WindowSettings, iter_windows
from genrelens.frontend.frames import is_silent
from genrelens.frontend.mel import compress, mel_power
from genrelens.models.musicnn import pretrained
from genrelens.models.musicnn_head import FRONT_END, HOP_FRAMES, N_FRAMES, embedding_of
from genrelens.models.screens import NotMusic, Screens, Unlikeness, read_not_music

RATE = FRONT_END.sample_rate


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def detector(weight: np.ndarray, bias: float) -> NotMusic:
    return NotMusic(weight.astype(np.float32), np.array(bias, np.float32), 0.0, "toy", (), np.zeros(0, np.float32))


def test_scores_are_a_logit_and_a_whitened_distance(rng: np.random.Generator) -> None:
    d, k = 7, 3
    weight, mean, projection = rng.normal(size=d), rng.normal(size=d), rng.normal(size=(d, k))
    rows = rng.normal(size=(5, d))
    unlikeness = Unlikeness(mean.astype(np.float32), projection.astype(np.float32))
    given = Screens(unlikeness, not_music=detector(weight, 0.5))(torch.tensor(rows, dtype=torch.float32)).detach()
    apart = np.linalg.norm((rows - mean) @ projection, axis=1) / np.sqrt(k)
    np.testing.assert_allclose(given, np.column_stack([rows @ weight + 0.5, apart]), atol=2e-6)


def test_the_training_mean_is_at_no_distance() -> None:
    unlikeness = Unlikeness(np.array([3.0, -4.0], np.float32), np.eye(2, dtype=np.float32))
    screens = Screens(unlikeness, not_music=detector(np.zeros(2), 0.0))
    assert screens(torch.tensor([[3.0, -4.0], [6.0, 0.0]]))[:, 1].tolist() == pytest.approx([0.0, 5.0 / 2**0.5])


def test_the_stored_detector_fits_the_embedding_and_knows_what_it_has_heard() -> None:
    stored = read_not_music()
    assert stored.weight.shape == (712,) and stored.weight.dtype == np.float32 and stored.bias.shape == ()
    assert np.isfinite(stored.weight).all() and np.isfinite(stored.bias)
    assert stored.dataset == "gtzan" and len(set(stored.heard)) == len(stored.heard) == 483
    assert stored.out_of_fold.shape == (483,) and np.isfinite(stored.out_of_fold).all()
    # Nearly all of the music lies on music's side, though nothing that was fitted had heard it.
    assert (stored.out_of_fold < 0).mean() > 0.97


def sound(kind: str, rng: np.random.Generator) -> np.ndarray:
    t = np.arange(6 * RATE) / RATE
    return {
        "white noise": lambda: 0.1 * rng.standard_normal(len(t)),
        "sine": lambda: 0.3 * np.sin(2 * np.pi * 440 * t),
        "hum": lambda: sum((0.2 / k * np.sin(2 * np.pi * 50 * k * t) for k in range(1, 20)), 0 * t),
        "silence": lambda: 0 * t,
    }[kind]().astype(np.float32)


def windows_of(samples: np.ndarray) -> list[np.ndarray]:
    power = mel_power(samples, settings=FRONT_END)
    return [
        compress(window.power, settings=FRONT_END)
        for window in iter_windows([power], settings=WindowSettings(N_FRAMES, HOP_FRAMES))
        if not is_silent(window.power, settings=FRONT_END)
    ]


@pytest.mark.parametrize("kind", ["white noise", "hum"])
def test_sounds_that_are_no_music_score_above_nearly_all_music(kind: str, rng: np.random.Generator) -> None:
    stored = read_not_music()
    with torch.inference_mode():
        windows = torch.from_numpy(np.stack(windows_of(sound(kind, rng))))
        embedding = embedding_of(pretrained()(windows)).numpy()
    score = float((embedding @ stored.weight).mean() + stored.bias)
    assert score > np.quantile(stored.out_of_fold, 0.98)


@pytest.mark.parametrize("kind", ["white noise", "sine"])  # a steady hum escapes: docs/abstention.md
def test_the_default_model_gives_no_answer_to_sounds_that_are_no_music(kind: str, rng: np.random.Generator) -> None:
    assert Bundle.load("base").predict(sound(kind, rng), sample_rate=16_000).abstained


def test_silence_has_no_window_to_score(rng: np.random.Generator) -> None:
    assert windows_of(sound("silence", rng)) == []
