"""Several sounds read one after the other, by a thread that is a little ahead of what listens to them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from genrelens.audio import AudioStream
from genrelens.audio.ahead import ahead
from genrelens.parallel import n_cores

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in the place of sound: its path or its bytes."""

    file: Path | bytes


class Beside(NamedTuple):
    """What another network made of the whole sound: its ``kind`` and ``numbers (n,)``."""

    kind: str
    numbers: NDArray[np.float64]


Part = AudioStream | Picture | NDArray[np.float32] | Beside
"""Of one source first what it was opened as, and then, of a stream, what became of its blocks."""


@contextmanager
def read_ahead(
    sources: Sequence[S],
    *,
    open_source: Callable[[S], AudioStream | Picture],
    process: Callable[[AudioStream], Iterable[NDArray[np.float32] | Beside]],
) -> Iterator[Iterator[Iterator[Part]]]:
    """``with read_ahead(sources, ...) as read:`` gives an iterator for each source in turn, over its parts.

    What fails in one source is raised where its parts are asked for; parts that nobody took are passed over when the
    next source is. ``process`` says what of a stream is passed on: its blocks, or what is computed from them. With more
    than one core a thread opens, decodes and processes ahead, over the ends of files; when the block is left, it ends
    and everything is closed. A stream's ``n_samples`` and ``notes`` hold after its last part.
    """
    made = _parts(sources, open_source, process)
    with ahead(made) if n_cores() > 1 else closing(made) as parts:
        yield _apart(parts, len(sources))


def _parts(
    sources: Sequence[S],
    open_source: Callable[[S], AudioStream | Picture],
    process: Callable[[AudioStream], Iterable[NDArray[np.float32] | Beside]],
) -> Generator[Part | Exception | None, None, None]:
    """The parts of all sources; after each source comes None, or the error that ended it."""
    for source in sources:
        try:
            opened = open_source(source)
            if isinstance(opened, Picture):
                yield opened
            else:
                with opened:
                    yield opened
                    yield from process(opened)
        except Exception as error:
            yield error
        else:
            yield None


def _apart(parts: Iterator[Part | Exception | None], n_sources: int) -> Iterator[Iterator[Part]]:
    for _ in range(n_sources):
        one = _until_end(parts)
        yield one
        with suppress(Exception):  # of parts that nobody asked for
            deque(one, maxlen=0)


def _until_end(parts: Iterator[Part | Exception | None]) -> Iterator[Part]:
    for part in parts:
        if isinstance(part, Exception):
            raise part
        if part is None:
            return
        yield part
