"""From a source's name to its files in a folder."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from genrelens.data.fetch.archives import unpack
from genrelens.data.fetch.downloads import Progress, download, file_digest
from genrelens.data.fetch.manifest import manifest_path, read_manifest, write_manifest
from genrelens.data.fetch.sources import SOURCES, Source
from genrelens.errors import DataError
from genrelens.files import beside


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched: ``folder`` is new, ``checked`` says how the archive was checked."""

    folder: Path
    n_files: int
    n_bytes: int
    checked: str


def fetch(
    name: str,
    out: Path,
    *,
    source: Source | None = None,
    progress: Progress | None = None,
    wait_s: float = 2.0,
) -> Fetched:
    """Download a source of :data:`SOURCES` (or ``source``), check it, unpack it below ``out`` and write its manifest.

    Everything is unpacked aside and moved into place at the end; the archive is then deleted. A call that was stopped
    is gone on with by the same call. Raises
    :class:`DataError` on an unknown name, a folder that is already there, and whatever :func:`download` and
    :func:`unpack` raise.
    """
    if source is None:
        if name not in SOURCES:
            raise DataError(
                f"{name!r} cannot be fetched; what can: {', '.join(SOURCES)}. FMA medium and large are to be had "
                "by hand (github.com/mdeff/fma)",
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
        checked = download(
            source.url, archive, checksum=source.sum, by_hand=by_hand, progress=progress, wait_s=wait_s
        )
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
            f"{source.archive} cannot be unpacked in {str(out)!r}: {error.strerror or error}",
            code="disk_full",
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
