"""Text for a terminal: how much room it takes, how it is made to fit, and how it is printed whatever it holds."""

from __future__ import annotations

import sys
import unicodedata

import typer


def width(text: str) -> int:
    """Columns that a text takes in a terminal: two for East Asian wide ones, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def shorten(text: str, columns: int) -> str:
    """The text cut at its front to fit: the end of a path says more than its beginning."""
    if width(text) <= columns:
        return text
    kept = text
    while kept and width(kept) > columns - 3:
        kept = kept[1:]
    return "..." + kept


def pad(text: str, columns: int) -> str:
    """The text with spaces up to a width."""
    return text + " " * max(0, columns - width(text))


def print_text(text: str) -> None:
    """Print lines to stdout, whatever they hold and whatever the terminal can show."""
    from genrelens.pages.wording import visible

    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    shown = "\n".join(map(visible, text.splitlines()))
    typer.echo(shown.encode(encoding, "backslashreplace").decode(encoding))
