"""Which pairs of genres are told apart: answers whose truth is known by how they were made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from genrelens.library.pairs import Pair, poor_pairs

NAMES = ("a", "b", "c")


def answers(n: int = 60, *, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.bool_], list[str]]:
    """a and b are told by a coin, c is known."""
    rng = np.random.default_rng(seed)
    classes = np.arange(n) % 3
    probabilities = np.zeros((n, 3))
    for i, k in enumerate(classes):
        coin = rng.random()
        probabilities[i] = (0.05, 0.05, 0.9) if k == 2 else (0.9 * coin, 0.9 * (1 - coin), 0.1)
    return probabilities, np.eye(3, dtype=bool)[classes], [f"artist {i // 3 % 10} {i % 3}" for i in range(n)]


def poor(probabilities: Any, labels: Any, groups: Any, **more: Any) -> tuple[Pair, ...]:
    said = np.eye(3, dtype=bool)[np.argmax(probabilities, axis=1)]
    return poor_pairs(probabilities, labels=labels, said=said, names=NAMES, groups=groups, **more)


def test_a_coin_does_not_tell_two_genres_apart_and_knowing_does() -> None:
    (pair,) = poor(*answers())
    assert (pair.a, pair.b, pair.verdict, pair.n_a, pair.n_b) == ("a", "b", "not_told_apart", 20, 20)
    assert pair.accuracy.low <= 0.5 <= pair.accuracy.high
    assert 0.2 < pair.a_as_b < 0.8


def test_right_more_often_than_a_coin_is_not_enough_without_an_interval_above_it() -> None:
    """15 of 25 of each, and no more shown than by a coin; with ten times the artists it is shown."""
    for repeats, told in ((1, False), (10, True)):
        labels = np.eye(3, dtype=bool)[([0] * 25 + [1] * 25) * repeats + [2] * 25]
        probabilities = np.where(labels, 0.6, 0.1)
        wrong = np.flatnonzero(~labels[:, 2])
        wrong = wrong[wrong % 25 < 10]
        probabilities[wrong] = np.where(labels[wrong], 0.1, 0.6) * [1.0, 1.0, 0.1]
        (pair,) = poor(probabilities, labels, [f"artist {i}" for i in range(len(labels))])
        assert pair.accuracy.value == pytest.approx(0.6)
        assert pair.verdict == ("often_mistaken" if told else "not_told_apart")
        assert (pair.accuracy.low > 0.5) == told


def test_a_common_genre_does_not_hide_a_rare_one_that_is_never_found() -> None:
    labels = np.eye(3, dtype=bool)[[0] * 90 + [1] * 10 + [2] * 20]
    probabilities = np.where(labels[:, 2:], (0.1, 0.1, 0.8), (0.8, 0.15, 0.05))
    (pair,) = poor(probabilities, labels, [f"artist {i}" for i in range(120)])
    assert pair.verdict == "not_told_apart"
    assert pair.accuracy.value == pytest.approx(0.5)  # 90 % right over the tracks of both
    assert (pair.a_as_b, pair.b_as_a) == (0.0, 1.0)


def test_a_fifth_mistaken_is_often() -> None:
    labels = np.eye(3, dtype=bool)[[0] * 40 + [1] * 40 + [2] * 40]
    probabilities = np.where(labels, 0.8, 0.1)
    probabilities[:8] = (0.1, 0.8, 0.1)
    groups = [f"artist {i}" for i in range(120)]
    (pair,) = poor(probabilities, labels, groups)
    assert (pair.a, pair.b, pair.verdict, pair.a_as_b) == ("a", "b", "often_mistaken", 0.2)
    assert pair.accuracy.value == pytest.approx((0.8 + 1.0) / 2)
    probabilities[7] = (0.8, 0.1, 0.1)
    assert poor(probabilities, labels, groups) == ()


def test_genres_that_stand_together_are_measured_where_they_do_not() -> None:
    labels = np.array([[1, 1, 0]] * 30 + [[1, 0, 0]] * 30 + [[0, 0, 1]] * 30, dtype=bool)
    probabilities = np.where(labels, 0.9, 0.1)
    found = poor(probabilities, labels, [f"artist {i}" for i in range(90)])
    assert [(pair.a, pair.b, pair.verdict, pair.n_a, pair.n_b) for pair in found] == [("a", "b", "never_apart", 30, 0)]


def test_the_answer_does_not_depend_on_how_many_pairs_are_counted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = poor(*answers())
    monkeypatch.setattr("genrelens.library.pairs._AT_ONCE", 1)
    assert poor(*answers()) == at_once
