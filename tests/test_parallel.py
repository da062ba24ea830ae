"""Many pieces in several processes: every piece is answered, whatever happens to its process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from genrelens.parallel import map_each


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
def test_what_the_function_raises_ends_the_run() -> None:
    with pytest.raises(ValueError, match="negative"):
        list(map_each(double, [1, -1, 2], n_workers=2, died=lost))


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


@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
def test_ctrl_c_ends_the_pieces_on_their_way_and_begins_no_others(tmp_path: Path) -> None:
    script = tmp_path / "stuck.py"
    script.write_text(INTERRUPTED)
    run = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert run.stdout is not None
        assert [run.stdout.readline() for _ in range(2)] == ["begun\n"] * 2
        os.killpg(run.pid, signal.SIGINT)  # what a terminal does: to all processes at once
        more, said = run.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
    assert run.returncode == 130 and more == "" and said == ""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_processes_of_a_run_that_is_killed_end_with_it(tmp_path: Path) -> None:
    script = tmp_path / "stuck.py"
    script.write_text(INTERRUPTED)
    run = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert run.stdout is not None
        assert [run.stdout.readline() for _ in range(2)] == ["begun\n"] * 2
        run.kill()
        # All processes of the pool hold the pipe: it ends when the last of them has.
        run.communicate(timeout=30)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
