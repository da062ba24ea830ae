"""Pages from templates: all that comes from data is text, and nothing runs on a page but what the page itself names.

The templates are Jinja2's, with autoescape on, and extend ``templates/base.html``, which sets the shared look, and a
content policy in which style and script stand by their SHA-256 hashes. So a page loads nothing, and markup that slipped
in anyway could neither run nor look like part of it. A template names its own files first::

    {% extends "base.html" %}
    {% set styles, scripts = ["timeline.css"], ["timeline.js"] %}

The policy also forbids ``style="..."``: where a length depends on data, draw it in SVG.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genrelens import __version__
from genrelens.errors import GenrelensError
from genrelens.files import write_whole
from genrelens.pages.wording import visible

if TYPE_CHECKING:
    from jinja2 import Environment


_IN_SCRIPT = {ord(c): f"\\u{ord(c):04x}" for c in "<>&"}
"""Characters that could end a script or begin markup, and how JSON writes them otherwise."""


def render(template: str, *, data: Mapping[str, Sequence[str]] | None = None, **values: Any) -> str:
    """The page that a template of ``pages/templates`` makes of some values, as one HTML file that needs no other.

    Strings are escaped, and what cannot be seen in them is written out, by :func:`~genrelens.pages.wording.visible`.

    Args:
        template: its file name.
        data: what the page's script reads, as lists of :func:`json_line` by name. Each stands apart from the markup,
            in a ``<script type="application/json">`` whose id is its name, an item a line, so that a script can take
            the list for JSON, or read single lines of a long one.
        values: what the template names.
    """
    return _environment().get_template(template).render(values, data=data or {})


def json_line(value: Any) -> str:
    """A value of JSON's types as one line of JSON that is safe in a page: no ``<``, no ``&``, nothing invisible.

    Raises ``ValueError`` on NaN.
    """
    text = json.dumps(_all_visible(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(_IN_SCRIPT)


def write_page(path: str | Path, page: str) -> None:
    """Write a page, whole or not at all. Raises :class:`GenrelensError`, code ``cannot_write``."""
    try:
        write_whole(Path(path), to_bytes(page))
    except OSError as error:
        message = f"{path}: the page cannot be written: {error.strerror or error}"
        raise GenrelensError(message, code="cannot_write") from error


def to_bytes(page: str) -> bytes:
    """A page as the content of its file."""
    return page.encode("utf-8", "backslashreplace")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("genrelens.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )
    environment.globals.update(assets=_assets, version=__version__)
    environment.filters.update(sha256=_sha256, data_url=_data_url, unbroken=_unbroken)
    return environment


def _finalized(value: object) -> object:
    """What a template prints: plain strings are made visible; markup, which the templates made, stays."""
    return visible(value) if type(value) is str else value


def _all_visible(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if dataclasses.is_dataclass(value):
        return {field.name: _all_visible(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {visible(key): _all_visible(item) for key, item in value.items()}
    return [_all_visible(item) for item in value] if isinstance(value, list | tuple) else value


def _assets(*names: str) -> object:
    """Style sheets or scripts of this folder, one after the other: text of ours, which needs no escaping."""
    from markupsafe import Markup

    folder = resources.files("genrelens.pages") / "templates"
    return Markup("".join((folder / name).read_text("utf-8") for name in names))


def _unbroken(words: str) -> object:
    """Words in which a number stays on the line of its sign for percent."""
    from markupsafe import escape

    return escape(visible(words)).replace(" %", "\N{NO-BREAK SPACE}%")


def _sha256(content: str) -> str:
    """The hash by which a content policy names an inline style or script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode('ascii')}"


def _data_url(content: bytes, kind: str) -> str:
    """A picture or sound inside the page; ``kind`` is its media type."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
