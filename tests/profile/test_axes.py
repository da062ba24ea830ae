"""Is an axis the voice? A planted one is found, none is found where none is, and genres cannot pass for it unseen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from genrelens.profile.axes import CONTRAST, INSTRUMENTAL_TAG, VOCAL_TAGS, axes_report, best_direction, principal

NAMES = (*VOCAL_TAGS, INSTRUMENTAL_TAG, "guitar")


def _music(seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray, list[str], list[str]]:
    rng = np.random.default_rng(seed)
    voice = rng.normal(size=n)
    tags = rng.normal(size=(n, 5))
    tags[:, :3] += 2 * voice[:, np.newaxis]
    tags[:, 3] -= 2 * voice
    return voice, tags, [f"genre {i % 3}" for i in range(n)], [f"artist {i // 2}" for i in range(n)]


def test_a_planted_axis_is_found_over_all_and_within_genres() -> None:
    voice, tags, genres, groups = _music(0)
    places = np.column_stack([voice, np.random.default_rng(1).normal(size=len(voice))])
    found = axes_report({"plane": places}, tags=tags, tag_names=NAMES, genres=genres, groups=groups, seed=0)
    assert found is not None
    by_key = {(row.axis, row.word): row for row in found.tests}
    first, second = by_key["plane 1", CONTRAST], by_key["plane 2", CONTRAST]
    assert first.rho > 0.8 and first.q < 0.01 and first.within > 0.8 and first.within_q < 0.01
    assert second.q > 0.05 and second.within_q > 0.05
    assert by_key["plane 1", INSTRUMENTAL_TAG].rho < -0.5
    assert dict(found.contrast_rank)["plane 1"] == 1
    (direction,) = found.directions
    assert direction.rho > 0.8 and direction.p < 0.01 and direction.chance_high < direction.rho
    assert found.n_artists == 60  # each artist is in two genres here, and counts as two


def test_rho_equals_scipys() -> None:
    voice, tags, _, _ = _music(2)
    places = np.column_stack([voice.round(1), tags[:, 4]])
    each = [str(i) for i in range(60)]
    found = axes_report({"plane": places}, tags=tags, tag_names=NAMES, genres=["a"] * 60, groups=each, seed=0)
    assert found is not None
    contrast = tags[:, :3].mean(axis=1) - tags[:, 3]
    expected = stats.spearmanr(voice.round(1), contrast)
    row = next(row for row in found.tests if row.axis == "plane 1" and row.word == CONTRAST)
    assert row.rho == pytest.approx(expected.statistic)
    assert row.p == pytest.approx(1e-4)


def test_what_only_the_genre_makes_does_not_survive_within_genres() -> None:
    rng = np.random.default_rng(5)
    genre = np.repeat(np.arange(3), 20)
    tags = rng.normal(size=(60, 5))
    tags[:, :3] += 6.0 * genre[:, np.newaxis]
    places = np.column_stack([6.0 * genre + rng.normal(size=60), rng.normal(size=60)])
    found = axes_report(
        {"plane": places},
        tags=tags,
        tag_names=NAMES,
        genres=[str(k) for k in genre],
        groups=[str(i) for i in range(60)],
        seed=0,
    )
    assert found is not None
    row = next(row for row in found.tests if row.axis == "plane 1" and row.word == CONTRAST)
    assert row.rho > 0.7 and row.q < 0.01 and row.within_q > 0.05


def test_the_best_of_many_directions_is_judged_by_the_best_of_chance() -> None:
    rng = np.random.default_rng(0)
    orders = rng.permuted(np.tile(np.arange(40), (999, 1)), axis=1)
    p = [best_direction(rng.normal(size=(40, 2)), rng.normal(size=40), orders, plane="plane").p for _ in range(40)]
    assert 0 <= np.mean(np.array(p) <= 0.05) <= 0.15
    assert 0.3 < np.mean(p) < 0.7


def test_too_few_artists_are_not_tested() -> None:
    _, tags, genres, groups = _music(0, n=6)
    places = np.zeros((6, 2))
    assert axes_report({"plane": places}, tags=tags, tag_names=NAMES, genres=genres, groups=groups, seed=0) is None


def test_principal_components_equal_scikit_learns() -> None:
    from sklearn.decomposition import PCA

    values = np.random.default_rng(0).normal(size=(30, 5)) @ np.diag([5, 3, 1, 1, 1.0])
    values[:, 0] += values[:, 1]
    scaled = (values - values.mean(axis=0)) / values.std(axis=0)
    model = PCA(2).fit(scaled)
    places, shares = principal(values)
    np.testing.assert_allclose(np.abs(places), np.abs(model.transform(scaled)), atol=1e-9)
    np.testing.assert_allclose(shares, model.explained_variance_ratio_)
