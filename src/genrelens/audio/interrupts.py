"""Ctrl-C while C code calls back into Python, which can only print an exception there and lose it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from genrelens.parallel.interrupts import held

__all__ = ["held", "step_by_step"]

T = TypeVar("T")


def step_by_step(items: Iterator[T]) -> Iterator[T]:
    """The same items; an interrupt waits until the next has been made."""
    while True:
        with held():
            item = next(items, None)
        if item is None:
            return
        yield item
