"""What a classifier of descriptors learns from and gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatRows = NDArray[np.float64]
Logits = Callable[[FloatRows], FloatRows]
"""From standardised rows ``(n, d)`` to logits ``(n, c)``."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Standardised ``rows (n, d)`` with ``classes (n,)`` to learn from, and others, of other artists, to stop on."""

    rows: FloatRows
    classes: NDArray[np.int64]
    stop_rows: FloatRows
    stop_classes: NDArray[np.int64]
