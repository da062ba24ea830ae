"""Which of a decoder's notes say that something is wrong with a file."""

from __future__ import annotations

from collections.abc import Iterable

_FAULTS = ("the file is truncated", "the file is damaged", "only the first")


def faults(notes: Iterable[str]) -> tuple[str, ...]:
    """Those by which sound is missing; the others are remarks on a file of which all was heard."""
    return tuple(note for note in notes if note.startswith(_FAULTS))
