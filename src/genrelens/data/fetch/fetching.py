"""From a source's name to its files in a folder, and beside them the record of what was fetched.

The record has the size and the SHA-256 of everything that an archive held.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from genrelens.data import registry
from genrelens.data.dataset import Source
from genrelens.data.fetch.archives import Unpacked, safe_path, unpack
from genrelens.data.fetch.downloads import Progress, download, file_digest
from genrelens.errors import DataError
from genrelens.files import beside, write_whole

SOURCES: Final[Mapping[str, Source]] = {
    source.name: source for entry in registry.DATASETS.values() for source in entry.sources
}
"""What can be fetched, by name."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched: ``folder`` is new, ``checked`` says how the archive was checked."""

    folder: Path
    n_files: int
    n_bytes: int
    checked: str


def fetch(
    name: str, out: Path, *, source: Source | None = None, progress: Progress | None = None, wait_s: float = 2.0
) -> Fetched:
    """Download a source of :data:`SOURCES` (or ``source``), check it, unpack it below ``out`` and write its manifest.

    Everything is unpacked aside and moved into place at the end; the archive is then deleted. A call that was stopped
    is gone on with by the same call. Raises
    :class:`DataError` on an unknown name, a folder that is already there, and whatever :func:`download` and
    :func:`unpack` raise.
    """
    if source is None:
        if name not in SOURCES:
            others = dict.fromkeys(entry.by_hand for entry in registry.DATASETS.values() if entry.by_hand)
            raise DataError(
                f"{name!r} cannot be fetched; what can: {', '.join(SOURCES)}. {'; '.join(others)}",
                code="unknown_dataset",
            )
        source = SOURCES[name]
    folder, archive, record = out / source.folder, out / source.archive, manifest_path(out, source.name)
    if folder.exists() and archive.exists() and record.exists():  # a call was stopped before its last step
        known = read_manifest(record)
        archive.unlink()
        return Fetched(folder, len(known), sum(file.size for file in known), "checked by an earlier call")
    if folder.exists():
        raise DataError(
            f"{str(folder)!r} is already there; look at it with genrelens data check {out}, or delete it to fetch it "
            "again",
            code="exists",
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"the folder {str(out)!r} cannot be made: {error.strerror}") from error
    by_hand = source.by_hand(str(out))
    if archive.exists():  # put there by hand, or left by a call that was stopped while unpacking
        checked = _checked(archive, source, progress)
    else:
        checked = download(source.url, archive, checksum=source.sum, by_hand=by_hand, progress=progress, wait_s=wait_s)
    aside = beside(folder)
    try:
        aside.mkdir()
        files = unpack(archive, aside, max_bytes=source.max_bytes, progress=progress)
        if not (aside / source.folder).is_dir():
            raise DataError(
                f"{source.archive} does not hold a folder {source.folder!r}, but {', '.join(sorted(files)[:3])}; it is "
                "not the archive that is known",
                code="bad_archive",
            )
        kept = {path: file for path, file in files.items() if path.startswith(source.folder + "/")}
        write_manifest(record, source=source.name, url=source.url, checked=checked, files=kept)
        (aside / source.folder).replace(folder)
    except OSError as error:
        raise DataError(
            f"{source.archive} cannot be unpacked in {str(out)!r}: {error.strerror or error}", code="disk_full"
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    archive.unlink()
    return Fetched(folder, len(kept), sum(file.size for file in kept.values()), checked)


def _checked(archive: Path, source: Source, progress: Progress | None) -> str:
    if source.sum is None:
        return "not checked: it was there already, and the source publishes no checksum"
    algorithm, digits = source.sum
    if (came := file_digest(archive, algorithm, progress)) != digits:
        raise DataError(
            f"{str(archive)!r} is already there, but its {algorithm} is {came}, expected {digits}; delete it, and run "
            "the same command again",
            code="wrong_checksum",
        )
    return f"checked against its published {algorithm}"


SCHEMA: Final = 1
KIND: Final = "genrelens fetched files"


class FetchedFile(NamedTuple):
    """A file as it was unpacked: its path below the folder, size in bytes and SHA-256."""

    path: str
    size: int
    sha256: str


def manifest_path(folder: Path, name: str) -> Path:
    """Where the record of a source's files lies."""
    return folder / f"genrelens-fetched-{name}.json"


def manifests(folder: Path) -> tuple[Path, ...]:
    """The records in a folder, in order of name."""
    return tuple(sorted(folder.glob("genrelens-fetched-*.json")))


def write_manifest(path: Path, *, source: str, url: str, checked: str, files: Mapping[str, Unpacked]) -> None:
    """Write the record of what a source's archive held."""
    document = {
        "kind": KIND,
        "schema": SCHEMA,
        "source": source,
        "url": url,
        "archive": checked,
        "files": {name: [file.size, file.sha256] for name, file in sorted(files.items())},
    }
    write_whole(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def read_manifest(path: Path) -> tuple[FetchedFile, ...]:
    """The files of a record. Raises :class:`DataError` when it is none, or names a file outside its folder."""
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{str(path)!r} cannot be read: {error}; delete it, or fetch the data again") from error
    files = document.get("files") if isinstance(document, dict) and document.get("kind") == KIND else None
    if not isinstance(files, dict) or document.get("schema") != SCHEMA:
        raise DataError(
            f"{str(path)!r} is not a record of fetched files that this genrelens can read; delete it, or fetch the "
            "data again"
        )
    found = []
    for name, entry in files.items():
        match entry:
            case [int(size), str(sha256)] if re.fullmatch("[0-9a-f]{64}", sha256):
                found.append(FetchedFile(safe_path(name).as_posix(), size, sha256))
            case _:
                raise DataError(f"{str(path)!r}: the entry of {name!r} is damaged; delete it, or fetch the data again")
    return tuple(found)
