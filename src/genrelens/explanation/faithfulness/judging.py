"""Whether one explanation is true of its track, and what would change the answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from genrelens.explanation.explanation import Band, Faithfulness, OtherWay, Segment, WhatIf
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.baselines import BASELINES, JUDGING_BASELINES, QUIETER_DB, quieter

Float64 = NDArray[np.float64]

SHARE = 0.2
"""Of the segments that hold sound: the top fifth against a random fifth."""
N_DRAWS = 19
"""So that one explanation of twenty that points by chance is called good, and not one of four."""
MIN_SOUNDING = 5
"""Segments with sound, at least, or there is no fifth to take out."""
SEED = 0


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
