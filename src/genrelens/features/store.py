"""Arrays computed from sound files and kept in a folder: frames, descriptors, embeddings.

An entry's name is made of everything that its numbers depend on (which file, which part of it, what computed them with
which settings), so no entry can be out of date. An entry carries a checksum; one that is cut short, damaged or of
another kind is computed again. Entries are written aside and renamed, so that a killed program leaves no half of one,
and several processes may fill one folder. Nothing in them is a Python object.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from genrelens.errors import AudioError, DataError
from genrelens.files import written_aside

SCHEMA: Final = 3
"""Part of every entry's name: raise it when the layout of entries or the decoder of sound changes."""

_CHECKED: Final[set[tuple[str, int]]] = set()
"""Entries (path and time of writing) whose checksum this process has seen to be right: once is enough."""


class Entry(NamedTuple):
    """What is kept of one file: ``array`` ``(n, ...)``, read-only and mapped from the disk, and sentences about it."""

    array: NDArray[Any]
    notes: tuple[str, ...]


class ArrayStore:
    """A folder of entries (made when missing; :class:`DataError` where that cannot be)."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"the cache folder {str(folder)!r} cannot be made: {error.strerror}") from error

    def path(self, source: Path, *, made_by: Mapping[str, object], span_s: tuple[float, float] | None = None) -> Path:
        """Where the entry of a sound file is or will be.

        ``made_by`` says in JSON values what computes it; ``span_s`` which seconds of the file are meant (``None``: all
        of it). Raises :class:`AudioError` (code "missing") when the file is not there.
        """
        try:
            state = source.stat()
        except OSError as error:
            raise AudioError(f"{str(source)!r} cannot be found: {error.strerror}", code="missing") from error
        key = {
            "schema": SCHEMA,
            "made_by": made_by,
            "path": str(source.resolve()),
            "size": state.st_size,
            "mtime_ns": state.st_mtime_ns,
            "span_s": span_s,
        }
        return self.folder / f"{hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:40]}.npy"

    def read(self, path: Path, *, shape: tuple[int, ...] | None, dtype: DTypeLike) -> Entry | None:
        """The entry at a path, an array ``(n, *shape)`` (``None``: of any shape); ``None`` when it is missing or not
        what it should be."""
        try:
            array = np.lib.format.open_memmap(path, mode="r")
            if array.dtype != dtype:
                return None
            if shape is not None and array.shape[1:] != shape:
                return None
            with path.open("rb") as file:
                file.seek(array.offset + array.nbytes)
                said = json.loads(file.read())
            checked = (str(path), path.stat().st_mtime_ns)
            if checked not in _CHECKED:
                if zlib.crc32(np.ascontiguousarray(array).data) != said["crc32"]:
                    return None
                _CHECKED.add(checked)
            return Entry(array, tuple(map(str, said["notes"])))
        except Exception:  # a header of garbage makes numpy raise many things, tokenize.TokenError for one
            return None

    def write(
        self,
        path: Path,
        blocks: Iterable[NDArray[Any]],
        *,
        shape: tuple[int, ...],
        dtype: DTypeLike,
        notes: tuple[str, ...] = (),
    ) -> None:
        """Keep blocks ``(k, *shape)`` one behind the other as the entry at a path, whole or not at all.

        Memory does not grow with their number. Raises :class:`DataError` when the disk cannot take them.
        """
        n, crc = 0, 0
        try:
            with written_aside(path) as aside, aside.open("wb") as file:
                _write_header(file, (0, *shape), dtype)
                for block in blocks:
                    content = np.ascontiguousarray(block, dtype=dtype).tobytes()
                    crc = zlib.crc32(content, crc)
                    n += len(block)
                    file.write(content)
                file.write(json.dumps({"crc32": crc, "notes": notes}).encode())
                file.seek(0)
                # NumPy pads headers so that the first axis can grow in place: 0 rows take as many bytes as many.
                _write_header(file, (n, *shape), dtype)
        except OSError as error:
            # Windows refuses where another process has just made and mapped the same file.
            if isinstance(error, PermissionError) and self.read(path, shape=shape, dtype=dtype) is not None:
                return
            raise DataError(f"the cache file {str(path)!r} cannot be written: {error.strerror}") from error


def _write_header(file: Any, shape: tuple[int, ...], dtype: DTypeLike) -> None:
    header = {"descr": np.dtype(dtype).newbyteorder("<").str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
