"""What is said of an explanation, good or bad, and never more than was measured."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from genrelens.bundle import Prediction
from genrelens.explanation.explanation import Band, Explanation, Faithfulness, OtherWay, Segment, Tempo, WhatIf
from genrelens.pages.explanation import check, words


def explanation(**changes: object) -> Explanation:
    values: dict[str, object] = {
        "genre": "jazz",
        "method": "occlusion",
        "unit": "",
        "segments": tuple(Segment(float(i), i + 1.0, s) for i, s in enumerate([0.5, -1.0, 2.0, 0.0])),
        "bands": (Band(0, 150, 0.2), Band(150, 500, -0.4), Band(500, 2000, 1.0)),
        "cells": None,
        "probability": 0.8,
        "runner_up": ("rock", 0.1),
        "faithfulness": None,
        "what_if": None,
        "tempo": None,
        "start_s": 0.0,
        "end_s": 4.0,
        "duration_s": 4.0,
        "model_name": "m",
        "model_hash": "0",
    }
    return Explanation(**{**values, **changes})  # type: ignore[arg-type]


def log_odds(p: float) -> float:
    return float(np.log(p / (1 - p)))


def faithfulness(*, top: float, random: tuple[float, ...], whole: float = 0.8) -> Faithfulness:
    odds = tuple(log_odds(p) for p in random)
    return Faithfulness(0.2, 6.0, "silence", whole, top, random, log_odds(whole), log_odds(top), odds, 0)


def prediction(*, reason: str | None = None) -> Prediction:
    return Prediction(
        names=("jazz", "rock"),
        probabilities=np.array([0.8, 0.2]),
        window_times_s=np.array([[0.0, 4.0]]),
        window_probabilities=np.array([[0.8, 0.2]]),
        embedding=np.zeros(1, np.float32),
        duration_s=4.0,
        model_name="m",
        model_hash="0",
        abstained=reason is not None,
        reason=reason,
        tags=(("sax", 0.5), ("slow", 0.25)),
    )


def test_moments_are_named_in_order_of_time() -> None:
    assert words.moments(explanation()) == "0:00–0:01 and 0:02–0:03 count most."
    assert words.moments(explanation(method="rollout")).startswith("The model looks most at 0:00")
    none = explanation(segments=(Segment(0, 1, -1.0), Segment(1, 2, 0.0)))
    assert words.moments(none) == "No single moment speaks for jazz."
    assert words.span(Segment(0.1, 0.2, 1.0)) == "0.10–0.20 s"
    one = explanation(segments=(Segment(0, 1e-4, 1.0),))
    assert words.moments(one) == "The sound is too short to say when."
    assert words.span(Segment(0.0, 1e-4, 1.0)) == "0.0–0.1 ms"
    assert words.span(Segment(5.6, 6.4, 1.0)) == "0:05.6–0:06.4"
    assert words.span(Segment(59.96, 61.3, 1.0)) == "1:00.0–1:01.3"
    assert words.span(Segment(21.008, 22.016, 1.0)) == "0:21–0:22"


def test_frequencies_for_and_against() -> None:
    said = words.frequencies(explanation())
    assert "Most of it lies in the mids, 500 Hz to 2 kHz" in said and "then bass below 150 Hz" in said
    assert "Against it speaks the upper bass, 150 to 500 Hz" in said
    assert words.frequencies(explanation(bands=())) == ""


@pytest.mark.parametrize(
    ("top", "random", "verdict"),
    [
        (0.2, (0.6, 0.7, 0.6, 0.7, 0.6), "do matter more"),
        (0.55, (0.6, 0.6, 0.6, 0.6, 0.6), "weak"),
        (0.78, (0.785, 0.79, 0.79, 0.79, 0.79), "By the odds, these moments still matter more"),
        (0.4, (0.6, 0.6, 0.6, 0.3, 0.3), "weak"),
        (0.6, (0.6, 0.6, 0.6, 0.6, 0.6), "poor"),
        (0.9, (0.6, 0.6, 0.6, 0.6, 0.6), "poor"),
    ],
)
def test_the_check_is_said_when_it_is_bad_too(top: float, random: tuple[float, ...], verdict: str) -> None:
    said = check.truth(explanation(faithfulness=faithfulness(top=top, random=random)))
    assert verdict in said
    assert f"{100 * top:.1f} %" in said and "80.0 %" in said and "5 draws" in said
    assert ("falls" in said) == (top < 0.8)


def test_of_a_sure_track_the_odds_are_judged() -> None:
    """By the probability, which hardly moves near 1, one unlucky draw made chance look better than the top fifth."""
    found = faithfulness(whole=0.999, top=0.993, random=(0.998, 0.998, 0.998, 0.998, 0.97))
    assert found.drop_top < found.drop_random and found.verdict == "weak"  # one draw in five took more
    found = faithfulness(whole=0.999, top=0.993, random=(0.998,) * 19)
    assert (found.verdict, found.moved) == ("good", False)
    assert found.taken_by_top == pytest.approx(log_odds(0.999) - log_odds(0.993))
    assert found.taken_by_random == pytest.approx(log_odds(0.999) - log_odds(0.998))
    said = explanation(faithfulness=found, probability=0.999)
    assert check.standing(said) == "no fifth decides"
    assert "so sure of jazz that it can do without any fifth of the track" in check.verdict(said)
    assert "As odds, 1,000:1 goes to 140:1, by chance to 500:1" in check.truth(said)
    assert words.moments(said).startswith("Spread over the track: no second decides.")
    no_better = faithfulness(whole=0.999, top=0.9986, random=(0.9985,) * 5)
    poor = explanation(faithfulness=no_better, probability=0.999)
    assert check.standing(poor) == "does not hold up"
    assert "Also by the odds, these moments matter no more than others" in check.verdict(poor)


def test_where_nothing_speaks_for_a_class_there_is_nothing_to_check() -> None:
    found = faithfulness(whole=0.001, top=0.002, random=(0.003,) * 5)
    none = explanation(segments=tuple(Segment(i, i + 1, -1.0) for i in range(5)), probability=0.001, faithfulness=found)
    assert check.standing(none) == "nothing to check"
    assert "No moment speaks for jazz" in check.verdict(none)
    one = (Segment(0.0, 1.0, 0.1), *(Segment(i, i + 1.0, -1.0) for i in range(1, 5)))
    some = explanation(segments=one, probability=0.001, faithfulness=found)
    assert words.moments(some) == "Hardly anything in the track speaks for jazz; 0:00–0:01 counts most."
    assert "finds so little of jazz that no fifth of the track makes a difference" in check.verdict(some)


def test_odds_are_those_that_people_bet_by() -> None:
    assert [check.odds(log_odds(p)) for p in (0.5, 0.8, 0.2, 0.99, 1 - 1e-5)] == [
        "1.0:1",
        "4.0:1",
        "1:4.0",
        "99:1",
        "100,000:1",
    ]
    assert check.odds(1e9) == "1,000,000:1" and check.odds(-1e9) == "1:1,000,000"


def test_without_a_check_nothing_is_claimed() -> None:
    assert "too little sound" in check.truth(explanation())
    assert check.verdict(explanation()) == "" == check.standing(explanation())


def test_a_score_is_turned_back_into_a_probability() -> None:
    for place in (lambda score: Segment(0, 1, score), lambda score: Band(0, 150, score)):
        assert words.without(explanation(), place(0.0)) == pytest.approx(0.8)
        assert words.without(explanation(), place(np.log(4))) == pytest.approx(0.5)
        assert words.without(explanation(), place(1e9)) == 0.0
    assert words.without(explanation(method="rollout"), Segment(0, 1, 1.0)) is None


def test_what_would_change_the_answer() -> None:
    gentler = OtherWay("turned down by 10 dB only", "jazz", 0.7)
    part = WhatIf(None, None, 2000.0, 3000.0, "jazz", 0.3, "rock", 0.6, gentler)
    said = words.change(explanation(what_if=part), prediction())
    assert "another with the upper mids, 2 to 3 kHz turned down by 20 dB: rock (60 %) instead of jazz" in said
    assert "Turned down by 10 dB only it stays jazz (70 %)." in said
    assert "Next after jazz comes rock with 10 %" in said
    same = dataclasses.replace(part, other_way=OtherWay("turned down by 10 dB only", "rock", 0.5))
    assert "Turned down by 10 dB only it is rock, too (50 %)." in (
        words.change(explanation(what_if=same), prediction())
    )
    third = dataclasses.replace(part, other_way=OtherWay("turned down by 10 dB only", "pop", 0.5))
    assert "it would be pop (50 %)." in words.change(explanation(what_if=third), prediction())
    asked = words.change(explanation(genre="rock", probability=0.1, what_if=part), prediction())
    assert "Most of rock there is without 0:01–0:02: 23 %." in asked
    silent = words.change(explanation(what_if=part, method="occlusion-silence"), prediction())
    assert "upper mids, 2 to 3 kHz taken out" in silent
    stays = dataclasses.replace(part, start_s=1.0, end_s=2.0, answer="jazz", answer_probability=0.3)
    assert "No single part changes the answer. The weakest it gets is without 0:01–0:02: jazz with 30 %" in (
        words.change(explanation(what_if=stays), prediction())
    )
    assert "jazz with 30 %. Turned down by 10 dB only: 70 %." in words.change(explanation(what_if=stays), prediction())
    assert "less than 1 %" in words.change(explanation(runner_up=("rock", 0.001)), prediction())
    assert words.change(explanation(runner_up=None), prediction()) == ""
    assert "Likelier than jazz is rock with 90 %" in (words.change(explanation(runner_up=("rock", 0.9)), prediction()))
    held_back = words.change(explanation(what_if=part), prediction(reason="undecided"))
    assert "The guess would be another" in held_back and "answer" not in held_back


def test_a_held_back_guess_is_never_the_answer() -> None:
    assert words.answer(explanation(), prediction()) == "jazz, 80 % sure."
    assert words.answer(explanation(genre="rock"), prediction()).startswith("The answer is jazz.")
    assert words.heading(explanation(), prediction()) == "Why jazz?"
    assert words.heading(explanation(), prediction(reason="undecided")) == "No answer. Why jazz?"
    said = words.answer(explanation(genre="rock"), prediction(reason="undecided"))
    assert said.startswith("No answer: too close to call") and said.endswith("which is at 80 %.")
    held_back = words.answer(explanation(), prediction(reason="undecided"))
    assert held_back.endswith("Below is why its guess would be jazz (80 %), which it holds back.")
    twice = explanation(notes=("The model gives no answer for this piece (why).", "Truncated."))
    assert words.notes(twice) == ("Truncated.",)
    assert words.answer(explanation(probability=0.4), prediction()) == "jazz is the likeliest, at 40 %."


def test_tempo_and_tags() -> None:
    assert words.beat(explanation()) == "No clear beat."
    assert words.beat(explanation(tempo=Tempo(119.6, 0.5))) == (
        "A steady beat of about 120 a minute (or half or double that)."
    )
    assert words.sounds_like(prediction()) == "sax 50 %, slow 25 %."


def test_moments_whose_absence_helps_the_class_are_no_reasons() -> None:
    """Without them the class rises: that it rises by less than without others makes no explanation."""
    found = check.verdict(explanation(faithfulness=faithfulness(top=0.85, random=(0.9,) * 5)))
    assert "poor" in found


def test_a_score_that_is_not_only_of_taking_out_says_nothing_of_what_is_left() -> None:
    moment = Segment(0, 1, np.log(2))
    assert words.without(explanation(method="occlusion-in-turn"), moment) is None
    assert words.effect(explanation(method="occlusion-in-turn"), moment) == "odds 50 % lower on average"
    assert words.without(explanation(method="occlusion-both"), moment) == pytest.approx(2 / 3)
    assert words.effect(explanation(method="occlusion-both"), moment) == "66.7 % without it, odds 50 % lower"
    assert words.effect(explanation(method="attention"), moment).startswith("1.69 times the even share")
