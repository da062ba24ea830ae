"""What a model adds to the mean of its windows' logits once it has heard the whole track.

Some things are true of a track and of none of its windows: how much its windows differ, or what a second network makes
of it. A linear term over such numbers is added to the pooled logits; windows by themselves go without, so that a
timeline stays what the windows say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.errors import BundleError

SPREAD: Final = "spread"
"""The standard deviations of the embedding over the windows that hold sound."""
MN04: Final = "mn04"
"""The mean over windows of 10 s of what mn04 makes of them (:mod:`genrelens.bundle.mn04`)."""
KINDS: Final = (SPREAD, MN04)
LEAST_WINDOWS: Final = 4
"""With fewer windows the spread over them means nothing: it is unknown then."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class TrackTerm:
    """``weight (c, n)`` on how far ``n`` numbers of a track are from their ``mean (n,)`` in training, float32.

    ``sizes`` says what they are: so many of each of :data:`KINDS`, one kind behind the other. A number that is unknown
    (not a number) counts as the training's mean, so that it says nothing.
    """

    sizes: Mapping[str, int]
    mean: NDArray[np.float32]
    weight: NDArray[np.float32]

    def logits(self, numbers: Mapping[str, FloatArray]) -> FloatArray:
        """``(c,)`` to be added to the pooled logits, of the numbers of each kind; kinds that are not given are
        unknown."""
        given = [numbers.get(kind, np.full(size, np.nan)) for kind, size in self.sizes.items()]
        apart = np.concatenate(given) - self.mean
        apart[np.isnan(apart)] = 0.0
        added: FloatArray = self.weight.astype(np.float64) @ apart
        return added

    def to_bytes(self) -> bytes:
        """Mean, then weight row by row, as little-endian float32."""
        return np.concatenate([self.mean[np.newaxis], self.weight]).astype("<f4").tobytes()

    @classmethod
    def from_bytes(cls, content: bytes, *, n_classes: int, sizes: Mapping[str, int], where: str) -> TrackTerm:
        """What :meth:`to_bytes` gave; ``where`` names the file in the :class:`BundleError` of one that does not fit."""
        n_numbers = sum(sizes.values())
        expected = 4 * (n_classes + 1) * n_numbers
        if len(content) != expected:
            raise BundleError(
                f"{where}: expected {expected} bytes, {n_classes + 1} rows of {n_numbers} numbers, got {len(content)}"
            )
        values = np.frombuffer(content, "<f4").reshape(n_classes + 1, n_numbers).astype(np.float32)
        if not np.isfinite(values).all():
            raise BundleError(f"{where}: holds values that are not finite; the model is damaged")
        return cls(sizes, values[0], values[1:])


class Spread:
    """The standard deviation over windows, from sums: memory does not grow with the number of windows."""

    def __init__(self) -> None:
        self._n = 0
        self._first: FloatArray | None = None
        self._total: FloatArray | float = 0.0
        self._squares: FloatArray | float = 0.0

    def add(self, embedding: NDArray[np.float32]) -> None:
        """Take in the embedding ``(w, d)`` of some windows."""
        rows = embedding.astype(np.float64)
        if self._first is None:
            self._first = rows[0]
        apart = rows - self._first  # near 0, so that their squares do not drown the differences
        self._n += len(rows)
        self._total = self._total + apart.sum(axis=0)
        self._squares = self._squares + (apart * apart).sum(axis=0)

    def value(self, size: int) -> FloatArray:
        """``(size,)`` standard deviations; not a number before :data:`LEAST_WINDOWS` windows."""
        if self._n < LEAST_WINDOWS:
            return np.full(size, np.nan)
        mean = self._total / self._n
        variance = np.asarray(self._squares / self._n - mean * mean)
        spread: FloatArray = np.sqrt(np.maximum(variance, 0.0))
        return spread


def spread_of(embedding: NDArray[np.float32]) -> FloatArray:
    """``(d,)``: :class:`Spread` of windows ``(w, d)`` that are all there, at least one."""
    spread = Spread()
    spread.add(embedding)
    return spread.value(embedding.shape[1])
