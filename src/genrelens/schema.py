"""The one reader and writer of JSON documents: frozen dataclasses to JSON types and back, checked field by field.

A document says ``"schema": "genrelens.report/1"`` first, then its dataclass's fields by name, in their order. A number
that is not one (NaN, infinity) is null. Reading is strict: a field that is missing, unknown or of another type is an
error that names the file, the field, what was expected and what came.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import re
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from genrelens.errors import DataError
from genrelens.files import no_device


class Document:
    """What a dataclass inherits that is a JSON document of its own."""

    __slots__ = ()

    SCHEMA: ClassVar[str]
    """Name and version: ``"genrelens.report/1"``."""
    WHAT: ClassVar[str]
    """What errors call it: ``"report"``."""

    def to_json(self) -> str:
        """The document as JSON text: ``"schema"``, then the fields by name."""
        return json_text({"schema": self.SCHEMA, **encode(self)})

    @classmethod
    def from_json(cls, text: str, *, source: str | None = None) -> Self:
        """Read :meth:`to_json`'s text; ``source`` is what errors call it. Raises :class:`DataError`."""
        source = source or f"the {cls.WHAT}"
        found: Self = decode(cls, parse(text, schema=cls.SCHEMA, source=source), where=source)
        return found

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """Read a document from a file. Raises :class:`DataError` when it cannot be read or is not one."""
        return cls.from_json(read_text(path, what=cls.WHAT), source=f"the {cls.WHAT} {str(path)!r}")


def encode(value: Any) -> Any:
    """Dataclasses, tables, tuples and plain values as what :func:`json.dumps` takes; NaN becomes ``None``."""
    if dataclasses.is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
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


def parse(text: str, *, schema: str, source: str) -> dict[str, Any]:
    """A JSON document of ``schema``, such as ``"genrelens.report/1"``, as a table without that line.

    Older versions are let through, for :func:`decode` to judge. Raises :class:`DataError`, calling the document
    ``source``, on what is no JSON, of another schema or of a newer version.
    """
    name, _, version = schema.partition("/")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{source} is not valid JSON: {error}") from error
    said = document.pop("schema", None) if isinstance(document, dict) else None
    match = re.fullmatch(rf"{re.escape(name)}/(\d{{1,9}})", str(said))
    if match is None:
        raise DataError(f"{source} is not a {name.replace('.', ' ')}: its schema is {said!r}")
    if int(match.group(1)) > int(version):
        raise DataError(
            f"{source} was written by a newer genrelens (schema {said}, this one reads up to "
            f"{schema}): upgrade genrelens (in its checkout: git pull)"
        )
    checked: dict[str, Any] = document
    return checked


def decode(hint: Any, value: Any, *, where: str) -> Any:
    """What :func:`encode` wrote, as the type that ``hint`` names.

    Reads dataclasses, ``str``, ``int``, ``float``, ``bool``, ``tuple[X, ...]``, ``tuple[X, Y]``, ``dict[str, X]`` and
    ``X | None``. ``where`` names the place in the :class:`DataError` that any fault raises.
    """
    if dataclasses.is_dataclass(hint):
        return _decode_dataclass(hint, value, where=where)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        (inner,) = (option for option in arguments if option is not type(None))
        return None if value is None else decode(inner, value, where=where)
    if origin is tuple:
        return _decode_tuple(arguments, value, where=where)
    if origin in (dict, Mapping):
        if not isinstance(value, dict):
            raise _wrong(where, "a table", value)
        return {key: decode(arguments[1], item, where=f"{where}.{key}") for key, item in value.items()}
    if hint is float and value is None:
        return math.nan
    if hint is float and type(value) is int:
        try:
            return float(value)
        except OverflowError as error:  # a whole number of 400 digits
            raise _wrong(where, "a finite number", value) from error
    if type(value) is not hint:
        raise _wrong(where, f"of type {hint.__name__}", value)
    return value


def _decode_tuple(arguments: tuple[Any, ...], value: Any, *, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _wrong(where, "a list", value)
    if arguments[-1] is Ellipsis:
        arguments = (arguments[0],) * len(value)
    if len(value) != len(arguments):
        raise _wrong(where, f"a list of {len(arguments)}", value)
    pairs = zip(arguments, value, strict=True)
    return tuple(decode(hint, item, where=f"{where}[{i}]") for i, (hint, item) in enumerate(pairs))


def _decode_dataclass(hint: Any, value: Any, *, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong(where, "a table", value)
    hints = _fields(hint)
    wrong = sorted(set(hints) ^ set(value))
    if wrong:
        raise DataError(f"{where}: these keys are missing or unknown: {', '.join(wrong)}; expected {', '.join(hints)}")
    return hint(**{name: decode(type_, value[name], where=f"{where}.{name}") for name, type_ in hints.items()})


@functools.cache
def _fields(cls: Callable[..., Any]) -> dict[str, Any]:
    """The types of a dataclass's fields by name, in order; looked up once, not for each of 50,000 rows."""
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}  # type: ignore[arg-type]


def _wrong(where: str, expected: str, value: object) -> DataError:
    return DataError(f"{where} should be {expected}, got {value!r:.80}")
