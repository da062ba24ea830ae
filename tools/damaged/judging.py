"""What genrelens makes of damaged files: asked in processes of their own, so that one that dies is counted."""

from __future__ import annotations

import faulthandler
import json
import multiprocessing
import os
import re
import resource
import signal
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue

from damaged.mutations import Damaged, damaged
from damaged.seeds import Seed
from genrelens.audio.tags import read_tags
from genrelens.bundle import Bundle
from genrelens.errors import GenrelensError

MODEL = "lite"
LIMIT_S = 20.0
"""Seconds of processor time that one file may take."""
HUNG_S = 60.0
"""Seconds by the clock after which a process that says nothing is ended."""
LIMIT_MB = 500.0
"""Memory that the process may hold while it answers one file, the program and its model included."""
_GUARD_BYTES = 6 << 30
"""Address space that a process may ask for: what would take the machine down fails in it instead."""
_BATCH = 250


@dataclass(frozen=True)
class Verdict:
    """What became of one damaged file.

    Attributes:
        outcome: ``answered``, the code of the error, ``internal``, ``crashed`` or ``hung``.
        tags: ``read``, the code of the error, ``internal``, or empty where it did not come to that.
        detail: the error's message, or where a fault came from.
        printed: what decoders and warnings wrote to the terminal meanwhile.
        cpu_s, peak_mb: of ``Bundle.predict`` and ``read_tags`` together.
    """

    outcome: str
    tags: str = ""
    detail: str = ""
    printed: str = ""
    cpu_s: float = 0.0
    peak_mb: float = 0.0

    @property
    def faults(self) -> tuple[str, ...]:
        """What should not have been, by name; empty where all is well."""
        found = {
            "crashed": self.outcome == "crashed",
            "internal": "internal" in (self.outcome, self.tags),
            "slow": self.outcome == "hung" or self.cpu_s > LIMIT_S,
            "large": self.peak_mb > LIMIT_MB,
            "printed": bool(self.printed) and self.outcome != "crashed",
        }
        return tuple(name for name, is_so in found.items() if is_so)


def judged(
    seeds: Sequence[Seed], *, seed: int, indices: Sequence[int], n_workers: int = 1
) -> Iterator[tuple[Damaged, Verdict]]:
    """Each damaged file of the run ``seed`` with its verdict, as they are done."""
    batches = iter([indices[at : at + _BATCH] for at in range(0, len(indices), _BATCH)])
    lock = threading.Lock()
    found: SimpleQueue[tuple[int, Verdict] | BaseException | None] = SimpleQueue()

    def work() -> None:
        try:
            while True:
                with lock:
                    batch = next(batches, None)
                if batch is None:
                    break
                _judge_batch(seeds, seed=seed, indices=batch, say=found.put)
        except BaseException as error:
            found.put(error)
        found.put(None)

    for _ in range(n_workers):
        threading.Thread(target=work, daemon=True).start()
    n_working = n_workers
    while n_working:
        item = found.get()
        if item is None:
            n_working -= 1
        elif isinstance(item, BaseException):
            raise item
        else:
            index, verdict = item
            yield damaged(seeds, seed=seed, index=index), verdict


def _judge_batch(
    seeds: Sequence[Seed], *, seed: int, indices: Sequence[int], say: Callable[[tuple[int, Verdict]], None]
) -> None:
    """Ask one process after another, each from the file behind the one that ended its predecessor."""
    context = multiprocessing.get_context("spawn")
    left = list(indices)
    while left:
        with tempfile.TemporaryDirectory() as scratch:
            ours, theirs = context.Pipe(duplex=False)
            arguments = (theirs, list(seeds), seed, tuple(left), scratch)
            process = context.Process(target=_answer_files, args=arguments, daemon=True)
            process.start()
            theirs.close()
            try:
                while left:
                    verdict = _next_verdict(ours)
                    if verdict is None:
                        process.join(5)
                        hung = process.is_alive()
                        process.kill()
                        process.join()
                        verdict = Verdict(
                            "hung" if hung else "crashed",
                            detail=f"exit code {process.exitcode}",
                            printed=_tail(Path(scratch) / "printed"),
                        )
                        say((left.pop(0), verdict))
                        break
                    say((left.pop(0), verdict))
            finally:
                process.join(5)
                process.kill()
                ours.close()


def _next_verdict(pipe: Connection) -> Verdict | None:
    """None where the process has ended, or has said nothing for too long."""
    try:
        if not pipe.poll(HUNG_S):
            return None
        verdict: Verdict = pipe.recv()
    except (EOFError, OSError):
        return None
    return verdict


def _answer_files(pipe: Connection, seeds: Sequence[Seed], seed: int, indices: Sequence[int], scratch: str) -> None:
    """Send a verdict of each file through the pipe. Runs in a process of its own."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_GUARD_BYTES, _GUARD_BYTES))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends this one
    os.environ.pop("GENRELENS_DEBUG", None)
    printed = Path(scratch) / "printed"
    terminal = os.open(printed, os.O_CREAT | os.O_RDWR | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(terminal, descriptor)
    faulthandler.enable()
    warnings.simplefilter("always")
    bundle = Bundle.load(MODEL)
    for index in indices:
        made = damaged(seeds, seed=seed, index=index)
        path = Path(scratch) / f"{index}{made.suffix}"
        path.write_bytes(made.data)
        os.ftruncate(terminal, 0)
        pipe.send(judge(path, bundle, printed=printed))
        path.unlink()


def judge(path: Path, bundle: Bundle, *, printed: Path) -> Verdict:
    """Ask for the answer and the tags of a file, as the command line does; ``printed`` is where its output goes."""
    _forget_peak()
    begin = time.process_time()
    outcome, detail = _outcome(lambda: _answer(path, bundle), well="answered")
    tags, tags_detail = _outcome(lambda: read_tags(path), well="read")
    cpu_s, peak_mb = time.process_time() - begin, _peak_mb()
    sys.stdout.flush()
    sys.stderr.flush()
    return Verdict(
        outcome,
        tags,
        tags_detail if tags == "internal" != outcome else detail,
        printed=_tail(printed),
        cpu_s=cpu_s,
        peak_mb=peak_mb,
    )


def _answer(path: Path, bundle: Bundle) -> None:
    row = bundle.predict(path).to_dict(path=str(path), timeline=True)
    json.dumps(row, allow_nan=False)


def _outcome(ask: Callable[[], object], *, well: str) -> tuple[str, str]:
    try:
        ask()
    except GenrelensError as error:
        if "\n" in str(error):
            return "internal", f"more than one line: {error}"
        return error.code, str(error)
    except Exception:
        return "internal", traceback.format_exc()
    return well, ""


def _tail(printed: Path) -> str:
    return printed.read_bytes()[-4000:].decode("utf-8", "replace") if printed.exists() else ""


def _forget_peak() -> None:
    """Let the peak of the memory begin again at what is held now (Linux; elsewhere it is that of all files so far)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():  # the system's own account counts the process that started this one, too
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) / 1024  # type: ignore[index]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
