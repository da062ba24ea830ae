"""The timeline page: what was heard in each piece, when, and how sure that is, as one HTML file on its own.

Nothing is loaded from anywhere, which the page's own content policy makes sure of; without scripts everything
but searching and sorting works.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from genrelens.pages.render import render, write_page
from genrelens.pages.timeline.card import card, error_sentence, file_name, gives_several, starred
from genrelens.pages.wording import REASONS, counted, length, percent, visible


def timeline_page(rows: Sequence[Mapping[str, Any]], *, experimental: Collection[str] = ()) -> str:
    """The page for prediction rows with windows: ``Prediction.to_json(timeline=True)`` and failed rows.

    ``experimental`` genres are marked with an asterisk.
    """
    names = {name for row in rows for name in row["probabilities"] or ()}
    models = sorted({f"{row['model']['name']} ({row['model']['hash']})" for row in rows})
    return render(
        "timeline.html",
        title=f"{counted(len(rows), 'track')}, by genre",
        overview=_overview(rows),
        following="Also" if any(map(gives_several, rows)) else "Next best",
        lines=[_line(row, experimental=experimental) for row in rows],
        footnote=bool(names & set(experimental)),
        cards=[card(row, number=i, experimental=experimental) for i, row in enumerate(rows, start=1)],
        models=", ".join(models) or "none",
    )


def write_timeline_page(
    path: str | Path, *, rows: Sequence[Mapping[str, Any]], experimental: Collection[str] = ()
) -> None:
    """Write the page, whole or not at all. Raises :class:`GenrelensError`, code ``cannot_write``."""
    write_page(path, timeline_page(rows, experimental=experimental))


def _overview(rows: Sequence[Mapping[str, Any]]) -> str:
    answered = [row for row in rows if row["error"] is None and not row["abstained"]]
    n_failed = sum(row["error"] is not None for row in rows)
    counts = [
        *Counter(str(row["genre"]) for row in answered).most_common(),
        ("no answer", len(rows) - len(answered) - n_failed),
        ("could not be read", n_failed),
    ]
    return " · ".join(f"{name} {n}" for name, n in counts if n)


def _line(row: Mapping[str, Any], *, experimental: Collection[str]) -> dict[str, Any]:
    """A track's line of the table, as ``timeline.html`` names its parts."""
    path, duration_s = str(row["path"]), row["duration_s"]
    line: dict[str, Any] = {
        "path": path,
        "name": file_name(path),
        "duration_s": duration_s,
        "length": "-" if duration_s is None else length(duration_s),
        "genre": None,
        "value": -1.0,
        "confidence": "-",
        "following": "",
        "failed": bool(row["error"]),
    }
    notes = [visible(note) for note in row["notes"]]
    if row["error"]:
        notes = [f"{row['error']['code']}: {error_sentence(row)}"]
    elif row["abstained"]:
        notes = [REASONS.get(row["reason"], str(row["reason"])), *notes]
    else:
        (best, value), *others = sorted(row["probabilities"].items(), key=lambda item: -item[1])
        said = row["set"] if gives_several(row) else [name for name, _ in others[:1]]
        following = [f"{starred(name, experimental)} {percent(p)}" for name, p in others if name in said]
        line |= {"genre": starred(best, experimental), "value": value, "confidence": percent(value)}
        line["following"] = ", ".join(following)
    return {**line, "notes": "; ".join(notes)}
