"""Working ahead in a thread changes nothing but the time that it takes."""

import queue
import threading
from collections.abc import Generator
from typing import Any

import pytest

from genrelens.audio.ahead import _N_AHEAD, ahead


def numbers(n: int) -> Generator[int, None, None]:
    yield from range(n)


def test_the_items_come_in_their_order() -> None:
    with ahead(numbers(1000)) as same:
        assert list(same) == list(range(1000))
    with ahead(numbers(0)) as nothing:
        assert list(nothing) == []


def test_what_is_raised_comes_in_its_place() -> None:
    def items() -> Generator[int, None, None]:
        yield 1
        yield 2
        raise ValueError("the third")

    seen: list[int] = []
    with pytest.raises(ValueError, match="the third"), ahead(items()) as same:
        for item in same:
            seen.append(item)
    assert seen == [1, 2]
    with ahead(items()) as same:
        assert (next(same), next(same)) == (1, 2)


def test_leaving_early_ends_the_thread_before_anything_is_closed() -> None:
    made: list[int] = []

    def items() -> Generator[int, None, None]:
        for i in range(1_000_000):
            made.append(i)
            yield i

    before = threading.active_count()
    with ahead(items()) as same:
        assert next(same) == 0
    assert threading.active_count() == before
    assert len(made) <= _N_AHEAD + 4
    with pytest.raises(KeyboardInterrupt), ahead(items()) as same:
        next(same)
        raise KeyboardInterrupt
    assert threading.active_count() == before


def test_an_interrupt_at_the_last_word_is_no_reason_to_wait_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(queue.Queue[Any]):
        def get(self, block: bool = True, timeout: float | None = None) -> Any:
            got = super().get(block, timeout)
            if not got[0]:
                raise KeyboardInterrupt
            return got

    monkeypatch.setattr(queue, "Queue", Interrupted)
    with pytest.raises(KeyboardInterrupt), ahead(numbers(3)) as same:
        list(same)


def test_few_items_wait() -> None:
    made: list[int] = []
    asked = threading.Event()

    def items() -> Generator[int, None, None]:
        for i in range(100):
            made.append(i)
            if len(made) == _N_AHEAD + 2:
                asked.wait(timeout=60)
            yield i

    with ahead(items()) as same:
        first = next(same)  # one taken, the rest waiting, one in the making
        assert first == 0 and len(made) <= _N_AHEAD + 2
        asked.set()
        assert list(same) == list(range(1, 100))


def test_an_item_that_never_comes_is_not_waited_for_and_the_items_are_closed_when_it_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("genrelens.audio.ahead._PATIENCE_S", 0.0)
    hangs, closed = threading.Event(), threading.Event()

    def items() -> Generator[int, None, None]:
        try:
            yield 1
            hangs.wait(timeout=60)
            yield 2
            yield 3
        finally:
            closed.set()

    with ahead(items()) as same:
        assert next(same) == 1
    assert not closed.is_set()
    hangs.set()
    assert closed.wait(timeout=60)
