"""Reading untrusted JSON: typed values by key, and complaints that name key, expectation and value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from genrelens.errors import BundleError

MAX_ENTRIES: Final = 1_000_000
_KIND_NAMES = {str: "a text", int: "a whole number", bool: "true or false", dict: "a table", list: "a list"}


class JsonTable:
    """One JSON object of a manifest. ``where`` and ``path`` name it in each :class:`BundleError`."""

    def __init__(self, value: Mapping[str, Any], *, where: str, path: str) -> None:
        self.value = value
        self.where = where
        self.path = path
        self._taken: set[str] = set()

    def fail(self, key: str, expected: str, got: object) -> NoReturn:
        """Raise the complaint about one key."""
        shown = repr(got)
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        raise BundleError(f"{self.where}: manifest.json: {self.path}{key} should be {expected}, got {shown}")

    def take(self, key: str, kind: type) -> Any:
        """The value of a key that must be there and of one JSON kind; true and false are no numbers."""
        self._taken.add(key)
        if key not in self.value:
            raise BundleError(f"{self.where}: manifest.json: the key {self.path}{key} is missing")
        found = self.value[key]
        if not isinstance(found, kind) or (isinstance(found, bool) and kind is not bool):
            self.fail(key, _KIND_NAMES.get(kind, kind.__name__), found)
        return found

    def text(self, key: str) -> str:
        """A text."""
        return str(self.take(key, str))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, as a tuple."""
        found = self._list(key)
        if not all(isinstance(item, str) for item in found):
            self.fail(key, "a list of texts", found)
        return tuple(found)

    def _list(self, key: str) -> list[Any]:
        found: list[Any] = self.take(key, list)
        if len(found) > MAX_ENTRIES:
            self.fail(key, f"a list of at most {MAX_ENTRIES:,} entries", f"{len(found):,} entries")
        return found

    def integer(self, key: str) -> int:
        """A whole number."""
        return int(self.take(key, int))

    def number(self, key: str) -> float:
        """A finite number."""
        found = self.take(key, int) if isinstance(self.value.get(key), int) else self.take(key, float)
        try:
            number = float(found)
        except OverflowError:  # a whole number of 400 digits
            number = math.inf
        if not math.isfinite(number):
            self.fail(key, "a finite number", found)
        return number

    def maybe_number(self, key: str) -> float | None:
        """A finite number, or None where null stands."""
        return None if self.is_null(key) else self.number(key)

    def numbers(self, key: str) -> tuple[float, ...]:
        """A list of finite numbers, as a tuple."""
        return tuple(
            JsonTable({str(i): item}, where=self.where, path=f"{self.path}{key}.").number(str(i))
            for i, item in enumerate(self._list(key))
        )

    def is_null(self, key: str) -> bool:
        """Whether null stands at a key that must be there."""
        self._taken.add(key)
        if key not in self.value:
            self.take(key, object)
        return self.value[key] is None

    def table(self, key: str) -> JsonTable:
        """A table within this one."""
        return JsonTable(self.take(key, dict), where=self.where, path=f"{self.path}{key}.")

    def check_nothing_left(self, *also_known: str) -> None:
        """Raise if the table has a key that nobody asked for."""
        unknown = sorted(set(self.value) - self._taken - set(also_known))
        if unknown:
            raise BundleError(f"{self.where}: manifest.json: unknown key {self.path}{unknown[0]}")
