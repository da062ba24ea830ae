"""A saved model on disk: a folder or one zip file, read with every byte checked, written all or nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from genrelens.bundle.manifest import SCHEMA_NAME, FileRecord, Manifest
from genrelens.errors import BundleError
from genrelens.files import contents, give_back, written_aside, written_folder

MANIFEST = "manifest.json"
PREDICT = "predict.onnx"
ATTENTION = "attention.onnx"
CARD = "card.md"
TRACK_TERM = "track.f32"
"""What the whole track adds to its windows' logits, where the manifest's ``track_numbers`` name anything."""
MAX_FILE_BYTES = 2**31 - 1
"""No ONNX graph in one file can be larger (the limit of its encoding)."""
MAX_MANIFEST_BYTES = 16 * 2**20
MAX_DIRECTORY_BYTES = 2**20
"""Of a zip's list of its files; Python reads it as a whole and takes twenty times as much memory for it."""
BOMB_BYTES, BOMB_RATIO = 16 * 2**20, 100
"""A file of more bytes that is packed this much smaller holds nothing but repetition."""
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the same files give the same zip, whenever it is written


@dataclass(frozen=True, slots=True)
class StoredBundle:
    """A bundle as read: its manifest, its hash and the content of every file, each equal to its SHA-256."""

    manifest: Manifest
    hash: str
    files: dict[str, bytes]
    path: Path


def read_bundle(path: str | Path) -> StoredBundle:
    """Read a bundle from a folder or a zip file, wholly in memory: nothing is unpacked.

    Raises :class:`BundleError`: code ``missing`` where nothing is there, otherwise what is wrong with it.
    """
    place = Path(path)
    where = str(place)
    try:
        give_back(place)
        if place.is_dir():
            return _read(_Folder(place), place)
        if not place.exists():
            raise BundleError(f"{where}: there is no such model (a folder or a .zip file)", code="missing")
        with _opened_zip(place) as archive:
            return _read(_Zip(archive, where), place)
    except OSError as error:
        raise BundleError(f"{where}: cannot be read: {error.strerror or error}") from error


def write_bundle(
    path: str | Path,
    *,
    manifest: Manifest,
    predict_onnx: bytes,
    attention_onnx: bytes | None = None,
    track_term: bytes | None = None,
    card: str = "",
) -> Path:
    """Write a bundle to ``path``: a zip file where the name ends in ``.zip``, else a folder. Returns the
    path.

    ``manifest.files`` is filled in here. What is being written stands aside until it is whole and on disk,
    then takes its name; an older bundle of that name is replaced, anything else there is a
    :class:`BundleError`.
    """
    place = Path(path)
    files = {PREDICT: predict_onnx, CARD: card.encode()}
    if attention_onnx is not None:
        files[ATTENTION] = attention_onnx
    if track_term is not None:
        files[TRACK_TERM] = track_term
    manifest = dataclasses.replace(manifest, files={name: FileRecord.of(content) for name, content in files.items()})
    files[MANIFEST] = manifest.to_bytes()
    try:
        give_back(place)
        _check_replaceable(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        _write(place, files)
    except OSError as error:
        raise BundleError(f"{place}: the model cannot be written: {error.strerror or error}") from error
    return place


class _Source(Protocol):
    def read(self, name: str, limit: int) -> bytes:
        """The file's content; more than ``limit`` bytes is an error, KeyError where there is no such file."""
        ...


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str, limit: int) -> bytes:
        file = self._folder / name
        try:
            size = file.stat().st_size
            if not file.is_file():
                raise BundleError(f"{self._folder}: {name} is no file, but a folder, a device or a pipe")
            with file.open("rb") as opened:
                content = opened.read(min(size, limit) + 1)
            if len(content) > limit:
                raise BundleError(f"{self._folder}: {name} is larger than it should be; the model is damaged")
            return content
        except FileNotFoundError:
            raise KeyError(name) from None
        except OSError as error:
            raise BundleError(f"{file}: cannot be read: {error.strerror or error}") from error


class _Directory(io.FileIO):
    """A zip file of which no more than its list of files is read in one piece, until that is done."""

    most: int | None = MAX_DIRECTORY_BYTES

    def read(self, size: int | None = -1, /) -> bytes:
        if self.most is None:
            return super().read(-1 if size is None else size)
        wanted = self.most + 1 if size is None or size < 0 else min(size, self.most + 1)
        content = super().read(wanted)
        if len(content) > self.most:
            raise zipfile.BadZipFile("its list of files is larger than any model's")
        return content


@contextlib.contextmanager
def _opened_zip(place: Path) -> Iterator[zipfile.ZipFile]:
    """Raises :class:`BundleError` where it is none."""
    if not place.is_file():
        raise BundleError(f"{place}: not a genrelens model: a device or a pipe, expected a folder or a zip file")
    with _Directory(place) as file:
        try:
            archive = zipfile.ZipFile(file)
        except OSError:
            raise
        except Exception as error:
            # A list that is damaged or of a version to come makes zipfile raise BadZipFile, NotImplementedError,
            # UnicodeDecodeError, struct.error and more.
            raise BundleError(
                f"{place}: not a genrelens model: neither a folder nor a whole zip file ({error})"
            ) from error
        file.most = None
        with archive:
            yield archive


class _Zip:
    def __init__(self, archive: zipfile.ZipFile, where: str) -> None:
        self._archive = archive
        self._where = where

    def read(self, name: str, limit: int) -> bytes:
        info = self._archive.getinfo(name)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others unpack without a bound
            raise BundleError(f"{self._where}: {name} is packed in a way that no model is; expected deflate")
        if info.file_size > limit:
            raise BundleError(f"{self._where}: {name} is larger than it should be; the model is damaged")
        if info.file_size > max(BOMB_BYTES, BOMB_RATIO * info.compress_size):
            raise BundleError(
                f"{self._where}: {name} unpacks from {info.compress_size:,} to {info.file_size:,} bytes, which no "
                "model does; it is refused"
            )
        try:
            with self._archive.open(info) as member:
                content = member.read(limit + 1)
        except Exception as error:
            # A damaged member makes zipfile raise zlib.error, RuntimeError, EOFError and more: all mean the same.
            raise BundleError(f"{self._where}: {name} cannot be unpacked; the model is damaged ({error})") from error
        if len(content) > limit:
            raise BundleError(f"{self._where}: {name} is larger than it should be; the model is damaged")
        return content


def _read(source: _Source, path: Path) -> StoredBundle:
    where = str(path)
    try:
        content = source.read(MANIFEST, MAX_MANIFEST_BYTES)
    except KeyError:
        raise BundleError(f"{where}: not a genrelens model: it holds no {MANIFEST}") from None
    manifest = Manifest.from_bytes(content, where=where)
    for needed in (PREDICT, *((TRACK_TERM,) if manifest.track_numbers else ())):
        if needed not in manifest.files:
            raise BundleError(f"{where}: {MANIFEST} lists no {needed}; the model is damaged")
    files = {}
    for name, record in manifest.files.items():
        if record.n_bytes > MAX_FILE_BYTES:
            raise BundleError(f"{where}: {name} claims {record.n_bytes} bytes; the most is {MAX_FILE_BYTES}")
        try:
            files[name] = source.read(name, record.n_bytes)
        except KeyError:
            raise BundleError(f"{where}: the file {name} is missing; the model is damaged") from None
        if FileRecord.of(files[name]) != record:
            raise BundleError(
                f"{where}: {name} is damaged: its SHA-256 is not the one in {MANIFEST}; copy or download it again"
            )
    return StoredBundle(manifest, Manifest.hash_of(content), files, path)


def _check_replaceable(place: Path) -> None:
    is_free = not place.exists() or (place.is_dir() and not contents(place))
    if not is_free and not _is_bundle(place):
        raise BundleError(f"{place}: something else than a model is there already; give another name")


def _is_bundle(place: Path) -> bool:
    """Whether a manifest of ours is there, be it damaged: other programs, too, call a file manifest.json."""
    try:
        if place.is_dir():
            content = _Folder(place).read(MANIFEST, MAX_MANIFEST_BYTES)
        else:
            with _opened_zip(place) as archive:
                content = _Zip(archive, str(place)).read(MANIFEST, MAX_MANIFEST_BYTES)
    except (KeyError, BundleError):
        return False
    return SCHEMA_NAME.encode() in content


def _write(place: Path, files: dict[str, bytes]) -> None:
    if place.suffix.lower() != ".zip":
        with written_folder(place) as fresh:
            for name, content in files.items():
                (fresh / name).write_bytes(content)
        return
    with written_aside(place) as aside, zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), content, zipfile.ZIP_DEFLATED)
