"""The constant-Q filters: pure tones, closed forms, librosa's wavelets, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from genrelens.errors import RecipeError
from genrelens.frontend.filter_bank import constant_q, constant_q_periods
from genrelens.frontend.mel import MelSettings, mel_power

CQT: dict[str, Any] = {
    "sample_rate": 22050,
    "n_fft": 8192,
    "hop_length": 1024,
    "n_mels": 84,
    "fmin_hz": 65.40639,
    "fmax_hz": None,
    "htk": False,
    "top_db": 80.0,
    "bins_per_octave": 12,
}
CENTRES_HZ = 65.40639 * 2 ** (np.arange(84) / 12)


@pytest.mark.parametrize("k", [0, 1, 11, 12, 40, 45, 70, 83])
def test_a_pure_tone_falls_into_its_bin(k: int) -> None:
    """Wherever in the semitone it lies; half way to a neighbour the two have the same."""
    seconds = np.arange(22050 * 2) / 22050
    for cents in (-40, 0, 40):
        tone = np.sin(2 * np.pi * CENTRES_HZ[k] * 2 ** (cents / 1200) * seconds).astype(np.float32)
        power = mel_power(tone, settings=MelSettings(**CQT))[20]
        assert power.argmax() == k
    if k < 83:
        between = np.sin(2 * np.pi * CENTRES_HZ[k] * 2 ** (1 / 24) * seconds).astype(np.float32)
        power = mel_power(between, settings=MelSettings(**CQT))[20]
        assert set(np.argsort(power)[-2:]) == {k, k + 1}


def test_a_fifth_is_two_peaks_seven_bins_apart() -> None:
    seconds = np.arange(22050 * 2) / 22050
    fifth = sum(np.sin(2 * np.pi * hz * seconds) for hz in (CENTRES_HZ[40], CENTRES_HZ[47]))
    power = mel_power(np.asarray(fifth, np.float32), settings=MelSettings(**CQT))[20]
    peaks = np.flatnonzero((power[1:-1] > power[:-2]) & (power[1:-1] > power[2:])) + 1
    assert set(peaks[power[peaks] > 0.1 * power.max()]) == {40, 47}


def test_each_filter_has_area_one_and_is_half_at_a_quarter_of_its_width() -> None:
    bank = constant_q(sample_rate=22050, n_fft=1 << 17, n_bins=84, fmin_hz=65.40639, bins_per_octave=12)
    step_hz = 22050 / (1 << 17)
    np.testing.assert_allclose(bank.sum(axis=1) * step_hz, 1, rtol=1e-4)
    periods = constant_q_periods(12)
    for k in (0, 30, 83):
        bins_hz = np.arange(bank.shape[1]) * step_hz
        x = periods * (bins_hz / CENTRES_HZ[k] - 1)
        assert not bank[k][np.abs(x) >= 2].any()
        # The response of a Hann window: 1 in the middle, 1/2 one period of its length away; squared here.
        assert np.interp(1, x, bank[k]) / np.interp(0, x, bank[k]) == pytest.approx(0.25, rel=1e-2)
        assert np.interp(-1, x, bank[k]) / np.interp(0, x, bank[k]) == pytest.approx(0.25, rel=1e-2)
    assert not bank.flags.writeable


def test_q_is_near_the_familiar_one() -> None:
    """Brown's Q is 1 / (2^(1/b) - 1), 16.8 for semitones; librosa's counts the band both ways."""
    assert constant_q_periods(12) == pytest.approx(17.3, abs=0.05)
    assert constant_q_periods(24) == pytest.approx(2 * constant_q_periods(12), rel=1e-2)


def test_filters_are_the_spectra_of_librosas_wavelets() -> None:
    librosa = pytest.importorskip("librosa")
    basis, lengths = librosa.filters.wavelet(freqs=CENTRES_HZ, sr=22050, window="hann", pad_fft=True, norm=1)
    assert lengths[0] == pytest.approx(constant_q_periods(12) * 22050 / CENTRES_HZ[0])
    theirs = np.abs(np.fft.fft(basis, n=8192, axis=1))[:, :4097] ** 2
    theirs /= theirs.sum(axis=1, keepdims=True) * 22050 / 8192
    ours = MelSettings(**CQT).bank()
    # librosa's windows have whole numbers of samples, 48 at the top: there the spectra differ by a hundredth.
    assert (np.abs(ours - theirs).max(axis=1) < 0.02 * theirs.max(axis=1)).all()
    assert (ours.argmax(axis=1) == theirs.argmax(axis=1)).mean() > 0.9


def test_it_hears_what_librosas_pseudo_cqt_hears() -> None:
    librosa = pytest.importorskip("librosa")
    rng = np.random.default_rng(0)
    seconds = np.arange(22050 * 3) / 22050
    sound = sum(rng.uniform(0.2, 1) * np.sin(2 * np.pi * hz * seconds) for hz in CENTRES_HZ[[5, 30, 34, 60]])
    sound = np.asarray(sound, np.float32)
    theirs = np.abs(librosa.pseudo_cqt(sound, sr=22050, hop_length=1024, fmin=65.40639, n_bins=84, window="hann"))
    ours = np.sqrt(mel_power(sound, settings=MelSettings(**CQT)))
    for k in (5, 30, 34, 60):
        assert {int(np.argmax(theirs[k - 2 : k + 3, 30])), int(np.argmax(ours[30, k - 2 : k + 3]))} == {2}


def test_the_way_through_json() -> None:
    settings = MelSettings(**CQT)
    assert MelSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings
    assert settings.to_dict()["bins_per_octave"] == 12
    mel = MelSettings(**(CQT | {"bins_per_octave": None}))
    assert "bins_per_octave" not in mel.to_dict()
    assert MelSettings.from_dict(mel.to_dict()) == mel


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bins_per_octave": 0}, r"bins_per_octave should be a whole number of at least 1, not 0"),
        ({"bins_per_octave": 12.0}, r"bins_per_octave should be a whole number of at least 1, not 12\.0"),
        ({"fmin_hz": 0}, r"bins_per_octave goes with an fmin_hz of at least 1, .* got fmin_hz = 0"),
        ({"fmax_hz": 8000}, r"no fmax_hz .* fmax_hz = 8000"),
        ({"htk": True}, r"htk = false.* htk = True"),
        ({"n_mels": 90}, r"the highest of 90 bins would lie at .* beyond half the sample rate, 11025 Hz"),
        ({"n_mels": 2000}, r"the highest of 2000 bins"),
        ({"fmin_hz": 5e-324}, r"an fmin_hz of at least 1"),
        ({"bins_per_octave": 10**400}, r"bins_per_octave should be at most 1200"),
        ({"n_fft": 4096}, r"takes frames of 5843 samples, not n_fft = 4096; 8192 would do"),
        ({"bins_per_octave": 24, "n_fft": 8192}, r"24 bins an octave apart .* n_fft = 8192; 16384 would do"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        MelSettings(**(CQT | changes))


def test_an_explanation_names_the_frequencies_of_the_bins() -> None:

    edges = MelSettings(**CQT).band_edges_hz
    assert edges is not None and edges.shape == (85,)
    np.testing.assert_allclose(np.sqrt(edges[1:] * edges[:-1]), CENTRES_HZ)
