"""The page that shows and plays why a piece got its genre: one HTML file on its own, which loads nothing."""

from __future__ import annotations

import base64
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from itertools import groupby
from string import Template

from genrelens import __version__
from genrelens.bundle import Prediction
from genrelens.explanation.explanation import Band, Explanation, Segment
from genrelens.explanation.parts import hertz, hint_of, in_words
from genrelens.pages.explanation import words
from genrelens.pages.explanation.check import fine, standing, truth, verdict
from genrelens.pages.explanation.picture import height_of, time_ticks
from genrelens.pages.explanation.timeline import held_back_timeline
from genrelens.pages.timeline.card import card, file_name
from genrelens.pages.wording import visible

NBSP = "\u00a0"
TICKS_HZ = (100, 250, 500, 1000, 2000, 4000, 8000, 16_000)


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What the page shows and plays.

    Attributes:
        path: of the piece, as it was given.
        prediction: of the whole piece.
        explanation: of the stretch.
        plain_png, lit_png: the spectrogram, and what counted in it.
        top_hz: where the pictures end.
        piece_mp3, reasons_mp3, without_mp3: the stretch, what counted, and the rest.
        quieter_db: by how much the last two are quieter than the piece, so that nothing clips; 0 for not at all.
        experimental: genres that are marked.
    """

    path: str
    prediction: Prediction
    explanation: Explanation
    plain_png: bytes
    lit_png: bytes
    top_hz: float
    piece_mp3: bytes
    reasons_mp3: bytes
    without_mp3: bytes
    quieter_db: float
    experimental: Collection[str] = ()


def explain_page(shown: Shown) -> str:
    """The page. Everything works without scripts but the buttons that play a moment or a range of frequencies."""
    explanation, prediction = shown.explanation, shown.prediction
    row = prediction.to_dict(path=shown.path, timeline=True)
    return Template(asset("explain.html")).substitute(
        title=text(f"{words.heading(explanation, prediction)} {file_name(shown.path)}"),
        style=asset("timeline.css") + asset("explain.css"),
        script=asset("explain.js"),
        heading=text(words.heading(explanation, prediction)),
        name=text(file_name(shown.path)),
        lead=text(words.answer(explanation, prediction)),
        notes="\n".join(f'<p class="note">{text(note)}</p>' for note in words.notes(explanation)),
        reasons=_reasons(shown),
        start_s=f"{explanation.start_s:.3f}",
        span_s=f"{explanation.end_s - explanation.start_s:.3f}",
        piece=_source(shown.piece_mp3, "audio/mpeg"),
        plain=_source(shown.plain_png, "image/png"),
        lit=_source(shown.lit_png, "image/png"),
        alt=text(_alt(explanation)),
        pro=text(words.key(explanation)[0]),
        contra=text(words.key(explanation)[1]),
        hertz="".join(_tick_hz(hz, shown.top_hz) for hz in TICKS_HZ if hz < 0.97 * shown.top_hz),
        bars_time=_bars_time(explanation),
        bars_band=_bars_band(explanation, top_hz=shown.top_hz),
        axes="" if explanation.bands else "time-only",
        beside='<span class="wide">, bars beside are ranges of frequencies</span>'
        if explanation.bands
        else "",
        seconds="".join(_tick_s(at, label) for at, label in time_ticks(explanation)),
        moments=_moments(explanation),
        alone=text(_alone(explanation)),
        bands=_bands(explanation),
        kept=_source(shown.reasons_mp3, "audio/mpeg"),
        rest=_source(shown.without_mp3, "audio/mpeg"),
        quieter=""
        if shown.quieter_db < 0.05
        else f" Both are {shown.quieter_db:.1f} dB quieter than the piece, so that nothing clips.",
        change=text(words.change(explanation, prediction)),
        truth=_truth(explanation),
        timeline=held_back_timeline(row) if prediction.abstained else "",
        method=text(f"Method: {explanation.method}. A score is {explanation.unit}."),
        card=card(row, number=1, experimental=shown.experimental),
        model=text(f"{explanation.model_name} ({explanation.model_hash})"),
        version=text(__version__),
    )


def text(said: str) -> str:
    """As on other pages, and a number stays on the line of its sign for percent."""
    return escape(visible(said)).replace(" %", f"{NBSP}%")


def asset(name: str) -> str:
    """A file of this room."""
    return (resources.files("genrelens.pages") / "templates" / name).read_text("utf-8")


def _source(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _reasons(shown: Shown) -> str:
    explanation = shown.explanation
    rows = (
        ("When", words.moments(explanation)),
        ("Where", words.frequencies(explanation)),
        ("Beat", words.beat(explanation)),
        ("Sounds like", words.sounds_like(shown.prediction)),
    )
    items = "".join(f"<div><dt>{name}</dt><dd>{text(said)}</dd></div>" for name, said in rows if said)
    found = explanation.faithfulness
    if found is not None:
        said = verdict(explanation).removeprefix("So ")
        items += (
            f'<div><dt>Checked</dt><dd><a class="badge {found.verdict}" href="#true">{standing(explanation)}</a> '
            f"{text(said[0].upper() + said[1:])}</dd></div>"
        )
    return f'<dl class="reasons">{items}</dl>'


def _alt(explanation: Explanation) -> str:
    return (
        f"Mel spectrogram. Orange: {words.key(explanation)[0]}; blue: {words.key(explanation)[1]}. "
        f"{words.moments(explanation)} {words.frequencies(explanation)}"
    )


def _tick_hz(hz: float, top_hz: float) -> str:
    return f'<span style="bottom:{100 * height_of(hz, top_hz=top_hz):.2f}%">{hertz(hz)}</span>'


def _tick_s(at: float, label: str) -> str:
    return f'<span style="left:{at:.2f}%">{label}</span>' if at < 95 else f'<span class="end">{label}</span>'


def _bars_time(explanation: Explanation) -> str:
    """Scores over time as an SVG: up speaks for the class. Every bar is a moment to click."""
    span_s = explanation.end_s - explanation.start_s
    zero, scale = _zero([segment.score for segment in explanation.segments])
    bars = []
    for segment in explanation.segments:
        x = 1000 * (segment.start_s - explanation.start_s) / span_s
        width = max(1000 * (segment.end_s - segment.start_s) / span_s - 2, 0.5)
        reach = 0.0 if math.isnan(segment.score) else 96 * abs(segment.score) * scale
        y, kind = (2 + 96 * zero - reach, "pro") if segment.score > 0 else (2 + 96 * zero, "contra")
        bars.append(
            f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{reach:.1f}"/>'
        )
    label = text(f"Scores over time: up speaks for {explanation.genre}, down against it.")
    return (
        f'<svg class="over-time" role="img" aria-label="{label}" viewBox="0 0 1000 100" preserveAspectRatio="none">'
        f'<path class="zero" d="M0 {2 + 96 * zero:.1f}H1000"/>{"".join(bars)}</svg>'
    )


def _bars_band(explanation: Explanation, *, top_hz: float) -> str:
    """Scores over frequency as an SVG at the picture's height: to the right speaks for the class."""
    if not explanation.bands:
        return ""
    share, scale = _zero([band.score for band in explanation.bands])
    zero = 98 - 96 * share
    bars = []
    for band in explanation.bands:
        top, bottom = (
            1000 * (1 - height_of(min(hz, top_hz), top_hz=top_hz)) for hz in (band.high_hz, band.low_hz)
        )
        reach = 96 * abs(band.score) * scale
        x, kind = (zero, "pro") if band.score > 0 else (zero - reach, "contra")
        height = max(bottom - top - 5, 1)
        bars.append(
            f'<rect class="{kind}" x="{x:.1f}" y="{top:.1f}" width="{reach:.1f}" height="{height:.1f}"/>'
        )
    label = text(f"Scores over frequency: to the right speaks for {explanation.genre}.")
    return (
        f'<div class="beside"><svg class="over-bands" role="img" aria-label="{label}" viewBox="0 0 100 1000" '
        f'preserveAspectRatio="none"><path class="zero" d="M{zero:.1f} 0V1000"/>{"".join(bars)}</svg></div>'
    )


def _zero(scores: Sequence[float]) -> tuple[float, float]:
    """Where 0 lies in a room of height 1 that scores of both signs share, from the top, and what a score is high."""
    known = [score for score in scores if not math.isnan(score)]
    above, below = max(known, default=0.0), -min(known, default=0.0)
    above, below = max(above, 0.0), max(below, 0.0)
    whole = (above + below) or 1.0
    return (above / whole if above + below else 0.5), 1 / whole


def _moments(explanation: Explanation) -> str:
    best = explanation.top(words.N_TOP)
    if not best:
        return f"<p>{text(words.moments(explanation))}</p>"
    return f'<ol class="moments">{"".join(_moment(explanation, segment, best[0].score) for segment in best)}</ol>'


def _alone(explanation: Explanation) -> str:
    """What the strongest moment does by itself: on most pieces little, and that should be said."""
    best = explanation.top(1)
    left = words.without(explanation, best[0]) if best else None
    if left is None:
        return ""
    moves = f"from {fine(explanation.probability)} to {fine(left)}"
    return f" Taken out by itself, the strongest moves {explanation.genre} {moves}."


def _moment(explanation: Explanation, segment: Segment, largest: float) -> str:
    name = words.span(segment)
    return (
        f'<li><button type="button" data-start="{segment.start_s:.3f}" data-end="{segment.end_s:.3f}" '
        f'aria-label="{text(f"Play {name}")}">{text(name)}</button>'
        f'<span class="bar"><i style="width:{100 * segment.score / largest:.1f}%"></i></span>'
        f'<span class="effect">{text(words.effect(explanation, segment))}</span></li>'
    )


def _bands(explanation: Explanation) -> str:
    if not explanation.bands:
        return "<p>This method is over time only.</p>"
    largest = max(abs(band.score) for band in explanation.bands) or 1.0
    measured = words.without(explanation, explanation.bands[0]) is not None
    lead = (
        f"The last column is how sure the model is of {explanation.genre} with each range "
        f"{words.how_bands_go(explanation)}; with all sound it is {fine(explanation.probability)}. "
        if measured
        else ""
    )
    return (
        f'<p class="soft">{text(lead)}Wider ranges weigh more. Click one to hear it alone.</p>'
        '<table class="bands"><thead><tr><th scope="col">Range</th>'
        '<th scope="col" class="hint">What lies there</th><th scope="col" class="middle">Against, for</th>'
        f'<th scope="col" class="n">{text(f"{explanation.genre} left") if measured else ""}</th></tr></thead>'
        f"<tbody>{_rows(explanation, largest)}</tbody></table>"
    )


def _rows(explanation: Explanation, largest: float) -> str:
    """The ranges, the highest first; what is said of several neighbours is said once."""
    rows = []
    for hint, bands in groupby(
        reversed(explanation.bands), key=lambda band: hint_of(band.low_hz, band.high_hz)
    ):
        together = list(bands)
        said = f'<td class="hint" rowspan="{len(together)}">{text(hint)}</td>'
        rows += [
            _band(explanation, band, largest, hint=said if i == 0 else "") for i, band in enumerate(together)
        ]
    return "".join(rows)


def _band(explanation: Explanation, band: Band, largest: float, *, hint: str) -> str:
    share = 50 * abs(band.score) / largest
    at, kind = (50.0, "pro") if band.score > 0 else (50 - share, "contra")
    left = words.without(explanation, band)
    name = in_words(band.low_hz, band.high_hz)
    return (
        f'<tr><th scope="row"><button type="button" data-low="{band.low_hz:.0f}" data-high="{band.high_hz:.0f}" '
        f'aria-pressed="false">{text(name[0].upper() + name[1:])}</button></th>{hint}'
        f'<td><span class="both"><i class="{kind}" style="left:{at:.1f}%;width:{share:.1f}%"></i></span></td>'
        f'<td class="n">{"" if left is None else fine(left)}</td></tr>'
    )


def _truth(explanation: Explanation) -> str:
    sentence = f"<p>{text(truth(explanation))}</p>"
    found = explanation.faithfulness
    if found is None:
        return sentence
    rows: Mapping[str, float] = {
        "with all sound": found.probability,
        "a random fifth out": found.probability - found.drop_random,
        "the top fifth out": found.without_top,
    }
    items = "".join(
        f'<li><span class="g">{escape(name)}</span><span class="bar"><i style="width:{100 * p:.1f}%"></i></span>'
        f'<span class="p">{fine(p)}</span></li>'
        for name, p in rows.items()
    )
    return f'{sentence}<ul class="bars checks">{items}</ul>'
