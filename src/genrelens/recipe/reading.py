"""From a TOML table to a frozen dataclass: nothing is guessed, and what is wrong is named."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

from genrelens.errors import GenrelensError, RecipeError

Scalar = str | int | float | bool


def read_dataclass(cls: Any, table: Any, *, where: str, path: str = "") -> Any:
    """``cls`` from plain tables, or :class:`RecipeError` naming ``where``, the key, what was expected and what came.

    ``path`` is the key of the table itself. A value that has been read already, being a dataclass, stays as it is.
    """
    if isinstance(table, Mapping):
        table = {key: _without_none(value) for key, value in table.items()}
    try:
        return _build(cls, table, where=where, path=path)
    except GenrelensError as error:
        raise error if str(error).startswith(where) else RecipeError(f"{where}: {error}") from error


def _without_none(value: Any) -> Any:
    """TOML has no null: an optional number that is None is simply absent from the table."""
    if isinstance(value, Mapping):
        return {key: item for key, item in value.items() if item is not None}
    return value


def _build(cls: Any, table: Any, *, where: str, path: str) -> Any:
    if not isinstance(table, Mapping):
        raise RecipeError(f"{where}: [{path}] should be a table, got {table!r}")
    hints = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}
    unknown = sorted(set(table) - set(fields))
    if unknown:
        raise RecipeError(
            f"{where}: unknown key {_dotted(path, unknown[0])!r}; known keys here: {', '.join(sorted(fields))}"
        )
    values: dict[str, Any] = {}
    for name, field in fields.items():
        key = _dotted(path, name)
        if name in table:
            values[name] = _value(hints[name], table[name], where=where, key=key)
        elif type(None) in typing.get_args(hints[name]):
            values[name] = None
        elif field.default is dataclasses.MISSING:
            raise RecipeError(f"{where}: the key {key!r} is missing")
    return cls(**values)


def _dotted(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _value(hint: Any, value: Any, *, where: str, key: str) -> Any:
    if dataclasses.is_dataclass(value):
        return value
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, where=where, path=key)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        if value in arguments:
            return value
        raise RecipeError(f"{where}: {key} should be one of {', '.join(map(repr, arguments))}, got {value!r}")
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if isinstance(value, Mapping) and all(isinstance(item, str | int | float | bool) for item in value.values()):
            return dict(value)
        raise RecipeError(f"{where}: {key} should be a table of plain values, got {value!r}")
    options = arguments if origin in (typing.Union, types.UnionType) else (hint,)
    for option in options:
        if option is float and type(value) in (int, float):
            try:
                number = float(value)
            except OverflowError:  # a whole number of 400 digits
                number = math.inf
            if not math.isfinite(number):  # TOML knows nan and inf
                raise RecipeError(f"{where}: {key} should be a finite number, got {value!r:.80}")
            return number
        if type(value) is option:
            return value
    wanted = " or ".join(option.__name__ for option in options if option is not type(None))
    raise RecipeError(f"{where}: {key} should be of type {wanted}, got {value!r}")
