"""The timeline page: what was heard in each track, when, and how sure that is, as one HTML file on its own.

What the tracks say stands in the page as data, a line each, apart from the markup. The page's script draws it, a
hundred tracks at a time, so that a page of 50,000 opens, sorts and searches as fast as one of fifty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from genrelens.pages.render import json_line, render, write_page
from genrelens.pages.timeline.card import Strip, card, error_sentence, file_name, gives_several, starred
from genrelens.pages.wording import REASONS, counted, length, percent

_BLANK = {"number": 0, "name": "", "folder": "", "failed": None, "more": "-", "notes": ["-"], "model": ""}
_BLANK_CHART = {"bars": [("", 0.0, "")], "strip": Strip((0, 1), ("1",)), "label": "", "ticks": [(0.0, "")]}
_ANSWERED = {
    **dict.fromkeys(("genre", "confidence", "length", "sure", "experimental", "parts"), "-"),
    "chart": _BLANK_CHART,
}
_FAILED = {"failed": {"kind": "", "what": "", "why": ""}}


class TimelinePage:
    """The page, track by track: what :meth:`add` is given is kept as short as the page has it."""

    def __init__(self, *, experimental: Collection[str] = ()) -> None:
        """``experimental`` genres are marked with an asterisk."""
        self._experimental = frozenset(experimental)
        self._lines: list[str] = []
        self._cards: list[str] = []
        self._counts: Counter[str] = Counter()
        self._models: set[str] = set()
        self._has_experimental = self._gives_several = False

    def __len__(self) -> int:
        """How many tracks it has."""
        return len(self._lines)

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a track: a prediction row with windows, ``Prediction.to_dict(timeline=True)``, or a failed row."""
        several = gives_several(row)
        self._lines.append(json_line(_line(row, several=several, experimental=self._experimental)))
        found = card(row, number=len(self), experimental=self._experimental)
        self._cards.append(json_line({key: value for key, value in found.items() if value and key not in _IN_LINE}))
        said = "could not be read" if row["error"] else "no answer" if row["abstained"] else str(row["genre"])
        self._counts[said] += 1
        self._models.add(f"{row['model']['name']} ({row['model']['hash']})")
        self._has_experimental |= not self._experimental.isdisjoint(row["probabilities"] or ())
        self._gives_several |= several

    def html(self) -> str:
        """The page of the tracks so far."""
        genres = [item for item in self._counts.most_common() if item[0] not in _WITHOUT]
        counts = [*genres, *((what, self._counts[what]) for what in _WITHOUT if self._counts[what])]
        return render(
            "timeline.html",
            data={"lines": self._lines, "cards": self._cards},
            title=f"{counted(len(self), 'track')}, by genre",
            overview=" · ".join(f"{name} {n:,}" for name, n in counts),
            following="Also" if self._gives_several else "Next best",
            footnote=self._has_experimental,
            blanks={"answered": _BLANK | _ANSWERED, "failed": _BLANK | _FAILED},
            models=", ".join(sorted(self._models)) or "none",
        )

    def write(self, path: str | Path) -> None:
        """Write the page, whole or not at all. Raises :class:`GenrelensError`, code ``cannot_write``."""
        write_page(path, self.html())


_WITHOUT = ("no answer", "could not be read")
_IN_LINE = frozenset({"number", "name", "folder", "genre", "confidence", "length"})
"""What a track's card takes from its line of the table."""


def _line(row: Mapping[str, Any], *, several: bool, experimental: Collection[str]) -> tuple[str | float, ...]:
    """A track's line of the table, as ``timeline.js`` names its parts; "" and -1 for what it has not."""
    path, seconds = str(row["path"]), row["duration_s"]
    genre, value, confidence, following, notes = "", -1.0, "-", "", list(row["notes"])
    if row["error"]:
        notes = [f"{row['error']['code']}: {error_sentence(row)}"]
    elif row["abstained"]:
        notes = [REASONS.get(row["reason"], str(row["reason"])), *notes]
    else:
        (best, value), *others = sorted(row["probabilities"].items(), key=lambda item: -item[1])
        said = row["set"] if several else [name for name, _ in others[:1]]
        genre, confidence = starred(best, experimental), percent(value)
        following = ", ".join(f"{starred(name, experimental)} {percent(p)}" for name, p in others if name in said)
    return (
        *(str(Path(path).parent), file_name(path)),
        *(-1.0 if seconds is None else round(seconds, 1), "-" if seconds is None else length(seconds)),
        *(genre, round(value, 4), confidence, following, "; ".join(notes), int(bool(row["error"]))),
    )
