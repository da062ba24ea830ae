"""What a row of a feature table is called, and what its name says.

===========================  ========================  =========================
a row of                     the whole file            its segment 3
===========================  ========================  =========================
a clip of GTZAN (as Kaggle)  ``blues.00000.wav``       ``blues.00000.3.wav``
any other file               ``rock/a song.mp3``       ``rock/a song.mp3#3``
===========================  ========================  =========================
"""

from __future__ import annotations

import re
from typing import Final

from genrelens.data.gtzan import clip_id

_GTZAN_SEGMENT: Final = re.compile(r"(?P<whole>[^./]+\.[0-9]{5})\.(?P<segment>[0-9]{1,6})(?P<suffix>\.[^.]+)")
_SEGMENT: Final = re.compile(r"(?P<whole>.+)#(?P<segment>[0-9]{1,6})", re.DOTALL)


def row_name(filename: str, segment: int | None) -> str:
    """The name of a file's row, or of the row of one of its segments."""
    if segment is None:
        return filename
    if clip_id(filename) is None:
        return f"{filename}#{segment}"
    stem, _, suffix = filename.rpartition(".")
    return f"{stem}.{segment}.{suffix}"


def split_row_name(name: str) -> tuple[str, int | None]:
    """The id of the whole piece that a row belongs to, and the segment's number (``None``: the whole).

    GTZAN's clips have their ids (``"blues.00000"``), every other file its name as it stands. The whole may be a piece
    itself, as in ``"a song.mp3#1#2"``.
    """
    match = _GTZAN_SEGMENT.fullmatch(name)
    if match is not None and (id_ := clip_id(match["whole"] + match["suffix"])) is not None:
        return id_, int(match["segment"])
    match = _SEGMENT.fullmatch(name)
    if match is not None:
        return row_id(match["whole"]), int(match["segment"])
    return clip_id(name) or name, None


def row_id(name: str) -> str:
    """The id of a row's piece: that of the whole, with ``.3`` for a clip of GTZAN, ``#3`` for any other file."""
    whole, segment = split_row_name(name)
    if segment is None:
        return whole
    return f"{whole}.{segment}" if clip_id(whole + ".wav") is not None else f"{whole}#{segment}"
