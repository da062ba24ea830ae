"""Whether a PNG picture is whole (its chunks' own checksums say so without a decoder), and its pixels."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from genrelens.errors import DataError

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def is_png(source: Path | bytes) -> bool:
    """Whether a file, or the bytes of one, begins as a PNG picture does.

    ``False`` for one that cannot be opened, and for a pipe, which could be read but once.
    """
    if isinstance(source, bytes):
        return source.startswith(_SIGNATURE)
    try:
        if not source.is_file():
            return False
        with source.open("rb") as file:
            return file.read(len(_SIGNATURE)) == _SIGNATURE
    except (OSError, ValueError):
        return False


def png_fault(source: Path | bytes, *, size_px: tuple[int, int] | None = None) -> str | None:
    """Why a file is no whole PNG picture (of ``size_px``, width and height); ``None`` when it is one."""
    try:
        data = source if isinstance(source, bytes) else source.read_bytes()
    except OSError as error:
        return f"cannot be opened: {error.strerror}"
    if not data.startswith(_SIGNATURE):
        return "not a PNG picture" if data else "the file is empty"
    at = len(_SIGNATURE)
    kinds: list[bytes] = []
    while at < len(data) and kinds[-1:] != [b"IEND"]:
        head = data[at : at + 8]
        if len(head) < 8:
            return "the picture is cut off"
        length, kind = struct.unpack(">I4s", head)
        content, crc = data[at + 8 : at + 8 + length], data[at + 8 + length : at + 12 + length]
        if len(crc) < 4:
            return "the picture is cut off"
        if zlib.crc32(kind + content) != int.from_bytes(crc):
            return f"the picture is damaged (checksum of its {kind.decode('ascii', 'replace')} chunk)"
        if kind == b"IHDR" and size_px is not None:
            width, height = struct.unpack_from(">II", content.ljust(8, b"\0"))
            if (width, height) != size_px:
                return f"the picture is {width} x {height} pixels, expected {size_px[0]} x {size_px[1]}"
        kinds.append(kind)
        at += 12 + length
    return None if kinds[-1:] == [b"IEND"] else "the picture is cut off"


def read_png(source: Path | bytes, *, size_px: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Red, green and blue of a PNG picture's pixels, uint8, shape (height, width, 3); transparency is passed over.

    Raises :class:`DataError` when the file, or the bytes of one, are no whole PNG picture of ``size_px`` (width and
    height).
    """
    where = "the picture" if isinstance(source, bytes) else repr(str(source))
    fault = png_fault(source, size_px=size_px)
    if fault is not None:
        raise DataError(f"{where}: {fault}", code="bad_picture")
    import av

    try:
        file = io.BytesIO(source) if isinstance(source, bytes) else str(source)
        with av.open(file, mode="r", format="png_pipe") as container:
            frame = next(container.decode(video=0))
            return np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
    except (av.FFmpegError, StopIteration) as error:
        raise DataError(f"{where}: the picture cannot be decoded: {error}", code="bad_picture") from error
