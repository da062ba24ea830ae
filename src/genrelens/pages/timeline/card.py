"""One track on the timeline page: the answer in words, bars of the likeliest genres, and a strip of each over time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from genrelens.pages.wording import REASONS, clock, length, listed, percent, visible

MAX_GENRES = 5
MAX_RUNS = 6
MAX_TAGS = 5
EACH_BY_ITSELF = "Each genre has a probability of its own; a track may be of several."
SURE, LEANING = 0.8, 0.5
MAX_COLUMNS = 240
"""Windows of longer tracks are averaged in groups: more than this nobody could see."""
N_LEVELS = 10
ROW_HEIGHT = 18
VIEW_WIDTH = 1000
_TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)


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
    """Why a track could not be read, without its path, which stands beside it anyway."""
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
    """Whether the model gives several genres a track: it then has a set without a promise of how often it is right."""
    return row["set"] is not None and row["coverage"] is None


def _more(row: Mapping[str, Any]) -> str:
    """The prediction set and the likeliest tags, in sentences; nothing where the model has none."""
    sentences = []
    several = row["set"] if len(row["set"] or ()) > 1 else []
    if several and gives_several(row):
        sentences.append(f"Belongs to {', '.join(several)}.")
    elif several:
        sentences.append(f"One of these is right {percent(row['coverage'])} of the time: {listed(row['set'], 'or')}.")
    tags = list(row["tags"].items())[:MAX_TAGS]
    if tags:
        sentences.append(f"Sounds like: {', '.join(f'{tag} {percent(p)}' for tag, p in tags)}.")
    return " ".join(sentences)


def _genres_to_show(ranked: Sequence[tuple[str, float]], stretches: Sequence[Column]) -> list[tuple[str, float]]:
    """The likeliest five, and any other genre that leads somewhere in the track."""
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


@dataclass(frozen=True, slots=True)
class Column:
    """A stretch of a track, s, and the probability of each genre in it; None where it is silent."""

    start_s: float
    end_s: float
    probabilities: Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class Strip:
    """An SVG, ``VIEW_WIDTH`` wide: where it is silent (x and width), and the path of each shade (1 to 10), a thick line
    through its cells."""

    height: int
    silences: Sequence[tuple[int, int]]
    paths: Sequence[tuple[int, str]]


def columns(windows: Sequence[Mapping[str, Any]], *, duration_s: float) -> list[Column]:
    """Stretches that do not overlap, from the windows of a prediction's JSON, which may.

    Each reaches half way to the centres of its neighbours; the first begins at 0, the last ends at the end.
    """
    groups = _grouped(windows)
    centres = [(start_s + end_s) / 2 for start_s, end_s, _ in groups]
    inner = [(a + b) / 2 for a, b in pairwise(centres)]
    edges = [0.0, *inner, duration_s]
    return [Column(edges[i], edges[i + 1], group[2]) for i, group in enumerate(groups)]


def runs(stretches: Sequence[Column]) -> list[tuple[float, float, str | None]]:
    """The likeliest genre over time, neighbours joined: (start, end, genre or None for silence), s."""
    joined: list[tuple[float, float, str | None]] = []
    for stretch in stretches:
        p = stretch.probabilities
        genre = max(p, key=lambda name: p[name]) if p else None
        if joined and joined[-1][2] == genre:
            joined[-1] = (joined[-1][0], stretch.end_s, genre)
        else:
            joined.append((stretch.start_s, stretch.end_s, genre))
    return joined


def strip(stretches: Sequence[Column], *, genres: Sequence[str], duration_s: float) -> Strip:
    """The strips of some genres, one below the other."""
    height = ROW_HEIGHT * len(genres)
    scale = VIEW_WIDTH / duration_s
    paths: dict[int, list[str]] = {}
    for row, genre in enumerate(genres):
        middle = row * ROW_HEIGHT + ROW_HEIGHT // 2
        for start_s, end_s, level in _level_runs(stretches, genre):
            x, right = round(start_s * scale), round(end_s * scale)
            paths.setdefault(level, []).append(f"M{x} {middle}H{right}")
    return Strip(
        height,
        [
            (round(start_s * scale), round((end_s - start_s) * scale))
            for start_s, end_s, leader in runs(stretches)
            if leader is None
        ],
        [(level, "".join(cells)) for level, cells in sorted(paths.items())],
    )


def ticks(duration_s: float) -> list[tuple[float, str]]:
    """Marks of a time axis on round times: (position in percent, m:ss), at most eight."""
    step = next((step for step in _TICK_STEPS_S if duration_s / step <= 7), _TICK_STEPS_S[-1])
    marks = [(100 * at / duration_s, clock(at)) for at in range(0, int(duration_s) + 1, step)]
    return [mark for mark in marks if not 95 <= mark[0] < 99.5]  # too close to the end to be read


def _level_runs(stretches: Sequence[Column], genre: str) -> list[tuple[float, float, int]]:
    """Neighbouring stretches of one shade joined; shade 0, under 5 %, is left out."""
    found: list[tuple[float, float, int]] = []
    for stretch in stretches:
        p = 0.0 if stretch.probabilities is None else stretch.probabilities.get(genre, 0.0)
        level = round(p * N_LEVELS)
        if found and found[-1][2] == level:
            found[-1] = (found[-1][0], stretch.end_s, level)
        else:
            found.append((stretch.start_s, stretch.end_s, level))
    return [run for run in found if run[2] > 0]


def _grouped(windows: Sequence[Mapping[str, Any]]) -> list[tuple[float, float, Mapping[str, float] | None]]:
    size = max(1, -(-len(windows) // MAX_COLUMNS))
    groups: list[tuple[float, float, Mapping[str, float] | None]] = []
    for first in range(0, len(windows), size):
        group = windows[first : first + size]
        heard = [window["probabilities"] for window in group if window["probabilities"]]
        mean = {name: sum(p[name] for p in heard) / len(heard) for name in heard[0]} if heard else None
        groups.append((float(group[0]["start_s"]), float(group[-1]["end_s"]), mean))
    return groups
