"""MelSettings: what is accepted, what is refused and with what advice, and the way through JSON."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from genrelens.errors import RecipeError
from genrelens.frontend.mel import MelSettings, mel_filter_bank

S0: dict[str, Any] = {
    "sample_rate": 22050,
    "n_fft": 2048,
    "hop_length": 512,
    "n_mels": 128,
    "fmin_hz": 0.0,
    "fmax_hz": None,
    "htk": False,
    "top_db": 80.0,
    "log_factor": None,
    "level": None,
}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"n_fft": 1024, "n_mels": 64, "htk": True},
        {"sample_rate": 16000, "n_fft": 512, "hop_length": 256, "n_mels": 96},
        {"sample_rate": 16000, "n_fft": 512, "hop_length": 160, "n_mels": 64, "fmin_hz": 125, "fmax_hz": 7500},
        {"fmax_hz": 11025, "top_db": None},
        {"top_db": None, "log_factor": 10_000},
        {"top_db": None, "log_factor": 10_000, "level": 0.2},
        {"hop_length": 1, "n_fft": 4, "n_mels": 1},
        {"hop_length": 2048},
    ],
)
def test_settings_that_recipes_use_pass_and_survive_json(changes: dict[str, Any]) -> None:
    settings = MelSettings(**(S0 | changes))
    assert MelSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings
    assert list(settings.to_dict()) == list(S0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sample_rate": 0}, r"sample_rate should be a whole number of at least 1, not 0"),
        ({"sample_rate": 22050.0}, r"sample_rate should be a whole number of at least 1, not 22050\.0"),
        ({"n_fft": -2048}, r"n_fft should be a whole number of at least 1, not -2048"),
        ({"n_fft": 2047}, r"n_fft should be even, not 2047; 2048 would do"),
        ({"hop_length": 0}, r"hop_length should be a whole number"),
        ({"hop_length": 2049}, r"hop_length should be at most n_fft = 2048.*2049 was given"),
        ({"n_fft": 2**31}, r"n_fft = 2147483648 with n_mels = 128 takes a filter bank larger than any in use"),
        ({"n_mels": 10**9}, r"n_fft = 2048 with n_mels = 1000000000 takes a filter bank larger"),
        ({"n_mels": 10**400}, r"n_mels = a number of more than 20 digits"),
        ({"sample_rate": 10**9}, r"sample_rate should be at most 768000 Hz, not 1000000000"),
        ({"sample_rate": 10**400}, r"not a number of more than 20 digits"),
        ({"hop_length": 1}, r"hop_length = 1 makes 22050 frames of n_fft = 2048 samples .*; 512 would do"),
        ({"n_mels": True}, r"n_mels should be a whole number of at least 1, not True"),
        ({"n_mels": 1025}, r"n_mels should be at most n_fft / 2 = 1024, not 1025"),
        ({"fmin_hz": -1}, r"fmin_hz should be at least 0 and below the upper edge, 11025 Hz, not -1"),
        ({"fmin_hz": 11025}, r"below the upper edge, 11025 Hz, not 11025"),
        ({"fmin_hz": None}, r"fmin_hz should be a finite number, not None"),
        ({"fmin_hz": 300, "fmax_hz": 200}, r"below the upper edge, 200 Hz, not 300"),
        ({"fmax_hz": 11026}, r"fmax_hz should be above 0 and at most half the sample rate, 11025 Hz, not 11026"),
        ({"fmax_hz": 0}, r"fmax_hz should be above 0"),
        ({"fmax_hz": float("nan")}, r"fmax_hz should be a finite number, not nan"),
        ({"htk": "yes"}, r"htk should be true or false, not 'yes'"),
        ({"top_db": 0}, r"top_db should be above 0, not 0; None means no floor"),
        ({"top_db": None, "log_factor": 0}, r"log_factor should be above 0, not 0; None means decibels"),
        ({"top_db": None, "log_factor": "1"}, r"log_factor should be a finite number, not '1'"),
        ({"level": 0.2}, r"level should be above 0 and go with a log_factor, not 0\.2 with log_factor = None"),
        ({"top_db": None, "log_factor": 1e4, "level": -1}, r"level should be above 0 .* not -1"),
        ({"log_factor": 1e4}, r"top_db = 80 and log_factor = 10000 exclude each other"),
        ({"top_db": "80"}, r"top_db should be a finite number, not '80'"),
    ],
)
def test_a_wrong_value_is_refused_by_name(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        MelSettings(**(S0 | changes))


def test_bands_that_would_always_be_silent_are_refused_with_advice_that_works() -> None:
    with pytest.raises(RecipeError, match=r"of 128 bands .*always be silent.*n_mels = 80 or n_fft = 1024 would"):
        MelSettings(**(S0 | {"n_fft": 512, "htk": True}))
    MelSettings(**(S0 | {"n_fft": 512, "htk": True, "n_mels": 80}))
    MelSettings(**(S0 | {"n_fft": 1024, "htk": True}))


def test_bands_too_narrow_for_any_advice_are_refused_too() -> None:
    with pytest.raises(RecipeError, match=r"a wider range of frequencies would do"):
        MelSettings(**(S0 | {"fmin_hz": 1000.1, "fmax_hz": 1000.2, "n_mels": 10}))


def test_a_graph_calls_its_input_by_what_is_in_it() -> None:
    assert MelSettings(**S0).input_name == "mel_db"
    assert MelSettings(**(S0 | {"top_db": None})).input_name == "mel_db"
    assert MelSettings(**(S0 | {"top_db": None, "log_factor": 1.0})).input_name == "log_mel"


def test_unknown_and_missing_keys_are_refused() -> None:
    values = {key: value for key, value in S0.items() if key != "htk"} | {"window": "hann"}
    with pytest.raises(RecipeError, match=r"'window' is unknown, htk is missing; expected just sample_rate, n_fft"):
        MelSettings.from_dict(values)


def test_settings_are_values() -> None:
    settings = MelSettings(**S0)
    assert hash(settings) == hash(MelSettings(**(S0 | {"fmin_hz": 0, "top_db": 80})))
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.n_mels = 64  # type: ignore[misc]


@pytest.mark.parametrize(("n_samples", "n_frames"), [(0, 1), (1, 1), (511, 1), (512, 2), (660_000, 1290)])
def test_frames_are_counted_from_their_centres(n_samples: int, n_frames: int) -> None:
    assert MelSettings(**S0).n_frames(n_samples) == n_frames


@pytest.mark.parametrize("htk", [False, True])
def test_each_triangle_has_area_one_and_one_peak(htk: bool) -> None:
    settings = MelSettings(**(S0 | {"n_fft": 16384, "n_mels": 40, "htk": htk}))
    bank = mel_filter_bank(settings)
    assert bank.shape == (40, 8193)
    assert bank.dtype == np.float32
    np.testing.assert_allclose(bank.sum(axis=1) * settings.sample_rate / settings.n_fft, 1, rtol=2e-3)
    slopes = np.sign(np.diff(bank, axis=1))
    for band in slopes:
        rising, falling = np.flatnonzero(band > 0), np.flatnonzero(band < 0)
        assert rising.max() < falling.min()


def test_the_shared_bank_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        mel_filter_bank(MelSettings(**S0))[0, 0] = 1
