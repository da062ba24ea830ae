"""An explanation in sentences: the same in the shell and on the page."""

from __future__ import annotations

import math

from genrelens.bundle import Prediction
from genrelens.explain.bands import hint_of, in_words
from genrelens.explain.explanation import Explanation, Segment
from genrelens.explain.fills import QUIETER_DB
from genrelens.explain.methods import GRADIENT_METHODS, IN_AND_OUT, OCCLUSION_METHODS, OCCLUSIONS
from genrelens.report.wording import REASONS, clock, percent

N_TOP = 5
"""Segments that are named and can be clicked."""
N_BANDS_NAMED = 3
N_TAGS = 5
CLEAR = 0.8
"""A share of the random draws that an explanation should beat before it is called a good one."""


def without(explanation: Explanation, score: float) -> float | None:
    """Probability of the class without the part that has this score; None where a score is not what the class loses."""
    if explanation.method not in OCCLUSION_METHODS or explanation.method == IN_AND_OUT:
        return None
    p = min(max(explanation.probability, 1e-12), 1 - 1e-12)
    left = math.log(p / (1 - p)) - score
    return 1 / (1 + math.exp(-left)) if left > -700 else 0.0


def heading(explanation: Explanation, prediction: Prediction) -> str:
    """The question that is answered; of a piece without an answer it says so first."""
    return f"{'No answer. ' if prediction.abstained else ''}Why {explanation.genre}?"


def answer(explanation: Explanation, prediction: Prediction) -> str:
    """What the model says, before any reason; a guess that is held back is not called an answer."""
    genre, p = explanation.genre, percent(explanation.probability)
    if prediction.abstained:
        why = REASONS.get(str(prediction.reason), str(prediction.reason))
        return f"No answer: {why}. Below is why {genre} is at {p}, which is no answer."
    if genre == prediction.genre:
        return f"{genre}, {p} sure."
    return f"The answer is {prediction.genre}. Below is what speaks for and against {genre}, which is at {p}."


def moments(explanation: Explanation) -> str:
    """Which segments count most."""
    best = explanation.top(N_TOP)
    if not best:
        return f"No single moment speaks for {explanation.genre}."
    times = [span(segment) for segment in sorted(best[:3], key=lambda segment: segment.start_s)]
    what = "The model looks most at" if is_attention(explanation) else "It depends most on"
    return f"{what} {_listed(times)}."


def is_attention(explanation: Explanation) -> bool:
    """Whether scores are attention, which has no sign and no class."""
    return explanation.method not in (*OCCLUSION_METHODS, *GRADIENT_METHODS)


def key(explanation: Explanation) -> tuple[str, str]:
    """What orange and blue stand for."""
    if is_attention(explanation):
        return "more attention than an even share", "less"
    return f"speaks for {explanation.genre}", "speaks against it"


def frequencies(explanation: Explanation) -> str:
    """Which ranges of frequencies count most, for and against; empty where the method says nothing of them."""
    if not explanation.bands:
        return ""
    ranked = sorted(explanation.bands, key=lambda band: -band.score)
    speaking = [band for band in ranked if band.score > 0][:2]
    sentences = []
    if speaking:
        best = speaking[0]
        first = f"{in_words(best.low_hz, best.high_hz)} ({hint_of(best.low_hz, best.high_hz)})"
        more = f", then {in_words(speaking[1].low_hz, speaking[1].high_hz)}" if len(speaking) > 1 else ""
        sentences.append(f"Most of it lies in the {first}{more}.")
    worst = ranked[-1]
    if worst.score < 0 and -worst.score > 0.1 * abs(ranked[0].score):
        sentences.append(f"Against it speaks the {in_words(worst.low_hz, worst.high_hz)}.")
    return " ".join(sentences)


def beat(explanation: Explanation) -> str:
    """The tempo, with how sure it is."""
    found = explanation.tempo
    if found is None:
        return "No clear beat."
    clear = "A steady beat" if found.clarity >= 0.4 else "A beat" if found.clarity >= 0.2 else "A faint beat"
    return f"{clear} of about {found.bpm:.0f} a minute (or half or double that)."


def sounds_like(prediction: Prediction) -> str:
    """The likeliest of the model's tags; empty where it has none."""
    tags = [f"{tag} {percent(p)}" for tag, p in prediction.tags[:N_TAGS]]
    return f"Sounds like: {', '.join(tags)}." if tags else ""


def change(explanation: Explanation, prediction: Prediction) -> str:
    """What would change the answer, or the guess where there is no answer."""
    found, what = explanation.what_if, "guess" if prediction.abstained else "answer"
    second = _second(explanation)
    if found is None:
        return second
    if found.start_s is not None and found.end_s is not None:
        part = f"without {span(Segment(found.start_s, found.end_s, 0.0))}"
    else:
        assert found.low_hz is not None and found.high_hz is not None
        part = f"with the {in_words(found.low_hz, found.high_hz)} {how_bands_go(explanation)}"
    if found.changes:
        said = (
            f"The {what} would be another {part}: {found.answer} ({percent(found.answer_probability)}) "
            f"instead of {found.genre}, which would keep {at_least(found.probability)}."
        )
    else:
        said = (
            f"No single part changes the {what}. The weakest it gets is {part}: "
            f"{found.genre} with {percent(found.probability)}."
        )
    return f"{said} {second}".strip()


def _second(explanation: Explanation) -> str:
    """Which genre comes next, or first where the explained one does not."""
    if explanation.runner_up is None:
        return ""
    other, p = explanation.runner_up
    if p > explanation.probability:
        return f"Likelier than {explanation.genre} is {other} with {percent(p)}."
    return f"Next after {explanation.genre} comes {other} with {at_least(p)}."


def how_bands_go(explanation: Explanation) -> str:
    """What was done to a range of frequencies."""
    return (
        "taken out"
        if OCCLUSIONS.get(explanation.method) == "silence"
        else f"turned down by {QUIETER_DB:g} dB"
    )


def truth(explanation: Explanation) -> str:
    """What the check of this explanation says, in plain words, good or bad."""
    found = explanation.faithfulness
    if found is None:
        return "There is too little sound to check whether this explanation is true."
    moves = "falls" if found.drop_top > 0 else "goes"
    seconds = f"{found.seconds:.0f}" if found.seconds >= 1.5 else f"{found.seconds:.2f}"
    measured = (
        f"Without the {seconds} s that score highest, {explanation.genre} {moves} from "
        f"{percent(found.probability)} to {percent(found.without_top)}; without as much sound picked by chance, to "
        f"{percent(found.probability - found.drop_random)} (mean of {len(found.without_random)} draws)."
    )
    return f"{measured} {verdict(explanation)}"


def verdict(explanation: Explanation) -> str:
    """Good, weak or poor, and what that means."""
    found = explanation.faithfulness
    if found is None:
        return ""
    # Where the class rises either way, to rise by less is no reason.
    if found.drop_top <= max(found.drop_random, 0.0):
        return (
            "So this explanation is poor: the moments it points at matter no more than others. The genre is spread "
            "over the piece, or the method does not see what the model hears."
        )
    if found.beaten < CLEAR or found.drop_top < 1.25 * found.drop_random:
        return "So this explanation is weak: the moments it points at matter a little more than others."
    return "So these moments do matter more than others."


def span(segment: Segment) -> str:
    """``0:21–0:22`` where it begins and ends at full seconds or nearly, else ``0:05.6–0:06.4``, or ``0.05–0.13 s``."""
    times = segment.start_s, segment.end_s
    if all(abs(at - round(at)) < 0.15 for at in times) and round(times[0]) < round(times[1]):
        return "–".join(clock(round(at)) for at in times)
    if times[1] - times[0] < 0.3:
        return "–".join(f"{at:.2f}" for at in times) + " s"
    tenths = [round(10 * at) for at in times]
    return "–".join(f"{clock(tenth // 10)}.{tenth % 10}" for tenth in tenths)


def at_least(probability: float) -> str:
    """Percent, but "less than 1 %" where that would say 0."""
    return "less than 1 %" if probability < 0.005 else percent(probability)


def _listed(words: list[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
