"""Describing a table of numbers, one row a track: what goes with what, what tells classes apart, what is typical.

NaN means "not known" everywhere here: such a cell is left out of what it would have entered, and counted nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from genrelens.metrics._checks import FloatArray, IntArray, class_indices

MIN_PAIRS = 3
"""Fewer rows than this have no correlation: through two points there is always a line."""

_ROWS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class BoxStatistics:
    """What a box plot shows of one group; all NaN where ``n`` is 0.

    ``q1``, ``median`` and ``q3`` are quartiles (linear between order statistics, NumPy's default); ``low`` and
    ``high`` the outermost values within 1.5 times ``q3 - q1`` of the box, the ends of its whiskers; ``n_outside`` how
    many lie beyond. Tukey, "Exploratory data analysis", 1977.
    """

    n: int
    low: float
    q1: float
    median: float
    q3: float
    high: float
    n_outside: int


def correlation(values: ArrayLike) -> FloatArray:
    """Pearson's correlation of every two columns of ``(n, f)``: ``(f, f)``, symmetric, -1 to 1.

    Each pair is taken over the rows that have both. NaN for a column that is constant there, and below
    :data:`MIN_PAIRS` rows.
    """
    table = _table(values)
    n_columns = table.shape[1]
    result = np.full((n_columns, n_columns), np.nan)
    for i in range(n_columns):
        for j in range(i + 1):
            both = np.isfinite(table[:, i]) & np.isfinite(table[:, j])
            result[i, j] = result[j, i] = _pearson(table[both, i], table[both, j])
    return result


def eta_squared(values: ArrayLike, *, classes: ArrayLike) -> float:
    """Share of the variance of ``(n,)`` values that lies between classes, 0 to 1.

    ``sum_k n_k (mean_k - mean)^2 / sum_i (x_i - mean)^2``; with the F of a one-way analysis of variance,
    ``F (k - 1) / (F (k - 1) + n - k)``. Fisher, "Statistical methods for research workers", 1925. NaN where the values
    are constant or all of one class.
    """
    column, labels = _column(values), class_indices(classes, name="classes")
    if len(column) != len(labels):
        raise ValueError(f"values and classes must be as long as each other, got {len(column)} and {len(labels)}")
    known = np.isfinite(column)
    column, labels = column[known], labels[known]
    present = np.unique(labels)
    if len(present) < 2 or column.min() == column.max():
        return float("nan")
    # Of the columns of a table some are 1e-5 and some 1e7: squares of the plain values could lose everything.
    scaled = (column - column.mean()) / np.abs(column - column.mean()).max()
    between = sum(np.sum(labels == k) * scaled[labels == k].mean() ** 2 for k in present)
    return float(between / np.sum(scaled**2))


def box_statistics(values: ArrayLike) -> BoxStatistics:
    """The box of ``(n,)`` values, NaN left out."""
    column = _column(values)
    column = column[np.isfinite(column)]
    if not len(column):
        nan = float("nan")
        return BoxStatistics(0, nan, nan, nan, nan, nan, 0)
    q1, median, q3 = (float(q) for q in np.quantile(column, [0.25, 0.5, 0.75]))
    reach = 1.5 * (q3 - q1)
    inside = column[(column >= q1 - reach) & (column <= q3 + reach)]
    # A quartile lies between two values, and with few of them the nearest one inside the fence may lie within the box.
    low, high = min(float(inside.min()), q1), max(float(inside.max()), q3)
    return BoxStatistics(len(column), low, q1, median, q3, high, len(column) - len(inside))


def standardise(values: ArrayLike) -> FloatArray:
    """Each column of ``(n, f)`` with mean 0 and (population) standard deviation 1; a constant one becomes 0."""
    table = _table(values)
    result = np.full(table.shape, np.nan)
    for j, column in enumerate(table.T):
        known = np.isfinite(column)
        if not known.any():
            continue
        centred = column[known] - column[known].mean()
        constant = column[known].min() == column[known].max()
        result[known, j] = 0.0 if constant else centred / centred.std()
    return result


def nearest_to_median(values: ArrayLike, *, among: ArrayLike | None = None) -> int:
    """The row of ``(n, f)`` that lies nearest (Euclid) to the columns' medians over all rows; of several the first.

    The columns should be on one scale (:func:`standardise`). ``among`` ``(n,)`` bool says which rows may be chosen; of
    these only the ones that lack the fewest cells are, as a row of which little is known would seem near. Raises
    ``ValueError`` where no row may be chosen.
    """
    table = _table(values)
    allowed = np.ones(len(table), bool) if among is None else np.asarray(among, dtype=bool)
    if allowed.shape != (len(table),):
        raise ValueError(f"among must have shape ({len(table)},), got {allowed.shape}")
    if not allowed.any():
        raise ValueError("expected at least one row to choose from, got none")
    known = np.isfinite(table)
    columns = known.any(axis=0)
    medians = np.zeros(table.shape[1])
    medians[columns] = np.nanmedian(np.where(known, table, np.nan)[:, columns], axis=0)
    n_lacking = np.sum(~known, axis=1)
    distances = np.sum(np.where(known, table - medians, 0.0) ** 2, axis=1)
    candidates = allowed & (n_lacking == n_lacking[allowed].min())
    return int(np.argmin(np.where(candidates, distances, np.inf)))


def neighbour_agreement(
    values: ArrayLike, *, classes: ArrayLike, groups: ArrayLike | None = None, among: ArrayLike | None = None
) -> float:
    """Share of the rows of ``(n, f)`` whose nearest other row (Euclid) is of the same class.

    With ``groups`` ``(n,)`` the nearest row of another group counts: where songs of one artist lie together, that says
    how much of the agreement is the artist's. ``among`` ``(n,)`` bool says which rows are asked; their neighbours may
    be any. Rows without any other (group) are not counted; NaN where none is. Values must be finite. This is the
    leave-one-out accuracy of the nearest-neighbour rule: Cover & Hart 1967.
    """
    table, labels = _table(values), class_indices(classes, name="classes")
    own = np.arange(len(table)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    if not len(table) == len(labels) == len(own):
        raise ValueError(
            f"values, classes and groups must be as long as each other, got {len(table)}, {len(labels)}, {len(own)}"
        )
    if not np.isfinite(table).all():
        raise ValueError("values must be finite, got NaN or infinity")
    asked = np.ones(len(table), bool) if among is None else np.asarray(among, dtype=bool)
    if asked.shape != (len(table),):
        raise ValueError(f"among must have shape ({len(table)},), got {asked.shape}")
    right = counted = 0
    squares = np.sum(table**2, axis=1)
    for start in range(0, len(table), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        distances = squares[rows, None] + squares - 2.0 * table[rows] @ table.T
        distances[own[rows, None] == own] = np.inf
        counts = np.isfinite(distances).any(axis=1) & asked[rows]
        nearest: IntArray = np.argmin(distances, axis=1)
        right += int(np.sum((labels[nearest] == labels[rows]) & counts))
        counted += int(counts.sum())
    return right / counted if counted else float("nan")


def _pearson(x: FloatArray, y: FloatArray) -> float:
    if len(x) < MIN_PAIRS or x.min() == x.max() or y.min() == y.max():
        return float("nan")
    a, b = x - x.mean(), y - y.mean()
    a, b = a / np.abs(a).max(), b / np.abs(b).max()
    return float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1.0, 1.0))


def _table(values: ArrayLike) -> FloatArray:
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"values must have shape (n, columns), got {table.shape}")
    return table


def _column(values: ArrayLike) -> FloatArray:
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1:
        raise ValueError(f"values must have shape (n,), got {column.shape}")
    return column
