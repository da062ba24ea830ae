"""What comes out of healthy files: length, pitch, loudness, channels; against soundfile and soxr alone."""

import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from make_sound import LOSSLESS, PYAV_KINDS, SNDFILE_KINDS, encoded, loudest_hz, pyav_encoded, sine

from genrelens import audio


@pytest.mark.parametrize("kind", [*SNDFILE_KINDS, *PYAV_KINDS])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_every_format_keeps_pitch_loudness_and_length(kind: str, n_channels: int) -> None:
    rate = 48_000
    tone = sine(sample_rate=rate, duration_s=1.5)
    data = encoded(kind, np.repeat(tone[:, np.newaxis], n_channels, axis=1), sample_rate=rate)
    clip = audio.load(data)
    assert (clip.sample_rate, clip.source, clip.notes) == (rate, "bytes", ())
    assert clip.samples.dtype == np.float32
    assert clip.samples.ndim == 1
    inner = clip.samples[6000:-6000]
    assert loudest_hz(inner, sample_rate=rate) == pytest.approx(440, abs=1.5)
    assert np.sqrt(np.mean(inner**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
    padding_s = 0.0 if kind in LOSSLESS else 0.1
    assert clip.duration_s == pytest.approx(1.5, abs=padding_s + 1e-9)


@pytest.mark.parametrize("kind", sorted(SNDFILE_KINDS))
def test_samples_equal_soundfile(kind: str) -> None:
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (30_000, 2)).astype(np.float32)
    data = encoded(kind, noise, sample_rate=48_000)
    expected = soundfile.read(io.BytesIO(data), dtype="float32")[0].mean(axis=1)
    np.testing.assert_allclose(audio.load(data).samples, expected, atol=2e-5)


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 96_000, 192_000])
def test_rates_are_true_and_resampling_keeps_the_tone(rate: int) -> None:
    data = encoded("wav_float", sine(sample_rate=rate, duration_s=2.0), sample_rate=rate)
    assert audio.load(data).sample_rate == rate
    clip = audio.load(data, sample_rate=22_050)
    assert len(clip.samples) == 44_100
    assert loudest_hz(clip.samples, sample_rate=22_050) == pytest.approx(440, abs=0.6)
    middle = slice(2_000, -2_000)
    np.testing.assert_allclose(clip.samples[middle], sine(sample_rate=22_050, duration_s=2.0)[middle], atol=1e-3)


@pytest.mark.parametrize("n_channels", range(1, 9))
def test_channels_are_averaged(n_channels: int) -> None:
    levels = np.arange(1, n_channels + 1, dtype=np.float32) / 16
    frames = np.tile(levels, (5_000, 1))
    clip = audio.load(encoded("wav_float", frames, sample_rate=16_000))
    np.testing.assert_allclose(clip.samples, levels.mean(), atol=1e-6)
    with audio.open_stream(encoded("flac_24", frames, sample_rate=16_000), sample_rate=16_000) as stream:
        assert stream.n_channels == n_channels


def test_six_channels_of_aac_are_averaged() -> None:
    frames = np.repeat(sine(sample_rate=44_100)[:, np.newaxis], 6, axis=1)
    data = pyav_encoded("ipod", "aac", frames, sample_rate=44_100)
    with audio.open_stream(data, sample_rate=44_100) as stream:
        assert stream.n_channels == 6
        assert sum(map(len, stream)) == pytest.approx(44_100, abs=3_000)


def test_resampled_file_equals_soxr_in_one_piece() -> None:
    noise = np.random.default_rng(2).uniform(-0.9, 0.9, 300_001).astype(np.float32)
    expected = soxr.resample(noise, 44_100, 22_050, quality="HQ")
    clip = audio.load(encoded("wav_float", noise, sample_rate=44_100), sample_rate=22_050)
    assert clip.samples.shape == expected.shape
    np.testing.assert_allclose(clip.samples, expected, atol=1e-5)


@pytest.mark.parametrize("container", ["mp4", "matroska", "avi"])
def test_sound_of_a_film_is_whole_though_the_pictures_go_on(container: str) -> None:
    codec = "libmp3lame" if container == "avi" else "aac"
    data = pyav_encoded(container, codec, sine(sample_rate=44_100), sample_rate=44_100, video_s=3.0)
    clip = audio.load(data)
    assert clip.duration_s == pytest.approx(1.0, abs=0.1)
    assert clip.notes == ()


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg")
@pytest.mark.parametrize("how", ["-c:a libmp3lame -q:a 9", "-c:a libmp3lame -b:a 96k", "-c:a mp2"])
def test_mp3_in_a_wav_is_read_to_its_end_and_damage_prints_nothing(
    how: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """libsndfile gave 0.8 of 3 s of variable bit rate, and a line on the terminal for each damaged frame."""
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 3 * 22_050)
    soundfile.write(tmp_path / "noise.wav", noise, 22_050)
    command = f"ffmpeg -v error -i noise.wav {how} -f wav packed.wav"
    subprocess.run(command.split(), cwd=tmp_path, check=True)
    data = (tmp_path / "packed.wav").read_bytes()
    clip = audio.load(data)
    assert clip.duration_s == pytest.approx(3.0, abs=0.1) and not clip.notes
    damaged = bytearray(data)
    damaged[2000::500] = bytes(len(damaged[2000::500]))
    audio.load(bytes(damaged))
    assert capfd.readouterr().err == ""


def test_vbr_mp3_without_a_length_header_is_read_to_its_end() -> None:
    rate = 44_100
    noise = np.random.default_rng(3).normal(0, 0.2, 4 * rate).astype(np.float32)
    out = io.BytesIO()
    samples = np.concatenate([np.zeros(4 * rate, np.float32), noise])  # few bytes first, then many
    soundfile.write(out, samples, rate, format="MP3", bitrate_mode="VARIABLE", compression_level=0.5)
    healthy = out.getvalue()
    assert audio.load(healthy).notes == ()
    clip = audio.load(healthy.replace(b"Xing", b"\0" * 4).replace(b"Info", b"\0" * 4))
    assert clip.duration_s == pytest.approx(8.0, abs=0.1)
    assert clip.notes == ()


@pytest.mark.parametrize("kind", ["ogg", "opus", "mp3"])
def test_chained_files_are_read_to_the_last_link(kind: str) -> None:
    first, second = (encoded(kind, sine(sample_rate=48_000, hz=hz), sample_rate=48_000) for hz in (440, 880))
    assert audio.load(first + second).duration_s == pytest.approx(2.0, abs=0.1)


def test_a_flac_that_does_not_know_its_length_is_read_whole() -> None:
    data = bytearray(encoded("flac_16", sine(sample_rate=44_100), sample_rate=44_100))
    data[21] &= 0xF0
    data[22:26] = bytes(4)  # STREAMINFO: total samples unknown
    clip = audio.load(bytes(data))
    assert (len(clip.samples), clip.notes) == (44_100, ())


def test_an_mp3_behind_a_large_id3_tag_is_healthy() -> None:
    tag = b"ID3\x03\0\0" + bytes((0, 0x10, 0, 0)) + bytes(0x10 << 14)  # a quarter of a MB, as a cover has
    clip = audio.load(tag + encoded("mp3", sine(sample_rate=44_100), sample_rate=44_100))
    assert (len(clip.samples), clip.notes) == (44_100, ())


def test_content_decides_and_not_the_suffix(tmp_path: Path) -> None:
    for suffix in ("mp3", "raw", "vox", "txt"):
        path = tmp_path / f"tone.{suffix}"
        path.write_bytes(encoded("wav_16", sine(sample_rate=8_000), sample_rate=8_000))
        assert len(audio.load(path).samples) == 8_000
