"""Text in columns: how much room it takes in a terminal, and how it is made to fit."""

from __future__ import annotations

import unicodedata


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
