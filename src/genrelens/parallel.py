"""One function over many pieces in several processes, where a process that dies costs only its own piece.

Files from the wild bring decoders down; that must not stop a run over 100,000 of them, nor lose one without a word.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 4  # jobs waiting a process: enough to keep it busy, few enough for any number of pieces


def n_cores() -> int:
    """How many cores this process may use, which in a container is fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_each(
    function: Callable[[T], R], pieces: Sequence[T], *, n_workers: int, died: Callable[[T], R]
) -> Iterator[tuple[int, R]]:
    """``(index, function(piece))`` of every piece, as they are done; ``died(piece)`` where the process died.

    With ``n_workers`` above 1 that many processes are spawned, so ``function`` and the pieces must pickle and the
    calling script needs the usual ``if __name__ == "__main__"``. What ``function`` raises is raised here and ends the
    run: what may go wrong with one piece should be part of its answer. No more than a few pieces a process are on
    their way at a time, so memory does not grow with their number.
    """
    if n_workers <= 1 or len(pieces) <= 1:
        for i, piece in enumerate(pieces):
            yield i, function(piece)
        return
    unanswered: list[int] = []
    todo = iter(range(len(pieces)))
    while True:
        # When a process dies its pool is broken, and what was on its way is tried again, each piece alone.
        yield from _pooled(
            function, pieces, todo, n_workers=min(n_workers, len(pieces)), unanswered=unanswered
        )
        if not unanswered:
            return
        for i in unanswered:
            alone: list[int] = []
            yield from _pooled(function, pieces, iter([i]), n_workers=1, unanswered=alone)
            if alone:
                yield i, died(pieces[i])
        unanswered = []


def _begin() -> None:
    """What each process of the pool does first: end with the process that it works for, whatever ended that.

    A pool's processes wait for work on a pipe that they hold open themselves. Without this those of a run that was
    killed would go on with their pieces, and then wait for ever, with the model in their memory.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _quietly()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _quietly() -> None:
    """A process that waits for its next piece ends by Ctrl-C without a word; the first process says what happened."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _call(function: Callable[[T], R], piece: T) -> R:
    """``function(piece)`` in a process of the pool, which Ctrl-C ends once the function has tidied up.

    Left to itself the pool would take it for this piece's answer, and go on with the pieces that are on their way.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return function(piece)
    except KeyboardInterrupt:
        os._exit(130)
    finally:
        _quietly()


def _pooled(
    function: Callable[[T], R],
    pieces: Sequence[T],
    todo: Iterator[int],
    *,
    n_workers: int,
    unanswered: list[int],
) -> Iterator[tuple[int, R]]:
    """The answers of one pool, until ``todo`` is empty or the pool breaks; then what it had taken is unanswered."""
    context = multiprocessing.get_context("spawn")
    jobs: dict[Future[R], int] = {}
    with ProcessPoolExecutor(max_workers=n_workers, mp_context=context, initializer=_begin) as pool:
        try:
            while True:
                for i in todo:
                    try:
                        jobs[pool.submit(_call, function, pieces[i])] = i
                    except BrokenProcessPool:
                        unanswered.append(i)
                        break
                    if len(jobs) >= _AHEAD * n_workers:
                        break
                if not jobs:
                    return
                done, _ = wait(jobs, return_when=FIRST_COMPLETED)
                for job in done:
                    i = jobs.pop(job)
                    try:
                        answer = job.result()
                    except BrokenProcessPool:
                        unanswered.append(i)
                    else:
                        yield i, answer
                if unanswered:
                    # The pool is broken: every job on its way has its answer or the same error by now or soon.
                    for job, i in jobs.items():
                        if job.exception() is None:
                            yield i, job.result()
                        else:
                            unanswered.append(i)
                    return
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
