"""What stands behind the sound: APE, ID3v1, ID3v2 and Lyrics3 tags in any order, and zeros."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from genrelens.audio import apev2, mpeg
from genrelens.audio.source import Reader

_BLOCK: Final = 1 << 20
_MAX_TAGS: Final = 100
_TRANSPORT: Final = ((188, 0), (192, 4))
"""Bytes of a packet of a transport stream, and where in it its "G" stands: MPEG's own, and Blu-ray's."""


def sevens(four: bytes) -> int:
    """The number that ID3v2 writes in sevens of bits."""
    return sum((byte & 0x7F) << shift for byte, shift in zip(four, (21, 14, 7, 0), strict=True))


def end_of_sound(reader: Reader, start: int) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Where the sound from ``start`` ends, and where the APE tags behind it lie.

    It ends before all tags; that of mp3 and AAC with the last frame, that of Ogg with the last page, of WavPack with
    the last block, of AC-3 and transport streams before the zeros.
    """
    end, ape_tags = without_tags(reader, start, reader.size)
    head = reader.peek(start, 4)
    if mpeg.SYNC.match(head):
        end = _end_of_frames(reader, start, end)
    elif head == b"OggS":
        end = _end_of_pages(reader, start, end)
    elif head == b"wvpk":
        end = _end_of_blocks(reader, start, end)
    elif head[:2] in (b"\x0bw", b"w\x0b"):  # the checksum of two bytes with which a frame ends may have zeros
        end = min(end, last_not_zero(reader, start, end) + 2)
    elif n_packet := next((n for n, at in _TRANSPORT if reader.peek(start + at, n + 1)[::n] == b"GG"), 0):
        n_whole = -(-(last_not_zero(reader, start, end) - start) // n_packet)
        end = min(end, start + n_whole * n_packet)
    return end, ape_tags


def _before_tag(reader: Reader, start: int, last: int, end: int) -> int | None:
    """Where the tag begins that is the last thing before ``end``, zeros aside; APE tags aside, too."""
    first = max(start, last - 6000)
    tail = reader.peek(first, min(last + 128, end) - first)
    n = last - first
    at = tail.rfind(b"TAG", max(0, n - 128))
    if at >= 0 and n <= at + 128 <= len(tail) and _is_id3v1(tail[at : at + 128]):
        return first + (at - 227 if tail[max(0, at - 227) : at].startswith(b"TAG+") else at)
    if tail[:n].endswith(b"LYRICS200") and tail[n - 15 : n - 9].isdigit():
        at = last - 15 - int(tail[n - 15 : n - 9])
        return at if at >= start and reader.peek(at, 11) == b"LYRICSBEGIN" else None
    if tail[:n].endswith(b"LYRICSEND") and (at := tail.rfind(b"LYRICSBEGIN", 0, n)) >= 0:
        return first + at
    at = tail.rfind(b"3DI", max(0, n - 10))
    if at >= 0 and n <= at + 10 <= len(tail):
        begin = first + at - 10 - sevens(tail[at + 6 : at + 10])
        return begin if begin >= start and reader.peek(begin, 5) == b"ID3" + tail[at + 3 : at + 5] else None
    return None


def _is_id3v1(tag: bytes) -> bool:
    """Whether its fields hold text, as three bytes are met by chance."""
    return not any(byte < 0x20 and byte not in b"\0\t\n\r" for byte in tag[3:97])


def last_not_zero(reader: Reader, start: int, end: int) -> int:
    """Where the zeros begin that reach to ``end``; of more than 64 MB, where the last 64 do."""
    n_bytes = 4096  # mostly there are none, seldom megabytes
    for _ in range(64):
        if end <= start:
            return start
        first = max(start, end - n_bytes)
        data = reader.peek(first, end - first).rstrip(b"\0")
        if data:
            return first + len(data)
        end, n_bytes = first, _BLOCK
    return end


def _end_of_frames(reader: Reader, start: int, end: int) -> int:
    """Where the last chain of frames ends; a frame that is cut off at the end is left there."""
    for first, data in _ever_more(reader, start, end):
        for at in reversed(deque((match.start() for match in mpeg.SYNC.finditer(data)), maxlen=mpeg.MAX_CANDIDATES)):
            n, stop = mpeg.chain_end(data, at)
            if n >= mpeg.SURE_FRAMES:
                is_cut = mpeg.frame_length(data, stop) > len(data) - stop
                return end if is_cut else first + stop
    return end


def _end_of_pages(reader: Reader, start: int, end: int) -> int:
    """Where the last page of an Ogg file ends, which may be cut off."""
    for first, data in _ever_more(reader, start, end):
        at = data.rfind(b"OggS\0")
        if at >= 0 and len(data) > at + 26:
            lacing = data[at + 27 : at + 27 + data[at + 26]]
            return min(end, first + at + 27 + len(lacing) + sum(lacing))
    return end


def _end_of_blocks(reader: Reader, start: int, end: int) -> int:
    """Where the last block of a WavPack file ends, which may be cut off."""
    for first, data in _ever_more(reader, start, end):
        at = data.rfind(b"wvpk", 0, -4)
        if at >= 0:
            return min(end, first + at + 8 + int.from_bytes(data[at + 4 : at + 8], "little"))
    return end


def _ever_more(reader: Reader, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Read the last 16 KiB, then 256, then 4 MiB and 16; with each, where it begins."""
    for reach in (1 << 14, 1 << 18, 1 << 22, 1 << 24):
        first = max(start, end - reach)
        yield first, reader.peek(first, end - first)
        if first == start:
            return


def without_tags(reader: Reader, start: int, end: int) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Where, from ``start``, the tags begin that reach to ``end``; and where the APE tags among them lie."""
    ape_tags = []
    for _ in range(_MAX_TAGS):
        last = last_not_zero(reader, start, end)
        ape = next(
            (
                span
                for at in range(last, min(end, last + 16) + 1)
                if (span := apev2.span_behind(reader, at, least=start))
            ),
            None,
        )
        if ape is not None:
            ape_tags.append(ape)
            end = ape[0]
            continue
        before = _before_tag(reader, start, last, end)
        if before is None:
            break
        end = before
    return end, tuple(ape_tags)
