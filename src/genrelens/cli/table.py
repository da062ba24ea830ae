"""The table for people: aligned columns, line by line, with colour only on a terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from genrelens.bundle.answer import Answer
from genrelens.cli.terminal import pad, shorten, width
from genrelens.pages.wording import REASONS, listed, percent, span, visible

if TYPE_CHECKING:
    from rich.console import Console

    from genrelens.bundle import Bundle, Prediction

NOTHING = "-"
EXPERIMENTAL_NOTE = "* experimental: too few clips to measure how often this genre is right"


TAGS = 3
"""So many styles a row, the best first, or tags of a model without styles."""
WIDE = 120
"""A terminal of fewer columns has no room for them."""


class TableWriter:
    """Columns path, genre, confidence, next best (``top`` - 1 genres) or one of (``sets``), sounds like, note.

    Of a model that gives several genres a piece, the others that it is of stand in the place of the next best.

    On a terminal long paths are shortened and the genre is bold; in a pipe nothing is cut.
    """

    def __init__(self, *, bundle: Bundle, paths: Sequence[str], timeline: bool, top: int, sets: bool) -> None:
        self._experimental = frozenset(bundle.manifest.experimental)
        self._timeline = timeline
        self._top = top = min(top, len(bundle.names))
        self._sets = sets
        self._starred = False
        self._console = _console() if sys.stdout.isatty() else None
        self._several = bundle.manifest.multi_label
        self._has_styles = bundle.manifest.styles is not None
        genre = max((width(self._mark(name)) for name in bundle.names), default=0)
        self._starred = False
        self._widths = {
            "path": max((width(visible(path)) for path in paths), default=0),
            "genre": max(genre, len("genre")),
            "confidence": len("confidence"),
            "next best": max((genre + len(" 100 %, ")) * (top - 1) - 2, len("next best")) if top > 1 else 0,
            "sounds like": sum(sorted((width(visible(word)) + 2 for word in _words(bundle)), reverse=True)[:TAGS]),
        }
        if sets:
            self._widths["next best"] = max(3 * genre + len(",  or "), len("one of"))
        if self._several:
            self._widths["next best"] = max(2 * (genre + len(" 100 %, ")) - 2, len("also"))
        if self._console:
            if shutil.get_terminal_size().columns < WIDE:
                self._widths["sounds like"] = 0
            others = sum(self._widths.values()) - self._widths["path"] + 2 * len(self._widths)
            room = max(16, shutil.get_terminal_size().columns - others - 24)
            self._widths["path"] = min(self._widths["path"], room)
        self._widths["path"] = max(self._widths["path"], len("path"))
        second = "one of" if sets else "also" if self._several else "next best" if top > 1 else ""
        self._line("path", "genre", "confidence", second, "note", like="sounds like", style="dim")

    def write(self, found: Answer) -> None:
        """Print one answer, its segments below it where there are several, and its windows if asked for."""
        prediction = found.prediction
        path = visible(found.path)
        if self._console:
            path = shorten(path, self._widths["path"])
        if prediction is None:
            message = found.message.removeprefix(f"{found.path!r}: ")
            self._line(path, NOTHING, NOTHING, "", f"{found.code}: {visible(message)}", style="red")
            return
        notes = "; ".join(visible(note) for note in prediction.notes)
        one_of = listed([self._mark(name) for name in prediction.set], "or") if self._sets and prediction.set else None
        words = prediction.styles if self._has_styles else prediction.tags
        like = ", ".join(visible(word) for word, _ in words[:TAGS])
        if prediction.abstained:
            why = REASONS.get(prediction.reason or "", prediction.reason or "")
            note = "; ".join(filter(None, (why, notes)))
            self._line(path, NOTHING, NOTHING, one_of or "", note, like=like, style="yellow")
            self._segments(prediction)
            return
        best = prediction.top(len(prediction.set or ()) if self._several else self._top)
        self._answer(path, best, notes, one_of=one_of, like=like)
        self._segments(prediction)
        if self._timeline:
            self._windows(prediction)

    def finish(self) -> None:
        """Print the footnote, if a row has called for it."""
        if self._starred:
            self._print([])
            self._print([(EXPERIMENTAL_NOTE, "dim")])

    def _segments(self, prediction: Prediction) -> None:
        if len(prediction.segments) > 1:
            for one in prediction.segments:
                where = f"  {span(one.start_s, one.end_s)}"
                like = ", ".join(visible(style) for style, _ in one.styles[:TAGS])
                self._line(where, self._mark(one.genre), percent(one.confidence), "", "segment", like=like)

    def _windows(self, prediction: Prediction) -> None:
        import numpy as np

        from genrelens.bundle.heard import MULTI_LABEL_FROM

        for (start_s, end_s), probabilities in zip(
            prediction.window_times_s, prediction.window_probabilities, strict=True
        ):
            where = f"  {span(float(start_s), float(end_s))}"
            if np.isnan(probabilities).any():
                self._line(where, NOTHING, NOTHING, "", "silence", style="dim")
                continue
            n_genres = max(1, (probabilities >= MULTI_LABEL_FROM).sum()) if self._several else self._top
            order = np.argsort(-probabilities, kind="stable")[:n_genres]
            self._answer(where, [(prediction.names[i], float(probabilities[i])) for i in order], "", style="dim")

    def _answer(
        self,
        path: str,
        best: Sequence[tuple[str, float]],
        note: str,
        *,
        one_of: str | None = None,
        like: str = "",
        style: str = "",
    ) -> None:
        (genre, confidence), *others = best
        if one_of is None:
            one_of = "" if self._sets else ", ".join(f"{self._mark(name)} {percent(p)}" for name, p in others)
        self._line(path, self._mark(genre), percent(confidence), one_of, note, like=like, style=style)

    def _mark(self, genre: str) -> str:
        shown = visible(genre)
        if genre not in self._experimental:
            return shown
        self._starred = True
        return f"{shown}*"

    def _line(
        self, path: str, genre: str, confidence: str, next_best: str, note: str, *, like: str = "", style: str = ""
    ) -> None:
        cells = [
            (pad(path, self._widths["path"]), style),
            (pad(genre, self._widths["genre"]), style or "bold"),
            (confidence.rjust(self._widths["confidence"]), style),
        ]
        if self._widths["next best"]:
            cells.append((pad(next_best, self._widths["next best"]), style))
        if self._widths["sounds like"]:
            cells.append((pad(like, self._widths["sounds like"]), style))
        cells.append((note, style))
        self._print(cells)

    def _print(self, cells: Sequence[tuple[str, str]]) -> None:
        encoding = sys.stdout.encoding or "utf-8"
        shown = [(text.encode(encoding, "backslashreplace").decode(encoding), style) for text, style in cells]
        if self._console is None:
            print("  ".join(text for text, _ in shown).rstrip(), flush=True)
        else:
            from rich.text import Text

            self._console.print(Text("  ").join(Text(text, style=style) for text, style in shown))


def _words(bundle: Bundle) -> Sequence[str]:
    """What may stand under "sounds like"."""
    styles = bundle.manifest.styles
    return bundle.manifest.tags if styles is None else [style.name for style in styles.styles]


def _console() -> Console:
    """Rich knows what a terminal can show (NO_COLOR, Windows consoles); it is not imported without one."""
    from rich.console import Console

    return Console(highlight=False, markup=False, soft_wrap=True)
