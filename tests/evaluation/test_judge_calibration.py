"""Calibration judged out of fold, against its definition and against what must hold of exchangeable data."""

from __future__ import annotations

import json

import numpy as np
import pytest

from genrelens.evaluation.calibration import judge_calibration
from genrelens.metrics import conformal_scores, expected_calibration_error, fit_temperature
from genrelens.training.calibrate import calibrate, probabilities_of

NAMES = ("a", "b", "c")


def answers(n: int, *, seed: int, sharpness: float = 2.0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Logits whose softmax at ``sharpness`` is the truth, targets drawn from it, and some three tracks an artist."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=1.5, size=(n, len(NAMES)))
    p = probabilities_of(logits, temperature=1 / sharpness)
    targets = np.array([rng.choice(len(NAMES), p=row) for row in p])
    return logits, targets, [f"artist {k}" for k in rng.integers(0, n // 3, n)]


def test_scores_and_weights_by_hand() -> None:
    scores, weights = conformal_scores([0.3, 0.1, 0.6], groups=["x", "y", "x"])
    np.testing.assert_allclose(scores, [0.1, 0.3, 0.6])
    np.testing.assert_allclose(weights, [1 / 3, 1 / 6, 1 / 6])  # two artists and the one to come
    with pytest.raises(ValueError, match="a group for each"):
        conformal_scores([0.3, 0.1, 0.6], groups=["x"])


def test_calibrate_puts_both_together() -> None:
    logits, targets, groups = answers(300, seed=0)
    temperature, conformal = calibrate(logits, targets=targets, groups=groups)
    assert temperature == fit_temperature(logits, targets=targets)
    assert temperature == pytest.approx(0.5, abs=0.1)
    p = probabilities_of(logits, temperature=temperature)
    unlikely = [row[row > row[target]].sum() for row, target in zip(p, targets, strict=True)]
    scores, weights = conformal_scores(unlikely, groups=groups)
    np.testing.assert_allclose(conformal.scores, scores, atol=1.1e-6)
    assert (np.array(conformal.scores) >= scores - 1e-12).all()
    np.testing.assert_allclose(conformal.weights, weights, atol=1e-9)


@pytest.mark.parametrize("n", [44_833, 1_000])
def test_any_number_of_artists_can_be_calibrated_on(n: int) -> None:
    """The weights of 44,833 artists, rounded to nine digits, summed to 1 and were refused."""
    logits = np.random.default_rng(0).normal(size=(n, 2))
    _, conformal = calibrate(logits, targets=np.arange(n) % 2, groups=[str(i) for i in range(n)])
    assert 1 - sum(conformal.weights) == pytest.approx(1 / (n + 1), rel=1e-3)


def test_the_error_is_that_of_the_definition() -> None:
    logits, targets, groups = answers(240, seed=1)
    folds = np.arange(240) % 3
    report = judge_calibration(
        logits, targets=targets, groups=groups, folds=folds, names=NAMES, coverages=[0.9], n_resamples=50
    )
    p = np.zeros_like(logits)
    for k in range(3):
        other = folds != k
        temperature = fit_temperature(logits[other], targets=targets[other])
        assert report.temperatures[k] == temperature
        p[~other] = probabilities_of(logits[~other], temperature=temperature)
    error = expected_calibration_error(p, targets=targets).error
    assert report.expected_calibration_error.value == pytest.approx(error)
    assert report.expected_calibration_error.low <= report.expected_calibration_error.high


def test_the_fold_that_is_answered_has_no_say_in_its_sets() -> None:
    """Had it, a fold whose every answer is wrong would be covered."""
    logits, targets, groups = answers(300, seed=2, sharpness=20.0)
    folds = np.arange(300) % 5
    targets[folds == 0] = logits[folds == 0].argmin(axis=1)
    report = judge_calibration(
        logits, targets=targets, groups=groups, folds=folds, names=NAMES, coverages=[0.7], n_resamples=50
    )
    assert report.sets[0].measured.value < 0.85


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
def test_sets_hold_the_truth_as_often_as_asked(coverage: float) -> None:
    logits, targets, groups = answers(3000, seed=3)
    report = judge_calibration(
        logits,
        targets=targets,
        groups=groups,
        folds=np.array([hash_of(group) % 5 for group in groups]),
        names=NAMES,
        coverages=[coverage],
        n_resamples=200,
    )
    (found,) = report.sets
    # The likeliest genre is always named, which alone may cover more than was asked.
    assert found.measured.value >= coverage - 0.03
    assert coverage < 0.8 or found.measured.value <= coverage + 0.03
    assert sum(n for _, n in found.by_genre.values()) == 3000
    assert 1.0 <= found.mean_size.value <= 3.0
    assert json.loads(report.to_json())["schema"] == "genrelens.calibration/2"


def hash_of(group: str) -> int:
    return sum(map(ord, group))
