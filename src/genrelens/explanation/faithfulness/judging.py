"""Whether one map is true of its stretch: top fifth against random ones, curves, controls, and what would change all.

Deletion and insertion: Petsiuk et al. 2018, "RISE" (arXiv 1806.07421), section 4.1; average drop and increase in
confidence: Chattopadhay et al. 2018, "Grad-CAM++" (arXiv 1710.11063), section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.explanation.explanation import Band, Faithfulness, OtherWay, Segment, WhatIf
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.baselines import BASELINES, JUDGING_BASELINES, QUIETER_DB, quieter
from genrelens.explanation.parts import Part
from genrelens.frontend.frames import power

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

SHARE = 0.2
"""Of the segments that hold sound: the top fifth against a random fifth."""
N_DRAWS = 19
"""So that one explanation of twenty that points by chance is called good, and not one of four."""
MIN_SOUNDING = 5
"""Segments with sound, at least, or there is no fifth to take out."""
SEED = 0
CONTROLS: Final = ("random", "energy", "onset")
"""Maps that explain nothing, which a method has to beat before anybody should believe it. They know neither the model
nor the class: chance, how loud a part is, how much begins in it."""
_LEAST = 1e-10
_BLOCK_S = 0.01
"""Frames shorter than this, samples for one, are put together before onsets are looked for."""
N_STEPS = 10


def top_fifth(scores: Float64, *, among: Sequence[int]) -> list[int]:
    """Which of the segments ``among`` score highest, best first: :data:`SHARE` of them, or none of too few."""
    if len(among) < MIN_SOUNDING:
        return []
    order = sorted(among, key=lambda i: -np.nan_to_num(scores[i], nan=-np.inf))
    return order[: max(1, round(SHARE * len(among)))]


def judge(hearing: Hearing, scores: Float64, *, genre: int, baseline: str) -> Faithfulness | None:
    """How far the class's probability and log-odds fall without the top fifth of the segments, and a random fifth.

    Args:
        hearing: the stretch.
        scores: ``(n,)`` of its segments, as the method gives them; NaN counts as lowest.
        genre: number of the class.
        baseline: name of what stands in the place of what is taken out; not the method's own.
    """
    parts = hearing.grid.segments
    with_sound = hearing.with_sound(parts)
    top = top_fifth(scores, among=with_sound)
    if not top:
        return None
    random = np.random.default_rng(SEED)
    draws = [random.choice(with_sound, size=len(top), replace=False).tolist() for _ in range(N_DRAWS)]
    frames = JUDGING_BASELINES[baseline](hearing.frames, hearing.front_end)
    left, odds = [], []
    for indices in (top, *draws):
        logits = hearing.without([parts[i] for i in indices], baseline=frames)
        left.append(float(hearing.probabilities(logits)[genre]))
        odds.append(float(hearing.log_odds(logits, genre)))
    return Faithfulness(
        share=SHARE,
        seconds=sum(parts[i].end - parts[i].start for i in top) / hearing.grid.frames_per_s,
        fill=baseline,
        probability=float(hearing.probabilities(hearing.logits)[genre]),
        without_top=left[0],
        without_random=tuple(left[1:]),
        log_odds=float(hearing.log_odds(hearing.logits, genre)),
        log_odds_without_top=odds[0],
        log_odds_without_random=tuple(odds[1:]),
        seed=SEED,
    )


IN_ITS_PLACE = {"mean": "with a steady sound in its place", "silence": "with silence in its place"}
GENTLER_DB = QUIETER_DB / 2


def what_if(
    hearing: Hearing, places: Sequence[Segment | Band], logits_without: Float64, *, baseline: str
) -> WhatIf | None:
    """The one part without which the winner is weakest, by its log-odds, and that part taken out in another way.

    Args:
        hearing: the stretch.
        places: its n segments and ranges of frequencies, in the order of its grid.
        logits_without: ``(n, c)`` without each.
        baseline: what stood in the place of the segments, ``mean`` or ``silence``.

    The other way of a segment is the other baseline; that of a range is to turn it down by :data:`GENTLER_DB` only, as
    real equalisers do. None where no part takes anything from the winner.
    """
    names = hearing.bundle.names
    winner = int(np.argmax(hearing.logits))
    odds = hearing.log_odds(logits_without, winner)
    at = int(np.argmin(odds))
    if odds[at] >= hearing.log_odds(hearing.logits, winner):
        return None
    place, part = places[at], [*hearing.grid.segments, *hearing.grid.bands][at]
    probabilities = hearing.probabilities(logits_without[at])
    answer = int(np.argmax(probabilities))
    if isinstance(place, Segment):
        other = "silence" if baseline == "mean" else "mean"
        way, stand_in = IN_ITS_PLACE[other], BASELINES[other](hearing.frames, hearing.front_end)
        start_s, end_s, low_hz, high_hz = place.start_s, place.end_s, None, None
    else:
        way = f"turned down by {GENTLER_DB:g} dB only"
        stand_in = quieter(hearing.frames, hearing.front_end, by_db=GENTLER_DB)
        start_s, end_s, low_hz, high_hz = None, None, place.low_hz, place.high_hz
    again = hearing.probabilities(hearing.without([part], baseline=stand_in))
    then = int(np.argmax(again))
    return WhatIf(
        start_s=start_s,
        end_s=end_s,
        low_hz=low_hz,
        high_hz=high_hz,
        genre=names[winner],
        probability=float(probabilities[winner]),
        answer=names[answer],
        answer_probability=float(probabilities[answer]),
        other_way=OtherWay(way, names[then], float(again[then])),
    )


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
        return float(self.insertion[round(SHARE * N_STEPS)])


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


def curves(hearing: Hearing, parts: Sequence[Part], scores: Float64, *, genre: int, baseline: Float32) -> Curves:
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
    deletion = [whole, *(hearing.without([parts[i] for i in order[:n]], baseline=baseline) for n in cuts[1:-1]), empty]
    insertion = [empty, *(hearing.without([parts[i] for i in order[n:]], baseline=baseline) for n in cuts[1:-1]), whole]
    return Curves(
        hearing.probabilities(np.stack(deletion))[:, genre], hearing.probabilities(np.stack(insertion))[:, genre]
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
