"""Unpacking an archive that nobody vouches for: only files, only below the folder, only so many bytes."""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Final, NamedTuple

from genrelens.data.fetch.downloads import CHUNK_BYTES, Progress, need_room
from genrelens.errors import DataError

MAX_FILES: Final = 1_000_000
MAX_NAME_BYTES, MAX_PATH_BYTES = 255, 2000
"""Of one name, and of a path in an archive: what disks take."""
_MAX_HEADER_BYTES: Final = 1 << 20
_APPLE: Final = "._"  # what a Mac puts beside every file of a tar: its resource fork


class Unpacked(NamedTuple):
    """A file that was written: its size in bytes and the SHA-256 of its content."""

    size: int
    sha256: str


class _Member(NamedTuple):
    name: str
    size: int
    file: IO[bytes]


def unpack(archive: Path, folder: Path, *, max_bytes: int, progress: Progress | None = None) -> dict[str, Unpacked]:
    """Write the files of a .zip or .tar.gz below ``folder`` and return them by their path in it.

    Raises :class:`DataError` on an archive that is damaged, of a kind that Python does not know, or dishonest: a path
    that leaves the folder or that no disk takes, a link, a device, a name twice, or more than :data:`MAX_FILES` or
    ``max_bytes`` in all; and when the disk has no room. The folder then holds what was written before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: dict[str, Unpacked] = {}
    left = max_bytes
    try:
        for member in _zip(archive, folder, max_bytes) if zipfile.is_zipfile(archive) else _tar(archive):
            path = safe_path(member.name)
            if path.name.startswith(_APPLE):
                continue
            name = path.as_posix()
            if name in written:
                raise DataError(f"{str(archive)!r} holds {name!r:.200} twice; it is refused", code="bad_archive")
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if len(written) == MAX_FILES:
                raise DataError(
                    f"{str(archive)!r} holds more than {MAX_FILES:,} files; it is refused", code="bad_archive"
                )
            written[name] = _write(member, target, max_bytes=left, archive=archive)
            left -= written[name].size
            if progress is not None:
                progress("unpacking", len(written), None)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise DataError(
            f"{str(archive)!r} holds {name!r:.200} beside a file or folder of the same name; it is refused",
            code="bad_archive",
        ) from error
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError, ValueError) as error:
        # RuntimeError: an encrypted member, or (NotImplementedError) a compression that Python does not know
        raise DataError(
            f"{str(archive)!r} cannot be unpacked ({type(error).__name__}: {error}); delete it and fetch it again, or "
            "unpack it with another program",
            code="bad_archive",
        ) from error
    if not written:
        raise DataError(f"{str(archive)!r} holds no file", code="bad_archive")
    return written


def safe_path(name: str) -> PurePosixPath:
    """A member's path below the folder. Raises :class:`DataError` for one that would lie elsewhere."""
    path = PurePosixPath(name)
    if (
        path.is_absolute()
        or ".." in path.parts
        or not path.parts
        or any(ch in name for ch in "\\:\0")
        or not name.isprintable()
    ):
        raise DataError(
            f"the archive holds the path {name!r:.200}, which could lie outside the folder; it is refused",
            code="bad_archive",
        )
    if len(name.encode()) > MAX_PATH_BYTES or any(len(part.encode()) > MAX_NAME_BYTES for part in path.parts):
        raise DataError(
            f"the archive holds the path {name[:100]!r}... of {len(name):,} characters, which is longer than disks "
            "take; it is refused",
            code="bad_archive",
        )
    return path


def _zip(archive: Path, folder: Path, max_bytes: int) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as file:
        members = [member for member in file.infolist() if not member.is_dir()]
        need_room(folder, min(max_bytes, sum(member.file_size for member in members)))
        for member in members:
            if member.file_size > max_bytes:  # bzip2 would unpack it all at once
                raise _too_much(archive, member.filename)
            mode = member.external_attr >> 16
            if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                raise _no_file(member.filename)
            with file.open(member) as content:
                yield _Member(member.filename, member.file_size, content)


def _tar(archive: Path) -> Iterator[_Member]:
    with tarfile.open(archive, "r|gz", tarinfo=_Header) as file:
        for member in file:
            if member.isdir():
                continue
            content = file.extractfile(member) if member.isreg() else None
            if content is None:
                raise _no_file(member.name)
            yield _Member(member.name, member.size, content)


class _Header(tarfile.TarInfo):
    """A header of a tar; one that its reader would take into memory whatever its size is refused."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        is_file = self.type in (*tarfile.REGULAR_TYPES, tarfile.SYMTYPE, tarfile.LNKTYPE)
        if self.type == tarfile.GNUTYPE_SPARSE or (not is_file and self.size > _MAX_HEADER_BYTES):
            raise self._odd()
        found: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]  # meant to be overridden
        return found

    def _proc_gnusparse(self, *_: object) -> None:
        raise self._odd()

    _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _proc_gnusparse

    def _odd(self) -> DataError:
        return DataError(
            f"the archive has a header of {self.size:,} bytes, or files with holes, as no data set has; it is refused",
            code="bad_archive",
        )


def _write(member: _Member, target: Path, *, max_bytes: int, archive: Path) -> Unpacked:
    """Write one member; what it says of its size is not believed."""
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as out:
        while chunk := member.file.read(CHUNK_BYTES):
            size += len(chunk)
            if size > max_bytes:
                raise _too_much(archive, member.name)
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())  # before the folder gets its name
    if size != member.size:
        raise EOFError(f"{member.name} ends after {size:,} of {member.size:,} bytes")
    return Unpacked(size, digest.hexdigest())


def _too_much(archive: Path, name: str) -> DataError:
    return DataError(
        f"{str(archive)!r} unpacks to more than it can hold honestly (stopped in {name!r:.200}); it is refused",
        code="bad_archive",
    )


def _no_file(name: str) -> DataError:
    return DataError(
        f"the archive holds {name!r:.200}, which is a link or a device and no file; it is refused", code="bad_archive"
    )
