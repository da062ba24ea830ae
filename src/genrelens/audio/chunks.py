"""Sizes in the headers of wav, aiff, au, w64 and caf, mended where they cannot be true, before a decoder trusts them.

A sound chunk's size is too small where a recorder passed 4 GB, or was never filled in; another chunk's that reaches
beyond the end of the file makes ffmpeg allocate what it says.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Final

from genrelens.audio.source import Reader
from genrelens.audio.tail import last_not_zero, without_tags

FOUR_GB: Final = 0xFFFFFFFF
"""What a size of four bytes can say."""
_MIN_MORE: Final = 1 << 14
"""Bytes behind the sound chunk from which they are sound that its size leaves out; fewer may be anything."""
_MAX_CHUNKS: Final = 1000
_REACH: Final = 1 << 20
_UNKNOWN: Final = {
    **dict.fromkeys(("<I", ">I"), ((0x7FFF0000, 0x8000FFFF), (0xFFFF0000, 0xFFFFFFFF))),
    **dict.fromkeys(("<Q", ">Q"), ((1 << 62, (1 << 64) - 1),)),
}
"""Sizes that are written where the writer could not seek back, or did not come to it; 0 is another."""
_W64_TAIL: Final = bytes.fromhex("f3acd3118cd100c04f8edb8a")
_CHUNKS_BEHIND: Final = (
    b"LIST",
    b"id3 ",
    b"ID3 ",
    b"bext",
    b"cue ",
    b"fact",
    b"iXML",
    b"_PMX",
    b"JUNK",
    b"PAD ",
    b"smpl",
)


@dataclass(frozen=True, slots=True)
class _Layout:
    """``first`` is where the first chunk stands; each begins with ``name`` bytes of its name and then its ``size``,
    with which it may count its own header, and is filled up to a multiple of ``pad`` bytes. In that of the ``sound``,
    ``before`` bytes come before the sound.
    """

    first: int
    name: int
    size: str
    sound: bytes
    pad: int = 2
    counts_header: bool = False
    before: int = 0


_RIFF: Final = _Layout(12, 4, "<I", b"data")
_RIFX: Final = _Layout(12, 4, ">I", b"data")
_AIFF: Final = _Layout(12, 4, ">I", b"SSND", before=8)
_W64: Final = _Layout(40, 16, "<Q", b"data" + _W64_TAIL, pad=8, counts_header=True)
_CAF: Final = _Layout(8, 4, ">Q", b"data", pad=1, before=4)


def _layout(head: bytes) -> _Layout | None:
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return _RIFF
    if head[:4] == b"RIFX":
        return _RIFX
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return _AIFF
    return {b"riff": _W64, b"caff": _CAF}.get(head[:4])


@dataclass(frozen=True, slots=True)
class _Size:
    """Where a size is written, how, and what it counts beside the content."""

    at: int
    form: str
    beside: int = 0

    def write(self, reader: Reader, n_bytes: int) -> None:
        n = n_bytes + self.beside
        reader.mend(self.at, struct.pack(self.form, n if self.form.endswith("Q") else min(n, FOUR_GB)))


def mend_sizes(reader: Reader) -> None:
    """Mend what the decoders are shown, and set ``reader.promised_share``; other formats are left as they are."""
    head = reader.peek(0, 12)
    if head[:4] == b".snd" and len(head) == 12:
        first, promised = struct.unpack(">II", head[4:])
        _mend_sound(reader, _Size(8, ">I"), promised, first=first, layout=None)
        return
    layout = _layout(head)
    if layout is None:
        return
    wide_at: int | None = None  # where an RF64 has the size for which its sound chunk has no room
    position = layout.first
    for _ in range(_MAX_CHUNKS):
        n_header = layout.name + struct.calcsize(layout.size)
        header = reader.peek(position, n_header)
        if len(header) < n_header:
            return
        name, (written,) = header[: layout.name], struct.unpack(layout.size, header[layout.name :])
        size = _Size(position + layout.name, layout.size, n_header if layout.counts_header else 0)
        first, n_bytes = position + n_header, written - size.beside
        if name == b"ds64" and head[:4] != b"RIFF" and len(reader.peek(first, 16)) == 16:
            wide_at = first + 8
        if name == layout.sound:
            if wide_at is not None and written == FOUR_GB:
                size, (n_bytes,) = _Size(wide_at, "<Q"), struct.unpack("<Q", reader.peek(wide_at, 8))
            size, first = replace(size, beside=size.beside + layout.before), first + layout.before
            n_bytes = _mend_sound(reader, size, n_bytes - layout.before, first=first, layout=layout)
        elif first + n_bytes > reader.size:
            n_bytes = _next_sound(reader, first, layout) - first
            size.write(reader, n_bytes)
        position = first + max(0, n_bytes)
        position += -position % layout.pad


def _mend_sound(reader: Reader, size: _Size, promised: int, *, first: int, layout: _Layout | None) -> int:
    """Set ``promised_share``, mend the size if it leaves sound out, and return how many bytes of sound there are."""
    there = reader.size - first
    is_unknown = promised <= 0 or any(low <= promised <= high for low, high in _UNKNOWN[size.form])
    if promised > there and not is_unknown:
        reader.promised_share = promised / there if there > 0 else float("inf")
    if there <= 0 or (promised > there and not is_unknown):
        return promised
    whole = there
    if promised < there:
        behind = first + max(0, promised)
        if layout is not None and any(_is_chunk(reader, behind + pad, layout) for pad in (0, -behind % layout.pad)):
            if promised <= 0 or layout is _W64:  # else libsndfile would take the chunk for sound
                reader.narrow(0, behind)
            return promised
        whole = without_tags(reader, behind, reader.size)[0] - first
        if last_not_zero(reader, behind, first + whole) - behind < _MIN_MORE and not is_unknown:
            if layout in (_W64, _CAF):  # libsndfile reads on, ffmpeg counts it into the length
                reader.narrow(0, behind)
            return promised
    reader.promised_share = 0.0 if is_unknown else promised / whole if promised != whole else None
    size.write(reader, whole)
    return whole


def _is_chunk(reader: Reader, position: int, layout: _Layout) -> bool:
    """Whether a chunk, and no sound, stands here."""
    n = layout.name + struct.calcsize(layout.size)
    header = reader.peek(position, n)
    if len(header) < n:
        return False
    name, (size,) = header[: layout.name], struct.unpack(layout.size, header[layout.name :])
    if name.startswith(_CHUNKS_BEHIND):
        return True
    is_name = name.endswith(_W64_TAIL) if layout is _W64 else all(0x20 <= byte < 0x7F for byte in name)
    return is_name and position + n + size <= reader.size + layout.pad


def _next_sound(reader: Reader, start: int, layout: _Layout) -> int:
    """Where the sound chunk stands behind one whose size is wrong; the end of the file if it is not near."""
    at = reader.peek(start, _REACH).find(layout.sound)
    return start + at if at >= 0 else reader.size
