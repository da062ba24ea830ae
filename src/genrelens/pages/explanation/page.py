"""The page that shows and plays why a track got its genre: one HTML file on its own, which loads nothing."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from genrelens.bundle import Prediction
from genrelens.explanation.explanation import Explanation
from genrelens.explanation.parts import hertz, hint_of, in_words
from genrelens.pages.explanation import words
from genrelens.pages.explanation.check import fine, standing, truth, verdict
from genrelens.pages.explanation.picture import TICKS_HZ, height_of, time_ticks
from genrelens.pages.render import render
from genrelens.pages.timeline.card import card, file_name, held_back


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What the page shows and plays.

    Attributes:
        path: of the track, as it was given.
        prediction: of the whole track.
        explanation: of the stretch.
        plain_png, lit_png: the spectrogram, and what counted in it.
        top_hz: where the pictures end.
        stretch_mp3, reasons_mp3, without_mp3: the stretch, what counted, and the rest.
        quieter_db: by how much the last two are quieter than the track, so that nothing clips; 0 for not at all.
        experimental: genres that are marked.
    """

    path: str
    prediction: Prediction
    explanation: Explanation
    plain_png: bytes
    lit_png: bytes
    top_hz: float
    stretch_mp3: bytes
    reasons_mp3: bytes
    without_mp3: bytes
    quieter_db: float
    experimental: Collection[str] = ()


def explain_page(shown: Shown) -> str:
    """The page. Everything works without scripts but the buttons that play a moment or a range of frequencies."""
    explanation, prediction = shown.explanation, shown.prediction
    row = prediction.to_dict(path=shown.path, timeline=True)
    found, heading = explanation.faithfulness, words.heading(explanation, prediction)
    return render(
        "explain.html",
        title=f"{heading} {file_name(shown.path)}",
        heading=heading,
        genre=explanation.genre,
        name=file_name(shown.path),
        lead=words.answer(explanation, prediction),
        notes=words.notes(explanation),
        reasons=(
            ("When", words.moments(explanation)),
            ("Where", words.frequencies(explanation)),
            ("Beat", words.beat(explanation)),
            ("Sounds like", words.sounds_like(prediction)),
        ),
        badge=_badge(explanation),
        shown=shown,
        start_s=explanation.start_s,
        span_s=explanation.end_s - explanation.start_s,
        alt=_alt(explanation),
        key=words.key(explanation),
        hertz=[
            (100 - 100 * height_of(hz, top_hz=shown.top_hz), hertz(hz)) for hz in TICKS_HZ if hz < 0.97 * shown.top_hz
        ],
        bars_time=_bars_time(explanation),
        bars_band=_bars_band(explanation, top_hz=shown.top_hz) if explanation.bands else None,
        seconds=time_ticks(explanation),
        moments=_moments(explanation),
        alone=_alone(explanation),
        ranges=_ranges(explanation),
        ranges_lead=_ranges_lead(explanation),
        change=words.change(explanation, prediction),
        truth=truth(explanation),
        checks=()
        if found is None
        else [
            (name, p, fine(p))
            for name, p in (
                ("with all sound", found.probability),
                ("a random fifth out", found.probability - found.drop_random),
                ("the top fifth out", found.without_top),
            )
        ],
        held_back=held_back(row) if prediction.abstained else None,
        method=f"Method: {explanation.method}. A score is {explanation.unit}.",
        track=card(row, number=1, experimental=shown.experimental),
        model=f"{explanation.model_name} ({explanation.model_hash})",
    )


def _badge(explanation: Explanation) -> dict[str, str]:
    """How far to trust the explanation; empty where nothing was checked."""
    found, said = explanation.faithfulness, verdict(explanation).removeprefix("So ")
    if found is None:
        return {}
    return {"verdict": found.verdict, "standing": standing(explanation), "said": said[0].upper() + said[1:]}


def _alt(explanation: Explanation) -> str:
    return (
        f"Mel spectrogram. Orange: {words.key(explanation)[0]}; blue: {words.key(explanation)[1]}. "
        f"{words.moments(explanation)} {words.frequencies(explanation)}"
    )


@dataclass(frozen=True, slots=True)
class Bars:
    """Where no score lies, and for each score ``pro`` or ``contra`` with x, y, width and height of its bar."""

    zero: float
    bars: Sequence[tuple[str, float, float, float, float]]


def _bars_time(explanation: Explanation) -> Bars:
    """Scores over time, 1000 wide and 100 high: up speaks for the class. Every bar is a moment to click."""
    span_s = explanation.end_s - explanation.start_s
    share, scale = _zero([segment.score for segment in explanation.segments])
    zero, bars = 2 + 96 * share, []
    for segment in explanation.segments:
        x = 1000 * (segment.start_s - explanation.start_s) / span_s
        width = max(1000 * (segment.end_s - segment.start_s) / span_s - 2, 0.5)
        reach = 0.0 if math.isnan(segment.score) else 96 * abs(segment.score) * scale
        y, kind = (zero - reach, "pro") if segment.score > 0 else (zero, "contra")
        bars.append((kind, x, y, width, reach))
    return Bars(zero, bars)


def _bars_band(explanation: Explanation, *, top_hz: float) -> Bars:
    """Scores over frequency, 100 wide and 1000 high, as the picture: to the right speaks for the class."""
    share, scale = _zero([band.score for band in explanation.bands])
    zero, bars = 98 - 96 * share, []
    for band in explanation.bands:
        top, bottom = (1000 * (1 - height_of(min(hz, top_hz), top_hz=top_hz)) for hz in (band.high_hz, band.low_hz))
        reach = 96 * abs(band.score) * scale
        x, kind = (zero, "pro") if band.score > 0 else (zero - reach, "contra")
        bars.append((kind, x, top, reach, max(bottom - top - 5, 1)))
    return Bars(zero, bars)


def _zero(scores: Sequence[float]) -> tuple[float, float]:
    """Where 0 lies in a room of height 1 that scores of both signs share, from the top, and what a score is high."""
    known = [score for score in scores if not math.isnan(score)]
    above, below = max(known, default=0.0), -min(known, default=0.0)
    above, below = max(above, 0.0), max(below, 0.0)
    whole = (above + below) or 1.0
    return (above / whole if above + below else 0.5), 1 / whole


def _moments(explanation: Explanation) -> list[dict[str, Any]]:
    best = explanation.top(words.N_TOP)
    return [
        {
            "start_s": segment.start_s,
            "end_s": segment.end_s,
            "name": words.span(segment),
            "share": segment.score / best[0].score,
            "effect": words.effect(explanation, segment),
        }
        for segment in best
    ]


def _alone(explanation: Explanation) -> str:
    """What the strongest moment does by itself: on most tracks little, and that should be said."""
    best = explanation.top(1)
    left = words.without(explanation, best[0]) if best else None
    if left is None:
        return ""
    moves = f"from {fine(explanation.probability)} to {fine(left)}"
    return f" Taken out by itself, the strongest moves {explanation.genre} {moves}."


def _ranges_lead(explanation: Explanation) -> str:
    """What the last column of the ranges says; empty where the method does not take them out alone."""
    if not explanation.bands or words.without(explanation, explanation.bands[0]) is None:
        return ""
    return (
        f"The last column is how sure the model is of {explanation.genre} with each range "
        f"{words.how_bands_go(explanation)}; with all sound it is {fine(explanation.probability)}. "
    )


def _ranges(explanation: Explanation) -> list[dict[str, Any]]:
    """The ranges, the highest first; what is said of several neighbours is said once."""
    largest = max((abs(band.score) for band in explanation.bands), default=0.0) or 1.0
    rows: list[dict[str, Any]] = []
    for hint, bands in groupby(reversed(explanation.bands), key=lambda band: hint_of(band.low_hz, band.high_hz)):
        together = list(bands)
        for i, band in enumerate(together):
            share = 50 * abs(band.score) / largest
            at, kind = (50.0, "pro") if band.score > 0 else (50 - share, "contra")
            left, name = words.without(explanation, band), in_words(band.low_hz, band.high_hz)
            rows.append(
                {
                    "low_hz": f"{band.low_hz:.0f}",
                    "high_hz": f"{band.high_hz:.0f}",
                    "name": name[0].upper() + name[1:],
                    "hint": hint,
                    "rows": len(together) if i == 0 else 0,
                    "kind": kind,
                    "at": at,
                    "width": share,
                    "left": "" if left is None else fine(left),
                }
            )
    return rows
