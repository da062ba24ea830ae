"""Describing tables: closed forms, then NumPy, SciPy and scikit-learn as independent witnesses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from genrelens.metrics.description import (
    box_statistics,
    correlation,
    eta_squared,
    nearest_to_median,
    neighbour_agreement,
    standardise,
)

RNG = np.random.default_rng(0)
TABLE = RNG.standard_normal((40, 6)) * [1e-5, 1.0, 1e7, 3.0, 50.0, 1.0] + [1e-5, 0.0, 1e7, 100.0, 0.0, 2.0]
CLASSES = RNG.integers(4, size=40)


def test_correlation_is_numpys() -> None:
    assert correlation(TABLE) == pytest.approx(np.corrcoef(TABLE, rowvar=False), abs=1e-12)


def test_correlation_in_closed_form() -> None:
    x = np.array([1.0, 2.0, 3.0, 4.0])
    table = np.column_stack([x, 10.0 - 3.0 * x, [0.1] * 4, (x - 2.5) ** 2])
    found = correlation(table)
    assert found[0, 0] == found[1, 1] == 1.0
    assert found[0, 1] == -1.0
    assert found[0, 3] == pytest.approx(0.0, abs=1e-15)
    assert np.isnan(found[2]).all() and np.isnan(found[:, 2]).all()  # 0.1 four times: constant


def test_correlation_takes_the_rows_that_have_both() -> None:
    holes = TABLE.copy()
    holes[::3, 1] = np.nan
    holes[1::5, 4] = np.nan
    found = correlation(holes)
    both = np.isfinite(holes[:, 1]) & np.isfinite(holes[:, 4])
    assert found[1, 4] == pytest.approx(np.corrcoef(holes[both, 1], holes[both, 4])[0, 1], abs=1e-12)
    assert found[2, 3] == pytest.approx(np.corrcoef(TABLE[:, 2], TABLE[:, 3])[0, 1], abs=1e-12)
    assert np.isnan(correlation(TABLE[:2])).all()  # through two points there is always a line
    assert np.isnan(correlation(TABLE[:0])).all()


def test_eta_squared_in_closed_form() -> None:
    assert eta_squared([1.0, 1.0, 5.0, 5.0], classes=[0, 0, 1, 1]) == 1.0
    assert eta_squared([1.0, 5.0, 1.0, 5.0], classes=[0, 0, 1, 1]) == 0.0
    # means 1, 4, grand mean 2; between: 2 * 1 + 1 * 4 = 6, total: 4 + 0 + 4 = 8
    assert eta_squared([0.0, 2.0, 4.0], classes=[3, 3, 7]) == pytest.approx(6.0 / 8.0)
    assert math.isnan(eta_squared([0.1, 0.1, 0.1], classes=[0, 1, 1]))
    assert math.isnan(eta_squared([1.0, 2.0, 3.0], classes=[1, 1, 1]))
    assert math.isnan(eta_squared([], classes=[]))
    assert eta_squared([0.0, np.nan, 2.0, 4.0], classes=[0, 5, 0, 1]) == pytest.approx(6.0 / 8.0)


def test_eta_squared_is_that_of_scikit_learns_f() -> None:
    feature_selection = pytest.importorskip("sklearn.feature_selection")
    f, _ = feature_selection.f_classif(TABLE, CLASSES)
    k, n = len(set(CLASSES.tolist())), len(CLASSES)
    wanted = f * (k - 1) / (f * (k - 1) + n - k)
    found = [eta_squared(column, classes=CLASSES) for column in TABLE.T]
    assert found == pytest.approx(wanted, rel=1e-9)


def test_a_box_in_closed_form() -> None:
    box = box_statistics([1.0, 2.0, 3.0, 4.0, 5.0, 20.0, np.nan])
    assert (box.n, box.q1, box.median, box.q3) == (6, 2.25, 3.5, 4.75)
    assert (box.low, box.high, box.n_outside) == (1.0, 5.0, 1)  # the fence is at 4.75 + 1.5 * 2.5 = 8.5
    one = box_statistics([7.0])
    assert (one.n, one.low, one.q1, one.median, one.q3, one.high) == (1, 7.0, 7.0, 7.0, 7.0, 7.0)
    none = box_statistics([np.nan])
    assert none.n == 0 and math.isnan(none.median)


@given(arrays.arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e6, 1e6)))
def test_a_box_is_matplotlibs(values: np.ndarray) -> None:
    cbook = pytest.importorskip("matplotlib.cbook")
    (wanted,) = cbook.boxplot_stats(values)
    box = box_statistics(values)
    found = (box.low, box.q1, box.median, box.q3, box.high, box.n_outside)
    keys = ("whislo", "q1", "med", "q3", "whishi")
    assert found == (*(pytest.approx(wanted[key]) for key in keys), len(wanted["fliers"]))


def test_standardised_columns() -> None:
    table = np.column_stack([TABLE, np.full(40, 0.1), np.full(40, np.nan)])
    table[3, 0] = np.nan
    found = standardise(table)
    assert np.isnan(found[3, 0]) and np.isnan(found[:, 7]).all()
    assert (found[:, 6] == 0.0).all()
    assert np.nanmean(found[:, :6], axis=0) == pytest.approx(0.0, abs=1e-12)
    assert np.nanstd(found[:, :6], axis=0) == pytest.approx(1.0)


def test_the_typical_row() -> None:
    rows = [[0.0, 0.0], [1.0, 1.0], [9.0, 1.5], [1.0, 9.0], [1.0, 1.0]]
    assert nearest_to_median(rows) == 1  # the medians are 1 and 1, and of two such rows the first is taken
    assert nearest_to_median([[np.nan, 5.0], [0.0, 5.5], [2.0, 50.0]]) == 1  # 1 and 5.5
    assert nearest_to_median([[np.nan], [np.nan]]) == 0
    assert nearest_to_median(rows, among=[True, False, True, True, False]) == 0  # the medians are still 1 and 1
    with pytest.raises(ValueError, match="among must have shape"):
        nearest_to_median(rows, among=[True])
    with pytest.raises(ValueError, match="at least one row"):
        nearest_to_median(rows, among=[False] * 5)
    with pytest.raises(ValueError, match="at least one row"):
        nearest_to_median(np.zeros((0, 2)))


def test_neighbours_and_their_artists() -> None:
    values = [[0.0], [0.1], [5.0], [5.2], [0.3]]
    classes = [0, 0, 1, 1, 1]
    assert neighbour_agreement(values, classes=classes) == pytest.approx(4 / 5)
    # Without the artist's own: 0 -> 4 (wrong), 1 -> 4 (wrong), 2 -> 4 (right), 3 -> 4 (right), 4 -> 1 (wrong)
    groups = ["a", "a", "b", "b", "c"]
    assert neighbour_agreement(values, classes=classes, groups=groups) == pytest.approx(2 / 5)
    assert math.isnan(neighbour_agreement(values, classes=classes, groups=["a"] * 5))
    assert math.isnan(neighbour_agreement(np.zeros((0, 3)), classes=[]))
    few = neighbour_agreement(values, classes=classes, groups=groups, among=[True, False, True, False, False])
    assert few == pytest.approx(1 / 2)
    with pytest.raises(ValueError, match="among must have shape"):
        neighbour_agreement(values, classes=classes, among=[True])
    with pytest.raises(ValueError, match="finite"):
        neighbour_agreement([[np.nan], [0.0]], classes=[0, 1])


def test_neighbours_are_scikit_learns() -> None:
    neighbours = pytest.importorskip("sklearn.neighbors")
    values = RNG.standard_normal((600, 5))  # more than one block of rows
    classes = RNG.integers(3, size=600)
    nearest = neighbours.NearestNeighbors(n_neighbors=2).fit(values).kneighbors(values)[1][:, 1]
    wanted = float(np.mean(classes[nearest] == classes))
    assert neighbour_agreement(values, classes=classes) == pytest.approx(wanted)


@pytest.mark.parametrize("describe", [correlation, standardise, nearest_to_median])
def test_shapes_that_do_not_fit_are_refused(describe: object) -> None:
    with pytest.raises(ValueError, match="shape"):
        describe([1.0, 2.0])  # type: ignore[operator]
    with pytest.raises(ValueError, match="as long as each other"):
        eta_squared([1.0, 2.0], classes=[0])
    with pytest.raises(ValueError, match="as long as each other"):
        neighbour_agreement([[1.0], [2.0]], classes=[0])
