"""Variants of a clip: each is what it says, measured on tones, noise and steps whose answers are known."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import soundfile

from genrelens.audio import load
from tool_modules import tool

variants = tool("variants")
VARIANTS, TRAINING_VARIANTS = variants.VARIANTS, variants.TRAINING_VARIANTS
Samples = np.ndarray

RATE = 22_050
N = 12 * RATE


def tone(hz: float, *, peak: float = 0.5) -> Samples:
    return (peak * np.sin(2 * np.pi * hz * np.arange(N) / RATE)).astype(np.float32)


def level_db(samples: Samples, *, before: Samples) -> float:
    """Level against another sound's, over the middle half, away from edges."""
    middle = slice(len(samples) // 4, 3 * len(samples) // 4)
    there = slice(len(before) // 4, 3 * len(before) // 4)
    return float(10 * np.log10(np.mean(samples[middle] ** 2) / np.mean(before[there] ** 2)))


@pytest.mark.parametrize("variant", [*VARIANTS.values(), *TRAINING_VARIANTS.values()], ids=lambda v: v.name)
def test_each_is_a_file_that_is_read_without_a_complaint(variant: Any) -> None:
    clip = load(variant.make(tone(440), RATE))
    assert clip.notes == ()
    expected_s = 2 if "cut" in variant.name else 12
    assert clip.duration_s == pytest.approx(expected_s, abs=0.15)  # mp3 adds some frames
    assert np.abs(clip.samples).max() > 0.05


def test_nothing_that_is_trained_on_is_reported_on() -> None:
    assert not set(VARIANTS) & set(TRAINING_VARIANTS)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, N).astype(np.float32)
    made = [v.make(noise, RATE) for v in [*VARIANTS.values(), *TRAINING_VARIANTS.values()]]
    assert len(set(made)) == len(VARIANTS) + len(TRAINING_VARIANTS)


@pytest.mark.parametrize("name", ["44.1-khz", "48-khz", "96-khz"])
def test_resampled_files_have_their_rate(name: str) -> None:
    clip = load(VARIANTS[name].make(tone(440), RATE))
    assert clip.sample_rate == round(1000 * float(name.removesuffix("-khz")))
    assert level_db(clip.samples, before=tone(440)) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(("name", "db"), [("+12-db-float", 12), ("-12-db-float", -12), ("-12-db", -12)])
def test_gains_are_gains(name: str, db: float) -> None:
    clip = load(VARIANTS[name].make(tone(440), RATE))
    assert level_db(clip.samples, before=tone(440)) == pytest.approx(db, abs=0.01)


def test_twelve_decibels_in_16_bit_are_cut_at_full_scale() -> None:
    clip = load(VARIANTS["+12-db"].make(tone(440), RATE))
    assert np.abs(clip.samples).max() == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("peak", [0.01, 0.5, 1.0])
def test_clipping_does_not_depend_on_how_loud_the_clip_was(peak: float) -> None:
    cut = variants.clip_over(tone(440, peak=peak), db=6.0)
    assert np.abs(cut).max() == 1.0
    # |sin| lies above 10 ** (-6 / 20) for 1 - 2 / pi * asin(0.501) of the time.
    assert np.mean(np.abs(cut) == 1.0) == pytest.approx(1 - 2 / np.pi * np.arcsin(10 ** (-6 / 20)), abs=0.01)


def test_silence_cannot_be_clipped() -> None:
    assert not variants.clip_over(np.zeros(100, np.float32), db=6.0).any()


@pytest.mark.parametrize(("hz", "db"), [(100, 0), (4_000, 0), (7_900, 0)])
def test_the_low_pass_keeps_what_is_below(hz: float, db: float) -> None:
    assert level_db(variants.low_pass(tone(hz), RATE, edge_hz=8_000), before=tone(hz)) == pytest.approx(db, abs=0.05)


def test_the_low_pass_takes_what_is_above_and_shifts_nothing() -> None:
    above = tone(8_200)
    assert level_db(variants.low_pass(above, RATE, edge_hz=8_000), before=above) < -60
    impulse = np.zeros(N, np.float32)
    impulse[N // 2] = 1.0
    out = variants.low_pass(impulse, RATE, edge_hz=8_000)
    assert len(out) == N
    assert int(out.argmax()) == N // 2
    assert variants.low_pass(impulse, 16_000, edge_hz=8_000) is impulse


def test_eight_bits_are_256_steps() -> None:
    clip = load(VARIANTS["8-bit"].make(tone(440), RATE))
    assert np.abs(clip.samples * 128 - np.round(clip.samples * 128)).max() == 0
    assert np.abs(clip.samples - tone(440)).max() <= 1 / 128


def test_equal_channels_average_to_the_clip_and_panned_ones_to_a_gain() -> None:
    clip = tone(440)
    assert np.abs(load(VARIANTS["stereo"].make(clip, RATE)).samples - clip).max() < 1e-4
    panned = load(VARIANTS["stereo-pan"].make(clip, RATE)).samples
    assert level_db(panned, before=clip) == pytest.approx(20 * np.log10((1 + 10 ** (-9 / 20)) / 2), abs=0.01)


def test_channels_apart_comb_the_average() -> None:
    """|1 + g exp(-2 pi i f d / r)| / 2 at the frequency where the delayed channel is upside down."""
    d, g = 2, 10 ** (-3 / 20)
    clip = tone(RATE / (2 * d))
    made, _ = soundfile.read(io.BytesIO(VARIANTS["stereo-apart"].make(clip, RATE)), dtype="float32")
    assert level_db(made.mean(axis=1), before=clip) == pytest.approx(20 * np.log10((1 - g) / 2), abs=0.05)


@pytest.mark.parametrize("name", ["stereo-apart", "stereo-inverted", "stereo-one"])
def test_channels_that_an_average_would_spoil_are_heard_as_the_clip(name: str) -> None:
    clip = np.random.default_rng(0).normal(0, 0.1, 3 * RATE).astype(np.float32)
    heard = load(VARIANTS[name].make(clip, RATE)).samples
    assert min(np.abs(heard - sign * clip).max() for sign in (1, -1)) < 1e-4


@pytest.mark.parametrize(("name", "constant"), [("constant-0.02", 0.02), ("constant-0.2", 0.2)])
def test_a_constant_is_added(name: str, constant: float) -> None:
    clip = tone(440)
    np.testing.assert_allclose(load(VARIANTS[name].make(clip, RATE)).samples - clip, constant, atol=1e-6)


def test_hiss_has_the_level_it_says_and_is_the_same_each_time() -> None:
    clip = tone(440)
    noise = variants.hiss(clip, below_db=35) - clip
    assert level_db(noise, before=clip) == pytest.approx(-35, abs=0.1)
    assert np.array_equal(variants.hiss(clip, below_db=35), variants.hiss(clip, below_db=35))


def test_the_mp3_has_its_bit_rate() -> None:
    data = VARIANTS["mp3-64"].make(tone(440), RATE)
    assert 8 * len(data) / 12 == pytest.approx(64_000, rel=0.02)
