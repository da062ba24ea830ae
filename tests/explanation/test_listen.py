"""The reasons as sound: two halves that make the whole, and a mask that lets through what it should."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from explain_toys import explanation
from genrelens.explanation.listen import FADE_S, gains, masked, reasons
from genrelens.pages.encode import to_flac


def noise(duration_s: float, *, rate: int, level: float = 0.2) -> np.ndarray:
    rng = np.random.default_rng(int(duration_s * rate))
    return (level * rng.standard_normal(round(duration_s * rate))).astype(np.float32)


def rms(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))


@settings(max_examples=25, deadline=None)
@given(
    duration_s=st.floats(0.01, 3.0),
    rate=st.sampled_from([8000, 22_050, 44_100, 48_000]),
    level=st.sampled_from([0.0, 0.1, 3.0]),
    seed=st.integers(0, 99),
)
def test_the_parts_are_the_whole_and_fit_into_a_file(duration_s: float, rate: int, level: float, seed: int) -> None:
    sound = noise(duration_s, rate=rate, level=level)
    cells = np.random.default_rng(seed).standard_normal((3, 2))
    found = reasons(sound, sample_rate=rate, explanation=explanation([1, 2, 3], cells=cells, edges_hz=(0, 900, 3000)))
    assert found.reasons.shape == found.without.shape == sound.shape
    kept, rest = (
        soundfile.read(io.BytesIO(to_flac(part, sample_rate=rate)), dtype="float32")[0]
        for part in (found.reasons, found.without)
    )
    np.testing.assert_allclose(kept + rest, sound * found.gain, atol=1e-4)
    assert max(np.abs(kept).max(), np.abs(rest).max()) < 1.0
    assert found.gain == 1.0 or level > 0.1


def test_what_counts_in_full_passes_in_full_and_nothing_else_does() -> None:
    rate = 16_000
    sound = noise(4.0, rate=rate)
    found = masked(sound, sample_rate=rate, explanation=explanation([-1.0, 2.0, 0.0, -3.0]))
    edge = round((FADE_S + 0.03) * rate)
    inside, before, after = (slice(rate + edge, 2 * rate - edge), slice(0, rate - edge), slice(2 * rate + edge, None))
    np.testing.assert_allclose(found[inside], sound[inside], atol=1e-5)
    assert np.abs(found[before]).max() < 1e-6 and np.abs(found[after]).max() < 1e-6


def test_a_band_is_cut_out_of_the_spectrum() -> None:
    rate = 16_000
    t = np.arange(3 * rate) / rate
    low, high = (0.3 * np.sin(2 * np.pi * hz * t).astype(np.float32) for hz in (200.0, 3000.0))
    cells = np.array([[1.0, -1.0]] * 3)
    found = masked(
        low + high, sample_rate=rate, explanation=explanation([1, 1, 1], cells=cells, edges_hz=(0, 800, 6000))
    )
    middle = slice(rate // 2, -rate // 2)
    assert rms(found[middle] - low[middle]) < 1e-3


def test_what_the_model_does_not_hear_is_no_reason() -> None:
    rate = 44_100
    t = np.arange(2 * rate) / rate
    high = 0.3 * np.sin(2 * np.pi * 12_000 * t).astype(np.float32)
    cells = np.ones((2, 2))
    found = masked(high, sample_rate=rate, explanation=explanation([1, 1], cells=cells, edges_hz=(0, 800, 8000)))
    assert rms(found[rate // 2 : -rate // 2]) < 1e-4  # away from the ends, where the tone is cut off with a click


def test_times_are_those_of_the_file() -> None:
    rate = 8000
    sound = noise(2.0, rate=rate)  # the stretch from 60 s on
    found = masked(sound, sample_rate=rate, explanation=explanation([0.0, 1.0], start_s=60.0))
    assert rms(found[: rate // 2]) < 1e-6 < rms(found[rate + rate // 2 :])


def test_gains_rise_by_the_square_up_to_the_best_fifth() -> None:
    assert gains(np.array([-5.0, 0.0])).tolist() == [0.0, 0.0]
    found = gains(np.array([-1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
    np.testing.assert_allclose(found, np.square([0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.0]))
    assert gains(np.array([0.25])) == pytest.approx([1.0])
