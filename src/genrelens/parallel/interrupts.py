"""Ctrl-C that has to wait: for C code that would lose it, and for a process that is being started."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held() -> Iterator[None]:
    """Let an interrupt wait until the block has ended, and then do what it always does.

    In the callbacks of libsndfile and ffmpeg ``KeyboardInterrupt`` would be swallowed: they would take it for the end
    of the file, and the program would go on with the sound that it has. Only the main thread is ever interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    usual = signal.signal(signal.SIGINT, lambda number, _: caught.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if usual is None else usual)
        if caught:
            signal.raise_signal(signal.SIGINT)
