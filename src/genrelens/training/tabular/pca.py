"""Principal components of standardised rows (Pearson 1901): fewer columns, neither whitened nor scaled again."""

from __future__ import annotations

import numpy as np

from genrelens.errors import TrainingError
from genrelens.training.tabular.rows import FloatRows


def principal_components(rows: FloatRows, *, n_components: int, of: str) -> FloatRows:
    """``(d, n_components)``: orthonormal directions in which standardised ``rows (n, d)`` vary most, the most first.

    Each has its largest number positive, as scikit-learn's have. Raises :class:`TrainingError`, naming ``of``, where
    there are fewer rows or columns than components.
    """
    if n_components > min(rows.shape):
        raise TrainingError(
            f"{of} learns from {n_components} principal components, which takes as many rows and columns at least; "
            f"got {len(rows)} rows of {rows.shape[1]}: give more tracks, or a smaller pca in the recipe"
        )
    _, _, directions = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    kept = directions[:n_components]
    largest = kept[np.arange(n_components), np.abs(kept).argmax(axis=1)]
    components: FloatRows = (kept * np.where(largest < 0, -1.0, 1.0)[:, np.newaxis]).T
    return components
