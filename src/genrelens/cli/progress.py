"""One line of progress on stderr when a person is watching, and a line a minute of long runs when nobody is."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Self

from genrelens.cli.text import shorten
from genrelens.pages.wording import visible

_EVERY_S = 60.0


class ProgressLine:
    """Shows which of ``total`` pieces is worked on; off a terminal a line a minute says how many are done."""

    def __init__(self, *, total: int) -> None:
        self._total = total
        self._done = 0
        self._shown = 0
        self._on = total > 1 and sys.stderr is not None and sys.stderr.isatty()
        self._said_s = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def show(self, path: str) -> None:
        """Say that the next piece is being worked on."""
        self._done += 1
        if not self._on:
            if time.monotonic() - self._said_s >= _EVERY_S and sys.stderr is not None:
                self._said_s = time.monotonic()
                print(f"{self._done - 1} of {self._total} done", file=sys.stderr, flush=True)
            return
        count = f"{self._done}/{self._total} "
        room = max(10, shutil.get_terminal_size().columns - len(count) - 1)
        line = count + shorten(visible(path), room)
        encoding = sys.stderr.encoding or "utf-8"
        self.clear()
        sys.stderr.write(line.encode(encoding, "replace").decode(encoding))
        sys.stderr.flush()
        self._shown = len(count) + room

    def clear(self) -> None:
        """Take the line away, so that a result can be printed in its place."""
        if self._on and self._shown:
            sys.stderr.write("\r" + " " * self._shown + "\r")
            sys.stderr.flush()
            self._shown = 0


class CountLine:
    """Shows how many of how many pieces are done; silent unless stderr is a terminal."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = 0
        self._on = sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r" + " " * self._shown + "\r")
            sys.stderr.flush()

    def show(self, done: int, total: int, *, what: str | None = None) -> None:
        """Say that ``done`` of ``total`` pieces are done, or that something else is counted now."""
        if self._on:
            line = f"{what or self._what} {done:,} of {total:,}"
            sys.stderr.write("\r" + line.ljust(self._shown))
            sys.stderr.flush()
            self._shown = len(line)
