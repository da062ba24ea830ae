"""Several channels to one: nothing that every player plays is lost, and nothing is changed where nothing would be."""

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from genrelens import audio
from genrelens.audio.downmix import Downmix, mixed
from genrelens.errors import AudioError

RATE = 44_100


def noise(seed: int, *, n: int = RATE, colour: float = 0.0) -> NDArray[np.float32]:
    """(n,) noise; its power falls with frequency to the power of ``colour``."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(n))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1.0) ** (colour / 2)
    sound = np.fft.irfft(spectrum, n)
    return (0.1 * sound / sound.std()).astype(np.float32)


def mono(*channels: NDArray[np.float32], rate: int = RATE) -> NDArray[np.float32]:
    frames = np.stack(channels, axis=1)
    blocks = [frames[start : start + 20_000].T for start in range(0, len(frames), 20_000)]
    return np.concatenate(list(mixed(blocks, sample_rate=rate)))


def later(sound: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    return np.concatenate([np.zeros(n, np.float32), sound[: len(sound) - n]])


@pytest.mark.parametrize("colour", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 96_000])
def test_channels_that_do_not_cancel_are_averaged(rate: int, colour: float) -> None:
    left, right = noise(0, colour=colour), noise(1, colour=colour)
    for a, b in ((left, left), (left, right), (left, 0.1 * left), (left + right, left - 0.5 * right)):
        np.testing.assert_array_equal(mono(a, b, rate=rate), (a + b) * np.float32(0.5))


@pytest.mark.parametrize("colour", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 96_000])
def test_channels_that_cancel_are_heard_by_the_louder(rate: int, colour: float) -> None:
    left = noise(0, colour=colour)
    np.testing.assert_array_equal(mono(left, -left, rate=rate), left)
    np.testing.assert_array_equal(mono(-0.7 * left, left, rate=rate), left)
    np.testing.assert_array_equal(mono(left, -0.7 * left + noise(2, colour=colour) / 10, rate=rate), left)


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
def test_a_channel_that_comes_a_little_later_is_not_mixed_in(rate: int) -> None:
    left = noise(0, colour=1.0)
    for delay_ms in (0.08, 0.09, 0.2, 0.5):
        right = later(left, max(1, round(delay_ms * rate / 1000)))
        np.testing.assert_array_equal(mono(left, 0.9 * right, rate=rate), left, err_msg=f"{delay_ms} ms")


def test_one_band_that_cancels_is_enough() -> None:
    """A voice between 1 and 3 kHz with opposite signs, over music that is alike: averaging takes the voice away."""
    spectrum = np.fft.rfft(noise(1))
    hz = np.fft.rfftfreq(RATE, 1 / RATE)
    voice = np.fft.irfft(np.where((hz > 1_000) & (hz < 3_000), spectrum, 0)).astype(np.float32)
    music = np.fft.irfft(np.where((hz > 1_000) & (hz < 3_000), 0, spectrum)).astype(np.float32)
    np.testing.assert_array_equal(mono(music + voice, 0.99 * (music - voice)), music + voice)


def test_a_silent_channel_takes_nothing_away() -> None:
    left = noise(0)
    np.testing.assert_array_equal(mono(left, 0 * left), left)
    np.testing.assert_array_equal(mono(0 * left, left), left)
    np.testing.assert_array_equal(mono(0 * left, 0 * left), 0 * left)
    dither = noise(3) / 4096
    np.testing.assert_allclose(mono(left, dither), (left + dither) / 2)  # quiet, but sound


def test_of_many_channels_those_that_cancel_are_left_out() -> None:
    a, b, c = noise(0), 0.9 * noise(1), 0.8 * noise(2)
    np.testing.assert_allclose(mono(a, b, c), (a + b + c) / 3, atol=1e-7)
    np.testing.assert_allclose(mono(a, b, -0.9 * a, c), (a + b + c) / 3, atol=1e-7)
    np.testing.assert_allclose(mono(b, *(0 * a,) * 60, a), (a + b) / 2, atol=1e-7)


def test_the_rule_follows_a_sound_that_changes() -> None:
    n = 60 * 8_000
    left = noise(0, n=n)
    right = left.copy()
    right[n // 2 :] *= -1
    heard = mono(left, right, rate=8_000)
    np.testing.assert_array_equal(heard[: n // 2 - 20_000], left[: n // 2 - 20_000])
    np.testing.assert_array_equal(heard[-15 * 8_000 :], left[-15 * 8_000 :])


@pytest.mark.parametrize("before", [0.0, 1e-4])
@pytest.mark.parametrize("n_before", [RATE + 77, 3 * RATE, 7 * RATE])
def test_silence_in_front_takes_nothing_of_the_beginning(before: float, n_before: int) -> None:
    hiss = np.float32(before) * noise(3, n=n_before)
    sound = noise(0, n=2 * RATE, colour=1.0)
    heard = mono(np.concatenate([hiss, sound]), np.concatenate([hiss, -sound]))
    np.testing.assert_array_equal(heard[n_before:], sound)


def test_the_number_of_channels_may_change_and_the_watch_sees_all() -> None:
    a, b = noise(0), noise(1)
    blocks = [(a,), (a, b), (a, b, a)]
    seen: list[int] = []
    out = list(mixed(blocks, sample_rate=RATE, watch=lambda block: seen.append(block.shape[1])))
    assert seen == [1, 2, 3]
    np.testing.assert_array_equal(out[0], a)
    np.testing.assert_array_equal(out[1], (a + b) / 2)


@given(st.integers(1, 5), st.lists(st.integers(1, 3_000), min_size=1, max_size=8), st.integers(1_000, 192_000))
def test_any_blocks_come_out_as_long_as_they_are(n_channels: int, lengths: list[int], rate: int) -> None:
    rng = np.random.default_rng(0)
    downmix = Downmix(n_channels, sample_rate=rate)
    for length in lengths:
        block = rng.standard_normal((n_channels, length)).astype(np.float32)
        out = downmix.mono(block)
        assert out.shape == (length,) and out.dtype == np.float32 and out.flags.c_contiguous
        assert np.abs(out).max() <= np.abs(block).max() + 1e-6


def test_what_is_not_finite_is_not_hidden_by_the_mix() -> None:
    frames = np.stack([noise(0), noise(1)], axis=1)
    for wrong in (np.nan, np.inf, -np.inf):
        frames[30_000, 1] = wrong
        with pytest.raises(AudioError, match="NaN or infinite"):
            audio.from_array(frames, sample_rate=RATE)


@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_files_and_arrays_are_mixed_alike(subtype: str) -> None:
    left = noise(0, n=3 * RATE, colour=1.0)
    for right in (-left, later(left, 4), noise(1, n=3 * RATE)):
        frames = np.stack([left, np.float32(0.9) * right], axis=1)
        file = io.BytesIO()
        soundfile.write(file, frames, RATE, format="WAV", subtype=subtype)
        np.testing.assert_allclose(
            audio.load(file.getvalue()).samples,
            audio.from_array(frames, sample_rate=RATE).samples,
            atol=1e-4 if subtype == "PCM_16" else 0,
        )


def test_an_inverted_pair_does_not_take_turns() -> None:
    """Rounded to 16 bits, now the one and now the other is a little louder: each turn would be a click."""
    left = noise(0, n=10 * RATE)
    heard = mono(np.round(left * 32767) / 32768, np.floor(-left * 32767) / 32768)
    np.testing.assert_allclose(heard, left, atol=1e-4)
