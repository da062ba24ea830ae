"""One line about bytes on their way, on stderr, only when a person is watching."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Self

WIDTH = 24
EVERY_S = 0.2


class TransferLine:
    """A bar with share, amount, speed and time left; silent unless stderr is a terminal."""

    def __init__(self, what: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._clock = clock
        self._on = sys.stderr is not None and sys.stderr.isatty()
        self._stage = ""
        self._marks: deque[tuple[float, int]] = deque(maxlen=50)
        self._shown = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            print("\r" + " " * self._shown + "\r", end="", file=sys.stderr, flush=True)

    def show(self, stage: str, done: int, total: int | None) -> None:
        """Say how far a stage is: bytes done and to do, or files done where nobody knows how many there are."""
        if not self._on:
            return
        now = self._clock()
        if stage != self._stage:
            self._stage = stage
            self._marks.clear()
        elif now - self._marks[-1][0] < EVERY_S and done != total:
            return
        self._marks.append((now, done))
        seconds = now - self._marks[0][0]
        speed = (done - self._marks[0][1]) / seconds if seconds > 0 else None
        line = transfer_text(self._what, stage, done, total, bytes_per_s=speed)
        print("\r" + line.ljust(self._shown), end="", file=sys.stderr, flush=True)
        self._shown = len(line)


def transfer_text(
    what: str, stage: str, done: int, total: int | None, *, bytes_per_s: float | None = None
) -> str:
    """``"fma_small: downloading [######....]  34 %  2.6 of 7.7 GB, 12.0 MB/s, 7 min left"``."""
    if stage == "unpacking":
        return f"{what}: unpacking, {done:,} files"
    speed = f", {bytes_per_s / 1e6:.1f} MB/s" if bytes_per_s else ""
    if not total:
        return f"{what}: {stage} {done / 1e6:.1f} MB{speed}"
    full = int(WIDTH * done / total)
    unit, name = (1e9, "GB") if total >= 1e9 else (1e6, "MB")
    left = f", {_duration((total - done) / bytes_per_s)} left" if bytes_per_s and done < total else ""
    bar = "#" * full + "." * (WIDTH - full)
    return f"{what}: {stage} [{bar}] {done / total:4.0%}  {done / unit:.1f} of {total / unit:.1f} {name}{speed}{left}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
