"""Probabilistic metrics and the temperature, against closed forms and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from genrelens.metrics import (
    brier_score,
    expected_calibration_error,
    fit_temperature,
    log_softmax,
    negative_log_likelihood,
)
from genrelens.metrics.calibration import TEMPERATURE_RANGE

reference = pytest.importorskip("sklearn.metrics")


def sampled(n: int, c: int, seed: int, scale: float = 2.0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits and targets drawn from their softmax: perfectly calibrated but for chance."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, c)) * scale
    ladder = np.exp(log_softmax(logits)).cumsum(axis=1)
    targets = (ladder < rng.random((n, 1))).sum(axis=1).clip(max=c - 1)
    return logits, targets


@pytest.mark.parametrize(("n", "c", "seed"), [(n, c, s) for n in (5, 90) for c in (2, 3, 10) for s in range(3)])
def test_equal_to_scikit_learn(n: int, c: int, seed: int) -> None:
    logits, targets = sampled(n, c, seed)
    p = np.exp(log_softmax(logits))
    labels = list(range(c))
    ours = negative_log_likelihood(p, targets=targets)
    assert ours == pytest.approx(reference.log_loss(targets, p, labels=labels))
    if c == 2:  # scikit-learn's two-class score is half of Brier's sum
        theirs = 2.0 * reference.brier_score_loss(targets, p[:, 1], pos_label=1)
        assert brier_score(p, targets=targets) == pytest.approx(theirs)
    assert brier_score(p, targets=targets) == pytest.approx(
        np.mean([((p[i] - np.eye(c)[t]) ** 2).sum() for i, t in enumerate(targets)])
    )


@pytest.mark.parametrize("n_bins", [1, 5, 15])
def test_bins_equal_scikit_learn(n_bins: int) -> None:
    calibration_curve = pytest.importorskip("sklearn.calibration").calibration_curve
    logits, targets = sampled(500, 4, n_bins)
    p = np.exp(log_softmax(logits))
    hit_rate, confidence = calibration_curve(p.argmax(1) == targets, p.max(1), n_bins=n_bins)
    bins = expected_calibration_error(p, targets=targets, n_bins=n_bins)
    filled = bins.counts > 0
    np.testing.assert_allclose(bins.accuracy[filled], hit_rate)
    np.testing.assert_allclose(bins.confidence[filled], confidence)
    assert bins.counts.sum() == 500
    assert bins.error == pytest.approx(np.sum(bins.counts[filled] / 500 * np.abs(hit_rate - confidence)))


def test_closed_forms() -> None:
    uniform = np.full((4, 10), 0.1)
    assert negative_log_likelihood(uniform, targets=[0, 3, 5, 9]) == pytest.approx(np.log(10))
    assert brier_score(uniform, targets=[0, 3, 5, 9]) == pytest.approx(0.9)
    sure = np.eye(3)[[0, 1]]
    assert negative_log_likelihood(sure, targets=[0, 1]) == 0.0
    assert brier_score(sure, targets=[0, 1]) == 0.0
    assert brier_score(sure, targets=[1, 0]) == 2.0
    assert negative_log_likelihood(sure, targets=[1, 0]) == pytest.approx(-np.log(np.finfo(float).eps))
    always_08 = np.tile([0.8, 0.2], (10, 1))
    assert expected_calibration_error(always_08, targets=[0] * 8 + [1] * 2).error == pytest.approx(0.0)
    assert expected_calibration_error(always_08, targets=[0] * 5 + [1] * 5).error == pytest.approx(0.3)


def test_a_confidence_on_an_edge_belongs_to_the_bin_below() -> None:
    bins = expected_calibration_error(np.array([[0.75, 0.25], [1.0, 0.0]]), targets=[0, 0], n_bins=4)
    assert bins.counts.tolist() == [0, 0, 1, 1]
    assert np.isnan(bins.accuracy[0]) and np.isnan(bins.confidence[0])


@given(st.integers(0, 50), st.integers(2, 6))
@settings(deadline=None)
def test_bounds(seed: int, c: int) -> None:
    logits, targets = sampled(30, c, seed)
    p = np.exp(log_softmax(logits))
    bins = expected_calibration_error(p, targets=targets)
    assert 0.0 <= bins.error <= 1.0
    gap = abs(np.mean(p.argmax(1) == targets) - p.max(1).mean())
    assert bins.error >= gap - 1e-12  # the triangle inequality; equal with one bin
    assert expected_calibration_error(p, targets=targets, n_bins=1).error == pytest.approx(gap)
    assert 0.0 <= brier_score(p, targets=targets) <= 2.0


def test_log_softmax_does_not_overflow() -> None:
    rows = log_softmax(np.array([[1e4, 0.0], [-1e4, -1e4]]))
    np.testing.assert_allclose(rows, [[0.0, -1e4], [np.log(0.5)] * 2])


@pytest.mark.parametrize("k", [0.1, 0.5, 1.0, 3.0, 20.0])
def test_temperature_of_stretched_calibrated_logits_is_the_stretch(k: int) -> None:
    # Closed form: of (log 3, 0) three in four tracks are class 0, so these logits are calibrated exactly.
    logits = np.tile([np.log(3.0), 0.0], (8, 1))
    targets = [0] * 6 + [1] * 2
    assert fit_temperature(k * logits, targets=targets) == pytest.approx(k, rel=1e-6)


def test_temperature_of_a_large_sample() -> None:
    logits, targets = sampled(50_000, 10, 0)
    assert fit_temperature(2.5 * logits, targets=targets) == pytest.approx(2.5, rel=0.02)


@given(st.integers(0, 30), st.floats(0.3, 5.0))
@settings(deadline=None, max_examples=25)
def test_no_other_temperature_is_better(seed: int, k: float) -> None:
    logits, targets = sampled(200, 5, seed)
    best = fit_temperature(k * logits, targets=targets)

    def loss(temperature: float) -> float:
        return negative_log_likelihood(np.exp(log_softmax(k * logits / temperature)), targets=targets)

    assert TEMPERATURE_RANGE[0] < best < TEMPERATURE_RANGE[1]
    assert loss(best) <= min(loss(best * 1.02), loss(best / 1.02), loss(1.0)) + 1e-12
    shifted = k * logits + np.arange(200)[:, None]  # a softmax does not see what is added to a whole row
    assert fit_temperature(shifted, targets=targets) == pytest.approx(best, rel=1e-6)


def test_temperature_at_its_ends() -> None:
    logits = np.eye(3)[[0, 1, 2]] * 4.0
    assert fit_temperature(logits, targets=[0, 1, 2]) == TEMPERATURE_RANGE[0]
    assert fit_temperature(logits, targets=[1, 2, 0]) == TEMPERATURE_RANGE[1]
    assert fit_temperature(np.ones((3, 4)), targets=[0, 1, 2]) == 1.0
    with pytest.raises(ValueError, match="no tracks"):
        fit_temperature(np.zeros((0, 3)), targets=[])


def test_no_tracks_is_nan() -> None:
    none = np.zeros((0, 3))
    assert np.isnan(negative_log_likelihood(none, targets=[]))
    assert np.isnan(brier_score(none, targets=[]))
    bins = expected_calibration_error(none, targets=[])
    assert np.isnan(bins.error) and bins.counts.sum() == 0


def test_logits_are_not_taken_for_probabilities() -> None:
    for metric in (negative_log_likelihood, brier_score, expected_calibration_error):
        with pytest.raises(ValueError, match="look like logits"):
            metric(np.array([[2.0, -1.0]]), targets=[0])
        with pytest.raises(ValueError, match="finite"):
            metric(np.array([[np.nan, 1.0]]), targets=[0])
    with pytest.raises(ValueError, match="n_bins"):
        expected_calibration_error(np.array([[0.5, 0.5]]), targets=[0], n_bins=0)
