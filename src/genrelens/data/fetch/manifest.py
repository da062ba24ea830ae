"""What was fetched: a file beside the data with the size and SHA-256 of everything that an archive held."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from genrelens.data.fetch.archives import Unpacked, safe_path
from genrelens.errors import DataError
from genrelens.files import write_whole

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
        raise DataError(
            f"{str(path)!r} cannot be read: {error}; delete it, or fetch the data again"
        ) from error
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
                raise DataError(
                    f"{str(path)!r}: the entry of {name!r} is damaged; delete it, or fetch the data again"
                )
    return tuple(found)
