"""Spectrogram pictures in the place of sound: PNG files, and the frames that they hold.

A picture may come from anyone: whether it is whole is told by its chunks' own checksums, its size is looked at before
it is read, and the decoder gets the chunks that are pixels and nothing else: it would unpack texts and colour profiles
of any length.
"""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from genrelens.errors import AudioError, DataError

MAX_BYTES: Final = 1 << 23
"""A picture's file is no larger; Kaggle's have 100 kB."""
_PIXEL_CHUNKS: Final = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
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
    """Why a file, of at most :data:`MAX_BYTES`, is no whole PNG picture (of ``size_px``, width and height); ``None``
    when it is one."""
    try:
        for _ in _chunks(_content(source), size_px=size_px):
            pass
    except _Fault as fault:
        return str(fault)
    return None


def read_png(source: Path | bytes, *, size_px: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Red, green and blue of a PNG picture's pixels, uint8, shape (height, width, 3); transparency is passed over.

    Raises :class:`DataError` when the file, or the bytes of one, are no whole PNG picture of ``size_px`` (width and
    height), have more than :data:`MAX_BYTES`, or unpack to more than such a picture's pixels.
    """
    where = _where(source)
    try:
        chunks = [
            (kind, content) for kind, content in _chunks(_content(source), size_px=size_px) if kind in _PIXEL_CHUNKS
        ]
        _check_length([content for kind, content in chunks if kind == b"IDAT"], size_px=size_px)
    except _Fault as fault:
        raise DataError(str(fault), code="bad_picture", source=where) from fault
    import av

    pixels = _SIGNATURE + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    try:
        with av.open(io.BytesIO(pixels), mode="r", format="png_pipe") as container:
            frame = next(container.decode(video=0))
            return np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
    except (av.FFmpegError, StopIteration) as error:
        raise DataError(f"the picture cannot be decoded: {error}", code="bad_picture", source=where) from error


def _where(source: Path | bytes) -> str:
    return "bytes" if isinstance(source, bytes) else str(source)


class _Fault(Exception):
    """Why something is no picture."""


def _content(source: Path | bytes) -> bytes:
    try:
        n_bytes = len(source) if isinstance(source, bytes) else source.stat().st_size
        if n_bytes > MAX_BYTES:
            raise _Fault(f"the file has {n_bytes:,} bytes, a picture has at most {MAX_BYTES:,}")
        if isinstance(source, bytes):
            return source
        if not source.is_file():
            raise _Fault("it is no file, but a folder, a device or a pipe")
        return source.read_bytes()
    except OSError as error:
        raise _Fault(f"cannot be opened: {error.strerror}") from error


def _chunks(data: bytes, *, size_px: tuple[int, int] | None) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each chunk to the last, IEND; raises :class:`_Fault` where the picture is not whole."""
    if not data.startswith(_SIGNATURE):
        raise _Fault("not a PNG picture" if data else "the file is empty")
    at = len(_SIGNATURE)
    kind = b""
    while kind != b"IEND":
        head = data[at : at + 8]
        if len(head) < 8:
            raise _Fault("the picture is cut off")
        length, kind = struct.unpack(">I4s", head)
        content, crc = data[at + 8 : at + 8 + length], data[at + 8 + length : at + 12 + length]
        if len(crc) < 4:
            raise _Fault("the picture is cut off")
        if zlib.crc32(kind + content) != int.from_bytes(crc):
            raise _Fault(f"the picture is damaged (checksum of its {kind.decode('ascii', 'replace')} chunk)")
        if kind == b"IHDR" and size_px is not None:
            width, height = struct.unpack_from(">II", content.ljust(8, b"\0"))
            if (width, height) != size_px:
                raise _Fault(f"the picture is {width} x {height} pixels, expected {size_px[0]} x {size_px[1]}")
        yield kind, content
        at += 12 + length


def _check_length(packed: list[bytes], *, size_px: tuple[int, int]) -> None:
    """Raise :class:`_Fault` where pixels unpack to more than four channels of 16 bits and a byte for each row have,
    twice over: an interlaced picture has more rows. What is damaged is left to the decoder."""
    width, height = size_px
    most = 2 * height * (1 + 8 * width)
    with contextlib.suppress(zlib.error):
        if len(zlib.decompressobj().decompress(b"".join(packed), most + 1)) > most:
            raise _Fault("the picture unpacks to more than its pixels")


def picture_frames(source: Path | bytes, *, settings: object) -> npt.NDArray[np.float32]:
    """Mel power (1293, 128) of a PNG picture, a file or the bytes of one, as :func:`image.to_mel_power` makes it.

    Raises :class:`AudioError`: ``not_audio``: the front end ``settings`` is not the picture's; ``bad_picture``: not a
    whole picture of 432 x 288 pixels in magma's colours.
    """
    from genrelens.frontend import image  # who hears sound alone does not wait for it

    if not image.is_front_end(settings):
        raise AudioError(
            "it is a picture, and this model hears sound: only models with the front end of Kaggle's spectrograms take "
            "pictures, such as those of the recipe cnn-png; give a sound file",
            code="not_audio",
            source=_where(source),
        )
    try:
        pixels = read_png(source, size_px=image.SIZE_PX)
        return image.to_mel_power(image.from_pixels(pixels))
    except DataError as error:
        raise AudioError(error.sentence, code="bad_picture", source=_where(source)) from error
