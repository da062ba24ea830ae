"""Occlusion: what is recomputed is what brute force computes, and a planted cue is found where it was planted."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny_model
from genrelens.bundle import Bundle, iter_windows, pool_logits, softmax
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.baselines import BASELINES
from genrelens.explanation.methods.occlusion import scores, without_each
from genrelens.explanation.parts import COARSE_EDGES_HZ, Grid, Part, band_groups, cell_parts, segment_frames, time_parts
from genrelens.frontend.frames import compress, is_silent
from genrelens.frontend.mel import mel_power

RATE = tiny_model.MEL.sample_rate


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> Bundle:
    return Bundle.load(tiny_bundle)


def music(duration_s: float, *, seed: int = 0, silent_from_s: float = 1e9) -> np.ndarray:
    """Noise and tones that come and go; silence from a time on."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(duration_s * RATE)) / RATE
    sound = 0.05 * rng.standard_normal(len(t))
    for hz in (120.0, 700.0, 2500.0):
        sound += 0.3 * np.sin(2 * np.pi * hz * t) * (np.sin(2 * np.pi * rng.uniform(0.2, 1) * t) > 0)
    sound[t >= silent_from_s] = 0
    return sound.astype(np.float32)


def brute_force(bundle: Bundle, frames: np.ndarray) -> np.ndarray:
    """All windows of all frames heard anew, one at a time."""
    windows = bundle.manifest.windows
    assert windows is not None
    logits, weights = [], []
    for window in iter_windows([frames], settings=windows):
        silent = is_silent(window.power, settings=tiny_model.MEL)
        weights.append(float(not silent))
        logits.append(bundle.outputs(compress(window.power, settings=tiny_model.MEL)[None]).logits[0])
    if not any(weights):
        return np.zeros(len(bundle.names))
    return pool_logits(logits, weights=weights)


@pytest.mark.parametrize("duration_s", [0.4, 1.0, 5.3, 12.0])
@pytest.mark.parametrize("fill", list(BASELINES))
def test_what_is_left_is_what_brute_force_hears(bundle: Bundle, duration_s: float, fill: str) -> None:
    frames = mel_power(music(duration_s, silent_from_s=9.0), settings=tiny_model.MEL)
    hearing = Hearing(bundle, frames)
    np.testing.assert_allclose(hearing.logits, brute_force(bundle, frames), atol=1e-5)
    stand_in = BASELINES[fill](frames, tiny_model.MEL)
    rng = np.random.default_rng(3)
    for _ in range(12):
        parts = []
        for _ in range(rng.integers(1, 4)):
            start, low = int(rng.integers(len(frames))), int(rng.integers(8))
            parts.append(Part(start, int(rng.integers(start, len(frames)) + 1), low, int(rng.integers(low, 8)) + 1))
        changed = frames.copy()
        for part in parts:
            changed[part.start : part.end, part.low : part.high] = stand_in[part.start : part.end, part.low : part.high]
        np.testing.assert_allclose(hearing.without(parts, baseline=stand_in), brute_force(bundle, changed), atol=1e-5)


def test_all_of_it_taken_out_leaves_all_genres_equally_likely(bundle: Bundle) -> None:
    frames = mel_power(music(3.0), settings=tiny_model.MEL)
    hearing = Hearing(bundle, frames)
    left = hearing.without([Part(0, len(frames))], baseline=np.zeros_like(frames))
    assert hearing.probabilities(left) == pytest.approx([1 / 3] * 3)


def test_only_windows_that_a_part_touches_are_heard_again(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = mel_power(music(10.0), settings=tiny_model.MEL)
    hearing = Hearing(bundle, frames)
    heard: list[int] = []
    true = bundle.outputs
    monkeypatch.setattr(bundle, "outputs", lambda values: (heard.append(len(values)), true(values))[1])
    hearing.without([Part(64, 70)], baseline=np.zeros_like(frames))  # windows of 64 frames begin at 0, 32, 64, 96
    assert heard == [2]


def test_scores_are_changes_of_log_odds(bundle: Bundle) -> None:
    frames = mel_power(music(6.0), settings=tiny_model.MEL)
    hearing = Hearing(bundle, frames)
    stand_in = BASELINES["mean"](frames, tiny_model.MEL)
    parts = time_parts(segment_frames(len(frames), frames_per_s=RATE / tiny_model.MEL.hop_length))
    logits = without_each(hearing, parts, baseline=stand_in)
    for genre in range(3):
        found = scores(hearing, logits, genre=genre)
        for part, score in zip(parts, found, strict=True):
            changed = frames.copy()
            changed[part.start : part.end] = stand_in[part.start : part.end]
            before, after = (softmax(brute_force(bundle, x))[genre] for x in (frames, changed))
            assert score == pytest.approx(np.log(before / (1 - before)) - np.log(after / (1 - after)), abs=1e-4)


def test_silence_has_nothing_to_take_out(bundle: Bundle) -> None:
    frames = mel_power(music(12.0, silent_from_s=6.0), settings=tiny_model.MEL)
    hearing = Hearing(bundle, frames)
    parts = time_parts(segment_frames(len(frames), frames_per_s=RATE / tiny_model.MEL.hop_length))
    logits = without_each(hearing, parts, baseline=BASELINES["mean"](frames, tiny_model.MEL))
    assert (scores(hearing, logits, genre=0)[8:] == 0).all()


@pytest.mark.parametrize(("hz", "genre"), [(150.0, 0), (3200.0, 1)])
def test_a_planted_cue_is_found_in_time_and_frequency(bundle: Bundle, hz: float, genre: int) -> None:
    """A tone that the tiny model hears as one genre, from 4 to 5 s, in noise that it hears as the other."""
    t = np.arange(10 * RATE) / RATE
    noise = np.random.default_rng(0).standard_normal(len(t)) * 0.02
    cue = 0.5 * np.sin(2 * np.pi * hz * t) * ((t >= 4) & (t < 5))
    frames = mel_power((noise + cue).astype(np.float32), settings=tiny_model.MEL)
    hearing = Hearing(bundle, frames)
    stand_in = BASELINES["mean"](frames, tiny_model.MEL)
    edges = segment_frames(len(frames), frames_per_s=RATE / tiny_model.MEL.hop_length)
    groups = band_groups(tiny_model.MEL, edges_hz=COARSE_EDGES_HZ)
    cells = cell_parts(edges, groups)
    found = scores(hearing, without_each(hearing, cells, baseline=stand_in), genre=genre)
    best = cells[int(found.argmax())]
    seconds = np.array([best.start, best.end]) * tiny_model.MEL.hop_length / RATE
    assert 3.9 <= seconds[0] < seconds[1] <= 5.1
    group = next(group for group in groups if group.first == best.low)
    assert group.low_hz <= hz <= group.high_hz
    in_time = scores(hearing, without_each(hearing, time_parts(edges), baseline=stand_in), genre=genre)
    assert in_time.argmax() == 4


def test_segments_cover_everything_once() -> None:
    assert segment_frames(1000, frames_per_s=100).tolist() == list(range(0, 1001, 100))
    assert segment_frames(100, frames_per_s=100).tolist() == list(range(0, 101, 10))  # ten at least
    assert segment_frames(3, frames_per_s=100).tolist() == [0, 1, 2, 3]  # but none is empty
    assert np.diff(segment_frames(1877, frames_per_s=62.5)).min() > 0


def test_captum_takes_the_same_from_the_same_network() -> None:
    """captum's Occlusion over the frames of one window, with a fill of its own."""
    torch = pytest.importorskip("torch")
    captum = pytest.importorskip("captum.attr")
    frames = mel_power(music(1.0), settings=tiny_model.MEL)[:64]
    weights = torch.from_numpy(tiny_model.weights())
    stand_in = BASELINES["mean"](frames, tiny_model.MEL)

    def network(power: Any) -> Any:
        db = np.stack([compress(one, settings=tiny_model.MEL) for one in power.numpy().astype(np.float32)])
        return torch.from_numpy(db).mean(dim=1) @ weights

    found = captum.Occlusion(network).attribute(
        torch.from_numpy(frames)[None],
        sliding_window_shapes=(8, 8),
        strides=(8, 8),
        baselines=torch.from_numpy(stand_in.copy())[None],
        target=1,
    )[0]
    by_captum = found[::8, 0].numpy()

    ours = []
    for start in range(0, 64, 8):
        changed = frames.copy()
        changed[start : start + 8] = stand_in[start : start + 8]
        with_all, without = (compress(x, settings=tiny_model.MEL).mean(axis=0) for x in (frames, changed))
        ours.append(float((with_all - without) @ tiny_model.weights()[:, 1]))
    np.testing.assert_allclose(by_captum, ours, atol=1e-4)


def test_groups_of_bands_hold_every_band_once() -> None:
    for edges in ((0, 150, 300, 4000), COARSE_EDGES_HZ):
        groups = band_groups(tiny_model.MEL, edges_hz=edges)
        assert groups[0].first == 0 and groups[-1].after == 8
        assert all(a.after == b.first and a.high_hz == b.low_hz for a, b in pairwise(groups))
        assert groups[0].low_hz == 50.0 and groups[-1].high_hz == 4000.0
    parts = Grid(10, tiny_model.MEL).bands
    assert {(part.start, part.end) for part in parts} == {(0, 10)}
