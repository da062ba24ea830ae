"""One file over HTTP: into a ``.part`` file, gone on with where it stopped, checked, and only then renamed."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Final

from genrelens.errors import DataError

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, and bytes done of bytes to do (``None`` where the server does not say)."""

CHUNK_BYTES: Final = 1 << 20
N_TRIES: Final = 5
TIMEOUT_S: Final = 60.0


class _Cut(Exception):
    """The connection broke; the message says how."""


class _TooLong(DataError):
    """The file is longer than it may be."""


def download(
    url: str,
    target: Path,
    *,
    checksum: tuple[str, str] | None = None,
    max_bytes: int | None = None,
    by_hand: str = "",
    progress: Progress | None = None,
    wait_s: float = 2.0,
) -> str:
    """Download ``url`` to ``target`` and return how it was checked, in words.

    Bytes are kept in ``target.part``; a call that was cut short is gone on with by the same call, and a connection that
    breaks is taken up again up to :data:`N_TRIES` times, ``wait_s`` seconds later each. ``checksum`` is an algorithm of
    hashlib and hex digits; without one, the SHA-256 that a Hugging Face server sends is taken. Raises
    :class:`DataError` when the source is dead (with ``by_hand`` in the message), the disk is too small or full, and,
    deleting the part, when there are more than ``max_bytes`` or the checksum is another.
    """
    part = target.with_name(target.name + ".part")
    visit = _Visit()
    for attempt in range(1, N_TRIES + 1):
        try:
            _continue(url, part, visit, progress, max_bytes=max_bytes)
            break
        except _TooLong:
            part.unlink(missing_ok=True)
            raise
        except urllib.error.HTTPError as error:
            error.close()
            if error.code < 500 or attempt == N_TRIES:
                raise _dead(url, f"the server answers {error.code} {error.reason}", by_hand) from error
        except (_Cut, OSError, http.client.HTTPException) as error:  # URLError, time-outs and TLS are OSErrors
            why = str(getattr(error, "reason", error)) or type(error).__name__
            if attempt == N_TRIES:
                if part.exists():
                    why += f"; {part.stat().st_size:,} bytes are kept, and the same command goes on from there"
                raise _dead(url, why, by_hand) from error
        time.sleep(wait_s)
    expected = checksum or (("sha256", visit.sha256) if visit.sha256 else None)
    if expected is not None:
        algorithm, digits = expected
        if (came := file_digest(part, algorithm, progress)) != digits.lower():
            part.unlink()
            raise DataError(
                f"{url} gave a file whose {algorithm} is {came}, expected {digits}: it was damaged on its way, or is "
                f"another file now. It is deleted; run the same command again. {by_hand}",
                code="wrong_checksum",
            )
    part.replace(target)
    if checksum:
        return f"checked against its published {checksum[0]}"
    if expected:
        return "checked against the sha256 that the server sends"
    return "not checked: neither the source nor the server gives a checksum"


def _agent() -> str:
    """What a server is told of who asks: the project, and its version where it is installed."""
    try:
        return f"genrelens/{version('genrelens')}"
    except PackageNotFoundError:
        return "genrelens"


def file_digest(path: Path, algorithm: str, progress: Progress | None = None) -> str:
    """Hex digits of a file's hash, read in chunks."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    size, done = path.stat().st_size, 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
            if progress is not None:
                progress("checking", done, size)
    return digest.hexdigest()


class _Visit(urllib.request.HTTPRedirectHandler):
    """Follows redirects, and keeps the SHA-256 that Hugging Face sends with the first of them."""

    def __init__(self) -> None:
        self.sha256: str | None = None

    def open(self, url: str, *, offset: int) -> http.client.HTTPResponse:
        headers = {"User-Agent": _agent(), "Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        request = urllib.request.Request(url, headers=headers)
        answer: http.client.HTTPResponse = urllib.request.build_opener(self).open(request, timeout=TIMEOUT_S)
        self._note(answer.headers)
        return answer

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        self._note(headers)
        return super().redirect_request(req, fp, code, msg, headers, newurl)

    def _note(self, headers: Message) -> None:
        match = re.fullmatch(r'"?([0-9a-f]{64})"?', headers.get("X-Linked-Etag", ""))
        if match:
            self.sha256 = match[1]


def _continue(url: str, part: Path, visit: _Visit, progress: Progress | None, *, max_bytes: int | None) -> None:
    """Bring a part to its end. Raises :class:`_Cut` when the connection ends before it does, and :class:`_TooLong`."""
    offset = part.stat().st_size if part.exists() else 0
    try:
        answer = visit.open(url, offset=offset)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not offset:
            raise
        error.close()
        if _total(error.headers) == offset:
            return  # it was whole, and only not checked yet
        part.unlink()
        raise _Cut("the part on disk is longer than the file; it is begun again") from error
    with answer:
        begins = re.match(r"bytes ([0-9]+)-", answer.headers.get("Content-Range", ""))
        if answer.status == 206 and begins and int(begins[1]) == offset:
            total = _total(answer.headers)
        else:  # a server that knows nothing of ranges gives all of it again
            offset = 0
            length = answer.headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() else None
        if total is not None:
            _check_size(url, total, max_bytes)
            need_room(part.parent, total - offset)
        done = offset
        with _writing(part), part.open("r+b" if offset else "wb") as file:
            file.seek(offset)
            file.truncate()
            for chunk in _chunks(answer):
                file.write(chunk)
                done += len(chunk)
                _check_size(url, done, max_bytes)
                if progress is not None:
                    progress("downloading", done, total)
            file.flush()
            os.fsync(file.fileno())
    if total is not None and done != total:
        raise _Cut(f"the connection broke after {done:,} of {total:,} bytes")


def _check_size(url: str, n_bytes: int, max_bytes: int | None) -> None:
    if max_bytes is not None and n_bytes > max_bytes:
        raise _TooLong(
            f"{url} gives {n_bytes:,} bytes or more, expected at most {max_bytes:,}: it is another file now, and is "
            "deleted",
            code="too_large",
        )


def _chunks(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    """The content until it ends or breaks; what breaks it is the network's fault, not the disk's."""
    try:
        while chunk := answer.read(CHUNK_BYTES):
            yield chunk
    except (OSError, http.client.HTTPException) as error:
        raise _Cut(f"the connection broke: {error or type(error).__name__}") from error


@contextmanager
def _writing(part: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{str(part)!r} cannot be written: {error.strerror or error}; what is there is kept, and the same command "
            "goes on from there",
            code="disk_full",
        ) from error


def need_room(folder: Path, n_bytes: int) -> None:
    """Raise :class:`DataError` when a disk has not so much room left."""
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise DataError(
            f"the disk of {str(folder)!r} has {free / 1e9:.1f} GB left, {n_bytes / 1e9:.1f} GB are needed; make room, "
            "or give another folder",
            code="disk_full",
        )


def _total(headers: Message) -> int | None:
    match = re.fullmatch(r"bytes (?:[0-9]+-[0-9]+|\*)/([0-9]+)", headers.get("Content-Range", ""))
    return int(match[1]) if match else None


def _dead(url: str, why: str, by_hand: str) -> DataError:
    return DataError(f"{url} cannot be had: {why}. {by_hand}".rstrip(), code="source_dead")
