"""What a classifier of descriptors learns from and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from genrelens.training.tabular.graph import Ends, GraphBuilder


from genrelens.errors import TrainingError

FloatRows = NDArray[np.float64]
NEVER = -30.0
"""Logit of a genre that no training row has, where a classifier has no number of its own for it."""


class Logits(Protocol):
    """A fitted classifier."""

    def __call__(self, rows: FloatRows, /) -> FloatRows:
        """Standardised rows ``(n, d)`` -> logits ``(n, c)``, by the library that learnt it."""

    def to_graph(self, graph: GraphBuilder, scaled: str) -> Ends:
        """The same as nodes of a graph, from its arrays: what leads from the rows named ``scaled (n, d)``, float64, to
        the ends, of any float type.
        """


@dataclass(frozen=True, slots=True)
class Fold:
    """Standardised ``rows (n, d)`` with ``classes (n,)`` to learn from, and others, of other artists, to stop on.

    ``weights (n,)``: how much each row counts; None: all the same.
    """

    rows: FloatRows
    classes: NDArray[np.int64]
    stop_rows: FloatRows
    stop_classes: NDArray[np.int64]
    weights: FloatRows | None = None


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
