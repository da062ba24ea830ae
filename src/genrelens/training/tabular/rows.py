"""What a classifier of descriptors learns from and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from genrelens.training.tabular.graph import Ends, GraphBuilder

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
    """Standardised ``rows (n, d)`` with ``classes (n,)`` to learn from, and others, of other artists, to stop on."""

    rows: FloatRows
    classes: NDArray[np.int64]
    stop_rows: FloatRows
    stop_classes: NDArray[np.int64]
