"""Text for terminals: what a file's name may do to one, and how much room it takes."""

from __future__ import annotations

import unicodedata


def visible(text: str) -> str:
    """The text with everything that is no printable character escaped: a name cannot break a line or a
    terminal.

    Newlines, control characters, bytes that are no UTF-8 and marks that turn the direction of writing become
    ``\\n``, ``\\x1b``, ``\\udcff``, ``\\u202e``.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


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
