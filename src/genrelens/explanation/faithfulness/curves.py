"""Deletion and insertion: what becomes of a class as a map's parts go, or come, the highest first.

Petsiuk et al. 2018, "RISE" (arXiv 1806.07421), section 4.1; average drop and increase in confidence: Chattopadhay et
al. 2018, "Grad-CAM++" (arXiv 1710.11063), section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genrelens.explanation.hearing import Hearing, Part

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

N_STEPS = 10
KEPT_SHARE = 0.2
"""Of the parts, which alone are left for the average drop and the increase in confidence."""


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Probabilities of the class as shares 0, 0.1 ... 1 of the parts are gone, or are there.

    Attributes:
        deletion: ``(11,)``: first all sound, then without the highest parts, in the end nothing.
        insertion: ``(11,)``: first nothing, then the highest parts, in the end all sound.
        draws: of a map of chance, the curves of its draws, of which these are the means; else empty.
    """

    deletion: Float64
    insertion: Float64
    draws: tuple[Curves, ...] = ()

    @property
    def deletion_area(self) -> float:
        """Mean height of the deletion curve (trapezoids), 0 to 1: low where the map finds what counts."""
        return area(self.deletion)

    @property
    def insertion_area(self) -> float:
        """Mean height of the insertion curve, 0 to 1: high where the map finds what counts."""
        return area(self.insertion)

    @property
    def drop(self) -> float:
        """Share of the probability that is lost when only the top fifth of the parts is left; 0 where it rises.

        Of draws it is the mean: where one falls and one rises, their mean curve may do neither.
        """
        if self.draws:
            return float(np.mean([draw.drop for draw in self.draws]))
        whole, kept = float(self.deletion[0]), self._kept
        return max(0.0, whole - kept) / whole if whole > 0 else 0.0

    @property
    def increases(self) -> float:
        """1 where the top fifth alone gives the class more than all sound does, else 0; the mean of draws."""
        if self.draws:
            return float(np.mean([draw.increases for draw in self.draws]))
        return float(self._kept > float(self.deletion[0]))

    @property
    def _kept(self) -> float:
        return float(self.insertion[round(KEPT_SHARE * N_STEPS)])


def mean_curves(draws: Sequence[Curves]) -> Curves:
    """The mean of several draws of one map of chance: its areas are the means of theirs."""
    return Curves(
        np.mean([draw.deletion for draw in draws], axis=0),
        np.mean([draw.insertion for draw in draws], axis=0),
        tuple(draws),
    )


def area(curve: Float64) -> float:
    """The mean of a curve over evenly spaced points, by trapezoids."""
    return float((curve[1:] + curve[:-1]).mean() / 2)


def curves(hearing: Hearing, parts: Sequence[Part], scores: Float64, *, genre: int, fill: Float32) -> Curves:
    """The curves of a map.

    Args:
        hearing: the stretch.
        parts: that together are the whole stretch, with ``scores (n,)``; equal scores go in the order of the parts,
            NaN last.
        genre: number of the class.
        fill: of the shape of the stretch's frames, what stands in the place of parts that are not there.
    """
    order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")
    cuts = np.round(np.linspace(0, len(parts), N_STEPS + 1)).astype(int)
    whole, empty = hearing.logits, hearing.without(parts, fill=fill)
    deletion = [
        whole,
        *(hearing.without([parts[i] for i in order[:n]], fill=fill) for n in cuts[1:-1]),
        empty,
    ]
    insertion = [
        empty,
        *(hearing.without([parts[i] for i in order[n:]], fill=fill) for n in cuts[1:-1]),
        whole,
    ]
    return Curves(
        hearing.probabilities(np.stack(deletion))[:, genre],
        hearing.probabilities(np.stack(insertion))[:, genre],
    )
