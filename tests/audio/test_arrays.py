"""Arrays in: scaling by type, averaging, and what is refused."""

import numpy as np
import pytest

from genrelens import audio
from genrelens.errors import AudioError


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16])
def test_integers_are_scaled_by_their_range(dtype: type) -> None:
    info = np.iinfo(dtype)
    middle = 0 if info.min else (info.max + 1) // 2
    clip = audio.from_array(np.array([info.min, middle, info.max], dtype=dtype), sample_rate=8_000)
    np.testing.assert_allclose(clip.samples, [-1, 0, 1], atol=0.01)
    assert clip.samples[0] == -1
    assert clip.samples[1] == 0


def test_floats_are_taken_as_they_are_and_mono_float32_is_not_copied() -> None:
    samples = np.array([0.5, -2.0, 0.0], dtype=np.float32)
    clip = audio.from_array(samples, sample_rate=8_000, source="mine")
    assert np.shares_memory(clip.samples, samples)
    assert (clip.source, clip.duration_s, clip.notes) == ("mine", 3 / 8_000, ())
    np.testing.assert_array_equal(audio.from_array(samples.astype(float), sample_rate=8_000).samples, samples)


def test_columns_are_averaged() -> None:
    frames = np.stack([np.full(10, 0.2), np.full(10, 0.6)], axis=1)
    np.testing.assert_allclose(audio.from_array(frames, sample_rate=8_000).samples, 0.4, rtol=1e-6)


@pytest.mark.parametrize(
    ("samples", "code"),
    [
        (np.zeros((2, 3, 4)), "bad_samples"),
        (np.float32(1.0), "bad_samples"),
        (np.zeros((2, 44_100)), "bad_samples"),
        (np.zeros((10, 0)), "bad_samples"),
        (np.zeros(5, dtype=complex), "bad_samples"),
        (np.zeros(5, dtype=bool), "bad_samples"),
        (["a", "b"], "bad_samples"),
        ([[1.0], [1.0, 2.0]], "bad_samples"),
        (None, "bad_samples"),
        (np.zeros(0), "no_sound"),
        (np.zeros((0, 2)), "no_sound"),
        (np.array([0.0, np.nan]), "not_finite"),
        (np.array([[np.inf, -np.inf]]), "not_finite"),
        (np.array([1e300]), "not_finite"),
    ],
)
def test_bad_arrays_are_refused_with_a_code(samples: object, code: str) -> None:
    for call in (
        lambda: audio.from_array(samples, sample_rate=8_000),  # type: ignore[arg-type]
        lambda: audio.stream_array(samples, sample_rate_in=8_000, sample_rate=8_000),  # type: ignore[arg-type]
    ):
        with pytest.raises(AudioError) as caught:
            call()
        assert caught.value.code == code
        assert "array" in str(caught.value)


@pytest.mark.parametrize("rate", [0, -1, 999, 10**9, 22_050.0, "22050", None, True, float("nan")])
def test_bad_rates_are_refused(rate: object) -> None:
    with pytest.raises(AudioError, match="sample rate") as caught:
        audio.from_array(np.zeros(5), sample_rate=rate)  # type: ignore[arg-type]
    assert caught.value.code == "bad_samples"


def test_numpy_integers_are_rates() -> None:
    assert type(audio.from_array(np.zeros(5), sample_rate=np.int64(8_000)).sample_rate) is int  # type: ignore[arg-type]


@pytest.mark.parametrize("samples", [np.zeros(3), np.zeros((3, 1), np.float32), [0.0], np.zeros(0, np.float32)])
def test_a_clip_checks_itself(samples: object) -> None:
    with pytest.raises(AudioError):
        audio.Clip(samples, 8_000, "test")  # type: ignore[arg-type]
