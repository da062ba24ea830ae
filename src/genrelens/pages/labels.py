"""A track's segments as files that other programs read: a label track of Audacity, a cue sheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from genrelens.bundle.segments import Segment
from genrelens.errors import GenrelensError
from genrelens.files import write_whole
from genrelens.pages.wording import percent, visible

CUE: Final = ".cue"
FRAMES_A_SECOND: Final = 75
"""Cue sheets count in frames of a compact disc."""
MOST_IN_A_CUE: Final = 99
"""A cue sheet numbers its tracks with two digits."""
_KINDS: Final = {".mp3": "MP3", ".aif": "AIFF", ".aiff": "AIFF"}


def write_labels(path: Path, segments: Sequence[Segment], *, sound: str) -> None:
    """Write the segments of the file ``sound``: a cue sheet where ``path`` ends in .cue, or else a label track.

    Whole or not at all. Raises :class:`GenrelensError`, code ``cannot_write``, or ``too_many`` where a cue sheet has no
    room for them.
    """
    if path.suffix.lower() != CUE:
        content = label_track(segments)
    elif len(segments) <= MOST_IN_A_CUE:
        content = cue_sheet(segments, sound=_as_seen_from(path, sound))
    else:
        raise GenrelensError(
            f"{path}: a cue sheet holds at most {MOST_IN_A_CUE} parts, and there are {len(segments)}; give a name that "
            "ends in .txt for a label track, which holds any number",
            code="too_many",
        )
    try:
        write_whole(path, content.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise GenrelensError(
            f"{path}: the labels cannot be written: {error.strerror or error}", code="cannot_write"
        ) from error


def label_track(segments: Sequence[Segment]) -> str:
    """A line each, as Audacity imports and exports labels: start and end in seconds, genre and how sure, by tabs."""
    return "".join(
        f"{one.start_s:.6f}\t{one.end_s:.6f}\t{visible(one.genre)} {percent(one.confidence)}\n" for one in segments
    )


def cue_sheet(segments: Sequence[Segment], *, sound: str) -> str:
    """A track each, which begins at the segment's start, rounded to a frame, and lasts until the next."""
    lines = [f'FILE "{_quoted(sound)}" {_KINDS.get(Path(sound).suffix.lower(), "WAVE")}']
    for number, one in enumerate(segments, 1):
        frames = round(one.start_s * FRAMES_A_SECOND)
        minutes, left = divmod(frames, 60 * FRAMES_A_SECOND)
        at = f"{minutes:02}:{left // FRAMES_A_SECOND:02}:{left % FRAMES_A_SECOND:02}"
        lines += [
            f"  TRACK {number:02} AUDIO",
            f'    TITLE "{_quoted(one.genre)} {percent(one.confidence)}"',
            f"    INDEX 01 {at}",
        ]
    return "\n".join(lines) + "\n"


def _as_seen_from(path: Path, sound: str) -> str:
    """The sound's name alone beside the cue sheet, or else its whole path."""
    whole = Path(sound).absolute()
    return whole.name if whole.parent.resolve() == path.absolute().parent.resolve() else str(whole)


def _quoted(text: str) -> str:
    """A text between double quotes, for which cue sheets have no other spelling."""
    return visible(text).replace('"', "'")
