"""Blocks: their borders change nothing, their lengths add up, and memory does not grow with the file."""

import sys
import tracemalloc
from pathlib import Path
from subprocess import run

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from make_sound import encoded, loudest_hz, sine

from genrelens import audio
from genrelens.audio.resample import resampled

RATES = st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000])


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 20_000), rate_in=RATES, rate=RATES, cuts=st.lists(st.integers(0, 20_000), max_size=6))
def test_block_borders_change_nothing(n: int, rate_in: int, rate: int, cuts: list[int]) -> None:
    samples = np.random.default_rng(n).uniform(-1, 1, n).astype(np.float32)
    pieces = list(resampled(np.split(samples, sorted(cuts)), sample_rate_in=rate_in, sample_rate=rate))
    joined = np.concatenate(pieces)
    expected = samples if rate == rate_in else soxr.resample(samples, rate_in, rate, quality="HQ")
    assert len(joined) == max(1, len(expected))
    if len(expected):
        np.testing.assert_allclose(joined, expected, atol=1e-5)
    assert abs(len(joined) - n * rate / rate_in) <= 1


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 300_000), rate=RATES)
def test_file_bytes_array_and_stream_agree(n: int, rate: int) -> None:
    samples = np.random.default_rng(n).uniform(-1, 1, n).astype(np.float32)
    data = encoded("wav_float", samples, sample_rate=16_000)
    whole = audio.load(data, sample_rate=rate).samples
    with audio.open_stream(data, sample_rate=rate) as from_file:
        np.testing.assert_array_equal(np.concatenate(list(from_file)), whole)
    with audio.stream_array(samples, sample_rate_in=16_000, sample_rate=rate) as from_array:
        np.testing.assert_allclose(np.concatenate(list(from_array)), whole, atol=1e-6)
        assert from_array.n_samples == len(whole)


def test_equal_rates_pass_through_untouched() -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, 700_000).astype(np.float32)
    with audio.stream_array(noise, sample_rate_in=16_000, sample_rate=16_000) as stream:
        np.testing.assert_array_equal(np.concatenate(list(stream)), noise)


def test_stream_says_what_it_is_and_gives_blocks_of_three_seconds(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    path.write_bytes(encoded("flac_16", sine(sample_rate=44_100, duration_s=32.0), sample_rate=44_100))
    with audio.open_stream(path, sample_rate=22_050) as stream:
        assert (stream.source, stream.sample_rate, stream.native_sample_rate) == (str(path), 22_050, 44_100)
        assert stream.n_channels == 1
        lengths_s = [len(block) / 22_050 for block in stream]
    assert all(3 <= length < 6 for length in lengths_s[:-1])
    assert stream.n_samples == 32 * 22_050
    assert stream.notes == ()


def test_a_closed_stream_says_so_and_a_spent_one_is_empty() -> None:
    stream = audio.stream_array(sine(sample_rate=8_000), sample_rate_in=8_000, sample_rate=8_000)
    assert len(list(stream)) == 1
    assert list(stream) == []
    stream.close()
    stream.close()
    with pytest.raises(ValueError, match="closed"):
        iter(stream)


def test_leaving_early_frees_the_file(tmp_path: Path) -> None:
    path = tmp_path / "tone.mp3"
    path.write_bytes(encoded("mp3", sine(sample_rate=44_100, duration_s=30.0), sample_rate=44_100))
    with audio.open_stream(path, sample_rate=44_100) as stream:
        next(iter(stream))
    path.rename(tmp_path / "moved.mp3")  # Windows would refuse if the file were still open
    assert stream.notes == ()


def _peak_bytes(path: Path) -> int:
    with audio.open_stream(path, sample_rate=22_050) as stream:
        tracemalloc.start()
        try:
            for _ in stream:
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "subtype"), [("wav", "PCM_16"), ("flac", "PCM_16"), ("ogg", "VORBIS")])
def test_memory_does_not_grow_with_length(tmp_path: Path, suffix: str, subtype: str) -> None:
    minute = np.random.default_rng(5).uniform(-0.5, 0.5, 60 * 8_000).astype(np.float32)
    peaks = []
    for n_minutes in (2, 40):
        path = tmp_path / f"{n_minutes}.{suffix}"
        with soundfile.SoundFile(path, "w", samplerate=8_000, channels=1, subtype=subtype) as file:
            for _ in range(n_minutes):
                file.write(minute)
        peaks.append(_peak_bytes(path))
    assert peaks[1] < 1.1 * peaks[0] + 100_000
    assert peaks[1] < 16_000_000


def test_importing_the_room_loads_no_decoder() -> None:
    code = "import sys, genrelens.audio; print({'av', 'soundfile', 'soxr', 'scipy', 'torch'} & set(sys.modules))"
    answer = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"


@pytest.mark.parametrize("kind", ["wav_16", "ogg", "flac_16", "m4a"])
def test_a_watcher_sees_every_channel_at_the_files_own_rate(kind: str) -> None:
    left, right = (sine(sample_rate=22_050, hz=hz, peak=0.5) for hz in (440.0, 700.0))
    data = encoded(kind, np.stack([left, right], axis=1), sample_rate=22_050)
    seen: list[np.ndarray] = []
    with audio.open_stream(data, sample_rate=None, watch=lambda frames: seen.append(frames.copy())) as stream:
        mono = np.concatenate(list(stream))
    channels = np.concatenate(seen)
    assert stream.sample_rate == stream.native_sample_rate == 22_050
    assert channels.shape == (len(mono), 2)
    np.testing.assert_allclose(channels.mean(axis=1), mono, atol=1e-6)
    for channel, hz in zip(channels.T, (440.0, 700.0), strict=True):
        assert loudest_hz(channel, sample_rate=22_050) == pytest.approx(hz, abs=3)
