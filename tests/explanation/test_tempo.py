"""Tempo against click tracks, whose tempo is known, and against sound that has none."""

from __future__ import annotations

import numpy as np
import pytest

from genrelens.explanation.tempo import tempo


def clicks(bpm: float, *, rate: int, duration_s: float = 20.0, noise: float = 0.0) -> np.ndarray:
    """Bursts of noise of 30 ms, each at its exact sample."""
    rng = np.random.default_rng(0)
    sound = noise * rng.standard_normal(round(duration_s * rate))
    burst = rng.standard_normal(round(0.03 * rate)) * np.linspace(1, 0, round(0.03 * rate))
    for k in range(int(duration_s * bpm / 60)):
        at = round(k * 60 / bpm * rate)
        sound[at : at + len(burst)] += burst[: len(sound) - at]
    return (0.3 * sound).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050])
@pytest.mark.parametrize("bpm", [70.0, 88.0, 100.0, 119.5, 128.0, 140.0, 163.0])
def test_clicks_are_found_to_half_a_percent(bpm: float, rate: int) -> None:
    found = tempo(clicks(bpm, rate=rate), sample_rate=rate)
    assert found is not None
    assert found.bpm == pytest.approx(bpm, rel=0.005)
    assert 0.5 < found.clarity <= 1


@pytest.mark.parametrize("bpm", [50.0, 210.0])
def test_far_from_where_people_tap_it_may_be_half_or_double(bpm: float) -> None:
    found = tempo(clicks(bpm, rate=16_000), sample_rate=16_000)
    assert found is not None
    assert min(abs(found.bpm / bpm - factor) for factor in (0.5, 1, 2)) < 0.01


def test_clicks_in_noise_are_found_and_less_clear() -> None:
    clean = tempo(clicks(110.0, rate=16_000), sample_rate=16_000)
    noisy = tempo(clicks(110.0, rate=16_000, noise=0.3), sample_rate=16_000)
    assert clean is not None and noisy is not None
    assert noisy.bpm == pytest.approx(110.0, rel=0.005)
    assert noisy.clarity < clean.clarity


@pytest.mark.parametrize("duration_s", [5.0, 30.0])
def test_noise_and_a_tone_have_no_tempo(duration_s: float) -> None:
    n = round(duration_s * 16_000)
    for seed in range(5):
        noise = 0.1 * np.random.default_rng(seed).standard_normal(n).astype(np.float32)
        assert tempo(noise, sample_rate=16_000) is None
    assert tempo(np.zeros(n, np.float32), sample_rate=16_000) is None


def test_too_little_sound_has_no_tempo() -> None:
    assert tempo(clicks(120.0, rate=16_000, duration_s=4.0), sample_rate=16_000) is None
