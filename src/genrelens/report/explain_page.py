"""The page that shows and plays why a piece got its genre: one HTML file on its own, which loads nothing."""

from __future__ import annotations

import base64
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from html import escape
from string import Template

from genrelens import __version__
from genrelens.bundle import Prediction
from genrelens.explain.bands import hertz, hint_of, in_words
from genrelens.explain.explanation import Band, Explanation, Segment
from genrelens.report import explain_words as words
from genrelens.report.explain_picture import height_of, time_ticks
from genrelens.report.section_page import asset, text
from genrelens.report.timeline_card import card, file_name
from genrelens.report.wording import percent

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
    """The page. Everything works without scripts but the buttons that play a moment."""
    explanation, prediction = shown.explanation, shown.prediction
    row = prediction.to_json(path=shown.path, timeline=True)
    return Template(asset("explain.html")).substitute(
        title=text(f"{words.heading(explanation, prediction)} {file_name(shown.path)}"),
        style=asset("timeline.css") + asset("explain.css"),
        script=asset("explain.js"),
        heading=text(words.heading(explanation, prediction)),
        name=text(file_name(shown.path)),
        lead=text(words.answer(explanation, prediction)),
        notes="\n".join(f'<p class="note">{text(note)}</p>' for note in explanation.notes),
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
        seconds="".join(_tick_s(at, label) for at, label in time_ticks(explanation)),
        moments=_moments(explanation),
        bands=_bands(explanation),
        kept=_source(shown.reasons_mp3, "audio/mpeg"),
        rest=_source(shown.without_mp3, "audio/mpeg"),
        quieter=""
        if shown.quieter_db < 0.05
        else f" Both are {shown.quieter_db:.1f} dB quieter than the piece, so that nothing clips.",
        change=text(words.change(explanation, prediction)),
        truth=_truth(explanation),
        method=text(f"Method: {explanation.method}. A score is {explanation.unit}."),
        card=card(row, number=1, experimental=shown.experimental),
        model=text(f"{explanation.model_name} ({explanation.model_hash})"),
        version=text(__version__),
    )


def _source(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _reasons(shown: Shown) -> str:
    explanation = shown.explanation
    sentences = [
        words.moments(explanation),
        words.frequencies(explanation),
        words.beat(explanation),
        words.sounds_like(shown.prediction),
    ]
    items = "".join(f"<li>{text(sentence)}</li>" for sentence in sentences if sentence)
    short = words.verdict(explanation)
    if short:
        items += f"<li>{text('Checked: ' + short.removeprefix('So '))}</li>"
    return f'<ul class="reasons">{items}</ul>'


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
    """Scores over time as an SVG: up speaks for the class."""
    span_s = explanation.end_s - explanation.start_s
    largest = max((abs(s.score) for s in explanation.segments if not math.isnan(s.score)), default=0.0) or 1.0
    bars = []
    for segment in explanation.segments:
        x = 1000 * (segment.start_s - explanation.start_s) / span_s
        width = max(1000 * (segment.end_s - segment.start_s) / span_s - 2, 0.5)
        reach = 48 * abs(segment.score) / largest
        y, kind = (50 - reach, "pro") if segment.score > 0 else (50, "contra")
        bars.append(
            f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{reach:.1f}"/>'
        )
    label = text(f"Scores over time: up speaks for {explanation.genre}, down against it.")
    return (
        f'<svg class="over-time" role="img" aria-label="{label}" viewBox="0 0 1000 100" preserveAspectRatio="none">'
        f'<path class="zero" d="M0 50H1000"/>{"".join(bars)}</svg>'
    )


def _bars_band(explanation: Explanation, *, top_hz: float) -> str:
    """Scores over frequency as an SVG at the picture's height: to the right speaks for the class."""
    if not explanation.bands:
        return ""
    largest = max(abs(band.score) for band in explanation.bands) or 1.0
    bars = []
    for band in explanation.bands:
        top, bottom = (
            1000 * (1 - height_of(min(hz, top_hz), top_hz=top_hz)) for hz in (band.high_hz, band.low_hz)
        )
        reach = 48 * abs(band.score) / largest
        x, kind = (50.0, "pro") if band.score > 0 else (50 - reach, "contra")
        height = max(bottom - top - 5, 1)
        bars.append(
            f'<rect class="{kind}" x="{x:.1f}" y="{top:.1f}" width="{reach:.1f}" height="{height:.1f}"/>'
        )
    label = text(f"Scores over frequency: to the right speaks for {explanation.genre}.")
    return (
        f'<svg class="over-bands" role="img" aria-label="{label}" viewBox="0 0 100 1000" preserveAspectRatio="none">'
        f'<path class="zero" d="M50 0V1000"/>{"".join(bars)}</svg>'
    )


def _moments(explanation: Explanation) -> str:
    best = explanation.top(words.N_TOP)
    if not best:
        return f"<p>{text(words.moments(explanation))}</p>"
    return f'<ol class="moments">{"".join(_moment(explanation, segment, best[0].score) for segment in best)}</ol>'


def _moment(explanation: Explanation, segment: Segment, largest: float) -> str:
    left = words.without(explanation, segment.score)
    if left is not None:
        effect = f"without it {_fine(left)}, with it {_fine(explanation.probability)}"
    elif words.is_attention(explanation):
        effect = f"{segment.score + 1:.2f} times the even share of attention"
    else:
        effect = f"score {segment.score:.3g}"
    name = words.span(segment)
    return (
        f'<li><button type="button" data-start="{segment.start_s:.3f}" data-end="{segment.end_s:.3f}" '
        f'aria-label="{text(f"Play {name}")}">{text(name)}</button>'
        f'<span class="bar"><i style="width:{100 * segment.score / largest:.1f}%"></i></span>'
        f'<span class="effect">{text(effect)}</span></li>'
    )


def _bands(explanation: Explanation) -> str:
    if not explanation.bands:
        return "<p>This method is over time only.</p>"
    largest = max(abs(band.score) for band in explanation.bands) or 1.0
    rows = "".join(_band(explanation, band, largest) for band in reversed(explanation.bands))
    measured = words.without(explanation, 0.0) is not None
    lead = (
        f"Left is how sure the model is of {explanation.genre} with each range {words.how_bands_go(explanation)}. "
        if measured
        else ""
    )
    return (
        f'<p class="soft">{text(lead)}Wider ranges weigh more.</p>'
        '<div class="scroll"><table class="bands"><thead><tr><th scope="col">Range</th>'
        '<th scope="col">What lies there</th><th scope="col">Against, for</th>'
        f'<th scope="col">{"Left" if measured else ""}</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _band(explanation: Explanation, band: Band, largest: float) -> str:
    share = 50 * abs(band.score) / largest
    at, kind = (50.0, "pro") if band.score > 0 else (50 - share, "contra")
    left = words.without(explanation, band.score)
    name = in_words(band.low_hz, band.high_hz)
    return (
        f'<tr><th scope="row">{text(name[0].upper() + name[1:])}</th>'
        f"<td>{text(hint_of(band.low_hz, band.high_hz))}</td>"
        f'<td><span class="both"><i class="{kind}" style="left:{at:.1f}%;width:{share:.1f}%"></i></span></td>'
        f'<td class="n">{"" if left is None else _fine(left)}</td></tr>'
    )


def _truth(explanation: Explanation) -> str:
    sentence = f"<p>{text(words.truth(explanation))}</p>"
    found = explanation.faithfulness
    if found is None:
        return sentence
    rows: Mapping[str, float] = {
        "with all sound": found.probability,
        "without a random fifth": found.probability - found.drop_random,
        "without the top fifth": found.without_top,
    }
    items = "".join(
        f'<li><span class="g">{escape(name)}</span><span class="bar"><i style="width:{100 * p:.1f}%"></i></span>'
        f'<span class="p">{percent(p)}</span></li>'
        for name, p in rows.items()
    )
    return f'{sentence}<ul class="bars checks">{items}</ul>'


def _fine(probability: float) -> str:
    """Percent with a decimal, since one second of many moves little; never 100 % or 0 %."""
    return f"{min(max(100 * probability, 0.1), 99.9):.1f} %"
