"""How far is far, and the limits: on toy sets whose answers are known."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")

import torch
from torch import Tensor

from genrelens.data import Track
from genrelens.errors import TrainingError
from genrelens.models.network import Network, Output
from genrelens.models.screens import NotMusic, Screens, read_not_music
from genrelens.training.export import predict_onnx
from genrelens.training.heads import MIN_FOR_LIMITS, HeadData, limits_of
from genrelens.training.screens import N_DIRECTIONS, abstention, fit_unlikeness, out_of_fold_screens, screens_of


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def toy_music(rng: np.random.Generator, n_tracks: int, *, d: int = 5) -> list[np.ndarray]:
    mixing = rng.normal(size=(d, d))
    return [(rng.normal(size=(6, d)) @ mixing + 10).astype(np.float32) for _ in range(n_tracks)]


def toy_detector(d: int, *, heard: tuple[str, ...] = (), scores: tuple[float, ...] = ()) -> NotMusic:
    return NotMusic(
        np.zeros(d, np.float32), np.array(0.25, np.float32), 0.0, "toy", heard, np.array(scores, np.float32)
    )


def toy_tracks(n: int) -> list[Track]:
    return [Track(f"t{i}", Path(f"t{i}.wav"), "one", f"artist {i // 2}", "toy") for i in range(n)]


def test_music_is_white_in_its_own_directions(rng: np.random.Generator) -> None:
    music = toy_music(rng, 40)
    unlikeness = fit_unlikeness(music)
    rows = (np.concatenate(music) - unlikeness.mean) @ unlikeness.projection
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(rows.T @ rows / len(rows), np.eye(5), atol=1e-3)


def test_each_track_counts_the_same_however_long(rng: np.random.Generator) -> None:
    music = toy_music(rng, 20)
    longer = [np.concatenate([music[0]] * 9), *music[1:]]
    np.testing.assert_allclose(fit_unlikeness(longer).mean, fit_unlikeness(music).mean, rtol=1e-5)


def test_a_few_tracks_have_a_few_directions_and_still_features_say_nothing(rng: np.random.Generator) -> None:
    music = [np.column_stack([rows, np.full(len(rows), 7.0, np.float32)]) for rows in toy_music(rng, 3)]
    unlikeness = fit_unlikeness(music)
    assert unlikeness.projection.shape == (6, 3) and np.isfinite(unlikeness.projection).all()
    assert (unlikeness.projection[5] == 0).all()
    assert fit_unlikeness(toy_music(rng, 100, d=100)).projection.shape == (100, N_DIRECTIONS)


def test_one_track_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(TrainingError, match="two tracks or more, got 1"):
        fit_unlikeness(toy_music(rng, 1))


def test_what_is_far_away_is_unlike(rng: np.random.Generator) -> None:
    music = toy_music(rng, 40)
    screens = Screens(fit_unlikeness(music), not_music=toy_detector(5))
    near = screens_of(screens, music)[:, 1]
    far = screens_of(screens, [rows + 100 for rows in music])[:, 1]
    assert 0.5 < near.mean() < 1.5 and far.min() > 3 * near.max()


def test_an_artist_is_judged_by_what_has_not_heard_them(rng: np.random.Generator) -> None:
    music = toy_music(rng, 40)
    music[0], music[1] = music[0] + 300, music[1] + 300  # both tracks of one artist
    inside = screens_of(Screens(fit_unlikeness(music), not_music=toy_detector(5)), music)[:2, 1]
    outside = out_of_fold_screens(toy_tracks(40), music, seed=0, not_music=toy_detector(5))[:2, 1]
    assert (outside > 3 * inside).all()


def test_tracks_that_the_detector_has_heard_get_its_out_of_fold_answers(rng: np.random.Generator) -> None:
    detector = toy_detector(5, heard=("t3",), scores=(1.5,))
    values = out_of_fold_screens(toy_tracks(10), toy_music(rng, 10), seed=0, not_music=detector)[:, 0]
    assert values[3] == 1.5 and np.delete(values, 3).tolist() == [0.25] * 9


def test_where_some_windows_are_kept_the_detector_is_asked_about_the_mean_of_all(rng: np.random.Generator) -> None:
    music = toy_music(rng, 10)
    detector = dataclasses.replace(toy_detector(5), weight=np.arange(5, dtype=np.float32))
    rows = rng.normal(size=(10, 5))
    values = out_of_fold_screens(toy_tracks(10), music, rows=rows, seed=0, not_music=detector)
    np.testing.assert_allclose(values[:, 0], rows @ np.arange(5) + float(detector.bias), rtol=1e-6)
    alone = out_of_fold_screens(toy_tracks(10), music, seed=0, not_music=detector)
    np.testing.assert_array_equal(values[:, 1], alone[:, 1])


@pytest.mark.parametrize("n", [MIN_FOR_LIMITS - 1, MIN_FOR_LIMITS])
def test_a_models_limits_need_enough_tracks_and_never_fall_below_the_detectors(
    rng: np.random.Generator, n: int
) -> None:
    rows = 0.01 * rng.normal(size=(n, 712))
    limits = limits_of(
        HeadData(toy_tracks(n), rows, [row[None].astype(np.float32) for row in rows]), confidence=rng.random(n), seed=0
    )
    detector = read_not_music()
    own = rows @ detector.weight + detector.bias
    assert limits.max_not_music is not None
    assert limits.max_not_music >= detector.limit
    if n < MIN_FOR_LIMITS:
        assert limits.max_not_music == pytest.approx(max(own.max(), detector.limit), abs=1e-5)
        assert (limits.max_unlikeness, limits.min_confidence) == (None, None)
    else:
        assert limits.max_unlikeness is not None
        assert limits.min_confidence is not None
    low = rows - 10 * detector.weight / np.linalg.norm(detector.weight) ** 2  # ten below, each of them
    few = limits_of(
        HeadData(toy_tracks(n), low, [row[None].astype(np.float32) for row in low]), confidence=rng.random(n), seed=0
    )
    assert few.max_not_music == detector.limit


def held_back(limits, confidence: np.ndarray, screens: np.ndarray) -> list[str | None]:
    return [
        limits.reason(silent=False, duration_s=9.0, confidence=c, not_music=s[0], unlikeness=s[1])
        for c, s in zip(confidence, screens, strict=True)
    ]


@given(st.integers(1, 300), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.04, 0.1]), st.booleans())
def test_no_more_music_is_held_back_than_was_asked(n: int, seed: int, share: float, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    confidence, screens = rng.random(n), rng.normal(size=(n, 2))
    if ties:
        confidence, screens = np.round(confidence, 1), np.round(screens)
    reasons = held_back(abstention(confidence, screens, share=share), confidence, screens)
    assert sum(reason is not None for reason in reasons) <= share * n


def test_every_reason_has_its_part(rng: np.random.Generator) -> None:
    confidence, screens = rng.random(2000), rng.normal(size=(2000, 2))
    reasons = held_back(abstention(confidence, screens, share=0.04), confidence, screens)
    counts = [reasons.count(name) for name in ("not_music", "unlike_training", "undecided")]
    assert 76 <= sum(counts) <= 80
    assert counts == pytest.approx([40, 20, 20], abs=3)


class Screened(Network):
    """Reads its input as an embedding, so that the screens can be exported alone."""

    def __init__(self, screens: Screens) -> None:
        super().__init__()
        self.screens = screens

    def forward(self, mel_db: Tensor) -> Output:
        embedding = mel_db.flatten(1)
        return Output(embedding[:, :2] * 1.0, embedding * 1.0, screens=self.screens(embedding))


def test_the_exported_screens_give_the_same(rng: np.random.Generator) -> None:
    import onnxruntime

    music = toy_music(rng, 20, d=12)
    screens = Screens(fit_unlikeness(music), not_music=toy_detector(12))
    graph = predict_onnx(Screened(screens), input_name="mel_db", n_frames=3, n_mels=4)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    for rows in (music[0][:1], np.concatenate(music)):
        (made,) = session.run(["screens"], {"mel_db": rows.reshape(-1, 3, 4)})
        with torch.inference_mode():
            np.testing.assert_allclose(made, screens(torch.from_numpy(rows)), rtol=1e-5, atol=1e-5)
