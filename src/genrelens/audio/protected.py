"""Files that are encrypted (DRM), so that nothing in them can be decoded: known by what their headers say."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice
from typing import Final

from genrelens.audio.source import Reader
from genrelens.errors import AudioError

_MAX_STEPS: Final = 1_000
"""Of what lies side by side."""
_MAX_IN_ALL: Final = 100_000
"""Half a second's: what lies side by side in what lies side by side, and so on, could fill any file."""
_MP4_WAY: Final = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
_MP4_ENCRYPTED: Final = (b"enca", b"drms", b"aavd")  # CENC, FairPlay, Audible
_ASF_HEADER: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_ENCRYPTED: Final = (
    bytes.fromhex("fbb31122 23bdd211 b4b700a0c955fc6e"),
    bytes.fromhex("14e68a29 2226174c b935dae07ee9289c"),
    bytes.fromhex("33850543 8169e649 9b74ad12cb86d58c"),
)
_EBML: Final = b"\x1aE\xdf\xa3"
_EBML_WAY: Final = (0x18538067, 0x1654AE6B, 0xAE, 0x6D80, 0x6240, 0x5035)  # Segment, Tracks, ..., ContentEncryption


def check_protection(reader: Reader) -> None:
    """Raise ``protected`` for an encrypted mp4, aax, aa, wma or Matroska file."""
    head = reader.peek(0, 16)
    steps = iter(range(_MAX_IN_ALL))
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"):
        is_protected = any(name in _MP4_ENCRYPTED for name in _mp4_codecs(reader, steps))
    elif head == _ASF_HEADER:
        is_protected = any(name in _ASF_ENCRYPTED for name in _asf_objects(reader))
    elif head[:4] == _EBML:
        is_protected = _holds_element(reader, 0, reader.size, _EBML_WAY, steps)
    else:
        is_protected = head[4:8] == b"\x57\x90\x75\x36"  # Audible's older format
    if is_protected:
        raise AudioError(
            "it is encrypted (DRM); only the shop's own player opens it: get an unprotected copy",
            code="protected",
            source=reader.source,
        )


def _mp4_codecs(reader: Reader, steps: Iterator[int]) -> Iterator[bytes]:
    """The names of the codecs of all tracks."""
    ways = [(0, reader.size)]
    for name in _MP4_WAY:
        ways = [(start, end) for way in ways for found, start, end in _atoms(reader, *way, steps) if found == name]
    for start, end in ways:
        yield from (name for name, _, _ in _atoms(reader, start + 8, end, steps))


def _atoms(reader: Reader, position: int, end: int, steps: Iterator[int]) -> Iterator[tuple[bytes, int, int]]:
    """Name, and where the content lies, of each atom between two positions, while there are steps left."""
    for _ in islice(steps, _MAX_STEPS):
        header = reader.peek(position, 16)
        if len(header) < 8 or position + 8 > end:
            return
        size, first = struct.unpack_from(">I", header)[0], position + 8
        if size == 1 and len(header) == 16:
            size, first = struct.unpack_from(">Q", header, 8)[0], position + 16
        last = end if size == 0 else min(position + size, end)
        if last < first:
            return
        yield header[4:8], first, last
        position = last


def _asf_objects(reader: Reader) -> Iterator[bytes]:
    """The names of what stands in the header of a wma."""
    end = min(reader.size, struct.unpack("<Q", reader.peek(16, 8).ljust(8, b"\0"))[0])
    position = 30
    for _ in range(_MAX_STEPS):
        header = reader.peek(position, 24)
        if len(header) < 24 or position >= end or (size := struct.unpack_from("<Q", header, 16)[0]) < 24:
            return
        yield header[:16]
        position += size


def _holds_element(reader: Reader, position: int, end: int, way: tuple[int, ...], steps: Iterator[int]) -> bool:
    """Whether a Matroska file has an element of the last of these names, in one of the name before, and so on."""
    for _ in islice(steps, _MAX_STEPS):
        header = reader.peek(position, 12).ljust(12, b"\0")
        if position >= end or header[0] < 0x10:
            return False
        n_name = 9 - header[0].bit_length()
        n_size = 9 - header[n_name].bit_length()
        if n_size > 8:
            return False
        name = int.from_bytes(header[:n_name], "big")
        size = int.from_bytes(header[n_name : n_name + n_size], "big") & (1 << 7 * n_size) - 1
        first = position + n_name + n_size
        last = end if size == (1 << 7 * n_size) - 1 else min(first + size, end)
        if name == way[0] and (len(way) == 1 or _holds_element(reader, first, last, way[1:], steps)):
            return True
        position = last
    return False
