"""How long a file's own header says that it is, so that a truncated file can be told from a short one.

A duration that a decoder reports may be only an estimate (an mp3 without a Xing header, raw AAC) or may have
been cut to what is there (wav). What counts here is what the writer of the file wrote down.
"""

from __future__ import annotations

import re
import struct

from genrelens.audio.source import Reader

_OGG_PAGE = re.compile(rb"OggS\0[\0-\7]")
_BLOCK = 1 << 20
_MAX_OGG_PAGE = 65_307
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def truncation_note(read_s: float, promised_s: float | None, *, tolerance_s: float) -> tuple[str, ...]:
    """Say that a file is truncated if ``read_s`` falls short of ``promised_s`` by more than the tolerance."""
    if promised_s is None or promised_s - read_s <= tolerance_s:
        return ()
    return (f"the file is truncated: {read_s:.1f} of {promised_s:.1f} s could be read",)


def more_than_promised_note(reader: Reader, read_s: float) -> tuple[str, ...]:
    """Say so where a header counts less sound than there is, or none; nothing is missing then."""
    if reader.promised_share is None or reader.promised_share >= 1:
        return ()
    if reader.promised_share == 0:
        return (f"its header gives no length; all {read_s:.1f} s that are there were read",)
    promised_s = read_s * reader.promised_share
    return (f"its header says {promised_s:.1f} s; there are {read_s:.1f} s, all of it was read",)


def missing_ogg_end_note(reader: Reader, read_s: float) -> tuple[str, ...]:
    """Say so if the last page of an Ogg file is not whole or lacks the end-of-stream mark."""
    page = _last_ogg_page(reader)
    if len(page) >= 27 and page[5] & 4:
        lacing = page[27 : 27 + page[26]]
        if len(page) >= 27 + page[26] + sum(lacing):
            return ()
    return (f"the file is truncated: its end is missing, {read_s:.1f} s could be read",)


def libsndfile_reads_ogg(reader: Reader) -> bool:
    """Whether libsndfile reads all of an Ogg file.

    Of a chain it reads the first link alone, and of Opus it loses packets that go over from one page to the next, as
    they do from 500 kb/s on. All pages are looked at, as links may have equal serial numbers.
    """
    is_opus = b"OpusHead" in reader.peek(0, 128)
    seen_sound, position = False, 0
    while len(data := reader.peek(position, _BLOCK + 27)) > 27:
        for match in _OGG_PAGE.finditer(data, 0, len(data) - 8):
            flags, granule = data[match.start() + 5], data[match.start() + 6 : match.start() + 14]
            if flags & 2 and seen_sound:
                return False
            has_sound = granule not in (bytes(8), b"\xff" * 8)
            if has_sound and is_opus and flags & 1:
                return False
            seen_sound = seen_sound or has_sound
        position += _BLOCK
    return True


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
