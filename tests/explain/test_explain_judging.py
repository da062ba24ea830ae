"""The check of one explanation: how often a map of chance passes it."""

from __future__ import annotations

import numpy as np

from genrelens.explain.explanation import Faithfulness
from genrelens.explain.judging import N_DRAWS


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
