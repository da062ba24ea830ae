"""Working ahead in a thread: the next blocks are decoded while what came before is being looked at."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from typing import TypeVar

T = TypeVar("T")

_N_AHEAD = 6
"""Items that may wait. Of blocks of 3 s six are more than the network takes at once: fewer keep the thread waiting."""


_PATIENCE_S = 2.0
"""So long an item may take that is being made when nobody wants it any more. A file on a dead network share takes for
ever: Ctrl-C must not wait for that."""


@contextmanager
def ahead(items: Generator[T, None, None]) -> Iterator[Iterator[T]]:
    """``with ahead(items) as same:`` the same items, made by a thread a little before they are asked for.

    At most six wait, so memory does not grow. What ``items`` raises is raised here, in its place. When the block is
    left, ``items`` has been closed and the thread has ended, or does so as soon as the item that it is making is done.
    """
    waiting: queue.Queue[tuple[bool, T | BaseException | None]] = queue.Queue(maxsize=_N_AHEAD)
    left = threading.Event()

    def work() -> None:
        try:
            with closing(items):
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
        until = time.monotonic() + _PATIENCE_S
        while thread.is_alive() and time.monotonic() < until:
            with suppress(queue.Empty):  # the thread may wait to put what nobody takes
                waiting.get_nowait()
            thread.join(0.01)
