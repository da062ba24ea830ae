"""Pictures as PNG files, with NumPy and zlib alone (ISO/IEC 15948), and sound as mp3 and FLAC files, as bytes."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def encode_png(rgb: NDArray[np.uint8]) -> bytes:
    """The file of red, green and blue, uint8 ``(height, width, 3)``: 8 bit, no interlace, each row by differences."""
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or 0 in rgb.shape:
        raise ValueError(f"expected uint8 (height, width, 3), got {rgb.dtype} {rgb.shape}")
    height, width, _ = rgb.shape
    # Filter 1 (Sub): each pixel less the one to its left, modulo 256, which wraps as uint8 does.
    rows = rgb.copy()
    rows[:, 1:] -= rgb[:, :-1]
    filtered = np.concatenate([np.ones((height, 1), np.uint8), rows.reshape(height, 3 * width)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(filtered.tobytes(), 6)), (b"IEND", b"")]
    return _SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks)


def to_mp3(samples: NDArray[np.float32], *, sample_rate: int) -> bytes:
    """An mp3 file of mono samples ``(n,)``, for the players of a page; louder than full scale is cut."""
    return _sound(np.clip(samples, -0.999, 0.999), sample_rate, format="MP3", subtype="MPEG_LAYER_III")


def to_flac(samples: NDArray[np.float32], *, sample_rate: int) -> bytes:
    """A FLAC file, 24 bit."""
    return _sound(samples, sample_rate, format="FLAC", subtype="PCM_24")


def _sound(samples: NDArray[np.float32], sample_rate: int, **kind: str) -> bytes:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, samples, sample_rate, **kind)
    return file.getvalue()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
