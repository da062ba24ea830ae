"""How far an explanation can be trusted, in words: what its check says, good or bad."""

from __future__ import annotations

import math

from genrelens.explanation.explanation import Explanation

MOST_ODDS = 1e6
"""To one: nothing larger is said."""


def truth(explanation: Explanation) -> str:
    """What the check of this explanation says, in plain words, good or bad."""
    found = explanation.faithfulness
    if found is None:
        return "There is too little sound to check whether this explanation is true."
    moves = "falls" if found.drop_top > 0 else "goes"
    seconds = f"{found.seconds:.0f}" if found.seconds >= 1.5 else f"{found.seconds:.2f}"
    chance = found.log_odds - found.taken_by_random
    return (
        f"Without the {seconds} s that score highest, {explanation.genre} {moves} from "
        f"{fine(found.probability)} to {fine(found.without_top)}; without as much sound picked by chance, to "
        f"{fine(found.probability - found.drop_random)} (mean of {len(found.without_random)} draws). As odds, "
        f"{odds(found.log_odds)} goes to {odds(found.log_odds_without_top)}, by chance to {odds(chance)}. "
        f"{verdict(explanation)}"
    )


def standing(explanation: Explanation) -> str:
    """How far to trust the explanation, in three words or four; empty where nothing was checked."""
    found = explanation.faithfulness
    if found is None:
        return ""
    if not explanation.top(1):
        return "nothing to check"
    if found.verdict == "poor":
        return "does not hold up"
    if not found.moved:
        return "no fifth decides"
    return "weak" if found.verdict == "weak" else "holds up"


def verdict(explanation: Explanation) -> str:
    """Good, weak or poor by the odds, whether any of it moves the probability, and what that means."""
    found = explanation.faithfulness
    if found is None:
        return ""
    if not explanation.top(1):
        return f"No moment speaks for {explanation.genre}, so there is nothing that could hold up."
    if not found.moved:
        return f"{_unmoved(explanation)} {_BY_ODDS[found.verdict]}"
    return _VERDICTS[found.verdict]


def _unmoved(explanation: Explanation) -> str:
    genre, p = explanation.genre, explanation.probability
    if p > 0.5:
        return f"The model is so sure of {genre} that it can do without any fifth of the track."
    return f"The model finds so little of {genre} that no fifth of the track makes a difference."


_VERDICTS = {
    "good": "So these moments do matter more than others.",
    "weak": "So this explanation is weak: the moments it points at matter a little more than others, as a pick by "
    "chance may.",
    "poor": "So this explanation is poor: the moments it points at matter no more than others. The genre is spread "
    "over the track, or the method does not see what the model hears.",
}
_BY_ODDS = {
    "good": "By the odds, these moments still matter more than others.",
    "weak": "By the odds, these moments matter a little more than others, as a pick by chance may.",
    "poor": "Also by the odds, these moments matter no more than others: this explanation is poor.",
}


def odds(log_odds: float) -> str:
    """``45:1`` where the class is likelier than all others together, else ``1:45``; two figures."""
    ratio = math.exp(min(abs(log_odds), 700.0))
    if ratio > MOST_ODDS:
        said = "1,000,000"
    elif ratio >= 10:
        said = f"{float(f'{ratio:.2g}'):,.0f}"
    else:
        said = f"{ratio:.1f}"
    return f"{said}:1" if log_odds >= 0 else f"1:{said}"


def fine(probability: float) -> str:
    """Percent with a decimal, since one second of many moves little; never 100 % or 0 %."""
    if probability < 0.001 or probability > 0.999:
        return "< 0.1 %" if probability < 0.001 else "> 99.9 %"
    return f"{100 * probability:.1f} %"
