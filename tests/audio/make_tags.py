"""Tags as they stand around sound, byte by byte."""

from __future__ import annotations

import struct

from hypothesis import strategies as st


def sevens(n: int) -> bytes:
    return bytes(n >> shift & 0x7F for shift in (21, 14, 7, 0))


def id3v2(body: bytes, *, version: int = 3, footer: bool = False, plain_size: bool = False) -> bytes:
    """``plain_size`` writes the size in eights of bits, as some taggers do by mistake."""
    size = struct.pack(">I", len(body)) if plain_size else sevens(len(body))
    head = bytes((version, 0, 0x10 if footer else 0)) + size
    return b"ID3" + head + body + (b"3DI" + head if footer else b"")


def id3_text(**frames: str) -> bytes:
    """The body of an ID3v2.3 tag."""
    return b"".join(
        name.encode() + struct.pack(">I", len(text) + 1) + b"\0\0\0" + text.encode() for name, text in frames.items()
    )


def picture(n: int, *, seed: int = 1) -> bytes:
    """An ID3v2 frame with a cover of ``n`` bytes that look like chance."""
    import random

    body = b"\0image/png\0\3\0" + random.Random(seed).randbytes(n)
    return b"APIC" + struct.pack(">I", len(body)) + b"\0\0" + body


def apev2(items: dict[str, bytes], *, header: bool = True, footer: bool = True, version: int = 2000) -> bytes:
    body = b"".join(
        struct.pack("<II", len(value), 2 if name.startswith("Cover") else 0) + name.encode() + b"\0" + value
        for name, value in items.items()
    )

    def end(flags: int) -> bytes:
        return b"APETAGEX" + struct.pack("<IIII", version, len(body) + 32, len(items), flags) + bytes(8)

    has = 0x80000000 if header else 0
    return (end(has | 0x20000000) if header else b"") + body + (end(has) if footer else b"")


def id3v1(*, genre: int = 17, artist: bytes = b"Ann", extended: bool = False) -> bytes:
    tag = (
        b"TAG" + b"Title".ljust(30, b"\0") + artist.ljust(30, b"\0") + bytes(30) + b"1999" + bytes(30) + bytes((genre,))
    )
    return (b"TAG+" + bytes(223) if extended else b"") + tag


def lyrics3v2(text: bytes = b"hey") -> bytes:
    body = b"LYRICSBEGININD0000210LYR" + b"%05d" % len(text) + text
    return body + b"%06d" % len(body) + b"LYRICS200"


def lyrics3v1(text: bytes = b"hey") -> bytes:
    return b"LYRICSBEGIN" + text + b"LYRICSEND"


IN_FRONT = st.sampled_from(
    [
        id3v2(id3_text(TIT2="a")),
        id3v2(id3_text(TIT2="a") + bytes(1000)),
        id3v2(picture(70_000)),
        id3v2(picture(70_000), plain_size=True),
        id3v2(picture(300), version=4, footer=True),
        id3v2(picture(1_200_000)),
        apev2({"Genre": b"Rock", "Cover Art (Front)": b"c.jpg\0" + picture(5_000)}),
        bytes(4096),
        bytes(17),
    ]
)
BEHIND = st.sampled_from(
    [
        id3v1(),
        id3v1(genre=0, extended=True),
        apev2({"Genre": b"Rock"}),
        apev2({"Genre": b"Rock", "Cover Art (Front)": b"c.jpg\0" + picture(120_000)}),
        apev2({"Artist": b"Ann"}, header=False),
        apev2({"Artist": b"Ann"}, header=False, version=1000),
        lyrics3v2(b"la " * 3_000),
        lyrics3v1(),
        id3v2(picture(20_000), version=4, footer=True),
        bytes(100),
        bytes(70_000),
    ]
)
