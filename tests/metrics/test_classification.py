"""Counting metrics against closed forms and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from genrelens.metrics import ClassScores, confusion_matrix, scores_from_confusion, top_k_accuracy

reference = pytest.importorskip("sklearn.metrics")

GRID = [(n, c, seed) for n in (1, 7, 60, 400) for c in (2, 3, 10) for seed in (0, 1, 2)]


def draw(n: int, c: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Guesses that are right about half of the time; small n leaves classes without support."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, c, n)
    guesses = np.where(rng.random(n) < 0.5, targets, rng.integers(0, c, n))
    return guesses, targets


def scores_of(guesses: object, targets: object, n_classes: int) -> ClassScores:
    return scores_from_confusion(confusion_matrix(guesses, targets=targets, n_classes=n_classes))  # type: ignore[arg-type]


@pytest.mark.parametrize(("n", "c", "seed"), GRID)
def test_equal_to_scikit_learn(n: int, c: int, seed: int) -> None:
    guesses, targets = draw(n, c, seed)
    labels = list(range(c))
    scores = scores_of(guesses, targets, c)
    theirs = reference.precision_recall_fscore_support(targets, guesses, labels=labels, zero_division=0.0)
    for ours, other in zip((scores.precision, scores.recall, scores.f1, scores.support), theirs, strict=True):
        np.testing.assert_allclose(ours, other, atol=1e-12)
    np.testing.assert_array_equal(
        confusion_matrix(guesses, targets=targets, n_classes=c),
        reference.confusion_matrix(targets, guesses, labels=labels),
    )


@pytest.mark.parametrize("k", [1, 2, 3, 10])
def test_top_k_equals_scikit_learn(k: int) -> None:
    rng = np.random.default_rng(k)
    scores, targets = rng.normal(size=(300, 10)), rng.integers(0, 10, 300)
    if k == 10:
        assert top_k_accuracy(scores, targets=targets, k=k) == 1.0
        return
    theirs = reference.top_k_accuracy_score(targets, scores, k=k, labels=list(range(10)))
    assert top_k_accuracy(scores, targets=targets, k=k) == pytest.approx(theirs)


def test_by_hand() -> None:
    #  true 0: called 0, 0, 1;  true 1: called 1;  true 2: never;  called 2: once, for a 1
    guesses, targets = [0, 0, 1, 1, 2], [0, 0, 0, 1, 1]
    assert confusion_matrix(guesses, targets=targets, n_classes=3).tolist() == [[2, 1, 0], [0, 1, 1], [0, 0, 0]]
    scores = scores_of(guesses, targets, 3)
    np.testing.assert_allclose(scores.precision, [1.0, 0.5, 0.0])
    np.testing.assert_allclose(scores.recall, [2 / 3, 0.5, 0.0])
    np.testing.assert_allclose(scores.f1, [0.8, 0.5, 0.0])
    assert scores.support.tolist() == [3, 2, 0]


def test_equal_scores_are_settled_as_argmax_does() -> None:
    scores = np.zeros((2, 3))
    assert top_k_accuracy(scores, targets=[0, 1], k=1) == 0.5
    assert top_k_accuracy(scores, targets=[0, 1], k=2) == 1.0


def test_no_tracks_is_nan_not_an_error() -> None:
    assert np.isnan(top_k_accuracy(np.zeros((0, 3)), targets=[], k=1))
    assert confusion_matrix([], targets=[], n_classes=2).tolist() == [[0, 0], [0, 0]]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60), st.permutations(range(5)))
def test_neither_order_nor_class_names_matter(pairs: list[tuple[int, int]], renamed: list[int]) -> None:
    guesses, targets = (np.array(column) for column in zip(*pairs, strict=True))
    before = scores_of(guesses, targets, 5)
    names = np.array(renamed)
    after = scores_of(names[guesses[::-1]], names[targets[::-1]], 5)
    np.testing.assert_allclose(after.f1[names], before.f1)
    matrix = confusion_matrix(guesses, targets=targets, n_classes=5)
    assert matrix.sum() == len(pairs)
    low, high = np.minimum(before.precision, before.recall), np.maximum(before.precision, before.recall)
    assert (low - 1e-12 <= before.f1).all() and (before.f1 <= high + 1e-12).all()


def test_many_confusion_matrices_at_once() -> None:
    rng = np.random.default_rng(0)
    stack = rng.integers(0, 5, (6, 4, 4))
    together = scores_from_confusion(stack)
    for i in range(6):
        np.testing.assert_array_equal(together.f1[i], scores_from_confusion(stack[i]).f1)


@pytest.mark.parametrize(
    ("guesses", "targets", "message"),
    [
        ([0, 1], [0], "as long as each other, got 2 and 1"),
        ([0, 3], [0, 1], r"class indices \(0 to 2\), got 0 to 3"),
        ([0, -1], [0, 1], "class indices"),
        ([0.0, 1.0], [0, 1], "integer"),
        ([[0, 1]], [0, 1], r"shape \(n,\), got \(1, 2\)"),
    ],
)
def test_columns_that_do_not_fit_are_refused(guesses: list[int], targets: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        confusion_matrix(guesses, targets=targets, n_classes=3)


def test_other_misuse_is_refused() -> None:
    with pytest.raises(ValueError, match="k must be"):
        top_k_accuracy(np.zeros((1, 2)), targets=[0], k=0)
    with pytest.raises(ValueError, match="c, c"):
        scores_from_confusion(np.zeros((2, 3)))
