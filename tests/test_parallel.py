"""Many pieces in several processes: every piece is answered, whatever happens to its process."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from genrelens import parallel
from genrelens.errors import BundleError, GenrelensError
from genrelens.parallel import map_each, map_in_order, n_cores
from genrelens.parallel.pool import _Order

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and named pipes")


def double(piece: int) -> str:
    if piece == 13:
        os._exit(1)
    if piece < 0:
        raise ValueError("negative")
    return str(2 * piece)


def lost(piece: int) -> str:
    return f"lost {piece}"


def process_id(_: int) -> int:
    return os.getpid()


def dies_of(piece: str) -> str:
    """The piece, unless it is the name of a signal: the process then dies of that."""
    if piece.startswith("SIG"):
        os.kill(os.getpid(), getattr(signal, piece))
    return piece


def share(_: int) -> int:
    return n_cores()


class Noted:
    """A function that notes in a file what happens, one line each, whatever process it happens in."""

    def __init__(self, log: Path, *, fails: str = "") -> None:
        self.log = log
        self.fails = fails

    def note(self, line: str) -> None:
        with self.log.open("a") as file:
            file.write(f"{line}\n")

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self.note("loaded")
        if self.fails == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fails:
            raise BundleError(self.fails)

    def __call__(self, piece: int) -> int:
        self.note(f"begin {piece}")
        gate = self.log.with_name(f"gate {piece}")
        if gate.exists():  # opening a named pipe waits until somebody opens its other end
            gate.open("rb" if piece == 0 else "wb").close()
        self.note(f"end {piece}")
        return piece


def test_one_worker_stays_in_this_process_and_in_order() -> None:
    assert list(map_each(double, [3, 1, 2], n_workers=1, died=lost)) == [(0, "6"), (1, "2"), (2, "4")]
    assert {pid for _, pid in map_each(process_id, [1, 2], n_workers=1, died=process_id)} == {os.getpid()}


@pytest.mark.slow
def test_a_dying_process_costs_only_its_own_piece() -> None:
    pieces = [*range(10), 13, *range(20, 40), 13, 50]
    answers = list(map_each(double, pieces, n_workers=2, died=lost))
    assert sorted(i for i, _ in answers) == list(range(len(pieces)))
    assert all(answer == ("lost 13" if pieces[i] == 13 else str(2 * pieces[i])) for i, answer in answers)


@pytest.mark.slow
def test_what_the_function_raises_ends_the_run_and_says_where() -> None:
    with pytest.raises(ValueError, match="negative") as caught:
        list(map_each(double, [1, -1, 2], n_workers=2, died=lost))
    assert "in double" in caught.value.__notes__[0]


def test_without_workers_the_answers_come_from_this_process_as_they_are_asked_for() -> None:
    asked = map_in_order(process_id, [1, 2], n_workers=0, died=process_id)
    assert list(asked) == [os.getpid()] * 2
    lazy = map_in_order(double, [1, -1], n_workers=0, died=lost)
    assert next(lazy) == "2"
    with pytest.raises(ValueError, match="negative"):
        next(lazy)
    assert list(map_in_order(double, [], n_workers=2, died=lost)) == []


@posix
def test_one_worker_outlives_no_crash_and_loses_no_piece() -> None:
    pieces = ["a", "SIGSEGV", "SIGKILL", "b"]
    assert list(map_in_order(dies_of, pieces, n_workers=1, died=str.lower)) == ["a", "sigsegv", "sigkill", "b"]


@posix
@pytest.mark.slow
@pytest.mark.parametrize("n_workers", [1, 2])
@pytest.mark.parametrize(
    "pieces",
    ["SIGSEGV a b c d", "a b c d SIGSEGV", "a SIGSEGV SIGABRT b c", "SIGSEGV a SIGKILL", "SIGSEGV SIGKILL SIGSEGV"],
)
def test_crashes_anywhere_cost_their_own_pieces_only(pieces: str, n_workers: int) -> None:
    found = map_in_order(dies_of, pieces.split(), n_workers=n_workers, died=str.lower)
    assert list(found) == [piece.lower() for piece in pieces.split()]


@posix
@pytest.mark.slow
def test_answers_come_in_order_and_few_are_made_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Piece 0 waits for the last piece that may be begun without its answer; that one and none after it was begun."""
    monkeypatch.setattr(parallel, "AHEAD", 3)
    os.mkfifo(tmp_path / "gate 0")
    (tmp_path / "gate 5").symlink_to(tmp_path / "gate 0")
    noted = Noted(tmp_path / "log")
    assert list(map_in_order(noted, range(20), n_workers=2, died=int)) == list(range(20))
    lines = noted.log.read_text().splitlines()
    assert lines.index("end 4") < lines.index("end 0") < lines.index("begin 6")


def test_a_second_try_is_made_with_no_other_piece_on_its_way() -> None:
    order = _Order(4, may_begin=lambda: 3)
    assert [order.next({None}), order.next({0, None})] == [0, 1]
    assert not order.second_death(1)
    assert order.next({0, None}) is None
    assert order.next({None}) == 1
    assert order.next({1, None}) is None
    assert order.second_death(1)
    assert order.next({None}) == 2
    assert order.next({None}) is None  # no more may have begun by now


@posix
def test_a_process_gets_the_function_once_and_its_share_of_the_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = Noted(tmp_path / "log")
    assert list(map_in_order(noted, range(3), n_workers=1, died=int)) == [0, 1, 2]
    assert noted.log.read_text().splitlines().count("loaded") == 1
    monkeypatch.setattr(parallel, "_share", 7)
    assert list(map_in_order(share, range(4), n_workers=2, died=share)) == [3] * 4
    monkeypatch.setattr(parallel, "_share", 1)
    assert list(map_in_order(share, range(2), n_workers=2, died=share)) == [1] * 2


@posix
@pytest.mark.slow
def test_processes_that_never_get_ready_are_an_error_and_no_loop(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="gone"):
        list(map_in_order(Noted(tmp_path / "log", fails="gone"), range(3), n_workers=2, died=int))
    with pytest.raises(GenrelensError, match=r"exit code -9\): use fewer of them, or none") as caught:
        list(map_in_order(Noted(tmp_path / "log", fails="crash"), range(3), n_workers=1, died=int))
    assert caught.value.code == "no_workers"


def test_where_a_process_cannot_be_started_the_others_do_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    start, n_started = BaseProcess.start, 0

    def start_one(self: BaseProcess) -> None:
        nonlocal n_started
        n_started += 1
        if n_started > 1:
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
        start(self)

    monkeypatch.setattr(BaseProcess, "start", start_one)
    assert list(map_in_order(double, range(5), n_workers=2, died=lost)) == ["0", "2", "4", "6", "8"]
    with pytest.raises(GenrelensError, match="Resource temporarily unavailable"):
        list(map_in_order(double, range(5), n_workers=2, died=lost))


INTERRUPTED_AT_ITS_END = """
import os, signal, threading
from genrelens.parallel import map_in_order

def interrupt_when_done():
    threading.main_thread().join()
    os.kill(os.getpid(), signal.SIGINT)

def piece(_):
    threading.Thread(target=interrupt_when_done).start()

if __name__ == "__main__":
    list(map_in_order(piece, [1], n_workers=1, died=str))
"""


@posix
def test_a_process_that_is_ending_is_interrupted_without_a_word(tmp_path: Path) -> None:
    """It had just ended its piece when Ctrl-C came: Python printed a traceback from within its own end."""
    script = tmp_path / "ending.py"
    script.write_text(INTERRUPTED_AT_ITS_END)
    run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, "")


INTERRUPTED = """
import os, signal, sys, threading
from genrelens.parallel import map_each

def stuck(piece):
    print("begun", flush=True)
    threading.Event().wait()

if __name__ == "__main__":
    try:
        list(map_each(stuck, range(8), n_workers=2, died=str))
    except KeyboardInterrupt:
        sys.exit(130)
"""


@posix
@pytest.mark.parametrize("to_all", [True, False], ids=["from a terminal", "to the first process"])
def test_ctrl_c_ends_the_pieces_on_their_way_and_begins_no_others(tmp_path: Path, to_all: bool) -> None:
    script = tmp_path / "stuck.py"
    script.write_text(INTERRUPTED)
    run = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert run.stdout is not None
        assert [run.stdout.readline() for _ in range(2)] == ["begun\n"] * 2
        if to_all:
            os.killpg(run.pid, signal.SIGINT)
        else:
            run.send_signal(signal.SIGINT)
        # All processes hold the pipes: they end when the last of them has.
        more, said = run.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
    assert run.returncode == 130 and more == "" and said == ""


@posix
def test_the_processes_of_a_run_that_is_killed_end_with_it(tmp_path: Path) -> None:
    script = tmp_path / "stuck.py"
    script.write_text(INTERRUPTED)
    run = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert run.stdout is not None
        assert [run.stdout.readline() for _ in range(2)] == ["begun\n"] * 2
        run.kill()
        # All processes of the pool hold the pipe: it ends when the last of them has.
        run.communicate(timeout=30)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
