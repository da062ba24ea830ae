"""Shape checks shared by the metrics: a mistake here would be a silent wrong figure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def class_indices(values: ArrayLike, *, name: str, n_classes: int | None = None) -> IntArray:
    """``(n,)`` integers from 0, below ``n_classes`` where it is given."""
    array: NDArray[Any] = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name} must have shape (n,), got {array.shape}")
    if array.size == 0:
        return np.zeros(0, dtype=np.int64)
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name} must be integer class indices, got {array.dtype}")
    if array.min() < 0 or (n_classes is not None and array.max() >= n_classes):
        allowed = "0 or more" if n_classes is None else f"0 to {n_classes - 1}"
        raise ValueError(f"{name} must be class indices ({allowed}), got {array.min()} to {array.max()}")
    return array.astype(np.int64)


def same_length(first: IntArray, second: IntArray, *, names: tuple[str, str]) -> None:
    """Refuse two columns that do not describe the same tracks."""
    if len(first) != len(second):
        raise ValueError(f"{names[0]} and {names[1]} must be as long as each other, got {len(first)} and {len(second)}")


def score_rows(values: ArrayLike, *, targets: ArrayLike, name: str) -> tuple[FloatArray, IntArray]:
    """``(n, c)`` finite scores and their ``(n,)`` targets."""
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise ValueError(f"{name} must have shape (n, classes), got {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    truth = class_indices(targets, name="targets", n_classes=rows.shape[1])
    if len(truth) != len(rows):
        raise ValueError(f"{name} and targets must be as long as each other, got {len(rows)} and {len(truth)}")
    return rows, truth


def probability_rows(values: ArrayLike, *, targets: ArrayLike) -> tuple[FloatArray, IntArray]:
    """``(n, c)`` probabilities that sum to 1 (within 1e-3: float32 and rounding) and their targets."""
    rows, truth = score_rows(values, targets=targets, name="probabilities")
    if rows.size and (rows.min() < 0.0 or np.abs(rows.sum(axis=1) - 1.0).max() > 1e-3):
        raise ValueError("probabilities must be 0 or more and each row must sum to 1; these look like logits")
    return rows, truth
