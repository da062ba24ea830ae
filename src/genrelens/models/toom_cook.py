"""Convolutions with fewer products: Toom-Cook, known to neural networks as Winograd's minimal filtering.

``m`` neighbouring outputs of a filter of ``r`` taps take ``m r`` products when computed one by one, and ``m + r - 1``
when the filter and the ``m + r - 1`` inputs that it meets are first evaluated as polynomials at as many points,
multiplied there, and interpolated: ``output = A ((G filter) * (B input))``. The evaluations cost little where one input
meets many filters. Lavin & Gray 2016, arXiv 1509.09308; Barabasz et al. 2020, arXiv 1803.10986, for the points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

POINTS: Final = tuple(map(Fraction, ("0", "1/2", "-1/2", "3/4", "-3/4", "4/3", "-4/3", "5/2", "-5/2")))
"""Of 1,000 sets of small fractions among the best for four outputs of seven taps in float32: the products of numbers of
size 1 come out within 3e-5, 2.5e-6 in the mean."""


class Transforms(NamedTuple):
    """``outputs (m, n)``, ``taps (n, r)`` and ``inputs (n, n)``, with n = m + r - 1: A, G and B."""

    outputs: NDArray[np.float64]
    taps: NDArray[np.float64]
    inputs: NDArray[np.float64]


def transforms(n_outputs: int, n_taps: int) -> Transforms:
    """The matrices for ``n_outputs`` of a filter of ``n_taps``, together at most eleven.

    The last point is infinity, which stands for the leading coefficient.
    """
    n = n_outputs + n_taps - 1
    points = POINTS[: n - 1]
    if len(points) < n - 1:
        raise ValueError(f"there are points for {len(POINTS) + 2} outputs and taps, not for {n_outputs + n_taps}")
    outputs, taps, inputs = np.zeros((n_outputs, n)), np.zeros((n, n_taps)), np.zeros((n, n))
    for j, point in enumerate(points):
        others = [other for other in points if other != point]
        scale = math.prod((point - other for other in others), start=Fraction(1))
        outputs[:, j] = [float(point**i) for i in range(n_outputs)]
        taps[j] = [float(point**k / scale) for k in range(n_taps)]
        inputs[j, : n - 1] = _with_roots(others)
    outputs[-1, -1] = taps[-1, -1] = 1.0
    inputs[-1] = _with_roots(points)
    # Taps and inputs of about one size each: float32 rounds the sum of large and small ones worst.
    balance = np.sqrt(np.abs(taps).max(axis=1) / np.abs(inputs).max(axis=1))[:, np.newaxis]
    return Transforms(outputs, taps / balance, inputs * balance)


def _with_roots(roots: Sequence[Fraction]) -> list[float]:
    """Coefficients of the polynomial with these roots, from the constant up to the leading 1."""
    coefficients = [Fraction(1)]
    for root in roots:
        shifted = [Fraction(0), *coefficients]
        scaled = [*(-root * c for c in coefficients), Fraction(0)]
        coefficients = [a + b for a, b in zip(shifted, scaled, strict=True)]
    return [float(c) for c in coefficients]
