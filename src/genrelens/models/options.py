"""From a recipe's table of options to the dataclass ``Options`` of an architecture or a classifier."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any

from genrelens.errors import RecipeError


def read_options(options: Mapping[str, str | int | float | bool], *, cls: Any, of: str) -> Any:
    """``cls`` from plain values; :class:`RecipeError` names ``of``, the option, what was expected and what came."""
    hints = typing.get_type_hints(cls)
    values: dict[str, object] = {}
    for key, value in options.items():
        if key not in hints:
            raise RecipeError(f"{of} has no option {key!r}; it has: {', '.join(hints)}")
        if type(value) is not hints[key] and not (hints[key] is float and type(value) is int):
            raise RecipeError(f"{of}: {key} should be of type {hints[key].__name__}, got {value!r}")
        values[key] = hints[key](value)
    needed = [field.name for field in dataclasses.fields(cls) if field.default is dataclasses.MISSING]
    missing = [name for name in needed if name not in values]
    if missing:
        raise RecipeError(f"{of}: the option {missing[0]!r} is missing")
    return cls(**values)
