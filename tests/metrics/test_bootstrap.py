"""Intervals over groups: what they reduce to, what they cover, and that they are the same twice."""

from __future__ import annotations

import numpy as np
import pytest

from genrelens.metrics import (
    Interval,
    bootstrap_distribution,
    grouped_bootstrap,
    interval_from,
    mean_statistic,
    paired_bootstrap,
)


def test_groups_of_one_reduce_to_the_ordinary_bootstrap() -> None:
    rng = np.random.default_rng(0)
    correct = rng.random(150) < 0.7
    names = [f"artist {i}" for i in range(150)]
    ours = grouped_bootstrap(mean_statistic(correct), groups=names, n_resamples=20_000, seed=1)
    plain = np.mean(correct[rng.integers(0, 150, (20_000, 150))], axis=1)
    assert ours.value == pytest.approx(correct.mean())
    np.testing.assert_allclose([ours.low, ours.high], np.quantile(plain, [0.025, 0.975]), atol=0.008)
    standard_error = np.sqrt(ours.value * (1 - ours.value) / 150)
    assert (ours.high - ours.low) / 2 == pytest.approx(1.96 * standard_error, rel=0.1)


def test_equals_a_plain_loop_over_drawn_artists() -> None:
    rng = np.random.default_rng(3)
    groups = rng.integers(0, 12, 80).astype(str)
    values = rng.random(80)
    fast = bootstrap_distribution(mean_statistic(values), groups=groups, n_resamples=5000, seed=0)
    artists = np.unique(groups)
    slow = []
    for _ in range(5000):
        rows = np.concatenate([np.flatnonzero(groups == a) for a in rng.choice(artists, len(artists))])
        slow.append(values[rows].mean())
    np.testing.assert_allclose(np.quantile(fast, [0.1, 0.5, 0.9]), np.quantile(slow, [0.1, 0.5, 0.9]), atol=0.006)


def test_whole_artists_are_drawn_so_intervals_are_wider() -> None:
    correct = np.repeat([True, False, True, True, True, False, True, True, True, True], 20)
    artists = np.repeat(np.arange(10), 20).astype(str)
    alone = grouped_bootstrap(mean_statistic(correct), groups=[str(i) for i in range(200)], seed=0)
    together = grouped_bootstrap(mean_statistic(correct), groups=artists, seed=0)
    assert together.high - together.low > 2.5 * (alone.high - alone.low)
    assert together.low <= together.value <= together.high


def test_a_seed_gives_one_answer_and_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values, groups = np.arange(50) / 50, np.arange(50).astype(str)
    whole = bootstrap_distribution(mean_statistic(values), groups=groups, n_resamples=100, seed=4)
    monkeypatch.setattr("genrelens.metrics.bootstrap._CELLS_AT_ONCE", 7 * 50)
    blocks = bootstrap_distribution(mean_statistic(values), groups=groups, n_resamples=100, seed=4)
    np.testing.assert_allclose(whole, blocks, rtol=1e-12)
    other = bootstrap_distribution(mean_statistic(values), groups=groups, n_resamples=100, seed=5)
    assert not np.array_equal(whole, other)


def test_the_order_of_tracks_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    values, groups = rng.random(60), rng.integers(0, 9, 60).astype(str)
    order = rng.permutation(60)
    one = grouped_bootstrap(mean_statistic(values), groups=groups, seed=0)
    two = grouped_bootstrap(mean_statistic(values[order]), groups=groups[order], seed=0)
    assert (one.low, one.high) == pytest.approx((two.low, two.high), rel=1e-12)


def test_one_artist_gives_no_interval() -> None:
    alone = grouped_bootstrap(mean_statistic([1.0, 0.0]), groups=["a", "a"], seed=0)
    assert alone.value == 0.5 and np.isnan(alone.low) and np.isnan(alone.high)
    assert str(alone) == "0.500"
    nobody = grouped_bootstrap(mean_statistic([]), groups=[], seed=0)
    assert np.isnan(nobody.value) and str(nobody) == "not measurable"
    assert str(Interval(0.5, 0.4, 0.6)) == "0.500 [0.400, 0.600]"


def test_a_mean_among_some_tracks() -> None:
    statistic = mean_statistic([1.0, 0.0, np.nan], among=[True, True, False])
    np.testing.assert_allclose(statistic(np.array([[1.0, 1.0, 5.0], [3.0, 1.0, 0.0]])), [0.5, 0.75])
    assert np.isnan(statistic(np.array([[0.0, 0.0, 1.0]]))).all()


def test_resamples_that_say_nothing_are_passed_over() -> None:
    interval = interval_from([0.2, np.nan, 0.4, 0.6], value=0.4, level=0.5)
    assert (interval.low, interval.high) == pytest.approx((0.3, 0.5))
    empty = interval_from([np.nan], value=0.4)
    assert np.isnan(empty.low)


def test_no_spread_gives_no_interval() -> None:
    perfect = grouped_bootstrap(mean_statistic(np.ones(30)), groups=np.arange(30).astype(str), seed=0)
    assert perfect.value == 1.0 and np.isnan(perfect.low) and np.isnan(perfect.high)
    same = grouped_bootstrap(mean_statistic(np.full(30, 0.1)), groups=np.arange(30).astype(str), seed=0)
    assert np.isnan(same.low)  # though rounding makes the resamples' means differ


def test_paired_difference() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 40, 300).astype(str)
    hard = rng.random(300) < 0.4  # both models miss these: pairing takes that out
    a, b = ~hard, ~hard & (rng.random(300) < 0.95)
    paired = paired_bootstrap(a, correct_b=b, groups=groups, seed=0)
    assert paired.value == pytest.approx(a.mean() - b.mean())
    assert paired.low > 0.0
    alone = grouped_bootstrap(mean_statistic(a), groups=groups, seed=0)
    assert paired.high - paired.low < 0.6 * (alone.high - alone.low)
    same = paired_bootstrap(a, correct_b=a, groups=groups, seed=0)
    assert same.value == 0.0 and np.isnan(same.low)  # nothing differs, so nothing can be said about it
    turned = paired_bootstrap(b, correct_b=a, groups=groups, seed=0)
    assert (turned.low, turned.high) == pytest.approx((-paired.high, -paired.low))


def test_misuse_is_refused() -> None:
    with pytest.raises(ValueError, match="same tracks"):
        paired_bootstrap([1.0], correct_b=[1.0, 0.0], groups=["a"], seed=0)
    with pytest.raises(ValueError, match="n >= 1"):
        bootstrap_distribution(mean_statistic([]), groups=[], seed=0)
    with pytest.raises(ValueError, match="n_resamples"):
        bootstrap_distribution(mean_statistic([1.0]), groups=["a"], n_resamples=0, seed=0)
    with pytest.raises(ValueError, match="level"):
        interval_from([0.5], value=0.5, level=95)
    with pytest.raises(ValueError, match="one shape"):
        mean_statistic([1.0], among=[True, False])


@pytest.mark.slow
def test_coverage_over_artists() -> None:
    """Of 400 corpora of 60 artists whose songs resemble each other, about 95 % of intervals hold the truth.

    The percentile interval of a cluster bootstrap covers a little less than its name with few clusters; the
    ordinary bootstrap, which takes songs for independent, covers far less.
    """
    rng = np.random.default_rng(0)
    covered = {"artists": 0, "songs": 0}
    n_corpora, truth = 400, 0.7
    for corpus in range(n_corpora):
        skill = rng.beta(0.7 * 2, 0.3 * 2, 60)  # each artist is easy or hard as a whole; mean 0.7
        artist = np.repeat(np.arange(60), rng.integers(1, 12, 60))
        correct = rng.random(len(artist)) < skill[artist]
        names = {"artists": artist.astype(str), "songs": np.arange(len(artist)).astype(str)}
        for unit, groups in names.items():
            interval = grouped_bootstrap(mean_statistic(correct), groups=groups, n_resamples=500, seed=corpus)
            covered[unit] += interval.low <= truth <= interval.high
    assert 0.91 <= covered["artists"] / n_corpora <= 0.98
    assert covered["songs"] / n_corpora < 0.85
