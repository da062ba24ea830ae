"""How long a file's own header says that it is, so that a truncated file can be told from a short one.

A duration that a decoder reports may be only an estimate (an mp3 without a Xing header, raw AAC) or may have
been cut to what is there (wav). What counts here is what the writer of the file wrote down.
"""

from __future__ import annotations

import struct

from genrelens.audio.source import Reader

_UNKNOWN_SIZES = (
    0,
    0x7FFFFFFF,
    0x7FFFF000,
    0xFFFFFFFF,
    0xFFFFF000,
)  # written where the writer could not seek back
_MAX_OGG_PAGE = 65_307
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def truncation_note(read_s: float, promised_s: float | None, *, tolerance_s: float) -> tuple[str, ...]:
    """Say that a file is truncated if ``read_s`` falls short of ``promised_s`` by more than the tolerance."""
    if promised_s is None or promised_s - read_s <= tolerance_s:
        return ()
    return (f"the file is truncated: {read_s:.1f} of {promised_s:.1f} s could be read",)


def promised_share(reader: Reader) -> float | None:
    """Return bytes of sound promised / bytes there, for wav, aiff and au; None where nothing is promised.

    1 or less means complete; infinity that the file ends where the sound should begin.
    """
    head = reader.peek(0, 12)
    if head[:4] == b".snd" and len(head) == 12:
        offset, promised = struct.unpack(">II", head[4:12])
        return _share(promised, reader.size - offset)
    if head[:4] in (b"RIFF", b"RF64", b"BW64"):
        return _chunk_share(reader, "<", b"data")
    if head[:4] == b"RIFX":
        return _chunk_share(reader, ">", b"data")
    if head[:4] == b"FORM":
        return _chunk_share(reader, ">", b"SSND")
    return None


def _chunk_share(reader: Reader, byte_order: str, wanted: bytes) -> float | None:
    position, size_64 = 12, None
    for _ in range(1000):
        header = reader.peek(position, 8)
        if len(header) < 8:
            return None
        name, (size,) = header[:4], struct.unpack(byte_order + "I", header[4:])
        if name == b"ds64" and len(sizes := reader.peek(position + 8, 16)) == 16:
            size_64 = struct.unpack("<QQ", sizes)[1]
        if name == wanted:
            promised = size_64 if size_64 is not None and size == 0xFFFFFFFF else size
            return _share(promised, reader.size - position - 8)
        position += 8 + size + size % 2
    return None


def _share(promised: int, there: int) -> float | None:
    if promised in _UNKNOWN_SIZES:
        return None
    return promised / there if there > 0 else float("inf")


def missing_ogg_end_note(reader: Reader, read_s: float) -> tuple[str, ...]:
    """Say so if the last page of an Ogg file is not whole or lacks the end-of-stream mark."""
    page = _last_ogg_page(reader)
    if len(page) >= 27 and page[5] & 4:
        lacing = page[27 : 27 + page[26]]
        if len(page) >= 27 + page[26] + sum(lacing):
            return ()
    return (f"the file is truncated: its end is missing, {read_s:.1f} s could be read",)


def ogg_is_chained(reader: Reader) -> bool:
    """Whether an Ogg file ends with another stream than it begins with; libsndfile reads the first only."""
    first, last = reader.peek(0, 18), _last_ogg_page(reader)
    return first[:4] == b"OggS" and last[:4] == b"OggS" and len(last) >= 18 and first[14:18] != last[14:18]


def _last_ogg_page(reader: Reader) -> bytes:
    tail = reader.peek(max(0, reader.size - _MAX_OGG_PAGE), _MAX_OGG_PAGE)
    return tail[max(0, tail.rfind(b"OggS")) :]


def asf_duration_s(reader: Reader) -> float | None:
    """Return the seconds in the file properties of a wma, which ffmpeg hides when the file is truncated."""
    head = reader.peek(0, 1 << 16)
    start = head.find(_ASF_FILE_PROPERTIES)
    if start < 0 or len(head) < start + 92:
        return None
    play_100ns, _, preroll_ms, flags = struct.unpack_from("<QQQI", head, start + 64)
    is_broadcast = bool(flags & 1)
    return None if is_broadcast else float(play_100ns / 1e7 - preroll_ms / 1e3)


def mp3_has_length(reader: Reader) -> bool:
    """Whether an mp3 begins with a Xing, Info or VBRI header, which counts its frames."""
    position = 0
    while (head := reader.peek(position, 10))[:3] == b"ID3" and len(head) == 10:
        position += 10 + sum(
            (byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True)
        )
    start = reader.peek(position, 4096)
    return any(mark in start for mark in (b"Xing", b"Info", b"VBRI"))
