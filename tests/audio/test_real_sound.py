"""Published music: no healthy file is called truncated, and lengths are those of other decoders."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrelens import audio

pytestmark = pytest.mark.real_data


def test_fma_mp3_are_healthy_and_as_long_as_libsndfile_finds_them(real_data: Path) -> None:
    paths = sorted(real_data.glob("fma/fma_small/*/*.mp3"))[:20]
    assert paths
    for path in paths:
        clip = audio.load(path)
        expected, rate = soundfile.read(path, dtype="float32", always_2d=True)
        assert (clip.notes, clip.sample_rate, len(clip.samples)) == ((), rate, len(expected)), path
        start = 4_000  # excerpts begin within a bit reservoir: mpg123 mutes the first frame, ffmpeg plays it
        # Of one track one channel is the other a little later: they cancel at 4 kHz, and the louder is heard.
        mixes = {"mean": expected.mean(axis=1), **{f"channel {c}": expected[:, c] for c in range(expected.shape[1])}}
        fits = [name for name, mix in mixes.items() if np.allclose(clip.samples[start:], mix[start:], atol=2e-5)]
        assert fits[:1] == (["channel 1"] if path.stem == "000368" else ["mean"]), path


def test_gtzan_ogg_are_healthy(real_data: Path) -> None:
    paths = sorted(real_data.glob("gtzan/genres_original/*/*.ogg"))[::40]
    assert paths
    for path in paths:
        clip = audio.load(path)
        assert (clip.notes, clip.sample_rate) == ((), 22_050), path
        assert clip.duration_s == pytest.approx(30, abs=1), path


def test_lossless_gtzan_equals_soundfile_bit_for_bit(real_data: Path) -> None:
    for path in sorted(real_data.glob("gtzan_lossless/*/*.flac"))[::6]:
        np.testing.assert_array_equal(audio.load(path).samples, soundfile.read(path, dtype="float32")[0])
