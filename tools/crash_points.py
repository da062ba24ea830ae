"""Kill commands at every file operation, and see what is left: earlier output whole, and the same command goes on.

    python tools/crash_points.py --kills 50 --out docs/killed.md

A command is run once to count what it does to files below its folder: open to write, fsync, rename, link, delete, make
or exchange folders. Then it is run again and again on the same beginning, and killed (SIGKILL) just before one of them.
What it had written and not brought to the disk by then is cut short, as where the power fails. After each kill

1. every file is the old one, the new one or at least whole for its kind, and none that was there is gone;
2. a folder that belongs together holds files of one run alone;
3. the same command (a training's with --resume, as it says) ends well and with the same output.

The kill happens in a fork of this process, where the command has run once before, so that a kill costs a second: what
it imports, compiles and exports is there. Linux only. What C libraries write by themselves is not seen; genrelens lets
them write to memory.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Files = dict[str, bytes]
MEASURED = {"training_s", "seconds"}  # other in every run


@dataclass(frozen=True)
class Scenario:
    """A command, and what stands in its folder before it.

    ``command(folder)`` runs it once and returns the exit code, which should be ``code``; ``prepare(folder)`` writes the
    earlier output. ``together`` are folders in which one run's files must not stand beside another's.
    """

    name: str
    command: Callable[[Path], int]
    prepare: Callable[[Path], None] = lambda folder: None
    together: tuple[str, ...] = ()
    code: int = 0


@dataclass
class Found:
    """What came of a scenario's kills."""

    name: str
    n_operations: int = 0
    n_kills: int = 0
    faults: list[str] = field(default_factory=list)


class Watch:
    """Counts file operations below a folder and kills this process just before the ``kill_at``-th."""

    def __init__(self, folder: Path, *, kill_at: int = 0, share: float = 0.5) -> None:
        self._folder, self._kill_at, self._share = str(folder), kill_at, share
        self.n = 0
        self._unsafe: set[str] = set()
        self._sync = os.fsync
        os.fsync = self._fsync
        sys.addaudithook(self._hear)

    def _fsync(self, handle: Any) -> None:
        number = handle if isinstance(handle, int) else handle.fileno()
        path = str(Path(f"/proc/self/fd/{number}").readlink())
        self._count(path)
        self._sync(number)
        self._unsafe.discard(path)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            if isinstance(args[0], int) or not (path := self._counted(args[0])):
                return
            self._unsafe.add(path)
        elif event == "os.rename":
            source, target = (self._path(place, at) for place, at in ((args[0], args[2]), (args[1], args[3])))
            if self._counted(source) or self._counted(target):
                moved = {path for path in self._unsafe if path == source or path.startswith(source + "/")}
                self._unsafe -= moved
                self._unsafe |= {target + path[len(source) :] for path in moved}
        elif event in ("os.remove", "os.rmdir", "os.truncate"):
            self._counted(self._path(args[0], args[1] if event != "os.truncate" else -1))
        elif event == "os.mkdir":
            self._counted(self._path(args[0], args[2]))
        elif event == "os.link":
            self._counted(self._path(args[1], args[3]))
        elif event == "ctypes.dlsym" and args[1] == "renameat2":
            self._count(self._folder)

    def _counted(self, place: Any) -> str:
        path = self._path(place, -1)
        if not path.startswith(self._folder + "/"):
            return ""
        self._count(path)
        return path

    def _path(self, place: Any, folder: int) -> str:
        base = Path.cwd() if folder in (-1, -100) else Path(f"/proc/self/fd/{folder}").readlink()
        return os.path.normpath(base / os.fsdecode(place))

    def _count(self, path: str) -> None:
        if not path.startswith(self._folder):
            return
        self.n += 1
        if self.n != self._kill_at:
            return
        for unsafe in self._unsafe:
            with contextlib.suppress(OSError):
                os.truncate(unsafe, int(Path(unsafe).stat().st_size * self._share))
        os.kill(os.getpid(), signal.SIGKILL)


def kill_everywhere(scenario: Scenario, *, kills: int, seed: int, work: Path) -> Found:
    """Kill the scenario's command at ``kills`` of its operations, each time from the same beginning."""
    found = Found(scenario.name)
    begin, here = work / "begin", work / "here"
    begin.mkdir()
    log = work / "log"

    def fresh() -> None:
        shutil.rmtree(here, ignore_errors=True)
        shutil.copytree(begin, here, symlinks=True)

    def prepare(folder: Path) -> int:
        scenario.prepare(folder)
        return 0

    begin.rename(here)  # commands may write where they are into what they write
    if _forked(prepare, here, log)[0] != 0:
        raise SystemExit(f"{scenario.name}: what comes before it failed:\n{log.read_text()[-2000:]}")
    here.rename(begin)
    old = snapshot(begin)
    fresh()
    code, found.n_operations = _forked(scenario.command, here, log)
    if code != scenario.code:
        raise SystemExit(f"{scenario.name}: exit code {code} undisturbed:\n{log.read_text()[-2000:]}")
    new = snapshot(here)
    for kill_at, share in _moments(found.n_operations, kills, random.Random(f"{seed} {scenario.name}")):
        fresh()
        code, _ = _forked(scenario.command, here, log, kill_at=kill_at, share=share)
        found.n_kills += 1
        where = f"{scenario.name}, operation {kill_at}, {share:.0%} of unsafe files left"
        if code != -signal.SIGKILL:
            found.faults.append(f"{where}: not reached, exit code {code}")
            continue
        left = snapshot(here)
        faults = _broken(left, old, new, together=scenario.together)
        code, _ = _forked(scenario.command, here, log)
        after = snapshot(here)
        if code != scenario.code and not _alike(left, new):  # done, and a finished run may say so
            said = " ".join(log.read_text().split()[-40:])
            faults.append(f"the same command ends with {code}: {said}")
        elif not _alike(after, new):
            faults.append(f"the same command ends with other output: {_unlike(after, new)}")
        if faults:
            found.faults.append(f"{where}: {'; '.join(faults)}")
    return found


def _moments(n: int, kills: int, rng: random.Random) -> Iterator[tuple[int, float]]:
    """Operations to kill at: each once, then again with another share cut off; a sample where there are more."""
    places = list(range(1, n + 1))
    if kills < n:
        places = sorted(rng.sample(places, kills))
    for i in range(kills if n else 0):
        yield places[i % len(places)], 0.5 if i < n else rng.random()


def _forked(
    command: Callable[[Path], int], folder: Path, log: Path, *, kill_at: int = 0, share: float = 0.5
) -> tuple[int, int]:
    """Run in a child, in the folder; its exit code, negative where a signal ended it, and operations counted."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads, which the children have no use for
        child = os.fork()
    if child == 0:
        code = 70
        try:
            signal.alarm(600)
            os.chdir(folder)
            with log.open("wb") as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            sys.stdout, sys.stderr = io.TextIOWrapper(io.FileIO(1, "w")), io.TextIOWrapper(io.FileIO(2, "w"))
            watch = Watch(folder, kill_at=kill_at, share=share)
            code = command(folder)
            os.write(writer, str(watch.n).encode())
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)
    os.close(writer)
    status = os.waitpid(child, 0)[1]
    with os.fdopen(reader) as file:
        counted = file.read()
    return os.waitstatus_to_exitcode(status), int(counted or 0)


def snapshot(folder: Path) -> Files:
    """Every file that has its name: not those that are being written aside."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        aside = any(part.startswith(".") for part in name.parts) or path.suffix == ".part"
        if path.is_file() and not aside and name.parts[0] != "cache":
            found[str(name)] = path.read_bytes()
    return found


def _broken(left: Files, old: Files, new: Files, *, together: tuple[str, ...]) -> list[str]:
    faults = [f"{name} is gone" for name in old if name in new and name not in left]
    for name, content in left.items():
        known = [files[name] for files in (old, new) if name in files]
        if not any(same(name, content, other) for other in known) and not parses(name, content):
            faults.append(f"{name} is broken")
    for folder in together:
        its = {name for name in old.keys() | new.keys() if name.startswith(f"{folder}/")}
        stand = {name for name in its if name in left}
        for files in (old, new):
            if stand == {name for name in its if name in files} and all(
                same(name, left[name], files[name]) for name in stand
            ):
                break
        else:
            if any(name in old for name in its) or len(stand) > 1:
                faults.append(f"{folder} holds neither what it held nor what it should")
    return faults


def parses(name: str, content: bytes) -> bool:
    """Whether a file is whole, as far as its kind shows."""
    end = Path(name).suffix
    try:
        if end == ".json":
            json.loads(content)
        elif end == ".csv":
            return content.endswith(b"\n")
        elif end in (".html", ".htm"):
            return content.rstrip().endswith(b"</html>")
        elif end == ".png":
            return content.endswith(b"IEND\xaeB`\x82")
        elif end == ".zip":
            return zipfile.ZipFile(io.BytesIO(content)).testzip() is None
        elif end == ".ckpt":
            import torch

            torch.load(io.BytesIO(content), weights_only=True)
        else:
            return False
    except Exception:
        return False
    return True


def same(name: str, one: bytes, other: bytes) -> bool:
    """Whether two files say the same, apart from how long it took."""
    if one == other:
        return True
    if name.endswith(".ckpt"):
        return parses(name, one) and parses(name, other)
    if name.endswith(".json"):
        with contextlib.suppress(ValueError):
            return bool(_timeless(json.loads(one)) == _timeless(json.loads(other)))
    if name.endswith(".csv"):
        with contextlib.suppress(UnicodeDecodeError):
            return _timeless(_rows(one)) == _timeless(_rows(other))  # type: ignore[no-any-return]
    return False


def _rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def _timeless(document: Any) -> Any:
    if isinstance(document, dict):
        return {key: _timeless(value) for key, value in document.items() if key not in MEASURED}
    return [_timeless(item) for item in document] if isinstance(document, list) else document


def _alike(one: Files, other: Files) -> bool:
    return one.keys() == other.keys() and all(same(name, one[name], other[name]) for name in one)


def _unlike(one: Files, other: Files) -> str:
    both = one.keys() & other.keys()
    names = sorted(one.keys() ^ other.keys() | {name for name in both if not same(name, one[name], other[name])})
    return ", ".join(names[:5])


def page(rows: Mapping[str, tuple[int, int, int]], *, command: str) -> str:
    """The page, in Markdown: of each scenario by name how many operations, kills and faults."""
    return "\n".join(
        [
            "# Killed at any moment",
            "",
            "Each command that writes was stopped with SIGKILL just before one of its file operations, over and over, "
            "and what it had",
            "not brought to the disk by then was cut short, as where the power fails. A fault is a file that is "
            "neither the earlier one nor the",
            "new one nor whole, one that is gone, a folder with files of two runs, or the same command not ending "
            "with the same output when",
            f"it is given again. Written by `{command}`; no number is typed by hand.",
            "",
            "| command | file operations | kills | faults |",
            "|---|---|---|---|",
            *(f"| {name} | {n} | {n_kills} | {n_faults} |" for name, (n, n_kills, n_faults) in rows.items()),
            "",
            "A command with more operations than kills is killed at a sample of them, one with fewer several times "
            "at each, with another share",
            "of the unsafe files left. What a kill may leave are files and folders named `.genrelens-….part`, which "
            "count for nothing and are deleted",
            "when something is written beside them a day later. A training goes on with `--resume`, as it says.",
            "",
            "Models, recipes and music are those of the tests: a few thousand weights, an epoch or two, seconds of "
            "sound; a picture is one colour,",
            "as drawing writes no file. No weights of VGGish and Wav2Vec2 can be had; random ones of the same form "
            "stand in their place. `recipes`,",
            "`data check` and `data splits` write nothing, `grid` nothing but its cache, and `predict`, `evaluate`, "
            "`audit` and",
            "`compare` only where an option says so.",
            "",
        ]
    )


def rows_of(text: str) -> dict[str, tuple[int, int, int]]:
    """The rows of a page that :func:`page` wrote."""
    found = re.findall(r"^\| (.+?) \| (\d+) \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    return {name: (int(n), int(n_kills), int(n_faults)) for name, n, n_kills, n_faults in found}


def main() -> None:
    cores = sorted(os.sched_getaffinity(0))
    # Before anything starts threads: commands then work in the process that is killed.
    os.sched_setaffinity(0, {cores[os.getpid() % len(cores)]})
    from crashes.scenarios import scenarios

    parser = argparse.ArgumentParser(description="Kill commands at their file operations.")
    parser.add_argument("--kills", type=int, default=50, help="kills of each command")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample where there are more operations")
    parser.add_argument(
        "--only", action="append", default=[], help="a command; may be given again; other rows of the page stay"
    )
    parser.add_argument("--out", type=Path, help="a page to write, after each command")
    asked = parser.parse_args()
    rows = rows_of(asked.out.read_text("utf-8")) if asked.only and asked.out and asked.out.exists() else {}
    n_faults = 0
    with tempfile.TemporaryDirectory() as place, _another_disk():
        base = Path(place).resolve()
        for scenario in scenarios(base / "inputs", only=asked.only):
            started = time.monotonic()
            work = base / "work"
            work.mkdir()
            one = kill_everywhere(scenario, kills=asked.kills, seed=asked.seed, work=work)
            shutil.rmtree(work)
            rows[one.name] = (one.n_operations, one.n_kills, len(one.faults))
            n_faults += len(one.faults)
            print(
                f"{one.name}: {one.n_operations} operations, {one.n_kills} kills, {len(one.faults)} faults "
                f"({time.monotonic() - started:.0f} s)",
                flush=True,
            )
            for fault in one.faults[:8]:
                print(f"  {fault}", flush=True)
            if asked.out is not None:
                command = f"python tools/crash_points.py --kills {asked.kills} --out {asked.out}"
                asked.out.write_text(page(rows, command=command), encoding="utf-8")
    sys.exit(1 if n_faults else 0)


@contextlib.contextmanager
def _another_disk() -> Iterator[None]:
    """Temporary files of the commands on another disk than their output, where there is one in memory."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as place:
        os.environ["TMPDIR"] = tempfile.tempdir = place
        yield
    del os.environ["TMPDIR"]
    tempfile.tempdir = None


if __name__ == "__main__":
    main()
