"""A genrelens command as a scenario of tools/crash_points.py: run in this process, with all that it imports at hand."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from crash_points import Scenario


def program(*words: object) -> int:
    """The program in this process; its exit code."""
    from genrelens.cli import main

    try:
        main([str(word) for word in words])
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    return 0


def scenario(
    name: str,
    words: Sequence[object],
    *,
    earlier: Sequence[Sequence[object]] = (),
    together: tuple[str, ...] = (),
    forget: int = 0,
    resume: str = "",
) -> Scenario:
    """A command after ``earlier`` ones, ``forget`` of whose cache files are gone again.

    ``resume`` is a file: where it is there, the command is given ``--resume``. All of it is done once here, so that
    what it imports, compiles and exports is there in every fork: a kill then costs a second and not a minute.
    """

    def prepare(folder: Path) -> None:
        for each in earlier:
            if came := program(*each):
                raise SystemExit(f"{name}: exit code {came} of {each}")
        cached = sorted(path for path in (folder / "cache").rglob("*") if path.is_file())
        for path in cached[:forget]:
            path.unlink()

    def command(folder: Path) -> int:
        return program(*words, *(["--resume"] if resume and (folder / resume).exists() else []))

    with elsewhere() as folder:
        prepare(folder)
        if came := command(folder):
            raise SystemExit(f"{name}: exit code {came}")
    return Scenario(name, command, prepare, together)


@contextlib.contextmanager
def elsewhere() -> Iterator[Path]:
    """A folder to work in that goes away again; nothing is printed."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as place, contextlib.redirect_stdout(io.StringIO()):
        os.chdir(place)
        try:
            yield Path(place)
        finally:
            os.chdir(before)
