"""One line of progress on stderr, only when a person is watching."""

from __future__ import annotations

import shutil
import sys
from typing import Self

from genrelens.cli.text import shorten
from genrelens.report.wording import visible


class ProgressLine:
    """Shows which of ``total`` pieces is worked on; silent unless stderr is a terminal and total > 1."""

    def __init__(self, *, total: int) -> None:
        self._total = total
        self._done = 0
        self._shown = 0
        self._on = total > 1 and sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def show(self, path: str) -> None:
        """Say that the next piece is being worked on."""
        self._done += 1
        if not self._on:
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
