"""Where in a file its sound begins and ends, by content: between the tags, the padding and the junk around it.

ffmpeg guesses a format from the first megabyte, takes what follows the sound for packets, and guesses lengths from the
size of the whole; so the decoders are shown the sound alone. A size that a tag gives is believed only where sound, or
another tag, stands behind it: a wrong one must not cost sound. Formats whose header says where their sound ends (wav,
aiff, mp4, ...) are left as they are at their end.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Final

from genrelens.audio import apev2, mpeg
from genrelens.audio.chunks import mend_sizes
from genrelens.audio.source import Reader
from genrelens.audio.tail import end_of_sound, sevens

KNOWN: Final = re.compile(
    rb"fLaC|OggS\0|RIFF....(?:WAVE|AVI |CDXA)|RIFX|RF64|BW64|riff\x2e\x91\xcf\x11|FORM....(?:AIF[FC]|8SVX|16SV)"
    rb"|\.snd\0\0|caff\0\x01|MAC |wvpk|TTA[12]|MPCK|MP\+|tBaK|DSD \x1c|FRM8|\x1aE\xdf\xa3|0&\xb2u\x8e\x66\xcf\x11"
    rb"|FLV\x01|\.RMF|\.ra\xfd|#!AMR|\x0bw|w\x0b|\x7f\xfe\x80\x01|\xfe\x7f\x01\x80|\x1f\xff\xe8\x00|\xff\x1f\x00\xe8"
    rb"|DTSHDHDR|\0\0\x01[\xba\xb3]|G.{187}G|.{4}G.{191}G|NIST_1A|Creative Voice File|2BIT"
    rb"|.{4}\xf8\x72\x6f[\xba\xbb]|\x56[\xe0-\xff]|ea3\x03|EA3\x01|ajkg"
    rb"|[\0-\x1f].{3}(?:ftyp|moov|mdat|wide|free|skip|pnot)|.{4}\x57\x90\x75\x36",
    re.DOTALL,
)
"""What a file of sound begins with, mp3 and raw AAC aside."""
_SURE: Final = re.compile(
    rb"fLaC\0\0\0\x22|OggS\0\x02\0{8}|RIFF....(?:WAVEfmt |AVI LIST)|FORM....AIF[FC]|MAC .\x0f|wvpk....[\x02-\x10]\x04"
    rb"|caff\0\x01\0\0desc|0&\xb2u\x8e\x66\xcf\x11|FLV\x01[\x01\x04\x05]\0\0\0\x09|\.RMF\0\0\0"
    rb"|TTA1[\x01-\x03]\0|\0\0\0[\x10-\x40]ftyp[ -~]{4}|\x1aE\xdf\xa3|\0\0\x01\xba|" + mpeg.SYNC.pattern,
    re.DOTALL,
)
"""Signatures long enough to be searched for, and the frames of mp3 and AAC, which are checked."""
_TAIL_CUT: Final = re.compile(
    rb"fLaC|OggS|MAC |wvpk|TTA1|MPCK|MP\+|tBaK|riff|\.RMF|#!AMR|\x0bw|w\x0b|\x7f\xfe\x80\x01|G.{187}G|.{4}G.{191}G|"
    + mpeg.SYNC.pattern,
    re.DOTALL,
)
"""Formats that end where their packets do, so that what stands behind would be taken for packets; and w64, of which
libsndfile reads all that is there."""

_TAGS: Final = (b"ID3", b"TAG", apev2.MARK, b"LYRICSBEGIN")
_BLOCK: Final = 1 << 20
_MAX_SEARCH: Final = 64 << 20
_MAX_TAGS: Final = 100
_MAX_JOINED: Final = 2_000
"""Tags between frames; a hundred thousand, each a search, would take a minute."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The sound lies from ``start`` to ``end``, in bytes; ``ape_tags`` says where APE tags lie."""

    start: int
    end: int
    ape_tags: tuple[tuple[int, int], ...] = ()


def show_sound(reader: Reader) -> Bounds:
    """Have the reader show the sound alone, with sizes that can be true; say where it lies in the file."""
    bounds = find_bounds(reader)
    reader.narrow(bounds.start, bounds.end)
    mend_sizes(reader)
    return bounds


def find_bounds(reader: Reader) -> Bounds:
    """Find the sound; the whole file where nothing is known of it."""
    start, in_front = _front(reader)
    if start >= reader.size:
        return Bounds(0, reader.size)
    if not _TAIL_CUT.match(reader.peek(start, 200)):
        return Bounds(start, reader.size, in_front)
    end, behind = end_of_sound(reader, start)
    return Bounds(start, end, in_front + behind)


def only_tags_between(reader: Reader) -> bool:
    """Whether tags, and nothing else, stand between the frames of an mp3 or raw AAC, as where files were joined."""
    position, n_tags = 0, 0
    while position < reader.size and n_tags <= _MAX_JOINED:
        data = reader.peek(position, _BLOCK)
        n, stop = mpeg.chain_end(data, 0)
        if n:
            position += stop
        elif data.startswith(_TAGS):
            n_tags += 1
            position = _found(reader, position + 1, otherwise=reader.size)
        else:  # the last frame may be cut off, of which nothing is to be said here
            return n_tags > 0 and mpeg.frame_length(data) > len(data)
    return 0 < n_tags <= _MAX_JOINED


def _front(reader: Reader) -> tuple[int, tuple[tuple[int, int], ...]]:
    position, ape_tags = 0, []
    for _ in range(_MAX_TAGS):
        position = _behind_zeros(reader, position)
        head = reader.peek(position, 10)
        ends: list[int] = []
        if _is_id3(head):
            ends = _id3_ends(head, position)
        elif head.startswith(apev2.MARK):
            span = apev2.span_in_front(reader, position)
            ape_tags += [span] if span else []
            ends = [span[1]] if span else []
        elif _begins_sound(reader, position, n_frames=2 if position else 1):
            return position, tuple(ape_tags)
        else:
            return _found(reader, position, otherwise=0), tuple(ape_tags)
        fitting = [end for end in ends if end < reader.size and _begins(reader, _behind_zeros(reader, end))]
        if fitting:
            position = fitting[0]
            continue
        # Behind a tag of the right size there may be junk, too; a wrong size ends anywhere.
        first = _found(reader, position + 10, otherwise=-1)
        if first >= 0:
            return first, tuple(ape_tags)
        return (ends[0] if ends and ends[0] < reader.size else position), tuple(ape_tags)
    return position, tuple(ape_tags)


def _is_id3(head: bytes) -> bool:
    return len(head) == 10 and head[:3] == b"ID3" and head[3] < 0xFF and head[4] < 0xFF


def _id3_ends(head: bytes, position: int) -> list[int]:
    """Where an ID3v2 tag may end: its size is written in sevens of bits, by some taggers in eights."""
    around = 20 if head[5] & 0x10 and head[3] >= 4 else 10
    ends = []
    if max(head[6:10]) < 0x80:
        ends.append(position + around + sevens(head[6:10]))
    return [*ends, position + around + struct.unpack(">I", head[6:10])[0]]


def _begins(reader: Reader, position: int) -> bool:
    head = reader.peek(position, 10)
    return _is_id3(head) or head.startswith(apev2.MARK) or _begins_sound(reader, position, n_frames=2)


def _begins_sound(reader: Reader, position: int, *, n_frames: int) -> bool:
    data = reader.peek(position, 200 + n_frames * mpeg.MAX_FRAME)
    if KNOWN.match(data):
        return True
    is_all = position + len(data) >= reader.size
    return mpeg.starts_chain(data, 0, n_frames=n_frames, is_all=is_all) or mpeg.starts_free_format(data)


def _behind_zeros(reader: Reader, position: int) -> int:
    """The first byte that is not zero; ``position`` itself where there are fewer than 16 zeros, as headers have."""
    if reader.peek(position, 16).strip(b"\0"):
        return position
    first, n_bytes = position, 4096  # mostly the padding of a tag, seldom megabytes
    while data := reader.peek(position, n_bytes):
        rest, n_bytes = data.lstrip(b"\0"), _BLOCK
        position += len(data) - len(rest)
        if rest or position - first > _MAX_SEARCH:
            break
    # "\0\0\0\x20ftyp" and "\0\0\x01\xba" begin with zeros that belong to them.
    if position - first < 16:
        return first
    return next((position - n for n in (3, 2, 1) if KNOWN.match(reader.peek(position - n, 200))), position)


def _found(reader: Reader, start: int, *, otherwise: int) -> int:
    """The first sure beginning of sound from ``start``."""
    n_candidates = 0
    overlap = mpeg.SURE_FRAMES * mpeg.MAX_FRAME
    for block in range(start, min(reader.size, start + _MAX_SEARCH), _BLOCK):
        data = reader.peek(block, _BLOCK + overlap)
        is_all = block + len(data) >= reader.size
        for match in _SURE.finditer(data, 0, _BLOCK):
            n_candidates += 1
            at = match.start()
            if data[at] != 0xFF or mpeg.starts_chain(data, at, n_frames=mpeg.SURE_FRAMES, is_all=is_all):
                return block + at
        if n_candidates > mpeg.MAX_CANDIDATES:
            break
    return otherwise
