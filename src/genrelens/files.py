"""Writing so that a name holds its old content or the whole new one, whenever the program or the machine stops.

Everything is written beside its place, under a name that says it is ours and unfinished, brought to the disk, and only
then renamed. What a killed program leaves under such a name is cleared when something is written there a day later.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import os
import re
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_OURS: Final = re.compile(r"\.genrelens-[0-9a-f]{8}\.(part|old)")
_KEPT_S: Final = 86_400.0  # another program may be at work on what is younger than a day
_STREAMS: Final = ("/dev/std", "/dev/fd/", "/proc/")  # renaming would take the file away from who reads it


def write_whole(path: Path, content: str | bytes) -> None:
    """Write text (UTF-8, line ends as they are) or bytes; see :func:`written_aside`."""
    with written_aside(path) as aside:
        aside.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A free name to write one file to. When the block ends, that file takes the place of the one at ``path``.

    A link is followed and stays; an older file's permissions are kept. Raises ``OSError`` as the system does, and where
    ``path`` is a folder, a device or a pipe. If anything is raised, in the block too, ``path`` is as it was and nothing
    is left beside it.
    """
    place, mode = _file_at(path)
    aside = beside(place)
    try:
        yield aside
        _to_disk(aside)
        if mode is not None:
            with contextlib.suppress(OSError):  # some disks know no permissions
                aside.chmod(mode)
        aside.replace(place)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    _sync_folder(place.parent)


@contextmanager
def written_folder(path: Path) -> Iterator[Path]:
    """A new folder to fill. When the block ends it takes the place of the folder at ``path`` and of all that is in it.

    A link is followed and stays. Raises ``OSError`` as the system does; then ``path`` is as it was. The parent folder
    must be there.
    """
    place = Path(os.path.realpath(path))
    give_back(place)
    aside = beside(place)
    aside.mkdir()
    try:
        yield aside
        for each in aside.rglob("*"):
            if each.is_dir():
                _sync_folder(each)
            elif each.lstat().st_nlink < 2:  # one with a second name is on the disk by that
                _to_disk(each)
        _sync_folder(aside)
        _take_place(aside, place)
        _sync_folder(place.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def user_folder() -> Path:
    """The folder for what genrelens keeps for its user between runs, as the system has it; it may not be there yet.

    ``$XDG_DATA_HOME/genrelens``, or else ``~/.local/share/genrelens``; ``~/Library/Application Support/genrelens`` on
    macOS, ``%LOCALAPPDATA%\\genrelens`` on Windows. Raises ``OSError`` where the user has no home.
    """
    given = os.environ.get("XDG_DATA_HOME", "")
    if Path(given).is_absolute():  # others are to be ignored, says the XDG Base Directory Specification
        return Path(given) / "genrelens"
    if sys.platform == "win32" and os.environ.get("LOCALAPPDATA"):
        return Path(os.environ["LOCALAPPDATA"]) / "genrelens"
    try:
        home = Path.home()
    except RuntimeError as error:
        raise FileNotFoundError(errno.ENOENT, "the user has no home folder; name one in XDG_DATA_HOME") from error
    share = "Library/Application Support" if sys.platform == "darwin" else ".local/share"
    return home / share / "genrelens"


def beside(path: Path) -> Path:
    """A free name in the folder of ``path``, short enough for any disk, for what is to be renamed to ``path``."""
    _clear_leftovers(path.parent)
    return path.parent / f".genrelens-{secrets.token_hex(4)}.part"


def contents(folder: Path) -> tuple[Path, ...]:
    """What is in a folder, without what a killed program of ours left there half written. Raises ``OSError``."""
    return tuple(path for path in folder.iterdir() if not _OURS.fullmatch(path.name))


def give_back(path: Path) -> None:
    """Give a folder its name again, where a program was stopped between the two renames that replace it.

    This can only have happened where the system cannot exchange two names at once.
    """
    place = Path(os.path.realpath(path))
    old = _old(place)
    if old.is_dir() and not place.exists():
        old.rename(place)


def no_device(path: Path) -> Path:
    """The path, to be opened. Raises ``OSError`` for a device or a pipe, which may have no end or be waited for.

    What is missing, or a folder, is left to whoever opens it.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "it is a device or a pipe; save it to a file first", str(path))
    return path


def _file_at(path: Path) -> tuple[Path, int | None]:
    """Where ``path`` leads to in the end, and the permissions of the file that is there."""
    place = Path(os.path.realpath(path))
    try:
        found = path.stat().st_mode
    except FileNotFoundError:
        return place, None
    if stat.S_ISDIR(found):
        raise IsADirectoryError(errno.EISDIR, "it is a folder, expected the name of a file", str(path))
    if not stat.S_ISREG(found) or str(path.absolute()).startswith(_STREAMS):
        raise OSError(errno.EINVAL, "it is a device or a pipe, expected the name of a file", str(path))
    return place, stat.S_IMODE(found)


def _take_place(fresh: Path, place: Path) -> None:
    if not place.is_dir():
        fresh.rename(place)
        return
    with contextlib.suppress(OSError):
        shutil.copymode(place, fresh)
    if _exchange(fresh, place):
        return
    # A folder cannot be renamed onto another. Between these two renames nothing has the name; where the program is
    # stopped just there, whoever comes next gives the old one its name back.
    old = _old(place)
    shutil.rmtree(old, ignore_errors=True)
    place.rename(old)
    try:
        fresh.rename(place)
    except BaseException:
        old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _old(place: Path) -> Path:
    """The one name that the folder at ``place`` may have while it is replaced."""
    return place.parent / f".genrelens-{hashlib.sha256(os.fsencode(place.name)).hexdigest()[:8]}.old"


def _exchange(one: Path, other: Path) -> bool:
    """Exchange the names of two folders at once; False where the system or its disk cannot (Windows, NFS)."""
    if sys.platform == "win32":
        return False
    import ctypes

    system = ctypes.CDLL(None)
    names = os.fsencode(one), os.fsencode(other)
    if sys.platform == "darwin":
        return hasattr(system, "renamex_np") and system.renamex_np(*names, 2) == 0
    here = -100  # AT_FDCWD: names count from the working folder
    return hasattr(system, "renameat2") and system.renameat2(here, names[0], here, names[1], 2) == 0


@functools.cache
def _clear_leftovers(folder: Path) -> None:
    """Delete what was left half written in a folder a day ago or earlier; once a process, as folders can be large."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if path.suffix != ".part" or not _OURS.fullmatch(path.name):
                continue
            with contextlib.suppress(OSError):
                if time.time() - path.lstat().st_mtime > _KEPT_S:
                    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _to_disk(path: Path) -> None:
    with path.open("r+b") as file:  # Windows brings nothing to the disk that is open for reading alone
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make new names in a folder last through a power cut, where the system can (Windows cannot)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
