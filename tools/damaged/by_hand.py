"""Files and tags that no encoder here writes, put together by their specifications."""

from __future__ import annotations

import struct

import numpy as np

ID3V1 = b"TAG" + b"Title".ljust(30, b"\0") + b"Somebody".ljust(30, b"\0") + b"\0" * 64 + b"\x11"
LYRICS3 = b"LYRICSBEGININD0000200LYR00011[00:00]la la" + b"000041LYRICS200"


def _noise(n: int, *, seed: int = 0) -> bytes:
    return np.random.default_rng(seed).integers(0, 256, n, dtype=np.uint8).tobytes()


def files(picture: bytes) -> list[tuple[str, str, bytes]]:
    """(name, ending, content) of each; the sound in them is noise or silence."""
    return [
        ("dsf", ".dsf", dsf()),
        ("dff", ".dff", dff()),
        ("ape-silent", ".ape", ape(silent=True)),
        ("ape-noise", ".ape", ape(silent=False)),
        ("amr", ".amr", amr()),
        ("mpc7", ".mpc", mpc7()),
        ("picture", ".png", picture),
        ("text", ".txt", b"#EXTM3U\n#EXTINF:1,x\nfile:///etc/hostname\nhttp://localhost/x.mp3\n" * 20),
    ]


def id3v2(cover: bytes) -> bytes:
    """A tag of version 2.3 with title, artist, genre and a cover."""

    def frame(key: bytes, content: bytes) -> bytes:
        return key + struct.pack(">IH", len(content), 0) + content

    frames = frame(b"TIT2", b"\0Title") + frame(b"TPE1", b"\0Somebody") + frame(b"TCON", b"\0(17)")
    if cover:
        frames += frame(b"APIC", b"\0image/png\0\x03\0" + cover)
    frames += b"\0" * 100
    size = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + frames


def apev2(cover: bytes) -> bytes:
    """A tag with header and footer."""
    items = b""
    for key, flags, value in (
        (b"Title", 0, b"Title"),
        (b"Genre", 0, b"Rock\0Pop"),
        (b"Cover Art (Front)", 2, b"cover.png\0" + cover),
    ):
        items += struct.pack("<II", len(value), flags) + key + b"\0" + value
    ends = [
        b"APETAGEX" + struct.pack("<IIII", 2000, len(items) + 32, 3, flags) + b"\0" * 8
        for flags in (0xA0000000, 0x80000000)
    ]
    return ends[0] + items + ends[1]


def dsf() -> bytes:
    """Half a second of stereo DSD at 2.8 MHz."""
    block = 4096
    n_blocks = 44
    data = b"".join(_noise(block, seed=i) for i in range(2 * n_blocks))
    fmt = struct.pack("<4sQIIIIIIQII", b"fmt ", 52, 1, 0, 2, 2, 2_822_400, 1, 8 * block * n_blocks, block, 0)
    rest = fmt + struct.pack("<4sQ", b"data", 12 + len(data)) + data
    return struct.pack("<4sQQQ", b"DSD ", 28, 28 + len(rest), 0) + rest


def dff() -> bytes:
    """A quarter of a second of stereo DSD in DSDIFF."""

    def chunk(key: bytes, content: bytes) -> bytes:
        return key + struct.pack(">Q", len(content)) + content + b"\0" * (len(content) % 2)

    properties = chunk(b"FS  ", struct.pack(">I", 2_822_400)) + chunk(b"CHNL", b"\0\2SLFTSRGT")
    properties += chunk(b"CMPR", b"DSD \x0enot compressed")
    content = chunk(b"FVER", b"\1\5\0\0") + chunk(b"PROP", b"SND " + properties)
    return chunk(b"FRM8", b"DSD " + content + chunk(b"DSD ", _noise(176_400)))


def ape(*, silent: bool, n_samples: int = 73_728) -> bytes:
    """Monkey's Audio 3.99, fast, stereo at 44.1 kHz, two frames of ``n_samples``: silence, or noise for a decoder."""
    frame = struct.pack("<II", 0x80000000, 3) + b"\0" * 64 if silent else b"\x78\x56\x34\x12" + _noise(40_000)
    header = struct.pack("<HHIIIHHI", 1000, 0, n_samples, n_samples, 2, 16, 2, 44_100)
    wav_head = b"\0" * 44
    begin = 52 + len(header) + 8 + len(wav_head)
    seek_table = struct.pack("<II", begin, begin + len(frame))
    descriptor = b"MAC " + struct.pack(
        "<HHIIIIIII", 3990, 0, 52, len(header), len(seek_table), len(wav_head), 2 * len(frame), 0, 0
    )
    return descriptor + _noise(16) + header + seek_table + wav_head + frame * 2


def amr() -> bytes:
    """AMR at 12.2 kb/s, 80 frames of 20 ms."""
    noise = _noise(80 * 31)
    return b"#!AMR\n" + b"".join(b"\x3c" + noise[31 * i : 31 * (i + 1)] for i in range(80))


def mpc7() -> bytes:
    """Musepack 7: 40 frames of noise, each with its length in 20 bits before it."""
    bits = "0" * 8
    for i in range(40):
        content = "".join(f"{byte:08b}" for byte in _noise(250, seed=i))
        bits += f"{len(content):020b}{content}"
    words = [int(bits[at : at + 32].ljust(32, "0"), 2) for at in range(0, len(bits), 32)]
    head = b"MP+\x07" + struct.pack("<IHBB", 40, 0, 0, 0x58) + b"\0" * 12
    return head + struct.pack(f"<{len(words)}I", *words)
