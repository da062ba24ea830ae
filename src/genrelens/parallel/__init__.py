"""One function over many tasks in several processes, where a process that dies costs only its own task.

Files from the wild bring decoders down; that must not stop a run over 100,000 of them, nor lose one without a word.
Processes themselves (:mod:`genrelens.parallel.pool`) are imported where they are used: one file needs none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 32
"""Answers a process that :func:`map_in_order` may hold: enough for one long task among short ones to keep no process
idle, few enough for any number of tasks."""

_share: int | None = None


def n_cores() -> int:
    """How many cores this process may use: in a container fewer than the machine has, in a worker its share of them."""
    if _share is not None:
        return _share
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def use_cores(n: int) -> None:
    """Let :func:`n_cores` say ``n`` from now on: a worker's share."""
    global _share
    _share = n


def map_each(
    function: Callable[[T], R], tasks: Sequence[T], *, n_workers: int, died: Callable[[T], R]
) -> Iterator[tuple[int, R]]:
    """``(index, function(task))`` of every task, as they are done; ``died(task)`` where the process died.

    With ``n_workers`` above 1 that many processes are spawned, so ``function`` and the tasks must pickle and the
    calling script needs the usual ``if __name__ == "__main__"``. Each process gets ``function``, and all that it holds,
    once. A task whose process dies is tried a second time, with no other at work. What ``function`` raises is raised
    here and ends the run: what may go wrong with one task should be part of its answer. Raises :class:`GenrelensError`
    where no process can be started. Closing the iterator ends the processes.
    """
    if n_workers <= 1 or len(tasks) <= 1:
        for i, task in enumerate(tasks):
            yield i, function(task)
        return
    from genrelens.parallel.pool import answers

    n_workers = min(n_workers, len(tasks))
    yield from answers(function, tasks, n_workers=n_workers, died=died, may_begin=lambda: len(tasks))


def map_in_order(
    function: Callable[[T], R], tasks: Sequence[T], *, n_workers: int, died: Callable[[T], R]
) -> Generator[R, None, None]:
    """``function(task)`` of every task in their order, each as soon as all before it are there.

    As :func:`map_each`, but 1 is one process, and 0 stays in this one. No task is begun that lies more than
    :data:`AHEAD` a process behind the first without an answer, so memory does not grow with their number.
    """
    if n_workers <= 0 or not tasks:
        yield from map(function, tasks)
        return
    from genrelens.parallel.pool import answers

    n_workers = min(n_workers, len(tasks))
    held: dict[int, R] = {}
    first = 0

    def may_begin() -> int:
        return first + AHEAD * n_workers

    for i, answer in answers(function, tasks, n_workers=n_workers, died=died, may_begin=may_begin):
        held[i] = answer
        while first in held:
            yield held.pop(first)
            first += 1
