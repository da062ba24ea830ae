"""Segments in closed form, against every labelling there is, and whatever the windows say."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from genrelens.bundle.segments import LEAST_S, Segment, cheapest, find_segments

NAMES = ("blues", "jazz", "rock")
STEP_S, LENGTH_S = 1.5, 3.0


def times(n: int) -> np.ndarray:
    starts = np.arange(n) * STEP_S
    return np.stack([starts, starts + LENGTH_S], axis=1)


def logits_of(genres: list[int | None], strength: float = 4.0) -> np.ndarray:
    """One row a window, ``strength`` for its genre and 0 for the others; not a number where it is silent."""
    return np.array([[np.nan] * 3 if g is None else [strength * (g == k) for k in range(3)] for g in genres])


def found(genres: list[int | None], **more: float) -> tuple[Segment, ...]:
    table = times(len(genres))
    settings = {"temperature": 1.0, "duration_s": float(table[-1, 1])} | more
    return find_segments(table, logits_of(genres), names=NAMES, **settings)  # type: ignore[arg-type]


def spans(segments: tuple[Segment, ...]) -> list[tuple[float, float, str]]:
    return [(one.start_s, one.end_s, one.genre) for one in segments]


def test_two_constant_stretches_meet_between_the_centres_of_windows() -> None:
    # Windows 0 to 9 have their centres up to 15 s, the others from 16.5 s on.
    assert spans(found([0] * 10 + [2] * 10)) == [(0.0, 15.75, "blues"), (15.75, 31.5, "rock")]


def test_confidence_is_the_probability_of_the_mean_logits() -> None:
    likely = np.exp(2.0) / (np.exp(2.0) + 2)
    for one in found([0] * 10 + [2] * 10, temperature=2.0):
        assert one.confidence == pytest.approx(likely)


def test_a_boundary_is_not_drawn_to_either_side() -> None:
    """A window that straddles the change says a little of both; over all places of the change the error's mean is 0."""
    errors = []
    for change_s in np.arange(12.0, 18.0, 0.05):
        table = times(20)
        share = np.clip((change_s - table[:, 0]) / LENGTH_S, 0, 1)
        logits = np.stack([4 * share, 0 * share, 4 * (1 - share)], axis=1)
        one, other = find_segments(table, logits, temperature=1.0, names=NAMES, duration_s=31.5)
        assert one.end_s == other.start_s
        errors.append(one.end_s - change_s)
    assert abs(np.mean(errors)) < 0.06
    assert np.abs(errors).max() <= STEP_S / 2 + 1e-9


def test_without_a_price_only_the_least_length_holds_segments_together() -> None:
    assert len(found(([0] * 5 + [2] * 5) * 2, price_s=0.0)) == 4
    assert spans(found([0] * 9 + [2] + [0] * 9, price_s=0.0)) == [(0.0, 30.0, "blues")]


def test_at_an_endless_price_there_is_one() -> None:
    assert spans(found([0] * 10 + [2] * 11, price_s=np.inf)) == [(0.0, 33.0, "rock")]


def test_a_change_pays_where_the_evidence_is_worth_its_price() -> None:
    genres: list[int | None] = [0] * 10 + [2] * 6
    worth_s = 6 * STEP_S * 4.0 / np.log(10)
    assert len(found(genres, price_s=worth_s * 0.99)) == 2
    assert len(found(genres, price_s=worth_s * 1.01)) == 1


def test_one_window_and_less_than_two_segments() -> None:
    assert spans(found([1])) == [(0.0, 3.0, "jazz")]
    assert spans(
        find_segments(np.array([[0.0, 1.0]]), logits_of([2]), temperature=1.0, names=NAMES, duration_s=1.0)
    ) == [(0.0, 1.0, "rock")]
    assert len(found([0, 0, 0, 0, 2, 2])) == 1  # 10.5 s have no room for two of 6 s


def test_silence_throughout_has_no_segment() -> None:
    assert found([None] * 8) == ()


def test_short_silence_belongs_to_its_surroundings_and_a_change_lies_in_its_middle() -> None:
    assert spans(found([0] * 6 + [None] * 2 + [0] * 6)) == [(0.0, 22.5, "blues")]
    # Silent from 9 to 13.5 s; nothing tells where in there the change is.
    assert spans(found([0] * 6 + [None] * 2 + [2] * 6)) == [(0.0, 11.25, "blues"), (11.25, 22.5, "rock")]


def test_long_silence_is_a_gap_between_segments_of_the_same_genre_too() -> None:
    # Windows 6 to 11, with their centres from 10.5 to 18 s, are silent.
    assert spans(found([0] * 6 + [None] * 6 + [0] * 6)) == [(0.0, 9.75, "blues"), (18.75, 28.5, "blues")]
    assert spans(found([None] * 6 + [1] * 6 + [None] * 6)) == [(9.75, 18.75, "jazz")]
    assert spans(found([None] * 6 + [1] + [None] * 6)) == [(9.75, 11.25, "jazz")]


def test_half_as_many_windows_say_as_much_by_the_second() -> None:
    starts = np.arange(12) * LENGTH_S
    table = np.stack([starts, starts + LENGTH_S], axis=1)
    worth_s = 4 * LENGTH_S * 4.0 / np.log(10)
    for price_s, n in ((worth_s * 0.99, 2), (worth_s * 1.01, 1)):
        segments = find_segments(
            table, logits_of([0] * 8 + [2] * 4), temperature=1.0, names=NAMES, duration_s=36.0, price_s=price_s
        )
        assert len(segments) == n


def dearness(labels: tuple[int, ...], cost: np.ndarray, price: float) -> float:
    return sum(cost[i, k] for i, k in enumerate(labels)) + price * sum(a != b for a, b in pairwise(labels))


def allowed(labels: tuple[int, ...], edges: np.ndarray, least: float) -> bool:
    starts = [0, *(i for i in range(1, len(labels)) if labels[i] != labels[i - 1]), len(labels)]
    return len(starts) == 2 or all(edges[b] - edges[a] >= least for a, b in pairwise(starts))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 7), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3, 1.0, 3.0]), st.floats(0.0, 4.0))
def test_nothing_that_is_allowed_costs_less(n: int, seed: int, price: float, least: float) -> None:
    chance = np.random.default_rng(seed)
    cost = chance.exponential(1.0, (n, 3))
    edges = np.cumsum(np.concatenate([[0.0], chance.uniform(0.3, 2.0, n)]))
    runs = cheapest(cost, edges=edges, price=price, least=least)
    labels = tuple(label for first, last, label in runs for _ in range(first, last))
    assert len(labels) == n
    assert all(a[2] != b[2] for a, b in pairwise(runs))
    assert allowed(labels, edges, least)
    every = [one for one in product(range(3), repeat=n) if allowed(one, edges, least)]
    assert dearness(labels, cost, price) == pytest.approx(min(dearness(one, cost, price) for one in every))


@settings(max_examples=60, deadline=None)
@example([0, 1, 1, 0, 0, 0, 0, 0], 0.0)
@given(st.lists(st.sampled_from([0, 1, 2, None]), min_size=1, max_size=60), st.sampled_from([0.0, 3.0, 12.0]))
def test_whatever_is_heard_segments_are_in_order_inside_the_track_and_long_enough(
    genres: list[int | None], price_s: float
) -> None:
    segments = found(genres, price_s=price_s)
    assert bool(segments) == any(genre is not None for genre in genres)
    for one in segments:
        assert 0 <= one.start_s < one.end_s <= times(len(genres))[-1, 1]
        assert 1 / 3 - 1e-9 <= one.confidence <= 1
        touches = [other for other in segments if other.end_s == one.start_s or other.start_s == one.end_s]
        assert one.end_s - one.start_s >= LEAST_S or not touches
    for one, other in pairwise(segments):
        gap_s = other.start_s - one.end_s
        assert gap_s == 0 or gap_s >= LEAST_S
        assert gap_s > 0 or one.genre != other.genre


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([0, 2, None]), min_size=1, max_size=40), st.sampled_from([0.4, 0.75, 3.0]))
def test_windows_may_overlap_more_or_less(genres: list[int | None], step_s: float) -> None:
    starts = np.arange(len(genres)) * step_s
    table = np.stack([starts, starts + LENGTH_S], axis=1)
    end_s = float(table[-1, 1])
    segments = find_segments(table, logits_of(genres), temperature=1.0, names=NAMES, duration_s=end_s)
    assert all(0 <= one.start_s < one.end_s <= end_s for one in segments)
    assert all(one.end_s <= other.start_s for one, other in pairwise(segments))
