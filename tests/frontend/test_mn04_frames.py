"""mn04's front end: closed forms, then its published numbers written out, an independent reading, then any blocking."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import mn04_expected
from genrelens.errors import AudioError, RecipeError
from genrelens.frontend.frames import frames_of
from genrelens.frontend.mn04 import Mn04Settings, Mn04Stream, log_mel, mel_bank, mn04_is_silent

Float32 = npt.NDArray[np.float32]
RATE = 32_000
SETTINGS = Mn04Settings()


def power_of(samples: npt.NDArray[Any]) -> Float32:
    return frames_of(samples.astype(np.float32), settings=SETTINGS)


def tone(hz: float, *, n_samples: int = RATE, level: float = 1.0) -> Float32:
    return (level * np.sin(2 * np.pi * hz * np.arange(n_samples) / RATE)).astype(np.float32)


# Closed forms


def mel_of(hz: float) -> float:
    return 1127.0 * math.log(1.0 + hz / 700.0)


def test_each_triangle_is_highest_at_its_centre_on_kaldis_scale() -> None:
    step = mel_of(15_000.0) / 129
    centres_hz = [700 * (math.exp(step * (band + 1) / 1127) - 1) for band in range(128)]
    bank = mel_bank()
    assert bank.shape == (128, 513)
    for band, centre_hz in enumerate(centres_hz):
        if bank[band].any():
            assert abs(bank[band].argmax() * 31.25 - centre_hz) <= 31.25
    # A bin between two centres is shared by two neighbours whose heights add up to one.
    inside = range(math.ceil(centres_hz[0] / 31.25), math.floor(centres_hz[-1] / 31.25) + 1)
    np.testing.assert_allclose(bank[:, list(inside)].sum(axis=0), 1, atol=1e-6)
    assert not bank[:, 480:].any()  # from 15,000 Hz up, the last bin among them
    assert not bank[:, 0].any()


@pytest.mark.parametrize("hz", [500.0, 4000.0, 10_000.0])
def test_pre_emphasis_weighs_a_tone_by_its_frequency(hz: float) -> None:
    """|1 - 0.97 e^-iw| times half the window's sum, 399.5 / 2, is the tone's magnitude on its bin."""
    power = power_of(tone(hz))[50]
    gain = abs(1 - 0.97 * np.exp(-2j * np.pi * hz / RATE))
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(800) / 799)
    at = (np.arange(513) * 31.25 - hz) / RATE
    spectrum = np.abs(np.exp(-2j * np.pi * np.outer(at, np.arange(800))) @ hann) * gain / 2
    assert spectrum.max() == pytest.approx(gain * 399.5 / 2)
    np.testing.assert_allclose(power, mel_bank() @ spectrum**2, rtol=1e-3, atol=1e-4 * power.max())


def test_silence_is_the_logarithm_of_the_offset() -> None:
    made = log_mel(power_of(np.zeros(RATE)), settings=SETTINGS)
    np.testing.assert_allclose(made, (math.log(1e-5) + 4.5) / 5, atol=1e-6)
    assert SETTINGS.silent_input == pytest.approx((math.log(1e-5) + 4.5) / 5, abs=1e-6)


@pytest.mark.parametrize(
    ("n_samples", "n_frames"), [(0, 1), (1, 1), (2, 1), (320, 1), (321, 2), (641, 3), (320_000, 1000), (320_001, 1001)]
)
def test_ten_seconds_have_a_thousand_frames_and_a_short_piece_one(n_samples: int, n_frames: int) -> None:
    assert power_of(np.zeros(n_samples)).shape == (n_frames, 128)
    assert SETTINGS.n_frames(n_samples) == n_frames


# An implementation of its own, written out from the numbers


def written_out(samples: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    less = [float(b) - 0.97 * float(a) for a, b in itertools.pairwise(samples)]
    around = [less[-j] for j in range(-512, 0)] + less + [less[-2 - j] for j in range(512)]
    step = mel_of(15_000.0) / 129
    rows = []
    for first in range(0, len(less) + 1, 320):
        windowed = [0.0] * 1024
        for j in range(800):
            windowed[112 + j] = around[first + 112 + j] * (0.5 - 0.5 * math.cos(2 * math.pi * j / 799))
        bins = np.abs(np.fft.fft(windowed)) ** 2
        row = np.zeros(128)
        for k in range(512):
            at = mel_of(k * 31.25) / step
            for band in range(128):
                row[band] += bins[k] * max(0.0, min(at - band, band + 2 - at))
        rows.append((np.log(row + 1e-5) + 4.5) / 5)
    return np.stack(rows)


@pytest.mark.parametrize("level", [1e-3, 0.2, 1.0])
def test_it_is_what_the_published_numbers_give(level: float) -> None:
    samples = (level * np.random.default_rng(0).normal(0, 1, 1500)).astype(np.float32)
    found = log_mel(power_of(samples), settings=SETTINGS)
    np.testing.assert_allclose(found, written_out(samples), rtol=0, atol=2e-5)


@pytest.mark.parametrize("name", mn04_expected.SIGNALS)
def test_it_is_what_an_independent_reading_gave(name: str) -> None:
    expected = mn04_expected.expected()[f"{name}_logmel"]
    found = log_mel(power_of(mn04_expected.signal(name)), settings=SETTINGS)
    assert found.shape == (1000, 128)
    np.testing.assert_allclose(found[:200].T, expected, rtol=0, atol=1e-4)


# Any blocking of any sound


@hypothesis_settings(max_examples=30, deadline=None)
@given(
    n_samples=st.one_of(st.integers(0, 1000), st.integers(0, 40_000)),
    cuts=st.lists(st.integers(0, 40_000), max_size=6),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_stream_is_the_whole_bit_for_bit(n_samples: int, cuts: list[int], seed: int) -> None:
    samples = np.random.default_rng(seed).normal(0, 0.3, n_samples).astype(np.float32)
    edges = [0, *sorted(min(cut, n_samples) for cut in cuts), n_samples]
    stream = Mn04Stream(SETTINGS)
    parts = [stream.push(samples[a:b]) for a, b in itertools.pairwise(edges)]
    whole = power_of(samples)
    assert np.array_equal(np.concatenate((*parts, stream.finish())), whole)
    assert len(whole) == SETTINGS.n_frames(n_samples)


def test_a_stream_holds_no_more_than_a_block() -> None:
    stream = Mn04Stream(SETTINGS)
    for _ in range(20):
        stream.push(np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32))
        assert stream._waiting.size < 48 * 320 + 800


def test_a_finished_stream_takes_no_more() -> None:
    stream = Mn04Stream(SETTINGS)
    stream.finish()
    with pytest.raises(RuntimeError, match="finished"):
        stream.push(np.zeros(10, np.float32))


# Bad input


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_sound_that_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(AudioError, match="NaN or infinity") as caught:
        power_of(np.array([0.0, bad]))
    assert caught.value.code == "not_finite"


def test_absurdly_loud_sound_has_finite_frames() -> None:
    sound = np.full(2_000, 3e38, np.float32)
    sound[::2] *= -1
    assert np.isfinite(power_of(sound)).all()


def test_there_is_nothing_to_choose() -> None:
    with pytest.raises(RecipeError, match="'n_mels' is unknown"):
        Mn04Settings.from_dict({"n_mels": 64})


# Silence


def dither(n_samples: int) -> npt.NDArray[np.float64]:
    rng = np.random.default_rng(0)
    return np.round(rng.uniform(-0.5, 0.5, n_samples) + rng.uniform(-0.5, 0.5, n_samples)) / 32768


@pytest.mark.parametrize("constant", [0.0, 0.001, 0.1, 0.5, 1.0])
def test_dither_and_constants_are_silence(constant: float) -> None:
    assert mn04_is_silent(power_of(constant + dither(5 * RATE)), settings=SETTINGS)


def test_a_click_where_a_constant_begins_is_no_sound() -> None:
    sound = np.full(5 * RATE, 0.3)
    sound[:100] = 0
    assert mn04_is_silent(power_of(sound), settings=SETTINGS)


@pytest.mark.parametrize("constant", [0.0, 0.5])
def test_soft_noise_is_sound(constant: float) -> None:
    noise = np.random.default_rng(0).normal(0, 1, 5 * RATE)
    assert not mn04_is_silent(power_of(constant + noise / np.abs(noise).max() * 1e-3), settings=SETTINGS)


@pytest.mark.parametrize("hz", [50, 100, 1000, 14_000])
def test_a_steady_tone_is_sound(hz: float) -> None:
    assert not mn04_is_silent(power_of(tone(hz, level=0.5, n_samples=5 * RATE)), settings=SETTINGS)
