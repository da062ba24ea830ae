"""The rows of sound files on disk: computed once a file and setting, read ever after.

What is kept is a file per sound file and setting, named after everything that its numbers depend on, so nothing in it
can be out of date; one that cannot be read is computed again. Plain ``.npz`` without objects, written whole or not at
all, so that several processes may fill one folder.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from genrelens.errors import DataError
from genrelens.files import write_whole
from genrelens.frontend.descriptors import FeatureSet

SCHEMA: Final = 2
"""Part of every cache file's name: raise it when a descriptor's arithmetic or the decoder changes."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to compute rows of: what the first column calls it, its genre (``""``: nobody knows), and the part of it
    that is meant, in seconds (``None``: all). ``error``: it is known already that it cannot be read, and why.
    """

    filename: str
    path: Path
    label: str = ""
    span_s: tuple[float, float] | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What one file gave: (k, d) values of (k,) samples each, or why not."""

    values: npt.NDArray[np.float64]
    lengths: npt.NDArray[np.int64]
    notes: tuple[str, ...] = ()
    error: str = ""


class RowsCache:
    """The rows of files at one setting, kept in a folder."""

    def __init__(self, folder: Path, *, feature_set: FeatureSet, segment_s: float | None) -> None:
        self._folder = folder
        self._n_columns = len(feature_set.columns)
        self._setting = {
            "schema": SCHEMA,
            "set": feature_set.name,
            "segment_s": segment_s,
            "librosa": _version_of("librosa"),
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"the cache folder {str(folder)!r} cannot be made: {error.strerror}") from error

    def read(self, source: Source) -> Rows | None:
        """The rows of a file, or ``None`` when they are not there or not what they should be."""
        path = self._path(source)
        if path is None:
            return None
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
                values, lengths, notes = arrays["values"], arrays["lengths"], arrays["notes"]
        except Exception:  # whatever numpy and zipfile raise on a missing, cut or garbled file
            return None
        if values.dtype != np.float64 or values.shape != (len(lengths), self._n_columns):
            return None
        if lengths.dtype != np.int64 or notes.dtype.kind != "U" or not np.isfinite(values).all():
            return None
        return Rows(values, lengths, tuple(str(note) for note in notes))

    def write(self, source: Source, rows: Rows) -> None:
        """Keep the rows of a file; not when the file has gone meanwhile."""
        path = self._path(source)
        if path is None:
            return
        buffer = io.BytesIO()
        np.savez(buffer, values=rows.values, lengths=rows.lengths, notes=np.array(rows.notes, dtype=np.str_))
        try:
            write_whole(path, buffer.getvalue())
        except OSError as error:
            raise DataError(f"the cache file {str(path)!r} cannot be written: {error.strerror}") from error

    def _path(self, source: Source) -> Path | None:
        try:
            state = source.path.stat()
        except OSError:
            return None
        key = {
            **self._setting,
            "path": str(source.path.resolve()),
            "size": state.st_size,
            "mtime_ns": state.st_mtime_ns,
            "span_s": source.span_s,
        }
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
        return self._folder / f"{digest[:40]}.npz"


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
