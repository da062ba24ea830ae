"""One piece on the timeline page: its name, the answer in words, bars and strips of the likeliest genres."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from genrelens.pages.timeline.strip import Column, columns, runs, strip, ticks
from genrelens.pages.wording import REASONS, clock, either, length, percent, visible

MAX_GENRES = 5
MAX_RUNS = 6
MAX_TAGS = 5
EACH_BY_ITSELF = "Each genre has a probability of its own; a piece may be of several."
SURE, LEANING = 0.8, 0.5


def card(row: Mapping[str, Any], *, number: int, experimental: Collection[str]) -> dict[str, Any]:
    """A track as ``charts.html`` draws it, from its prediction row with windows; ``number`` makes its anchor."""
    path = str(row["path"])
    found: dict[str, Any] = {
        "number": number,
        "name": file_name(path),
        "folder": str(Path(path).parent),
        "failed": None,
        "more": "",
        "notes": row["notes"],
        "model": f"{row['model']['name']} {row['model']['hash']}",
    }
    if row["error"]:
        found["failed"] = {"kind": "bad", "what": "could not be read", "why": error_sentence(row)}
    elif row["abstained"]:
        why = REASONS.get(row["reason"], str(row["reason"]))
        found |= {"failed": {"kind": "unsure", "what": "no answer", "why": why}, "more": _more(row)}
    else:
        found |= {**_answer(row, experimental=experimental), "more": _more(row)}
    return found


def held_back(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The chart of a track whose guess is held back, which its card does not show; None of a single window."""
    if len(row["windows"]) < 2:
        return None
    likeliest = sorted(row["probabilities"].items(), key=lambda item: -item[1])[:MAX_GENRES]
    stretches = columns(row["windows"], duration_s=float(row["duration_s"]))
    return _chart(row, likeliest, stretches, label="How likely each genre is over time.", experimental=())


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


def _answer(row: Mapping[str, Any], *, experimental: Collection[str]) -> dict[str, Any]:
    ranked = sorted(row["probabilities"].items(), key=lambda item: -item[1])
    stretches = columns(row["windows"], duration_s=float(row["duration_s"]))
    shown = _genres_to_show(ranked, stretches)
    best, p = ranked[0]
    left = sum(probability for _, probability in ranked) - sum(probability for _, probability in shown)
    others = f" {len(ranked) - len(shown)} other genres together: {percent(left)}." if left >= 0.005 else ""
    in_parts = _in_parts(stretches)
    return {
        "genre": starred(best, experimental),
        "confidence": percent(p),
        "length": length(float(row["duration_s"])),
        "sure": EACH_BY_ITSELF if gives_several(row) else how_sure(ranked),
        "experimental": best if best in experimental else "",
        "chart": _chart(row, shown, stretches, label=in_parts, experimental=experimental),
        "parts": in_parts if gives_several(row) else in_parts + others,
    }


def _chart(
    row: Mapping[str, Any],
    shown: Sequence[tuple[str, float]],
    stretches: Sequence[Column],
    *,
    label: str,
    experimental: Collection[str],
) -> dict[str, Any]:
    duration_s = float(row["duration_s"])
    return {
        "bars": [(starred(name, experimental), p, percent(p)) for name, p in shown],
        "strip": strip(stretches, genres=[name for name, _ in shown], duration_s=duration_s),
        "label": label,
        "ticks": ticks(duration_s),
    }


def starred(genre: str, experimental: Collection[str]) -> str:
    """A genre with an asterisk where it is experimental."""
    return f"{genre}{'*' if genre in experimental else ''}"


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
    return " ".join(sentences)


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
