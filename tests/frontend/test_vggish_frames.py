"""VGGish's front end: closed forms, then what the published numbers give when written out, then any blocking."""

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

from genrelens.errors import AudioError, RecipeError
from genrelens.frontend import frames
from genrelens.frontend.vggish import VggishSettings, VggishStream, examples, log_mel, mel_bank, vggish_is_silent

Float32 = npt.NDArray[np.float32]
RATE = 16_000


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20170110)


def tone(hz: float, *, n_samples: int = RATE, level: float = 1.0) -> Float32:
    return (level * np.sin(2 * np.pi * hz * np.arange(n_samples) / RATE)).astype(np.float32)


# Closed forms


def test_silence_is_the_logarithm_of_the_offset() -> None:
    assert np.array_equal(log_mel(np.zeros(RATE, np.float32)), np.full((98, 64), np.float32(math.log(0.01))))


@pytest.mark.parametrize(
    ("n_samples", "n_frames"), [(0, 1), (1, 1), (399, 1), (400, 1), (559, 1), (560, 2), (15_600, 96), (480_000, 2998)]
)
def test_frames_are_not_centred_and_a_short_piece_has_one(n_samples: int, n_frames: int) -> None:
    assert log_mel(np.zeros(n_samples, np.float32)).shape == (n_frames, 64)
    assert VggishSettings().n_frames(n_samples) == n_frames


def test_thirty_seconds_have_31_examples_of_96_frames_side_by_side(rng: np.random.Generator) -> None:
    found = log_mel(rng.normal(0, 0.1, 30 * RATE).astype(np.float32))
    cut = examples(found)
    assert cut.shape == (31, 96, 64)
    assert np.array_equal(cut[7, 5], found[7 * 96 + 5])


def test_magnitude_doubles_with_the_sound_and_is_no_power() -> None:
    soft, loud = (np.exp(log_mel(tone(1000, level=level)).astype(float)) - 0.01 for level in (0.1, 0.2))
    band = loud[10].argmax()
    assert loud[10, band] / soft[10, band] == pytest.approx(2, rel=1e-5)


def test_a_tone_on_a_bin_has_the_magnitude_that_the_hann_window_gives_it() -> None:
    # 1000 Hz is bin 32: half the sum of the window, which is 200, is 100; the triangles weigh it.
    found = np.exp(log_mel(tone(1000))[10].astype(float)) - 0.01
    spectrum = np.abs(np.fft.fft(np.hanning(401)[:400] * np.exp(2j * np.pi * np.arange(400) / 16), 512)) / 2
    assert spectrum[32] == pytest.approx(100)
    near = slice(20, 45)  # the negative frequency adds next to nothing here
    np.testing.assert_allclose(found, mel_bank()[:, near] @ spectrum[near], atol=0.04)


def test_triangles_meet_at_one_half_in_mel() -> None:
    """Half-way between two corners *in mel* two neighbours weigh the same; their heights there add up to one."""
    bank = mel_bank()
    assert bank.shape == (64, 257)
    assert not bank[:, 0].any()
    low, high = 125 / (RATE / 512), 7500 / (RATE / 512)
    inside = slice(math.ceil(low), math.floor(high) + 1)
    assert not bank[:, : inside.start].any()
    assert not bank[:, inside.stop :].any()
    mel = [2595 * math.log10(1 + k * RATE / 512 / 700) for k in range(257)]
    corners = np.linspace(2595 * math.log10(1 + 125 / 700), 2595 * math.log10(1 + 7500 / 700), 66)
    for k in range(inside.start, inside.stop):
        if corners[1] <= mel[k] <= corners[64]:
            assert bank[:, k].sum() == pytest.approx(1)


# An implementation of its own, written out from the numbers that were published


def mel_of(hz: float) -> float:
    return 1127.0 * math.log(1.0 + hz / 700.0)


def written_out(samples: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    n_frames = 1 + (len(samples) - 400) // 160
    found = np.zeros((n_frames, 64))
    first, last = mel_of(125.0), mel_of(7500.0)
    step = (last - first) / 65
    weights: list[list[tuple[int, float]]] = []
    for band in range(64):
        a, b, c = (first + step * (band + i) for i in range(3))
        its = []
        for k in range(1, 257):
            mel = mel_of(k * 8000.0 / 256)
            if a < mel <= b:
                its.append((k, (mel - a) / (b - a)))
            elif b < mel < c:
                its.append((k, (c - mel) / (c - b)))
        weights.append(its)
    for i in range(n_frames):
        windowed = [float(samples[160 * i + j]) * (0.5 - 0.5 * math.cos(2 * math.pi * j / 400)) for j in range(400)]
        magnitude = np.abs(np.fft.fft(windowed, 512))
        for band, its in enumerate(weights):
            found[i, band] = math.log(0.01 + sum(weight * magnitude[k] for k, weight in its))
    return found


@pytest.mark.parametrize("level", [1e-3, 0.2, 1.0, 1e6])
def test_it_is_what_the_published_numbers_give(level: float, rng: np.random.Generator) -> None:
    samples = (level * rng.normal(0, 1, 4_000)).astype(np.float32)
    np.testing.assert_allclose(log_mel(samples), written_out(samples), rtol=0, atol=2e-6)


def test_it_is_what_scipys_transform_gives(rng: np.random.Generator) -> None:
    signal = pytest.importorskip("scipy.signal")
    samples = (0.3 * tone(523.25, n_samples=40_000) + rng.normal(0, 0.01, 40_000)).astype(np.float32)
    machine = signal.ShortTimeFFT(signal.windows.hann(400, sym=False), hop=160, fs=RATE, mfft=512)
    n_frames = 1 + (len(samples) - 400) // 160
    first = math.ceil(200 / 160)  # its frames are centred on multiples of the hop: these begin 120 samples in
    spectrum = machine.stft(samples, p0=first, p1=first + n_frames - 1)
    expected = np.log(np.abs(spectrum).T @ mel_bank().T + 0.01)
    np.testing.assert_allclose(log_mel(samples[first * 160 - 200 :]), expected, rtol=0, atol=2e-6)


# Any blocking of any sound


@hypothesis_settings(max_examples=30, deadline=None)
@given(
    n_samples=st.integers(0, 40_000), cuts=st.lists(st.integers(0, 40_000), max_size=6), seed=st.integers(0, 2**32 - 1)
)
def test_a_stream_is_the_whole_bit_for_bit(n_samples: int, cuts: list[int], seed: int) -> None:
    samples = np.random.default_rng(seed).normal(0, 0.3, n_samples).astype(np.float32)
    edges = [0, *sorted(min(cut, n_samples) for cut in cuts), n_samples]
    stream = VggishStream(VggishSettings())
    parts = [stream.push(samples[a:b]) for a, b in itertools.pairwise(edges)]
    assert np.array_equal(np.concatenate((*parts, stream.finish())), log_mel(samples))


def test_a_stream_holds_no_more_than_a_block(rng: np.random.Generator) -> None:
    stream = VggishStream(VggishSettings())
    for _ in range(20):
        stream.push(rng.normal(0, 0.1, 16_000).astype(np.float32))
        assert stream._waiting.size < 15_600 + 160


def test_a_finished_stream_takes_no_more() -> None:
    stream = VggishStream(VggishSettings())
    stream.finish()
    with pytest.raises(RuntimeError, match="finished"):
        stream.push(np.zeros(10, np.float32))


# Bad input


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_sound_that_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(AudioError, match="NaN or infinity") as caught:
        log_mel(np.array([0.0, bad], np.float32))
    assert caught.value.code == "not_finite"


@pytest.mark.parametrize("samples", [np.zeros((2, 10), np.float32), np.zeros(10, np.int16)])
def test_only_mono_floating_point_sound_is_taken(samples: npt.NDArray[Any]) -> None:
    with pytest.raises(AudioError, match="expected mono floating-point"):
        log_mel(samples)


def test_absurdly_loud_sound_has_finite_frames() -> None:
    assert np.isfinite(log_mel(np.full(2_000, 3e38, np.float32))).all()


def test_there_is_nothing_to_choose() -> None:
    assert VggishSettings.from_dict(VggishSettings().to_dict()) == VggishSettings()
    with pytest.raises(RecipeError, match="'n_mels' is unknown"):
        VggishSettings.from_dict({"n_mels": 64})


def test_it_is_a_front_end_like_the_others() -> None:
    settings = VggishSettings()
    assert frames.kind_of(settings) == "vggish"
    assert (settings.sample_rate, settings.hop_length, settings.n_bands) == (16_000, 160, 64)
    stream = frames.frame_stream(settings)
    window = np.concatenate((stream.push(tone(440)), stream.finish()))
    assert np.array_equal(frames.compress(window, settings=settings), window)
    assert not frames.is_silent(window, settings=settings)


# Silence


def dither(rng: np.random.Generator, n_samples: int) -> npt.NDArray[np.float64]:
    noise = rng.uniform(-0.5, 0.5, n_samples) + rng.uniform(-0.5, 0.5, n_samples)
    return np.round(noise) / 32768


@pytest.mark.parametrize("constant", [0.0, 0.001, 0.1, 0.5, 1.0])
def test_dither_and_constants_are_silence(constant: float, rng: np.random.Generator) -> None:
    sound = (constant + dither(rng, 5 * RATE)).astype(np.float32)
    assert vggish_is_silent(log_mel(sound), settings=VggishSettings())


def test_a_click_where_a_constant_begins_is_no_sound(rng: np.random.Generator) -> None:
    sound = np.full(5 * RATE, 0.3, np.float32)
    sound[:100] = 0
    assert vggish_is_silent(log_mel(sound), settings=VggishSettings())


@pytest.mark.parametrize("constant", [0.0, 0.5])
def test_soft_noise_is_sound(constant: float, rng: np.random.Generator) -> None:
    noise = rng.normal(0, 1, 5 * RATE)
    sound = (constant + noise / np.abs(noise).max() * 1e-3).astype(np.float32)
    assert not vggish_is_silent(log_mel(sound), settings=VggishSettings())


@pytest.mark.parametrize("hz", [50, 100, 1000, 7000])
def test_a_steady_tone_is_sound(hz: float) -> None:
    assert not vggish_is_silent(log_mel(tone(hz, level=0.5)), settings=VggishSettings())
