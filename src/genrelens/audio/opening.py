"""Which decoder reads a file: decided by its content, and by who can."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Protocol

from genrelens.audio import mpeg
from genrelens.audio.bounds import KNOWN, show_sound
from genrelens.audio.chunks import FOUR_GB
from genrelens.audio.clip import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from genrelens.audio.containers import ContainerSound
from genrelens.audio.decode import SoundFileSound
from genrelens.audio.downmix import Channels
from genrelens.audio.interrupts import held, step_by_step
from genrelens.audio.lengths import libsndfile_reads_ogg
from genrelens.audio.protected import check_protection
from genrelens.audio.source import Reader
from genrelens.errors import AudioError

_SNDFILE_SIGNATURES = (b"RIFF", b"RIFX", b"RF64", b"BW64", b"riff", b"OggS", b"FORM", b".snd", b"caff")
_MPEG_IN_WAV = (b"\x50\0", b"\x55\0")
"""Of layers 1 and 2, and mp3: libsndfile's mpg123 would print a line for each damaged frame."""
_SNDFILE_TOO = (b"fLaC", b"NIST_1A", b"Creative Voice File", b"2BIT")


class Sound(Protocol):
    """What a decoder gives; the reader under it stays open when it is closed."""

    sample_rate: int
    n_channels: int

    def chunks(self) -> Iterator[Channels]:
        """Yield (k,) float32 of each channel at ``sample_rate`` Hz, full scale 1, once; their number may change."""

    def notes(self) -> tuple[str, ...]:
        """Say what was wrong, after the last chunk."""

    def close(self) -> None:
        """Free the decoder."""


def open_sound(reader: Reader) -> tuple[Sound, Iterator[Channels]]:
    """Return a decoder that has already given sound, and all its chunks.

    Raises:
        AudioError: ``protected``, ``not_audio``, ``no_sound``, ``damaged``; the more telling of the decoders' answers.
    """
    show_sound(reader)
    check_protection(reader)
    head = reader.peek(0, 200)
    errors: dict[str, AudioError] = {}
    for decoder in _decoders(reader, head):
        reader.seek(0)
        try:
            with held():
                sound = decoder(reader)
            return _started(sound, reader)
        except AudioError as error:
            errors[error.code] = error
    for code in ("damaged", "no_sound"):
        if code in errors:
            raise errors[code]
    if reader.error or KNOWN.match(head) or mpeg.SYNC.match(head) or head.startswith((b"ID3", *_SNDFILE_SIGNATURES)):
        why = f" ({reader.error})" if reader.error else ""
        raise AudioError(
            f"it begins like a sound file, but cannot be decoded{why}; get a new copy",
            code="damaged",
            source=reader.source,
        )
    raise AudioError(
        "expected a sound file (wav, flac, ogg, mp3, m4a, ...), but its content is "
        "something else; check what it is, whatever its name says",
        code="not_audio",
        source=reader.source,
    )


def _decoders(reader: Reader, head: bytes) -> tuple[type[SoundFileSound] | type[ContainerSound], ...]:
    """In the order in which they are asked."""
    if mpeg.SYNC.match(head) and mpeg.starts_free_format(reader.peek(0, 4 * mpeg.MAX_FRAME)):
        return (SoundFileSound,)
    start = head.find(b"fmt ")
    if head[:4] == b"RIFF" and start >= 0 and head[start + 8 : start + 10] in _MPEG_IN_WAV:
        return (ContainerSound,)
    # libsndfile stops where a size of four bytes does.
    if head[:4] == b"RIFF" and reader.size > FOUR_GB:
        return ContainerSound, SoundFileSound
    if head[:4] == b"OggS" and not libsndfile_reads_ogg(reader):
        return (ContainerSound,)
    if head.startswith(_SNDFILE_SIGNATURES):
        return SoundFileSound, ContainerSound
    if head.startswith(_SNDFILE_TOO):
        return ContainerSound, SoundFileSound
    return (ContainerSound,)  # libsndfile would take it for mp3, and its mpg123 prints to the terminal


def _started(sound: Sound, reader: Reader) -> tuple[Sound, Iterator[Channels]]:
    try:
        if not MIN_SAMPLE_RATE <= sound.sample_rate <= MAX_SAMPLE_RATE:
            raise AudioError(
                f"expected a sample rate of {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz, "
                f"but its header says {sound.sample_rate} Hz; get a new copy",
                code="damaged",
                source=reader.source,
            )
        chunks = step_by_step(sound.chunks())
        first = next(chunks, None)
        if first is not None:
            return sound, chain((first,), chunks)
        if sound.notes():
            raise AudioError(
                "its header promises sound, but none can be decoded; get a new copy",
                code="damaged",
                source=reader.source,
            )
        raise AudioError("expected sound, but there are 0 samples", code="no_sound", source=reader.source)
    except BaseException:
        sound.close()
        raise
