"""Frozen dataclasses to JSON values and back, checked field by field; no value is null, never NaN."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genrelens.errors import DataError
from genrelens.files import no_device


def encode(value: Any) -> Any:
    """Dataclasses, tuples and plain values as what :func:`json.dumps` takes; NaN becomes ``None``."""
    if dataclasses.is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def json_text(document: Mapping[str, Any]) -> str:
    """JSON in ASCII, a line for each key and for each item of a list of tables or lists.

    So it can be read and compared by line, and no console or odd file name (a lone surrogate) can break it.
    """
    lines = [f" {_compact(key)}: {_value_text(value)}" for key, value in document.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _value_text(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict | list):
        return "[\n" + ",\n".join(f"  {_compact(item)}" for item in value) + "\n ]"
    return _compact(value)


def _compact(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


def read_text(path: Path | str, *, what: str) -> str:
    """The text of a file. Raises :class:`DataError`, calling it ``what``, when it cannot be read."""
    try:
        return no_device(Path(path)).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the {what} {str(path)!r} cannot be read: {error}") from error


def parse(text: str, *, schema: str, version: int, source: str) -> dict[str, Any]:
    """A JSON document that says ``"schema": "<schema>/<version>"``, without that line; ``source`` names it in errors.

    Raises :class:`DataError` on anything else, and on a version newer than ``version``.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{source} is not valid JSON: {error}") from error
    said = document.pop("schema", None) if isinstance(document, dict) else None
    match = re.fullmatch(rf"{re.escape(schema)}/(\d{{1,9}})", str(said))
    if match is None:
        raise DataError(f"{source} is not a {schema.replace('.', ' ')}: its schema is {said!r}")
    if int(match.group(1)) > version:
        raise DataError(
            f"{source} was written by a newer genrelens (schema {said}, this one reads up to "
            f"{schema}/{version}): upgrade genrelens (in its checkout: git pull)"
        )
    checked: dict[str, Any] = document
    return checked


def decode(hint: Any, value: Any, *, where: str) -> Any:
    """What :func:`encode` wrote, as the type that ``hint`` names.

    Reads dataclasses, ``str``, ``int``, ``float``, ``bool``, ``tuple[X, ...]`` and ``X | None``. ``where``
    names the place in the :class:`DataError` that any fault raises.
    """
    if dataclasses.is_dataclass(hint):
        return _decode_dataclass(hint, value, where=where)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        (inner,) = (option for option in arguments if option is not type(None))
        return None if value is None else decode(inner, value, where=where)
    if origin is tuple:
        if not isinstance(value, list):
            raise DataError(f"{where} should be a list, got {value!r:.80}")
        return tuple(decode(arguments[0], item, where=f"{where}[{i}]") for i, item in enumerate(value))
    if hint is float and value is None:
        return math.nan
    if hint is float and type(value) is int:
        try:
            return float(value)
        except OverflowError as error:  # a whole number of 400 digits
            raise DataError(f"{where} should be a finite number, got {value!r:.80}") from error
    if type(value) is not hint:
        raise DataError(f"{where} should be of type {hint.__name__}, got {value!r:.80}")
    return value


def _decode_dataclass(hint: Any, value: Any, *, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise DataError(f"{where} should be a table, got {value!r:.80}")
    hints = typing.get_type_hints(hint)
    names = [field.name for field in dataclasses.fields(hint)]
    wrong = sorted(set(names) ^ set(value))
    if wrong:
        raise DataError(f"{where}: these keys are missing or unknown: {', '.join(wrong)}")
    return hint(**{name: decode(hints[name], value[name], where=f"{where}.{name}") for name in names})
