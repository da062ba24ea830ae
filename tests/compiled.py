"""Code that numba compiled for the tests, kept from one run to the next: compiling takes 20 s of every process.

Processes that compile the same functions at once spoil each other's files, after which whoever loads them crashes. So
each test process has a folder of its own, which begins as a copy of what an earlier run, all of whose tests passed,
left behind.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
KERNELS = REPOSITORY / "src" / "genrelens" / "frontend" / "descriptors" / "kernels.py"


def kept() -> Path:
    """Where compiled code lies between runs, by everything that it depends on."""
    what = f"{sys.version} {version('numba')} {version('librosa')} {KERNELS.stat().st_mtime_ns} {sys.prefix}"
    name = hashlib.sha256(what.encode()).hexdigest()[:16]
    return REPOSITORY / ".pytest_cache" / "numba" / name


def begin() -> Path:
    """This process's folder; to be called before anything imports numba."""
    own = Path(tempfile.mkdtemp(prefix="genrelens-tests-numba-"))
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    with contextlib.suppress(OSError):  # there is none yet, or it is just being replaced
        shutil.copytree(kept(), own, dirs_exist_ok=True)
    os.environ["NUMBA_CACHE_DIR"] = str(own)
    return own


def keep(own: Path) -> None:
    """Keep the folder of a process whose tests all passed, where it holds more than what is kept."""
    target = kept()
    if _size(own) <= _size(target):
        return
    with contextlib.suppress(OSError):  # another process was first, or the checkout cannot be written
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=target.parent))
        shutil.copytree(own, aside / "new")
        if target.exists():
            target.rename(aside / "old")
        (aside / "new").rename(target)
        shutil.rmtree(aside)


def _size(folder: Path) -> int:
    return sum(1 for _ in folder.rglob("*.nbc"))
