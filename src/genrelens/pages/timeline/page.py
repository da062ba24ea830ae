"""The timeline page: what was heard in each piece, when, and how sure that is, as one HTML file on its own.

Nothing is loaded from anywhere, which the page's own content policy makes sure of; without scripts everything
but searching and sorting works.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from genrelens.errors import GenrelensError
from genrelens.files import write_whole
from genrelens.pages.timeline.card import card, error_sentence, file_name, gives_several
from genrelens.pages.wording import REASONS, length, percent, visible

_FOOTNOTE = (
    "<p>* Experimental: the model has heard too few clips of this genre to measure how often it is right.</p>"
)


def timeline_page(rows: Sequence[Mapping[str, Any]], *, experimental: Collection[str] = ()) -> str:
    """The page for prediction rows with windows: ``Prediction.to_json(timeline=True)`` and failed rows.

    ``experimental`` genres are marked with an asterisk.
    """
    names = {name for row in rows for name in row["probabilities"] or ()}
    models = sorted({f"{row['model']['name']} ({row['model']['hash']})" for row in rows})
    pieces = "1 piece" if len(rows) == 1 else f"{len(rows)} pieces"
    numbered = list(enumerate(rows, start=1))
    return Template(_asset("timeline.html")).substitute(
        title=f"{pieces}, by genre",
        overview=_overview(rows),
        following="Also" if any(map(gives_several, rows)) else "Next best",
        lines="\n".join(_line(row, number=i, experimental=experimental) for i, row in numbered),
        footnote=_FOOTNOTE if names & set(experimental) else "",
        cards="\n".join(card(row, number=i, experimental=experimental) for i, row in numbered),
        models=escape(", ".join(models)) or "none",
        style=_asset("timeline.css"),
        script=_asset("timeline.js"),
    )


def write_timeline_page(
    path: str | Path, *, rows: Sequence[Mapping[str, Any]], experimental: Collection[str] = ()
) -> None:
    """Write the page, whole or not at all. Raises :class:`GenrelensError`, code ``cannot_write``."""
    place = Path(path)
    content = timeline_page(rows, experimental=experimental).encode("utf-8", "backslashreplace")
    try:
        write_whole(place, content)
    except OSError as error:
        message = f"{place}: the page cannot be written: {error.strerror or error}"
        raise GenrelensError(message, code="cannot_write") from error


def _asset(name: str) -> str:
    return (resources.files("genrelens.pages") / "templates" / name).read_text("utf-8")


def _overview(rows: Sequence[Mapping[str, Any]]) -> str:
    answered = [row for row in rows if row["error"] is None and not row["abstained"]]
    n_failed = sum(row["error"] is not None for row in rows)
    counts = [
        *Counter(str(row["genre"]) for row in answered).most_common(),
        ("no answer", len(rows) - len(answered) - n_failed),
        ("could not be read", n_failed),
    ]
    return " · ".join(f"{escape(name)} {n}" for name, n in counts if n)


def _line(row: Mapping[str, Any], *, number: int, experimental: Collection[str]) -> str:
    def mark(name: str) -> str:
        return escape(name) + ("*" if name in experimental else "")

    path = str(row["path"])
    duration_s = row["duration_s"]
    genre, confidence, value, following, kind = "-", "-", -1.0, "", ""
    notes = [visible(note) for note in row["notes"]]
    if row["error"]:
        notes, kind = [f"{row['error']['code']}: {error_sentence(row)}"], ' class="bad"'
    elif row["abstained"]:
        notes = [REASONS.get(row["reason"], str(row["reason"])), *notes]
    else:
        (best, value), *others = sorted(row["probabilities"].items(), key=lambda item: -item[1])
        genre, confidence = f"<b>{mark(best)}</b>", percent(value)
        said = row["set"] if gives_several(row) else [name for name, _ in others[:1]]
        following = ", ".join(f"{mark(name)} {percent(p)}" for name, p in others if name in said)
    cells = [
        f'<td><a href="#p{number}" title="{escape(visible(path))}">{escape(file_name(path))}</a></td>',
        f'<td class="n" data-v="{duration_s or 0}">{"-" if duration_s is None else length(duration_s)}</td>',
        f"<td>{genre}</td>",
        f'<td class="n" data-v="{value}">{confidence}</td>',
        f"<td>{following}</td>",
        f"<td{kind}>{escape('; '.join(notes))}</td>",
    ]
    return f'<tr data-card="p{number}">{"".join(cells)}</tr>'
