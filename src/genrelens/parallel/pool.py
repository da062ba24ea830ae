"""Processes that work on one task at a time, each over a pipe of its own, so that it is known what killed it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from genrelens.errors import GenrelensError
from genrelens.parallel import n_cores
from genrelens.parallel.interrupts import held
from genrelens.parallel.worker import work

T = TypeVar("T")
R = TypeVar("R")

_GRACE_S = 5.0  # for tidying up after a task that was interrupted
_FAILED_STARTS = 3  # in a row: no process will ever be ready


def answers(
    function: Callable[[T], R],
    tasks: Sequence[T],
    *,
    n_workers: int,
    died: Callable[[T], R],
    may_begin: Callable[[], int],
) -> Iterator[tuple[int, R]]:
    """``(index, function(task))`` as they are done by ``n_workers`` processes, which are replaced when they die.

    ``may_begin()`` is how many tasks, from the first on, may have been begun by now. The rest is said at
    :func:`genrelens.parallel.map_each`.
    """
    task = pickle.dumps(function)
    share = max(1, n_cores() // n_workers)
    order = _Order(len(tasks), may_begin)
    workers: list[_Worker] = []
    done: list[tuple[int, R]] = []
    unanswered, failed_starts = len(tasks), 0
    try:
        while unanswered or done:
            while len(workers) < min(n_workers, unanswered):
                try:
                    _start(workers, task=task, n_cores=share)
                except GenrelensError:
                    if not workers:
                        raise
                    n_workers = len(workers)  # go on with those that there are
            for worker in workers:
                if worker.is_idle and (i := order.next({w.task for w in workers})) is not None:
                    worker.give(i, tasks[i])
            if done:  # only now: whoever asked may take its time over them
                yield from done
                done.clear()
                continue
            for worker in _speaking(workers):
                i = worker.task
                try:
                    answer = worker.answer()
                except EOFError:
                    workers.remove(worker)
                    _end([worker])
                    if i is not None and order.second_death(i):
                        done.append((i, died(tasks[i])))
                    elif i is None and not worker.is_ready:
                        failed_starts += 1
                        if failed_starts == _FAILED_STARTS or worker.process.exitcode == 1:
                            raise _no_start(f"exit code {worker.process.exitcode}") from None
                else:
                    failed_starts = 0
                    if i is not None:
                        done.append((i, answer))
            unanswered -= len(done)
    finally:
        _end(workers)


class _Order:
    """Which task is begun next. One whose process died is begun a second time, with no other on its way: it may be
    that the memory did not do for both.
    """

    def __init__(self, n_pieces: int, may_begin: Callable[[], int]) -> None:
        self._n_pieces = n_pieces
        self._may_begin = may_begin
        self._begun = 0
        self._died: set[int] = set()
        self._again: list[int] = []

    def next(self, on_their_way: Set[int | None]) -> int | None:
        """The task to begin now, if there is one."""
        if self._again:
            return None if on_their_way - {None} else self._again.pop(0)
        if self._begun >= min(self._may_begin(), self._n_pieces) or self._died & on_their_way:
            return None
        self._begun += 1
        return self._begun - 1

    def second_death(self, task: int) -> bool:
        """Say that a task's process died; whether it is the second. After the first the task will come again."""
        if task in self._died:
            return True
        self._died.add(task)
        self._again.append(task)
        return False


class _Worker:
    """One process; ``task`` is the index of what it is at. It says of its own accord when it is ready."""

    def __init__(self, process: BaseProcess, connection: Connection) -> None:
        self.process = process
        self.connection = connection
        self.task: int | None = None
        self.is_ready = False

    @property
    def is_idle(self) -> bool:
        return self.is_ready and self.task is None

    def give(self, i: int, task: Any) -> None:
        self.task = i
        with contextlib.suppress(OSError):  # it has died: so says its pipe when it is asked
            self.connection.send(task)

    def answer(self) -> Any:
        """What it says next; raises what the function raised, or EOFError where the process died."""
        try:
            answer, error = self.connection.recv()
        except OSError:
            raise EOFError from None
        if error is not None:
            raise error
        self.is_ready, self.task = True, None
        return answer


def _start(workers: list[_Worker], *, task: bytes, n_cores: int) -> None:
    context = multiprocessing.get_context("spawn")
    ours, its = context.Pipe()
    process = context.Process(target=work, args=(its, n_cores), daemon=True)
    with held(), _deaf_child():
        try:
            process.start()
        except OSError as error:
            raise _no_start(error.strerror or str(error)) from error
        workers.append(_Worker(process, ours))
    its.close()
    with contextlib.suppress(OSError):  # as in give
        ours.send_bytes(task)


def _speaking(workers: Sequence[_Worker]) -> list[_Worker]:
    """Wait until some have an answer, or have died."""
    ready = wait([worker.connection for worker in workers])
    return [worker for worker in workers if worker.connection in ready]


def _end(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        worker.connection.close()  # one that waits for its next task ends by this
        if not worker.is_ready:
            worker.process.kill()
        elif worker.task is not None:
            _interrupt(worker.process)
    for worker in workers:
        worker.process.join(_GRACE_S)
        if worker.process.exitcode is None:
            worker.process.kill()
            worker.process.join()


def _interrupt(process: BaseProcess) -> None:
    """Stop a process within its task, where the system can in a way that lets it tidy up."""
    if sys.platform == "win32":
        process.terminate()
    elif process.exitcode is None and process.pid is not None:
        os.kill(process.pid, signal.SIGINT)


@contextmanager
def _deaf_child() -> Iterator[None]:
    """Start processes to which Ctrl-C comes only when they ask for it: Python's own start would print a traceback."""
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # is started with the first process, and changes the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _no_start(why: str) -> GenrelensError:
    return GenrelensError(
        f"a worker process cannot be started ({why}): use fewer of them, or none; a script of yours needs its calls "
        'under if __name__ == "__main__"',
        code="no_workers",
    )
