"""What a person sees of a command: lines, widths, progress, what was written, and what Ctrl-C leaves."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import time
import unicodedata
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import typer

from genrelens.pages.wording import visible

if TYPE_CHECKING:
    from genrelens.data.registry import Loaded
    from genrelens.recipe import AnyRecipe

EVERY_S: Final = 60.0
"""Off a terminal progress is a line a minute, so that a log stays short."""
DRAWN_S: Final = 0.1
BAR: Final = 24
N_SHOWN: Final = 3


def say(message: str) -> None:
    """One line on stderr, beginning with the program's name."""
    line(f"genrelens: {' '.join(message.splitlines())}")


def line(text: str) -> None:
    """One line on stderr, whatever it holds and whatever the terminal can show.

    Names from tags, tables and models may stand in it: they must not steer the terminal.
    """
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    with contextlib.suppress(OSError):  # who reads errors is gone: the exit code still tells
        print(visible(text).encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr, flush=True)


def notes(sentences: Iterable[str]) -> None:
    """Say what was odd, a line each."""
    for sentence in sentences:
        say(f"note: {sentence}")


def print_text(text: str) -> None:
    """Print lines to stdout, whatever they hold and whatever the terminal can show."""
    print_lines("\n".join(map(visible, text.splitlines())))


def print_lines(text: str) -> None:
    """Print to stdout whatever the terminal can show of it; in JSON what it cannot is an escape that JSON knows."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    typer.echo(text.encode(encoding, "backslashreplace").decode(encoding))


def data_on_stdout(*, newline: str) -> None:
    """Make stdout one for programs: UTF-8 whatever the locale. Streams that tests put in place may not know how."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="backslashreplace", newline=newline)


def wrote(*paths: Path | str, then: str | None = None, for_scripts: bool = False) -> None:
    """Say on stderr what was written and what to do next; ``for_scripts`` a pipe gets the last path, too."""
    if for_scripts and not sys.stdout.isatty():
        typer.echo(paths[-1])
    *others, last = (str(path) for path in paths)
    line(f"wrote {', '.join(others)} and {last}" if others else f"wrote {last}")
    if then is not None:
        line(f"next: {then}")


def tell(loaded: Loaded) -> None:
    """What a data set passes over and leaves out, and what is odd about it, in a line each on stderr."""
    tell_passed_over(loaded.passed_over)
    notes(loaded.notes)
    if loaded.left_out:
        n = len(loaded.left_out)
        some = "; ".join(f"{what}: {why}" for what, why in loaded.left_out[:N_SHOWN])
        notes([f"{n} {'file is' if n == 1 else 'files are'} left out: {some}{'; ...' if n > N_SHOWN else ''}"])


def tell_passed_over(counts: Mapping[str, int] | Counter[str]) -> None:
    """Say on stderr what a walk through folders has passed over, if anything."""
    from genrelens.audio.walk import passed_over_text

    if text := passed_over_text(counts):
        say(text)


def width(text: str) -> int:
    """Columns that a text takes in a terminal: two for East Asian wide ones, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def shorten(text: str, columns: int) -> str:
    """The text cut at its front to fit: the end of a path says more than its beginning."""
    if width(text) <= columns:
        return text
    kept = text
    while kept and width(kept) > columns - 3:
        kept = kept[1:]
    return "..." + kept


def pad(text: str, columns: int) -> str:
    """The text with spaces up to a width."""
    return text + " " * max(0, columns - width(text))


def is_watched() -> bool:
    """Whether a person sees stderr."""
    return sys.stderr is not None and sys.stderr.isatty()


class Progress:
    """How many of how many are done, how fast, and for how long still: one line that changes, or a line a minute.

    ``unit="bytes"`` counts megabytes and draws a bar.
    """

    def __init__(self, what: str, *, total: int | None = None, unit: str = "") -> None:
        self._what, self._total, self._unit = what, total, unit
        self._on = is_watched() and total != 1
        self._marks: deque[tuple[float, int]] = deque(maxlen=50)
        self._begun = self._drawn = 0
        self.done = 0
        self._said_s = time.monotonic()
        self._drawn_s = -1.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def step(self, item: str) -> None:
        """Say that the next of ``total`` is begun, and which it is."""
        self.show(self._begun, self._total, item=item)
        self._begun += 1

    def show(self, done: int, total: int | None, *, what: str | None = None, item: str = "") -> None:
        """Say that ``done`` of ``total`` are done, or that something else is counted from now on."""
        now = time.monotonic()
        self.done = done
        if what is not None and what != self._what:
            self._what, self._drawn_s = what, -1.0
            self._marks.clear()
        self._marks.append((now, done))
        if not self._on:
            if now - self._said_s >= EVERY_S and sys.stderr is not None:
                self._said_s = now
                line(self._text(done, total))
        elif now - self._drawn_s >= DRAWN_S or done == total:
            self._drawn_s = now
            self._draw(self._text(done, total), item)

    def count(self, what: str, done: int, total: int) -> None:
        """Say that ``done`` of ``total`` are done, and what is counted."""
        self.show(done, total, what=what)

    def clear(self) -> None:
        """Take the line away, so that a result can be printed in its place."""
        if self._drawn:
            sys.stderr.write("\r" + " " * self._drawn + "\r")
            sys.stderr.flush()
            self._drawn = 0

    def _draw(self, text: str, item: str) -> None:
        columns = shutil.get_terminal_size().columns - 1
        if item:
            text += "  " + shorten(visible(item), max(10, columns - width(text) - 2))
        encoding = sys.stderr.encoding or "utf-8"
        shown = shorten(text.encode(encoding, "replace").decode(encoding), columns)
        self.clear()
        sys.stderr.write("\r" + shown)
        sys.stderr.flush()
        self._drawn = width(shown)

    def _text(self, done: int, total: int | None) -> str:
        seconds = self._marks[-1][0] - self._marks[0][0]
        rate = (done - self._marks[0][1]) / seconds if seconds > 0 else 0.0
        if self._unit == "bytes" and self._what.endswith("unpacking"):
            return f"{self._what}, {done:,} files"
        if self._unit == "bytes":
            return bytes_text(self._what, done, total, bytes_per_s=rate)
        if not total:
            return self._what
        text = f"{self._what}: {done:,} of {total:,}"
        if rate > 0 and done < total:
            text += f", {_rate(rate)}, {duration((total - done) / rate)} left"
        return text


def bytes_text(what: str, done: int, total: int | None, *, bytes_per_s: float = 0.0) -> str:
    """``"fma_small: downloading [######....]  34 %  2.6 of 7.7 GB, 12.0 MB/s, 7 min left"``."""
    speed = f", {bytes_per_s / 1e6:.1f} MB/s" if bytes_per_s else ""
    if not total:
        return f"{what} {done / 1e6:.1f} MB{speed}"
    full = int(BAR * done / total)
    unit, name = (1e9, "GB") if total >= 1e9 else (1e6, "MB")
    left = f", {duration((total - done) / bytes_per_s)} left" if bytes_per_s and done < total else ""
    bar = "#" * full + "." * (BAR - full)
    return f"{what} [{bar}] {done / total:4.0%}  {done / unit:.1f} of {total / unit:.1f} {name}{speed}{left}"


def duration(seconds: float) -> str:
    """``"40 s"``, ``"7 min"``, ``"2.5 h"``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _rate(per_s: float) -> str:
    return f"{per_s:.1f} a second" if per_s >= 1 else f"{per_s * 60:.1f} a minute"


class Lines:
    """Lines about long work, for people who watch; in a log the newest of them, once a minute."""

    def __init__(self) -> None:
        self._said_s = time.monotonic()

    def __call__(self, text: str) -> None:
        """Say a line, if one is due."""
        now = time.monotonic()
        if is_watched() or now - self._said_s >= EVERY_S:
            self._said_s = now
            line(text)


class Epochs:
    """A line an epoch of a network: losses, for how many epochs the loss may still fail to fall, and how long it takes
    at most; ``where`` is what the line begins with."""

    def __init__(self, say: Lines, recipe: AnyRecipe) -> None:
        self._say, self._patience = say, int(getattr(getattr(recipe, "training", None), "patience", 0))
        self._best, self._since = float("inf"), 0
        self.where = ""

    def __call__(self, done: int, most: int, row: Mapping[str, float]) -> None:
        """Epoch ``done`` of at most ``most`` is over; ``row`` has its losses, accuracy and seconds."""
        if done == 1:
            self._best, self._since = float("inf"), 0
        loss = row["stop_loss"]
        self._best, self._since = (loss, 0) if loss < self._best else (self._best, self._since + 1)
        left = min(most - done, self._patience - self._since)
        self._say(
            f"{self.where}epoch {done}/{most}  train loss {row['train_loss']:.3f}  validation loss {loss:.3f}  "
            f"accuracy {row['stop_accuracy']:.1%}  {row['seconds']:.0f} s  (no better for {self._since} of "
            f"{self._patience} epochs; ends in {duration(left * row['seconds'])} unless that falls, in "
            f"{duration((most - done) * row['seconds'])} at the latest)"
        )


def check_page(page: Path, *, option: str = "--html", endings: tuple[str, ...] = (".html", ".htm")) -> None:
    """Refuse a page that cannot be written, or would take the place of what is no page: ``--html *.mp3``.

    The same goes for another ``option``'s file, whose name has one of these ``endings`` where it is there already.
    """
    place = Path(os.path.realpath(page))
    try:
        mode = page.stat().st_mode
    except FileNotFoundError:
        mode = None
    except OSError as error:
        raise typer.BadParameter(f"{option} {page}: {error.strerror or error}; give another name") from None
    if (mode is not None and stat.S_ISDIR(mode)) or not place.parent.is_dir():
        raise typer.BadParameter(f"{option} {page}: expected a file name in a folder that exists")
    if mode is not None and not (stat.S_ISREG(mode) and page.suffix.lower() in endings):
        raise typer.BadParameter(
            f"{option} {page}: this is there already and is no {endings[0]} file; give another name"
        )
    from tempfile import TemporaryFile

    try:
        with TemporaryFile(dir=place.parent):  # rights alone do not tell: the disk may be read-only or full
            pass
    except OSError as error:
        raise typer.BadParameter(
            f"{option} {page}: no file can be written in that folder ({error.strerror or error}); give another"
        ) from None


def check_file(option: str, path: Path, *endings: str) -> None:
    """Refuse a place where no file can be, or a name without one of the ``endings``, before the work."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise typer.BadParameter(f"{option} {path}: expected a file name in a folder that exists")
    if endings and path.suffix.lower() not in endings:
        raise typer.BadParameter(f"{option} {path}: expected a name that ends in {' or '.join(endings)}")


def check_folder(option: str, path: Path) -> None:
    """Refuse a place where a file is already, before the work."""
    if path.exists() and not path.is_dir():
        raise typer.BadParameter(f"{option} {path}: expected a folder, there is a file of that name")
