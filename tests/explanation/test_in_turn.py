"""Parts that go in turn: sums are shared out by right, either of two enough is seen, and orders do not matter where
they cannot."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import tiny_model
from genrelens.bundle import Bundle
from genrelens.explanation.faithfulness.sample import OWN_BASELINES
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.baselines import BASELINES, JUDGING_BASELINES
from genrelens.explanation.methods.occlusion import permutation_losses, scores, without_each
from genrelens.explanation.methods.scoring import OCCLUSION_METHODS, score
from genrelens.explanation.parts import Part, segment_frames, time_parts
from genrelens.frontend.frames import is_silent
from genrelens.frontend.mel import mel_power

RATE = tiny_model.MEL.sample_rate


def one_window(logit: Any, *, n_frames: int) -> Any:
    """A hearing of one window, one band and one class, whose logit is a function of the frames."""
    frames = np.ones((n_frames, tiny_model.MEL.n_bands), np.float32)
    return SimpleNamespace(
        frames=frames,
        front_end=tiny_model.MEL,
        spans=[(0, n_frames)],
        scored_windows=[0],
        bundle=SimpleNamespace(names=("only",)),
        with_sound=lambda parts: list(range(len(parts))),
        window_logits=lambda index: np.array([logit(frames[:, 0])]),
        logits_of=lambda versions: np.array([[logit(version[:, 0])] for version in versions]),
    )


def test_of_a_sum_each_part_takes_its_own_whatever_the_order() -> None:
    weights = np.array([3.0, -1.0, 0.5, 0.25, 7.0])
    hearing = one_window(lambda x: x @ weights, n_frames=5)
    for seed in range(5):
        taken = permutation_losses(
            hearing, time_parts(np.arange(6)), baselines=[np.zeros_like(hearing.frames)], n_orders=1, seed=seed
        )
        np.testing.assert_allclose(taken[:, 0], weights)


def test_of_two_moments_either_of_which_is_enough_both_are_seen() -> None:
    # One is missed only if the other went just before it in the same half: 2 of the 12 places for two of four.
    hearing = one_window(lambda x: max(x[1], x[3]), n_frames=4)
    silence = np.zeros_like(hearing.frames)
    taken = permutation_losses(hearing, time_parts(np.arange(5)), baselines=[silence], n_orders=6000)[:, 0]
    assert taken == pytest.approx([0, 1 / 6, 0, 1 / 6], abs=0.015)


def test_of_three_parts_the_mean_over_orders_is_the_closed_form() -> None:
    rng = np.random.default_rng(1)
    values = {frozenset(of): float(rng.normal()) for of in ("", "0", "1", "2", "01", "02", "12", "012")}
    hearing = one_window(lambda x: values[frozenset(str(i) for i in np.flatnonzero(x > 0))], n_frames=3)
    taken = permutation_losses(
        hearing, time_parts(np.arange(4)), baselines=[np.zeros_like(hearing.frames)], n_orders=20000
    )[:, 0]
    whole = frozenset("012")
    for i in "012":
        # First of an order, or alone in its second half: from the whole. Second: after each other equally often.
        alone = values[whole] - values[whole - {i}]
        after = [values[whole - {j}] - values[whole - {i, j}] for j in whole - {i}]
        assert taken[int(i)] == pytest.approx(2 / 3 * alone + 1 / 3 * float(np.mean(after)), abs=0.05)


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> Bundle:
    return Bundle.load(tiny_bundle)


def noise(duration_s: float, *, silent_from_s: float = 1e9) -> np.ndarray:
    t = np.arange(round(duration_s * RATE)) / RATE
    sound = 0.1 * np.random.default_rng(0).standard_normal(len(t)) * (1 + np.sin(2 * np.pi * 0.7 * t))
    sound[t >= silent_from_s] = 0
    return mel_power(sound.astype(np.float32), settings=tiny_model.MEL)


@pytest.mark.parametrize("duration_s", [0.4, 3.0, 9.7])
@pytest.mark.parametrize("fill", list(BASELINES))
def test_all_the_sound_as_one_part_takes_all_that_it_brings(bundle: Bundle, duration_s: float, fill: str) -> None:
    frames = noise(duration_s)
    hearing = Hearing(bundle, frames)
    stand_in = BASELINES[fill](frames, tiny_model.MEL)
    parts = [Part(0, len(frames))]
    taken = permutation_losses(hearing, parts, baselines=[stand_in], n_orders=1)
    np.testing.assert_allclose(taken, hearing.logits - without_each(hearing, parts, baseline=stand_in), atol=1e-5)
    assert scores(hearing, hearing.logits - taken, genre=1) == pytest.approx(
        hearing.log_odds(hearing.logits, 1) - hearing.log_odds(hearing.logits - taken[0], 1)
    )


def test_two_parts_of_a_window_go_one_at_a_time(bundle: Bundle) -> None:
    frames = noise(1.0)
    hearing = Hearing(bundle, frames)
    assert len(hearing.spans) == 1
    stand_in = BASELINES["mean"](frames, tiny_model.MEL)
    parts = time_parts(np.array([0, len(frames) // 3, len(frames)]))
    np.testing.assert_allclose(
        permutation_losses(hearing, parts, baselines=[stand_in], n_orders=3),
        hearing.logits - without_each(hearing, parts, baseline=stand_in),
        atol=1e-5,
    )


def test_more_parts_than_are_heard_at_once_are_the_same_sum(bundle: Bundle) -> None:
    # What goes in a half adds up to what the half brings: 40 parts in halves of 20, heard 16 at a time.
    frames = noise(1.0)
    hearing = Hearing(bundle, frames)
    stand_in = np.zeros_like(frames)
    parts = time_parts(np.round(np.linspace(0, len(frames), 41)).astype(np.int64))
    order = np.random.default_rng(0).permutation(len(parts))
    middle = -(-len(parts) // 2)
    taken = permutation_losses(hearing, parts, baselines=[stand_in], n_orders=1)
    for half in (order[:middle], order[middle:]):
        gone = hearing.without([parts[i] for i in half], baseline=stand_in)
        np.testing.assert_allclose(taken[half].sum(axis=0), hearing.logits - gone, atol=1e-5)


def test_a_silent_part_of_a_window_with_sound_is_never_replaced(bundle: Bundle) -> None:
    frames = noise(3.0, silent_from_s=1.5)
    hearing = Hearing(bundle, frames)
    edges = np.append(np.arange(0, len(frames), 8), len(frames))
    parts = time_parts(edges)
    silent = np.array([is_silent(frames[part.start : part.end], settings=tiny_model.MEL) for part in parts])
    heard = [hearing.spans[i] for i in hearing.scored_windows]
    within = np.array([any(part.start < end and start < part.end for start, end in heard) for part in parts])
    assert (silent & within).any()
    fill = BASELINES["mean"](frames, tiny_model.MEL)
    taken = permutation_losses(hearing, parts, baselines=[fill], n_orders=1)
    assert (taken[silent] == 0).all() and (taken[~silent] != 0).any(axis=1).all()


@pytest.mark.parametrize("method", OCCLUSION_METHODS)
def test_no_explanation_is_judged_by_a_fill_of_its_own(bundle: Bundle, method: str) -> None:
    frames = noise(3.0)
    found = score(method, Hearing(bundle, frames), genre=0)
    assert found.judged_by in JUDGING_BASELINES and found.judged_by not in OWN_BASELINES[method]


def test_silence_takes_nothing_along_and_the_same_comes_again(bundle: Bundle) -> None:
    frames = noise(12.0, silent_from_s=6.0)
    hearing = Hearing(bundle, frames)
    parts = time_parts(segment_frames(len(frames), frames_per_s=RATE / tiny_model.MEL.hop_length))
    fills = [fill(frames, tiny_model.MEL) for fill in BASELINES.values()]
    told: list[tuple[int, int]] = []
    first, second = (
        permutation_losses(hearing, parts, baselines=fills, n_orders=2, progress=lambda done, n: told.append((done, n)))
        for _ in range(2)
    )
    assert (first[8:] == 0).all() and (first[:5] != 0).any(axis=1).all()
    np.testing.assert_array_equal(first, second)
    n = 2 * len(hearing.scored_windows)
    assert told == [(i, n) for i in range(n)] * 2


def test_the_default_is_the_mean_over_both_baselines(bundle: Bundle) -> None:
    """Of two moments with sound in one window each is taken out alone, so that the scores can be had by hand."""
    frames = noise(1.0)[:64]
    edges = segment_frames(len(frames), frames_per_s=RATE / tiny_model.MEL.hop_length)
    with_sound = np.zeros(len(frames), dtype=bool)
    for k in (2, 6):
        with_sound[edges[k] : edges[k + 1]] = True
    frames[~with_sound] = 0.0
    frames[:, 3:] *= 1e-3  # low, which is heard as genre 0
    hearing = Hearing(bundle, frames)
    assert len(hearing.spans) == 1 and hearing.with_sound(hearing.grid.segments) == [2, 6]
    found = score("occlusion-in-turn", hearing, genre=0).segments
    losses = [
        hearing.logits - without_each(hearing, hearing.grid.segments, baseline=make(frames, tiny_model.MEL))
        for make in BASELINES.values()
    ]
    assert len(losses) == 2
    expected = scores(hearing, hearing.logits - np.mean(losses, axis=0), genre=0)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    for one in losses:  # neither alone, nor their sum
        assert np.abs(scores(hearing, hearing.logits - one, genre=0) - found).max() > 0.01
    assert np.abs(scores(hearing, hearing.logits - np.sum(losses, axis=0), genre=0) - found).max() > 0.01
