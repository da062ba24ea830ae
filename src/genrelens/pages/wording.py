"""How names, times, probabilities and reasons are put, the same in the table and on the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

REASONS = {
    "silence": "there is nothing but silence",
    "too_short": "less than a second of sound",
    "not_music": "does not sound like music to the model",
    "outside_vocabulary": "none of the genres that the model knows; see its styles",
    "unlike_training": "unlike anything that the model was taught",
    "undecided": "too close to call",
}
"""Why a prediction abstains, in words for people."""


def visible(text: str) -> str:
    r"""The text with all that is no printable character escaped: a name cannot break a line or a terminal.

    Newlines, control characters, bytes that are no UTF-8 and marks that turn the direction of writing become
    ``\n``, ``\x1b``, ``\udcff``, ``\u202e``.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def clock(seconds: float) -> str:
    """Seconds >= 0 as m:ss, or h:mm:ss from an hour on; fractions are dropped."""
    whole = int(seconds)
    if whole >= 3600:
        return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{whole // 60}:{whole % 60:02}"


def span(start_s: float, end_s: float, *, dash: str = "-") -> str:
    """A stretch of a track: ``0:00-1:20``."""
    return f"{clock(start_s)}{dash}{clock(end_s)}"


def in_turn(segments: Sequence[Mapping[str, Any]]) -> str:
    """Segments as a prediction's JSON has them: ``0:00-1:20 rock; 1:20-3:00 jazz``."""
    return "; ".join(f"{span(one['start_s'], one['end_s'])} {one['genre']}" for one in segments)


def length(seconds: float) -> str:
    """How long a track is: as :func:`clock`, but 0.4 s where that would say 0:00."""
    return clock(seconds) if seconds >= 1 else f"{seconds:.2g} s"


def listed(words: Sequence[str], last: str = "and") -> str:
    """Words as a list in a sentence: ``blues``, ``blues and rock``, ``blues, rock and country``."""
    *others, end = words
    return f"{', '.join(others)} {last} {end}" if others else end


def counted(n: int, thing: str) -> str:
    """``1 track``, ``2 tracks``, ``50,000 tracks``."""
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def percent(probability: float) -> str:
    """A probability as whole percent; never "100 %", which no model can promise, unless it is 1."""
    return f"{100 if probability == 1 else min(99, round(100 * probability))} %"


def whole_percent(share: float) -> str:
    """A measured share as whole percent: ``0.654`` -> ``"65 %"``; a dash where it is not known."""
    return "-" if math.isnan(share) else f"{100 * share:.0f} %"
