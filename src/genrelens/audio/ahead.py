"""Working ahead in a thread: the next blocks are decoded while what came before is being looked at."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

T = TypeVar("T")

_N_AHEAD = 2  # items that may wait: one to take and one to come


@contextmanager
def ahead(items: Iterable[T]) -> Iterator[Iterator[T]]:
    """``with ahead(items) as same:`` the same items, made by a thread a little before they are asked for.

    At most two wait, so memory does not grow. What ``items`` raises is raised here, in its place. When the block is
    left the thread has ended, so that what ``items`` reads from may be closed.
    """
    waiting: queue.Queue[tuple[bool, T | BaseException | None]] = queue.Queue(maxsize=_N_AHEAD)
    left = threading.Event()

    def work() -> None:
        try:
            for item in items:
                waiting.put((True, item))
                if left.is_set():
                    break
        except BaseException as error:
            waiting.put((False, error))
        else:
            waiting.put((False, None))

    def taken() -> Iterator[T]:
        while True:
            is_item, value = waiting.get()
            if not is_item:
                if isinstance(value, BaseException):
                    raise value
                return
            yield value  # type: ignore[misc]

    thread = threading.Thread(target=work, name="decoding ahead", daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        left.set()
        while thread.is_alive():  # it may wait to put what it has, which nobody wants any more
            with suppress(queue.Empty):
                waiting.get_nowait()
            thread.join(0.01)
