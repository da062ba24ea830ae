"""Frames of MPEG audio (mp3, mp2) and of AAC in ADTS: where they stand, and how many the writer counted.

Their headers of four bytes are easily met by chance, in a cover for example; a chain of them, each where the one before
says, is not.
"""

from __future__ import annotations

import re
import struct
from itertools import pairwise
from typing import Final

from genrelens.audio.source import Reader

SYNC: Final = re.compile(rb"\xff[\xe2-\xe5\xf0-\xf5\xf8-\xfd]")
"""Where a frame may begin. Layer I, which nobody writes, is left out: padding is full of 0xFFFF."""
MAX_FRAME: Final = 8191
"""Bytes; what an ADTS header can say. MPEG frames have at most 2,881."""
SURE_FRAMES: Final = 4
"""Frames in a row that chance does not make; behind a tag whose size fits, two are enough."""
MAX_CANDIDATES: Final = 200_000
"""How many places are looked at in a search for them, so that a hostile file costs seconds."""

_KBPS: Final = {
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


def frame_length(data: bytes, position: int = 0) -> int:
    """Bytes of the frame whose header stands at ``position``; 0 where none does, or where it is of free format."""
    if len(data) < position + 7 or data[position] != 0xFF or data[position + 1] & 0xE0 != 0xE0:
        return 0
    second, third = data[position + 1], data[position + 2]
    if second & 0xF6 == 0xF0:  # ADTS
        length = (data[position + 3] & 3) << 11 | data[position + 4] << 3 | data[position + 5] >> 5
        return length if length > 7 and third >> 2 & 15 < 13 else 0
    version, layer = second >> 3 & 3, 4 - (second >> 1 & 3)
    if version == 1 or layer in (1, 4) or third >> 4 == 15 or third >> 2 & 3 == 3:
        return 0
    kbps = _KBPS[1 if version == 3 else 2, layer][third >> 4]
    rate, padding = _RATES[version][third >> 2 & 3], third >> 1 & 1
    per_frame = 72_000 if layer == 3 and version != 3 else 144_000
    return per_frame * kbps // rate + padding if kbps else 0


def chain_end(data: bytes, position: int) -> tuple[int, int]:
    """Follow frames of one kind from ``position``: how many lie whole in ``data``, and where the last of them ends."""
    kind, n = _kind(data, position), 0
    while kind == _kind(data, position) and 0 < (length := frame_length(data, position)) <= len(data) - position:
        n, position = n + 1, position + length
    return n, position


def _kind(data: bytes, position: int) -> tuple[int, int]:
    """What stays the same in all frames of a stream: version, layer and sample rate."""
    head = data[position : position + 3]
    if len(head) < 3:
        return (-1, -1)
    is_adts = head[1] & 0xF6 == 0xF0
    return head[1] & 0xFE, head[2] & (0x3C if is_adts else 0x0C)


def starts_chain(data: bytes, position: int, *, n_frames: int, is_all: bool) -> bool:
    """Whether ``n_frames`` frames follow each other from ``position``; or, where ``data`` reaches to the end of the
    file (``is_all``), at least one and nothing but frames.
    """
    n, end = chain_end(data, position)
    if n >= n_frames:
        return True
    return is_all and n >= 1 and len(data) - end < 4


def starts_free_format(data: bytes) -> bool:
    """Whether frames of layer III begin that say nothing of their length (free format), which ffmpeg does not read."""
    if len(data) < 4 or not SYNC.match(data) or data[1] & 6 != 2 or data[2] & 0xFC > 0x0B:
        return False
    alike = re.compile(re.escape(data[:2]) + b"[" + re.escape(bytes(data[2] & 0xFD | pad for pad in (0, 2))) + b"]")
    starts = [match.start() for match in alike.finditer(data, 0, 4 * MAX_FRAME)]
    gaps = {b - a for a, b in pairwise(starts)}
    return len(starts) >= 3 and starts[1] > 100 and max(gaps) - min(gaps) <= 1


def written_length_s(reader: Reader) -> float | None:
    """Seconds by the Xing, Info or VBRI header of an mp3, which counts its frames; None without one.

    None, too, where all the bytes that it counted are there: then nothing is missing, whatever else it says.
    """
    data = reader.peek(0, 4096)
    if frame_length(data) == 0 or data[1] & 0xF6 == 0xF0:
        return None
    version, rate_index = data[1] >> 3 & 3, data[2] >> 2 & 3
    is_mono = data[3] >> 6 == 3
    side = (17 if is_mono else 32) if version == 3 else (9 if is_mono else 17)
    n_frames = n_bytes = 0
    for at in (4 + side, 6 + side):  # two bytes later behind a CRC
        if data[at : at + 4] in (b"Xing", b"Info") and len(data) >= at + 16:
            (flags,) = struct.unpack_from(">I", data, at + 4)
            numbers = struct.unpack_from(">II", data, at + 8)
            if flags & 1:
                n_frames, n_bytes = numbers[0], numbers[1] if flags & 2 else 0
    if data[36:40] == b"VBRI" and len(data) >= 54:
        n_bytes, n_frames = struct.unpack_from(">II", data, 46)
    if n_frames == 0 or 0 < n_bytes <= reader.size:
        return None
    return n_frames * (1152 if version == 3 else 576) / _RATES[version][rate_index]
