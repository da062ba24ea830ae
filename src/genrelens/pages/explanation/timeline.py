"""The genres over time of a piece whose guess is held back, which the card of an answer shows and this one does not."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from genrelens.pages.timeline.strip import columns, strip_svg, ticks
from genrelens.pages.wording import percent

MAX_GENRES = 5


def held_back_timeline(row: Mapping[str, Any]) -> str:
    """The likeliest genres as bars and strips, said to be no answer.

    ``row`` is a prediction's JSON with windows; of a single one there is nothing to show.
    """
    if len(row["windows"]) < 2:
        return ""
    likeliest = sorted(row["probabilities"].items(), key=lambda item: -item[1])[:MAX_GENRES]
    duration_s = float(row["duration_s"])
    bars = "".join(
        f'<li><span class="g">{escape(name)}</span><span class="bar"><i style="width:{100 * p:.1f}%"></i></span>'
        f'<span class="p">{percent(p)}</span></li>'
        for name, p in likeliest
    )
    strip = strip_svg(
        columns(row["windows"], duration_s=duration_s),
        genres=[name for name, _ in likeliest],
        duration_s=duration_s,
        label="How likely each genre is over time.",
    )
    axis = "".join(
        f'<span style="left:{at:.2f}%">{label}</span>' if at < 95 else f'<span class="end">{label}</span>'
        for at, label in ticks(duration_s)
    )
    return (
        '<article id="time"><h2>Over time</h2>'
        '<p class="soft">What the model finds from moment to moment. It is held back, and no answer.</p>'
        f'<div class="chart"><ul class="bars">{bars}</ul><div class="time">{strip}'
        f'<div class="axis" aria-hidden="true">{axis}</div></div></div></article>'
    )
