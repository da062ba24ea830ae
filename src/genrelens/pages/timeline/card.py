"""One track on the timeline page: the answer in words, bars of the likeliest genres, and a strip of each over time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from genrelens.pages.wording import REASONS, clock, length, listed, percent, span, visible

MAX_GENRES = 5
MAX_RUNS = 6
MAX_TAGS = 5
MAX_SEGMENTS = 24
"""An hour's mix is shown whole; the JSON has all of them."""
EACH_BY_ITSELF = "Each genre has a probability of its own; a track may be of several."
SURE, LEANING = 0.8, 0.5
MAX_COLUMNS = 240
"""Windows of longer tracks are averaged in groups: more than this nobody could see."""
N_LEVELS = 10
SHADES = "0123456789a"
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
    """The prediction set, the segments and the likeliest tags, in sentences; nothing where the model has none."""
    sentences = []
    several = row["set"] if len(row["set"] or ()) > 1 else []
    if several and gives_several(row):
        sentences.append(f"Belongs to {', '.join(several)}.")
    elif several:
        sentences.append(f"One of these is right {percent(row['coverage'])} of the time: {listed(row['set'], 'or')}.")
    parts = row["segments"] if len(row["segments"]) > 1 else []
    if parts:
        said = [f"{span(p['start_s'], p['end_s'], dash='–')} {p['genre']} {percent(p['confidence'])}" for p in parts]
        more = f" and {len(parts) - MAX_SEGMENTS} more" if len(parts) > MAX_SEGMENTS else ""
        sentences.append(f"In parts: {', '.join(said[:MAX_SEGMENTS])}{more}.")
    if row["styles"]:
        sentences.append(f"Styles: {', '.join(row['styles'])}.")
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
    """Genres over time, as short as 50,000 of them on a page ask for.

    Attributes:
        edges: where columns begin, and the last ends, in thousandths of the track; of columns of one width only where
            the second, the last but one and the last begin.
        rows: for each genre a letter for each column: ``-`` for silence, else the shade from ``0``, which is not
            drawn, to ``9`` and ``a``.
    """

    edges: Sequence[int]
    rows: Sequence[str]

    @property
    def height(self) -> int:
        """Of the SVG, which is 1000 wide."""
        return ROW_HEIGHT * len(self.rows)

    @property
    def paths(self) -> Mapping[str, str]:
        """By shade, a thick line through all of its cells; ``timeline.js`` makes the same."""
        edges = _all_edges(self.edges, n=len(self.rows[0])) if self.rows else []
        paths: dict[str, str] = {}
        for row, shades in enumerate(self.rows):
            at = 0
            for shade, run in groupby(shades):
                start, at = at, at + len(list(run))
                if shade != "0":
                    line = f"M{edges[start]} {row * ROW_HEIGHT + ROW_HEIGHT // 2}H{edges[at]}"
                    paths[shade] = paths.get(shade, "") + line
        return paths


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
    edges = [round(VIEW_WIDTH * stretch.start_s / duration_s) for stretch in stretches]
    return Strip(
        _few_edges([*edges, VIEW_WIDTH]),
        ["".join(_shade(one.probabilities, genre) for one in stretches) for genre in genres],
    )


def _shade(probabilities: Mapping[str, float] | None, genre: str) -> str:
    return "-" if probabilities is None else SHADES[round(N_LEVELS * probabilities.get(genre, 0.0))]


def _few_edges(edges: list[int]) -> list[int]:
    """What :func:`_all_edges` needs of edges whose columns are of one width but for the first and the last two."""
    few = [edges[1], edges[-3], edges[-2]] if len(edges) > 5 else edges
    again = _all_edges(few, n=len(edges) - 1)
    return few if all(abs(a - b) <= 1 for a, b in zip(edges, again, strict=True)) else edges


def _all_edges(edges: Sequence[int], *, n: int) -> list[int]:
    """The ``n + 1`` edges of ``n`` columns."""
    if len(edges) == n + 1:
        return list(edges)
    second, last_but_one, last = edges
    step = (last_but_one - second) / (n - 3)
    return [0, *(round(second + k * step) for k in range(n - 2)), last, VIEW_WIDTH]


def ticks(duration_s: float) -> list[tuple[float, str]]:
    """Marks of a time axis on round times: (position in percent, m:ss), at most eight."""
    step = next((step for step in _TICK_STEPS_S if duration_s / step <= 7), _TICK_STEPS_S[-1])
    marks = [(100 * at / duration_s, clock(at)) for at in range(0, int(duration_s) + 1, step)]
    return [mark for mark in marks if not 95 <= mark[0] < 99.5]  # too close to the end to be read


def _grouped(windows: Sequence[Mapping[str, Any]]) -> list[tuple[float, float, Mapping[str, float] | None]]:
    size = max(1, -(-len(windows) // MAX_COLUMNS))
    groups: list[tuple[float, float, Mapping[str, float] | None]] = []
    for first in range(0, len(windows), size):
        group = windows[first : first + size]
        heard = [window["probabilities"] for window in group if window["probabilities"]]
        mean = {name: sum(p[name] for p in heard) / len(heard) for name in heard[0]} if heard else None
        groups.append((float(group[0]["start_s"]), float(group[-1]["end_s"]), mean))
    return groups
