"""APE tags (versions 1 and 2): where they lie, and the text in them.

ffmpeg reads them from Monkey's Audio and its kin, but not from mp3.
"""

from __future__ import annotations

import struct
from typing import Final

from genrelens.audio.source import Reader

MARK: Final = b"APETAGEX"
_MAX_ITEMS: Final = 1000
_MAX_TEXT: Final = 1 << 16
_IS_HEADER, _HAS_HEADER = 1 << 29, 1 << 31


def span_in_front(reader: Reader, start: int) -> tuple[int, int] | None:
    """Where the tag lies whose header stands at ``start``, in bytes; ``None`` where none does."""
    size, _, flags = _numbers(reader, start)
    end = start + 32 + size
    return (start, end) if size and flags & _IS_HEADER and end <= reader.size else None


def span_behind(reader: Reader, end: int, *, least: int) -> tuple[int, int] | None:
    """Where the tag lies whose footer ends at ``end``; ``None`` where none does, or it would begin before ``least``."""
    size, n_items, flags = _numbers(reader, end - 32)
    start = end - size
    if size < 32 or flags & _IS_HEADER:
        return None
    if flags & _HAS_HEADER and start - 32 >= least and reader.peek(start - 32, 8) == MARK:
        return start - 32, end
    if start < least or _walk(reader, start, end - 32, n_items)[1] != end - 32:  # the size is wrong
        return None
    return start, end


def text(reader: Reader, span: tuple[int, int]) -> dict[str, str]:
    """Text items of the tag, by name in lower case; several values of one stand apart by null bytes."""
    start, end = span
    has_header = reader.peek(start, 8) == MARK
    _, n_items, _ = _numbers(reader, start if has_header else end - 32)
    return _walk(reader, start + 32 * has_header, end, n_items)[0]


def _walk(reader: Reader, position: int, end: int, n_items: int) -> tuple[dict[str, str], int]:
    """Read items up to the first that cannot be one; the text in them, and where that is."""
    found: dict[str, str] = {}
    for _ in range(min(n_items, _MAX_ITEMS)):
        head = reader.peek(position, min(8 + 256, end - position))
        name_end = head.find(b"\0", 8)
        if name_end < 9 or not head[8:name_end].isascii():
            break
        size, flags = struct.unpack_from("<II", head)
        value_at = position + name_end + 1
        if value_at + size > end:
            break
        if flags >> 1 & 3 == 0 and size <= _MAX_TEXT:
            value = reader.peek(value_at, size).decode("utf-8", "replace")
            found.setdefault(head[8:name_end].decode("ascii").casefold(), value)
        position = value_at + size
    return found, position


def _numbers(reader: Reader, position: int) -> tuple[int, int, int]:
    """Size without the header, number of items and flags; zeros where no header or footer stands."""
    data = reader.peek(position, 32) if position >= 0 else b""
    if len(data) < 32 or not data.startswith(MARK):
        return 0, 0, 0
    version, size, n_items, flags = struct.unpack_from("<IIII", data, 8)
    return (size, n_items, flags if version >= 2000 else 0)
