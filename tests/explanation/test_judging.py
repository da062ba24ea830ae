"""The check of one explanation: how often a map of chance passes it."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

import tiny_model
from genrelens.explanation.explanation import Faithfulness
from genrelens.explanation.faithfulness.judging import N_DRAWS, judge
from genrelens.explanation.parts import Part, time_parts


def test_the_best_fifth_is_set_against_fifths_of_all_that_sounds() -> None:
    frames = np.ones((20, tiny_model.MEL.n_bands), np.float32)
    frames[18:] = 0.0
    parts, taken = time_parts(np.arange(0, 21, 2)), []

    def without(gone: Sequence[Part], *, baseline: Any) -> np.ndarray:
        taken.append([part.start // 2 for part in gone])
        return np.zeros(1)

    hearing: Any = SimpleNamespace(
        frames=frames,
        front_end=tiny_model.MEL,
        grid=SimpleNamespace(segments=parts, frames_per_s=2.0),
        with_sound=lambda parts: list(range(9)),
        without=without,
        logits=np.zeros(1),
        probabilities=lambda logits: np.full(1, 0.5),
        log_odds=lambda logits, genre: 0.0,
    )
    scores = np.arange(10.0)  # the last, which is silent, would be the highest
    judge(hearing, scores, genre=0, baseline="shuffled")
    top, draws = taken[0], taken[1:]
    assert top == [8, 7] and len(draws) == N_DRAWS
    assert all(len(set(draw)) == 2 for draw in draws)
    # The best are among those that chance picks from, or it would be set against the worst alone.
    assert set().union(*draws) == set(range(9))


def test_a_fifth_picked_by_chance_is_called_good_once_in_twenty() -> None:
    """The top and the draws alike: of 20 of one kind the top is first in one of 20; by 1.25 times in fewer."""
    rng = np.random.default_rng(0)
    good = 0
    for _ in range(2000):
        taken = rng.uniform(0.5, 1.5, N_DRAWS + 1)
        left = tuple(3.0 - taken)
        check = Faithfulness(
            share=0.2,
            seconds=6.0,
            fill="shuffled",
            probability=0.95,
            without_top=0.5,
            without_random=(0.5,) * N_DRAWS,
            log_odds=3.0,
            log_odds_without_top=left[0],
            log_odds_without_random=left[1:],
            seed=0,
        )
        good += check.verdict == "good"
    assert 0.03 <= good / 2000 <= 0.065
