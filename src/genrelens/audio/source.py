"""From a path or bytes to something that can be read, with every refusal of the file system put in words."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

from genrelens.errors import AudioError


class Reader:
    """A seekable file for libsndfile and ffmpeg, or the part of one that holds the sound.

    Both call back into it from C, where a Python exception would be printed and lost. So a failing disk reads
    as the end of the file, the cause stays in ``error``, and seeks outside the file stop at its ends. It has
    no ``name``: nothing may be guessed from a suffix.

    Attributes:
        size: bytes that it shows.
        promised_share: bytes of sound that the header promises / bytes that are there. Above 1 it is truncated; below,
            the header says too little, or (0) nothing; ``None`` where they agree, or the header does not count bytes.
    """

    def __init__(self, file: BinaryIO, *, source: str) -> None:
        self._file = file
        self.source = source
        self.error: OSError | None = None
        self.promised_share: float | None = None
        self._start = 0
        self._mended: list[tuple[int, bytes]] = []
        self.size = file.seek(0, io.SEEK_END)
        file.seek(0)

    def narrow(self, start: int, end: int) -> None:
        """Show only the bytes from ``start`` to ``end`` of what is shown now, and go to their beginning."""
        self._mended = [(offset - start, data) for offset, data in self._mended]
        self._start += start
        self.size = end - start
        self.seek(0)

    def mend(self, offset: int, data: bytes) -> None:
        """Show ``data`` at ``offset`` in place of what the file has there."""
        self._mended.append((offset, data))

    def read(self, n_bytes: int = -1) -> bytes:
        """Read at most ``n_bytes``; empty at the end, and when the disk fails."""
        position = self.tell()
        there = max(0, self.size - position)
        try:
            data = self._file.read(there if n_bytes < 0 else min(n_bytes, there))
        except OSError as error:
            self.error = error
            return b""
        for offset, mended in self._mended:
            first, last = max(offset, position), min(offset + len(mended), position + len(data))
            if first < last:
                part = mended[first - offset : last - offset]
                data = data[: first - position] + part + data[last - position :]
        return data

    def readinto(self, buffer: memoryview) -> int:
        """Fill ``buffer`` and return the number of bytes; 0 at the end, and when the disk fails."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move, within what is shown, and return the new position."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: self.size}[whence]
        return self._file.seek(self._start + min(max(start + offset, 0), self.size)) - self._start

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._file.tell() - self._start

    def peek(self, offset: int, n_bytes: int) -> bytes:
        """Read at most ``n_bytes`` at ``offset`` and leave the position where it was."""
        position = self.tell()
        self.seek(offset)
        data = self.read(n_bytes)
        self.seek(position)
        return data

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def open_reader(source: str | Path | bytes) -> Reader:
    """Open a path, or bytes that hold a whole file.

    Raises:
        AudioError: ``missing``, ``not_a_file``, ``permission``, ``empty``, or ``damaged`` for a failing disk.
        TypeError: the source is something else.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        reader = Reader(io.BytesIO(source), source="bytes")
    elif isinstance(source, str | Path):
        reader = _open_path(Path(source), str(source))
    else:
        raise TypeError(
            f"expected a path or a file's bytes, but {type(source).__name__} came; use from_array for samples"
        )
    if reader.size == 0:
        reader.close()
        raise AudioError("expected a sound file, but it is empty (0 bytes)", code="empty", source=reader.source)
    return reader


def _open_path(path: Path, name: str) -> Reader:
    try:
        if path.is_dir():
            raise AudioError(
                "expected a sound file, but it is a folder; name a file in it", code="not_a_file", source=name
            )
        if not path.exists():
            if path.is_symlink():
                message = f"{name!r}: it is a link to {str(path.readlink())!r}, which does not exist; mend the link"
            else:
                message = f"{name!r}: there is no such file; check the path"
            raise AudioError(message, code="missing")
        if not path.is_file():
            raise AudioError(
                "expected a file, but it is a device or a pipe; save the sound to a file first",
                code="not_a_file",
                source=name,
            )
        return Reader(path.open("rb"), source=name)
    except PermissionError as error:
        raise AudioError(
            "there is no permission to read it; change its rights", code="permission", source=name
        ) from error
    except FileNotFoundError as error:
        raise AudioError("there is no such file; check the path", code="missing", source=name) from error
    except (OSError, ValueError) as error:  # a name that is too long or holds a null byte, a failing disk
        raise AudioError(f"it cannot be opened: {error}", code="missing", source=name) from error
