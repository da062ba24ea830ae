"""Genre and artist as a sound file's own tags give them.

Read by ffmpeg (PyAV), which is here anyway: of ID3v2 in mp3, wav and aiff, ID3v1, Vorbis comments and MP4 atoms it
gives the first genre as mutagen does, numbers such as "(17)" in words (docs/data.md has the comparison). It does not
see a second value that ID3v2.4 or MP4 keep apart. APE tags are read here, as ffmpeg passes over those of an mp3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from genrelens.audio import apev2
from genrelens.audio.bounds import show_sound
from genrelens.audio.containers import OPTIONS
from genrelens.audio.interrupts import held
from genrelens.audio.source import Reader, open_reader
from genrelens.errors import AudioError

_BETWEEN: Final = re.compile(r"[;|\0]")  # not "/" and ",": Hip-Hop/Rap and Folk, World, & Country are one genre each
_WORDS: Final[Mapping[str, str]] = {"(RX)": "Remix", "RX": "Remix", "(CR)": "Cover", "CR": "Cover"}


@dataclass(frozen=True, slots=True)
class Tags:
    """``genres`` in the order of the tag, as written; ``artist`` is ``None`` where there is no such tag."""

    genres: tuple[str, ...] = ()
    artist: str | None = None


def read_tags(path: str | Path) -> Tags:
    """The tags of a file; empty ones where it has none. No sound is decoded.

    Several genres are told apart where semicolons, bars or null bytes stand between them. Raises
    :class:`AudioError` when the file cannot be opened, or is no sound file.
    """
    reader = open_reader(path)
    try:
        size = reader.size
        bounds = show_sound(reader)
        reader.narrow(-bounds.start, size - bounds.start)  # all of it again, with its mended sizes
        ape = {name: text for span in bounds.ape_tags for name, text in apev2.text(reader, span).items()}
        try:
            found = _by_ffmpeg(reader) | ape
            if ape:  # ID3v2 comes before it, ID3v1, which is now out of sight, after
                reader.narrow(0, bounds.end)
                found |= _by_ffmpeg(reader)
        except AudioError:  # it does not find the sound behind what stands in front
            reader.narrow(bounds.start, bounds.end)
            found = ape | _by_ffmpeg(reader)
    finally:
        reader.close()
    genres = [_clean(value) for value in _BETWEEN.split(found.get("genre", ""))]
    artists = [_clean(value) for value in _BETWEEN.split(found.get("artist", ""))]
    return Tags(
        tuple(dict.fromkeys(_WORDS.get(genre, genre) for genre in genres if genre)),
        next((artist for artist in artists if artist), None),
    )


def _by_ffmpeg(reader: Reader) -> dict[str, str]:
    """What it finds in the file as a whole and in its sound, by name in lower case."""
    import av

    reader.seek(0)
    try:
        with held(), av.open(reader, mode="r", metadata_errors="ignore", options=OPTIONS) as container:
            found = {key.casefold(): value for key, value in container.metadata.items()}
            stream = container.streams.best("audio")
            if stream is not None:  # Ogg keeps its comments there
                found = {key.casefold(): value for key, value in stream.metadata.items()} | found
            return found
    except (av.FFmpegError, OSError, ValueError) as error:
        raise AudioError(
            "expected a sound file, but ffmpeg cannot read its header", code="not_audio", source=reader.source
        ) from error


def _clean(value: str) -> str:
    """Without the blanks around it and without what cannot be printed."""
    return "".join(ch for ch in value if ch.isprintable()).strip()
