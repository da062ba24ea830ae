"""Deletion and insertion: what becomes of a class as a map's parts go, or come, the highest first.

Petsiuk et al. 2018, "RISE" (arXiv 1806.07421), section 4.1; average drop and increase in confidence: Chattopadhay et
al. 2018, "Grad-CAM++" (arXiv 1710.11063), section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.explanation.hearing import Hearing
from genrelens.explanation.parts import Part
from genrelens.frontend.frames import power

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

CONTROLS: Final = ("random", "energy", "onset")
"""Maps that explain nothing, which a method has to beat before anybody should believe it. They know neither the model
nor the class: chance, how loud a part is, how much begins in it."""
_LEAST = 1e-10
_BLOCK_S = 0.01
"""Frames shorter than this, samples for one, are put together before onsets are looked for."""
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


def curves(
    hearing: Hearing, parts: Sequence[Part], scores: Float64, *, genre: int, baseline: Float32
) -> Curves:
    """The curves of a map.

    Args:
        hearing: the stretch.
        parts: that together are the whole stretch, with ``scores (n,)``; equal scores go in the order of the parts,
            NaN last.
        genre: number of the class.
        baseline: of the shape of the stretch's frames, what stands in the place of parts that are not there.
    """
    order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")
    cuts = np.round(np.linspace(0, len(parts), N_STEPS + 1)).astype(int)
    whole, empty = hearing.logits, hearing.without(parts, baseline=baseline)
    deletion = [
        whole,
        *(hearing.without([parts[i] for i in order[:n]], baseline=baseline) for n in cuts[1:-1]),
        empty,
    ]
    insertion = [
        empty,
        *(hearing.without([parts[i] for i in order[n:]], baseline=baseline) for n in cuts[1:-1]),
        whole,
    ]
    return Curves(
        hearing.probabilities(np.stack(deletion))[:, genre],
        hearing.probabilities(np.stack(insertion))[:, genre],
    )


def control_scores(control: str, hearing: Hearing, parts: Sequence[Part], *, seed: int) -> Float64:
    """``(n,)`` scores of parts: ``random`` by ``seed``; ``energy``, mean power in dB; ``onset``, mean rise in dB.

    Raises ``KeyError`` for another control.
    """
    if control == "random":
        return np.random.default_rng(seed).random(len(parts))
    level_db = _level_db(hearing)
    per_block = len(hearing.frames) / len(level_db)
    rise = np.maximum(np.diff(level_db, axis=0, prepend=level_db[:1]), 0.0)
    of = {"energy": level_db, "onset": rise}[control]
    found = np.empty(len(parts))
    for i, part in enumerate(parts):
        first = int(part.start / per_block)
        after = max(first + 1, round(part.end / per_block))
        found[i] = of[first:after, part.low : part.high].mean()
    return found


def _level_db(hearing: Hearing) -> Float64:
    """``(blocks, bands)``: the power of each band in dB."""
    found = power(hearing.frames, settings=hearing.front_end)
    size = max(1, round(_BLOCK_S * hearing.grid.frames_per_s))
    whole = max(1, len(found) // size)
    blocks = found[: whole * size].reshape(whole, -1, found.shape[1]).mean(axis=1)
    level: Float64 = 10.0 * np.log10(np.maximum(blocks, _LEAST))
    return level
