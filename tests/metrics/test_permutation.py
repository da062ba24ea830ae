"""Effect sizes, permutation tests and their correction: closed forms, planted differences, nothing where nothing is."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from scipy import stats

from genrelens.metrics.permutation import artist_means, benjamini_hochberg, between_effects, paired_effects


def test_an_artist_counts_once_however_many_his_tracks() -> None:
    means, rows = artist_means(np.array([[1.0], [3.0], [10.0], [np.nan]]), ["a", "a", "b", "b"])
    np.testing.assert_array_equal(means, [[2.0], [10.0]])
    assert rows.tolist() == [0, 0, 1, 1]


def test_paired_effects_equal_their_closed_form() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    found = paired_effects(values[:, np.newaxis], groups=list("abcde"), seed=0)
    assert found.difference[0] == pytest.approx(3.0)
    assert found.size[0] == pytest.approx(3.0 / np.sqrt(2.5))
    # All five have one sign: of 32 ways to set signs only two give as large a sum.
    assert found.p[0] == pytest.approx(2 / 32)
    assert found.n.tolist() == [5]


def test_the_exact_and_the_sampled_sign_test_equal_scipys() -> None:
    rng = np.random.default_rng(3)
    for n in (12, 20):
        values = rng.normal(0.4, 1.0, n)
        expected = stats.permutation_test(
            (values,),
            lambda x, axis: x.mean(axis=axis),
            permutation_type="samples",
            n_resamples=np.inf if n == 12 else 20_000,
            rng=np.random.default_rng(9),
        ).pvalue
        found = paired_effects(values[:, np.newaxis], groups=[str(i) for i in range(n)], seed=1).p[0]
        assert found == pytest.approx(expected, abs=1e-9 if n == 12 else 0.01)


def test_cohens_d_between_artists_equals_its_closed_form() -> None:
    ours, theirs = np.array([2.0, 4.0, 6.0, 8.0]), np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    values = np.concatenate([ours, theirs])[:, np.newaxis]
    inside = np.array([True] * 4 + [False] * 5)
    found = between_effects(values, groups=list("abcdefghi"), inside=inside, seed=0)
    pooled = np.sqrt((3 * np.var(ours, ddof=1) + 4 * np.var(theirs, ddof=1)) / 7)
    assert found.size[0] == pytest.approx(2.0 / pooled)
    exact = stats.permutation_test(
        (ours, theirs), lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis), n_resamples=np.inf
    ).pvalue
    assert comb(9, 4) == 126
    assert found.p[0] == pytest.approx(exact, abs=0.02)
    assert (found.n[0], found.n_others[0]) == (4, 5)


def test_planted_differences_are_found_with_sign_and_size() -> None:
    rng = np.random.default_rng(0)
    groups = [f"artist {i // 2}" for i in range(80)]
    pairs = rng.normal(size=(80, 3))
    pairs[:, 1] += 2.0
    pairs[:, 2] -= 2.0
    found = paired_effects(pairs, groups=groups, seed=0)
    # Artists' means of two tracks have a deviation of 1 / sqrt 2: 2 is 2.8 of them.
    assert found.size[1] == pytest.approx(2.83, abs=0.7) and found.size[2] == pytest.approx(-2.83, abs=0.7)
    assert found.p[1] < 0.001 and found.p[2] < 0.001 < found.p[0]
    values, inside = rng.normal(size=(80, 2)), np.arange(80) < 30
    values[inside, 0] -= 1.5
    apart = between_effects(values, groups=groups, inside=inside, seed=0)
    assert apart.size[0] == pytest.approx(-1.5 * np.sqrt(2), abs=0.7) and apart.p[0] < 0.001 < apart.p[1]


def test_under_the_null_findings_are_no_more_than_the_level() -> None:
    n_found = n_tests = n_raw = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        # Artists differ, tracks of one are alike: tests over tracks would find what is not there.
        artists = rng.normal(size=(40, 30))
        values = np.repeat(artists, 3, axis=0) + 0.3 * rng.normal(size=(120, 30))
        groups = [str(i // 3) for i in range(120)]
        p = np.concatenate(
            [
                paired_effects(values, groups=groups, seed=seed).p,
                between_effects(values, groups=groups, inside=np.arange(120) < 45, seed=seed).p,
            ]
        )
        n_found += int((benjamini_hochberg(p) <= 0.05).sum())
        n_raw += int((p <= 0.05).sum())
        n_tests += len(p)
    assert n_found / n_tests <= 0.05
    assert 0.02 < n_raw / n_tests < 0.08


def test_one_artist_inside_and_outside_counts_as_two_and_gaps_are_passed_over() -> None:
    values = np.array([[1.0, np.nan], [2.0, 1.0], [3.0, 2.0], [5.0, np.nan]])
    found = between_effects(values, groups=["a", "b", "a", "c"], inside=np.array([True, True, False, False]), seed=0)
    assert found.n.tolist() == [2, 1] and found.n_others.tolist() == [2, 1]
    assert np.isnan(found.p).all()  # too few artists for any test
    assert found.difference.tolist() == [-2.5, -1.0]


def test_without_spread_there_is_no_size() -> None:
    found = paired_effects(np.full((6, 1), 2.0), groups=list("abcdef"), seed=0)
    assert np.isnan(found.size[0]) and found.difference[0] == 2.0 and found.p[0] == pytest.approx(2 / 64)


def test_benjamini_hochberg_equals_scipys_and_leaves_out_what_was_not_tested() -> None:
    p = np.array([0.01, 0.8, np.nan, 0.02, 0.03, 0.5, 0.02])
    q = benjamini_hochberg(p)
    known = np.isfinite(p)
    np.testing.assert_allclose(q[known], stats.false_discovery_control(p[known]))
    assert np.isnan(q[2])
    assert np.isnan(benjamini_hochberg(np.array([np.nan]))).all()
