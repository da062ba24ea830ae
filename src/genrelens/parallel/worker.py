"""What a worker process does: it takes a function, then task by task, and says what the function made of each."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any

from genrelens import parallel


def work(connection: Connection, n_cores: int) -> None:
    """Answer ``(value, error)`` to the function and to each task after it, until nobody asks any more.

    ``n_cores`` is this process's share, which is what :func:`genrelens.parallel.n_cores` says here. NumPy's threads are
    left alone: their number changes the last digits of descriptors.
    """
    try:
        _begin(n_cores)
        _answer_all(connection)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # while Python ends it would print a traceback
    except KeyboardInterrupt:
        os._exit(130)  # without a word: the first process says what happened


def _begin(n_cores: int) -> None:
    """End with the process that this one works for, whatever ended that; and by Ctrl-C, once what is at work has
    tidied up.
    """
    parallel.use_cores(n_cores)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _stop)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _stop(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal and the first process may both say so
    raise KeyboardInterrupt


def _answer_all(connection: Connection) -> None:
    function: Callable[[Any], Any] | None = None
    while True:
        try:
            asked = connection.recv_bytes()
        except (EOFError, OSError):
            return
        try:
            value = None
            if function is None:
                function = pickle.loads(asked)
            else:
                value = function(pickle.loads(asked))
            said = pickle.dumps((value, None))
        except Exception as error:
            said = pickle.dumps((None, _sendable(error)))
        try:
            connection.send_bytes(said)
        except OSError:
            return


def _sendable(error: Exception) -> Exception:
    """The error with its traceback as a note; another in its place where it cannot be sent."""
    error.add_note(f"in a worker process:\n{traceback.format_exc()}")
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
