"""Descriptors of segments: sounds whose numbers are known."""

from __future__ import annotations

import numpy as np
import pytest

from genrelens.profile.sound import DESCRIPTORS, SAMPLE_RATE, segment_descriptors

pytestmark = pytest.mark.slow  # the first of them waits for numba

AT = {name: j for j, name in enumerate(DESCRIPTORS)}


def _tone(hz: float, duration_s: float, level: float = 0.5) -> np.ndarray:
    t = np.arange(round(duration_s * SAMPLE_RATE)) / SAMPLE_RATE
    return (level * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def test_a_tone_then_noise_then_silence() -> None:
    noise = (0.1 * np.random.default_rng(0).standard_normal(3 * SAMPLE_RATE)).astype(np.float32)
    sound = np.concatenate([_tone(440.0, 3.0), noise, np.zeros(2 * SAMPLE_RATE, np.float32)])
    found = segment_descriptors(sound, edges_s=np.arange(9.0))
    assert found.shape == (8, len(DESCRIPTORS))
    tone, hiss = found[1], found[4]
    # The segment's sound alone is measured: half of full scale is -9.03 dB as a sine, noise of 0.1 is -20 dB.
    assert tone[AT["level"]] == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.01)
    assert hiss[AT["level"]] == pytest.approx(-20.0, abs=0.2)
    assert tone[AT["centroid"]] == pytest.approx(440.0, rel=0.02)
    assert hiss[AT["centroid"]] == pytest.approx(SAMPLE_RATE / 4, rel=0.05)
    assert tone[AT["zero_crossings"]] == pytest.approx(2 * 440 / SAMPLE_RATE, rel=0.02)
    assert hiss[AT["zero_crossings"]] == pytest.approx(0.5, abs=0.02)
    assert tone[AT["flatness"]] < 1e-3 and hiss[AT["flatness"]] == pytest.approx(0.56, abs=0.03)
    assert tone[AT["chroma_A"]] == pytest.approx(1.0) and tone[AT["chroma_D#"]] < 0.05
    assert tone[AT["chroma_flatness"]] < 0.3 < 0.9 < hiss[AT["chroma_flatness"]]
    assert tone[AT["percussive_share"]] < 0.01
    assert np.isnan(found[7]).all() and np.isfinite(found[:6]).all()


def test_clicks_are_onsets_and_percussive() -> None:
    sound = 0.01 * _tone(220.0, 6.0)
    clicks = np.random.default_rng(0).standard_normal(200).astype(np.float32) * np.linspace(1, 0, 200)
    for k in range(4 * 3):  # four a second in the second half
        at = round((3.0 + k / 4 + 0.1) * SAMPLE_RATE)
        sound[at : at + 200] += clicks.astype(np.float32)
    found = segment_descriptors(sound, edges_s=np.arange(7.0))
    assert found[:2, AT["onset_density"]].tolist() == [0.0, 0.0]
    assert found[3:6, AT["onset_density"]].tolist() == [4.0, 4.0, 4.0]
    assert found[4, AT["percussive_share"]] > 0.5 > 0.05 > found[1, AT["percussive_share"]]


def test_mfccs_equal_librosas() -> None:
    import librosa

    noise = (0.1 * np.random.default_rng(1).standard_normal(2 * SAMPLE_RATE)).astype(np.float32)
    found = segment_descriptors(noise, edges_s=np.array([0.0, 1.0, 2.5]))
    expected = librosa.feature.mfcc(y=noise, sr=SAMPLE_RATE, n_mfcc=13).T
    centres_s = np.arange(len(expected)) * 512 / SAMPLE_RATE
    first = AT["mfcc1"]
    np.testing.assert_allclose(
        found[0, first : first + 13], expected[centres_s < 1.0].mean(axis=0), rtol=1e-4, atol=1e-3
    )


def test_sound_too_short_for_a_frame_has_no_descriptors() -> None:
    assert np.isnan(segment_descriptors(np.ones(1000, np.float32), edges_s=np.array([0.0, 0.04]))).all()
