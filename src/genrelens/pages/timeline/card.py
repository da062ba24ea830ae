"""One piece on the timeline page: its name, the answer in words, bars and strips of the likeliest genres."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from genrelens.pages.timeline.strip import Column, columns, runs, strip_svg, ticks
from genrelens.pages.wording import REASONS, clock, either, length, percent, visible

MAX_GENRES = 5
MAX_RUNS = 6
MAX_TAGS = 5
EACH_BY_ITSELF = "Each genre has a probability of its own; a piece may be of several."
SURE, LEANING = 0.8, 0.5


def card(row: Mapping[str, Any], *, number: int, experimental: Collection[str]) -> str:
    """A piece as HTML, from its prediction row with windows; ``number`` makes its anchor, ``p<number>``."""
    path = str(row["path"])
    if row["error"]:
        body = _message("could not be read", error_sentence(row), kind="bad")
    elif row["abstained"]:
        body = _message("no answer", REASONS.get(row["reason"], str(row["reason"])), kind="unsure") + _more(
            row
        )
    else:
        body = _answer(row, experimental=experimental)
    lines = [
        f'<article id="p{number}">',
        f"<h2>{escape(file_name(path))}</h2>",
        f'<p class="folder">{escape(visible(str(Path(path).parent)))}</p>',
        body,
        *(f'<p class="note">Note: {escape(visible(note))}</p>' for note in row["notes"]),
        f'<p class="model">{escape(row["model"]["name"])} {escape(row["model"]["hash"])}</p>',
        "</article>",
    ]
    return "\n".join(lines)


def file_name(path: str) -> str:
    """The last part of a path, safe to show."""
    return visible(Path(path).name or path)


def error_sentence(row: Mapping[str, Any]) -> str:
    """Why a piece could not be read, without its path, which stands beside it anyway."""
    return visible(str(row["error"]["message"]).removeprefix(f"{row['path']!r}: "))


def how_sure(ranked: Sequence[tuple[str, float]]) -> str:
    """What a confidence means, in a sentence; ``ranked`` are genres and probabilities, likeliest first."""
    (best, p), *others = ranked
    if p >= SURE:
        return f"The model is sure of {best}."
    if p >= LEANING:
        return f"The model leans to {best}: likelier than all the others together, but not certain."
    second = f" {others[0][0]} comes next with {percent(others[0][1])}." if others else ""
    return f"The model is not sure: {best} is only the likeliest of several.{second}"


def _message(what: str, why: str, *, kind: str) -> str:
    return f'<p class="verdict {kind}"><b>{what}</b> <span>{escape(visible(why))}</span></p>'


def _answer(row: Mapping[str, Any], *, experimental: Collection[str]) -> str:
    ranked = sorted(row["probabilities"].items(), key=lambda item: -item[1])
    duration_s = float(row["duration_s"])
    stretches = columns(row["windows"], duration_s=duration_s)
    shown = _genres_to_show(ranked, stretches)
    best, p = ranked[0]
    sure = escape(EACH_BY_ITSELF if gives_several(row) else how_sure(ranked))
    if best in experimental:
        sure += f" <b>{escape(best)} is experimental:</b> how often that is right could not be measured."
    left = sum(probability for _, probability in ranked) - sum(probability for _, probability in shown)
    n_left = len(ranked) - len(shown)
    others = f" {n_left} other genres together: {percent(left)}." if left >= 0.005 else ""
    others = "" if gives_several(row) else others
    in_parts = _in_parts(stretches)
    lines = [
        f'<p class="verdict"><b>{escape(best)}{"*" if best in experimental else ""}</b>',
        f'<span class="conf">{percent(p)}</span> <span class="length">{length(duration_s)}</span></p>',
        f'<p class="sure">{sure}</p>',
        _more(row),
        '<div class="chart">',
        _bars(shown, experimental=experimental),
        '<div class="time">',
        strip_svg(stretches, genres=[name for name, _ in shown], duration_s=duration_s, label=in_parts),
        '<div class="axis" aria-hidden="true">',
        *(_tick(at, text) for at, text in ticks(duration_s)),
        "</div></div></div>",
        f'<p class="parts">{escape(in_parts)}{others}</p>',
    ]
    return "\n".join(lines)


def gives_several(row: Mapping[str, Any]) -> bool:
    """Whether the model gives several genres a piece: it then has a set without a promise of how often it is right."""
    return row["set"] is not None and row["coverage"] is None


def _more(row: Mapping[str, Any]) -> str:
    """The prediction set and the likeliest tags, in sentences; nothing where the model has none."""
    sentences = []
    several = row["set"] if len(row["set"] or ()) > 1 else []
    if several and gives_several(row):
        sentences.append(f"Belongs to {', '.join(several)}.")
    elif several:
        sentences.append(
            f"One of these is right {percent(row['coverage'])} of the time: {either(row['set'])}."
        )
    tags = list(row["tags"].items())[:MAX_TAGS]
    if tags:
        sentences.append(f"Sounds like: {', '.join(f'{tag} {percent(p)}' for tag, p in tags)}.")
    return f'<p class="more">{escape(visible(" ".join(sentences)))}</p>' if sentences else ""


def _tick(at: float, text: str) -> str:
    """A mark of the axis; one at the very end is written to its left, where there is room."""
    return f'<span style="left:{at:.2f}%">{text}</span>' if at < 95 else f'<span class="end">{text}</span>'


def _bars(shown: Sequence[tuple[str, float]], *, experimental: Collection[str]) -> str:
    rows = [
        f'<li><span class="g">{escape(name)}{"*" if name in experimental else ""}</span>'
        f'<span class="bar"><i style="width:{100 * probability:.1f}%"></i></span>'
        f'<span class="p">{percent(probability)}</span></li>'
        for name, probability in shown
    ]
    return f'<ul class="bars">{"".join(rows)}</ul>'


def _genres_to_show(
    ranked: Sequence[tuple[str, float]], stretches: Sequence[Column]
) -> list[tuple[str, float]]:
    """The likeliest five, and any other genre that leads somewhere in the piece."""
    leading = {genre for _, _, genre in runs(stretches)}
    return [*ranked[:MAX_GENRES], *(item for item in ranked[MAX_GENRES:] if item[0] in leading)]


def _in_parts(stretches: Sequence[Column]) -> str:
    """The timeline in words, for those who cannot see it and those who would rather read."""
    found = runs(stretches)
    if len(found) == 1:
        return f"Likeliest throughout: {found[0][2] or 'silence'}."
    if len(found) <= MAX_RUNS:
        spans = [f"{genre or 'silence'} {clock(start_s)}–{clock(end_s)}" for start_s, end_s, genre in found]
        return f"Likeliest in turn: {', '.join(spans)}."
    seconds: dict[str, float] = {}
    for start_s, end_s, genre in found:
        seconds[genre or "silence"] = seconds.get(genre or "silence", 0.0) + end_s - start_s
    total = sum(seconds.values())
    shares = sorted(seconds.items(), key=lambda item: -item[1])[:MAX_RUNS]
    return f"Likeliest, by share of time: {', '.join(f'{name} {percent(s / total)}' for name, s in shares)}."
