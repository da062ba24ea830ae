"""An explanation in sentences: the same in the shell and on the page."""

from __future__ import annotations

import math

from genrelens.bundle import Prediction
from genrelens.explanation.explain import NO_ANSWER
from genrelens.explanation.explanation import Band, Explanation, Segment, WhatIf
from genrelens.explanation.methods.baselines import QUIETER_DB
from genrelens.explanation.methods.scoring import BOTH, GRADIENT_METHODS, OCCLUSION_METHODS, OCCLUSIONS
from genrelens.explanation.parts import hint_of, in_words
from genrelens.pages.explanation.check import fine
from genrelens.pages.wording import REASONS, clock, listed, percent

N_TOP = 5
"""Segments that are named and can be clicked."""
N_TAGS = 5
ALONE = (BOTH, *OCCLUSIONS)
"""Methods by which each moment is taken out alone; ranges of frequencies are by all occlusion."""


def without(explanation: Explanation, place: Segment | Band) -> float | None:
    """Probability of the class without a part; None where its score is not what the class loses by that part alone.

    Of methods that take moments out in several ways together, ranges of frequencies still go one at a time.
    """
    method = explanation.method
    if method not in (ALONE if isinstance(place, Segment) else OCCLUSION_METHODS):
        return None
    p = min(max(explanation.probability, 1e-12), 1 - 1e-12)
    left = math.log(p / (1 - p)) - place.score
    return 1 / (1 + math.exp(-left)) if left > -700 else 0.0


def notes(explanation: Explanation) -> tuple[str, ...]:
    """What else must be known, beside :func:`answer`, which says itself that there is none."""
    return tuple(note for note in explanation.notes if not note.startswith(NO_ANSWER))


def heading(explanation: Explanation, prediction: Prediction) -> str:
    """The question that is answered; of a track without an answer it says so first."""
    return f"{'No answer. ' if prediction.abstained else ''}Why {explanation.genre}?"


def answer(explanation: Explanation, prediction: Prediction) -> str:
    """What the model says, before any reason; a guess that is held back is not called an answer."""
    genre, p = explanation.genre, percent(explanation.probability)
    if prediction.abstained:
        why = REASONS.get(str(prediction.reason), str(prediction.reason))
        if genre == prediction.guess:
            return f"No answer: {why}. Below is why its guess would be {genre} ({p}), which it holds back."
        return f"No answer: {why}. Below is what speaks for and against {genre}, which is at {p}."
    if genre == prediction.guess:
        return f"{genre}, {p} sure." if explanation.probability >= 0.5 else f"{genre} is the likeliest, at {p}."
    return f"The answer is {prediction.genre}. Below is what speaks for and against {genre}, which is at {p}."


def moments(explanation: Explanation) -> str:
    """Which segments count most."""
    best = explanation.top(N_TOP)
    if not best:
        return f"No single moment speaks for {explanation.genre}."
    if len(explanation.segments) == 1:
        return "The sound is too short to say when."
    times = listed([span(segment) for segment in sorted(best[:3], key=lambda segment: segment.start_s)])
    if is_attention(explanation):
        return f"The model looks most at {times}."
    check, count = explanation.faithfulness, "counts" if len(best) == 1 else "count"
    if check is not None and not check.moved and explanation.probability <= 0.5:
        return f"Hardly anything in the track speaks for {explanation.genre}; {times} {count} most."
    if check is not None and not check.moved:
        return f"Spread over the track: no second decides. {times} {count} most."
    if check is not None and check.verdict == "poor":
        return f"{times} score highest, but that does not hold up (see the check)."
    return f"{times} {count} most."


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
    """The likeliest of the model's tags, what it sounds like; empty where it has none."""
    tags = [f"{tag} {percent(p)}" for tag, p in prediction.tags[:N_TAGS]]
    return f"{', '.join(tags)}." if tags else ""


def change(explanation: Explanation, prediction: Prediction) -> str:
    """What would change the answer, or the guess where there is no answer, and what brings another class nearest."""
    found, what = explanation.what_if, "guess" if prediction.abstained else "answer"
    sentences = []
    if found is not None:
        if found.changes:
            sentences.append(
                f"The {what} would be another {_part_of(explanation, found)}: {found.answer} "
                f"({percent(found.answer_probability)}) instead of {found.genre}, which would keep "
                f"{at_least(found.probability)}."
            )
        else:
            sentences.append(
                f"No single part changes the {what}. The weakest it gets is {_part_of(explanation, found)}: "
                f"{found.genre} with {percent(found.probability)}."
            )
        sentences.append(_other_way(found))
        if found.genre != explanation.genre:
            sentences.append(_nearest(explanation))
    return " ".join(sentence for sentence in (*sentences, _second(explanation)) if sentence)


def _part_of(explanation: Explanation, found: WhatIf) -> str:
    if found.start_s is not None and found.end_s is not None:
        return f"without {span(Segment(found.start_s, found.end_s, 0.0))}"
    assert found.low_hz is not None and found.high_hz is not None
    return f"with the {in_words(found.low_hz, found.high_hz)} {how_bands_go(explanation)}"


def _other_way(found: WhatIf) -> str:
    """What the second way of taking the part out says: as the first, or not."""
    other = found.other_way
    way = other.way[0].upper() + other.way[1:]
    if other.answer == found.answer == found.genre:
        return f"{way}: {percent(other.probability)}."
    if other.answer == found.answer:
        return f"{way} it is {other.answer}, too ({percent(other.probability)})."
    stays = "it stays" if other.answer == found.genre else "it would be"
    return f"{way} {stays} {other.answer} ({percent(other.probability)})."


def _nearest(explanation: Explanation) -> str:
    """Without which part the explained class, not the winner, comes highest; empty where no score says that."""
    every: tuple[Segment | Band, ...] = (*explanation.segments, *explanation.bands)
    places = [(place, left) for place in every if (left := without(explanation, place)) is not None]
    if not places:
        return ""
    worst, left = max(places, key=lambda found: found[1])
    if worst.score >= 0:
        return ""
    if isinstance(worst, Segment):
        part = f"without {span(worst)}"
    else:
        part = f"with the {in_words(worst.low_hz, worst.high_hz)} {how_bands_go(explanation)}"
    return f"Most of {explanation.genre} there is {part}: {at_least(left)}."


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
    return "taken out" if OCCLUSIONS.get(explanation.method) == "silence" else f"turned down by {QUIETER_DB:g} dB"


def effect(explanation: Explanation, segment: Segment) -> str:
    """What one moment does, beside its bar."""
    lost = min(round(100 * (1 - math.exp(-segment.score))), 99)
    left = without(explanation, segment)
    if left is not None:
        return f"{fine(left)} without it" + (f", odds {lost} % lower" if lost else "")
    if explanation.method in OCCLUSION_METHODS:
        return f"odds {lost} % lower on average" if lost else "hardly anything"
    if is_attention(explanation):
        return f"{segment.score + 1:.2f} times the even share of attention"
    return f"score {segment.score:.3g}"


def span(segment: Segment) -> str:
    """``0:21–0:22`` where it begins and ends at full seconds or nearly, else as fine as need be: ``0:05.6–0:06.4``,
    ``0.05–0.13 s``, ``0.0–0.1 ms``."""
    times = segment.start_s, segment.end_s
    if all(abs(at - round(at)) < 0.15 for at in times) and round(times[0]) < round(times[1]):
        return "–".join(clock(round(at)) for at in times)
    if times[1] - times[0] < 0.02:
        return "–".join(f"{1000 * at:.1f}" for at in times) + " ms"
    if times[1] - times[0] < 0.3:
        return "–".join(f"{at:.2f}" for at in times) + " s"
    tenths = [round(10 * at) for at in times]
    return "–".join(f"{clock(tenth // 10)}.{tenth % 10}" for tenth in tenths)


def at_least(probability: float) -> str:
    """Percent, but "less than 1 %" where that would say 0."""
    return "less than 1 %" if probability < 0.005 else percent(probability)
