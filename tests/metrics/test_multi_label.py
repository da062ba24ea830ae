"""Average precision and exact matches: closed forms, scikit-learn, and weights against repeated rows."""

from __future__ import annotations

import numpy as np
import pytest

from genrelens.metrics.classification import average_precision, subset_matches


def test_closed_forms() -> None:
    truth = [True, False, True, False]
    assert average_precision([4, 3, 2, 1], targets=truth) == pytest.approx([0.5 * 1 + 0.5 * 2 / 3])
    assert average_precision([4, 1, 3, 2], targets=truth) == pytest.approx([1.0])
    assert average_precision([0.5] * 4, targets=truth) == pytest.approx([0.5])  # a coin: the share
    assert np.isnan(average_precision([1, 2], targets=[False, False])).all()
    assert np.isnan(average_precision([], targets=[])).all()


@pytest.mark.parametrize("seed", range(10))
def test_it_is_scikit_learns_with_ties_and_weights(seed: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    scores, truth = rng.integers(0, 8, size=60) / 8, rng.random(60) < 0.3
    weights = rng.integers(0, 4, size=(5, 60)).astype(np.float64)
    found = average_precision(scores, targets=truth, weights=weights)
    expected = [metrics.average_precision_score(truth, scores, sample_weight=row) for row in weights]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_weight_is_so_many_copies_and_none_of_the_class_is_not_measurable() -> None:
    scores, truth = np.array([0.9, 0.8, 0.3, 0.1]), np.array([False, True, True, False])
    weights = np.array([[2.0, 1.0, 3.0, 0.0], [1.0, 0.0, 0.0, 1.0]])
    copies = np.repeat(np.arange(4), weights[0].astype(int))
    found = average_precision(scores, targets=truth, weights=weights)
    assert found[0] == pytest.approx(average_precision(scores[copies], targets=truth[copies])[0])
    assert np.isnan(found[1])


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        average_precision([1, 2], targets=[True])
    with pytest.raises(ValueError, match=r"weights must be \(r, 2\)"):
        average_precision([1, 2], targets=[True, False], weights=np.ones((1, 3)))
    with pytest.raises(ValueError, match="one shape"):
        subset_matches(np.ones((2, 2), dtype=bool), targets=np.ones((2, 3), dtype=bool))


def test_exact_matches() -> None:
    said = np.array([[1, 0], [1, 1], [0, 0]], dtype=bool)
    truth = np.array([[1, 0], [1, 0], [0, 0]], dtype=bool)
    assert subset_matches(said, targets=truth).tolist() == [True, False, True]
