r"""Texts in the cells of a CSV file: nothing for a spreadsheet to run or a terminal to obey, and every row one line.

Names come from strangers' files. One that begins with ``=``, ``+``, ``-`` or ``@`` is a formula to a spreadsheet, so it
gets a ``'`` in front, which spreadsheets take for "this is text" (OWASP, "CSV injection"); and so does a text that
looks like one made so, which keeps the way back open. A character that steers a line, a terminal or the direction of
writing, or is half of one, becomes ``\x1b`` or ``\u202e``, and a backslash before what looks like one made so is
doubled. Numbers stay numbers. JSON and Parquet have texts as they are.
"""

from __future__ import annotations

import re
from typing import Final, TypeVar

_T = TypeVar("_T")

_STEERING: Final = r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
_ESCAPE: Final = r"x(?:[01][0-9a-f]|7f|[89][0-9a-f])|u(?:202[89a-e]|206[6-9]|d[89a-f][0-9a-f]{2})"
# Whole runs of backslashes, each looked at once: begun anew at each of them, a long run would take forever.
_TO_ESCAPE: Final = re.compile(rf"(?<!\\)(\\*+)(?:({_STEERING})|(?={_ESCAPE}))")
_ESCAPED: Final = re.compile(rf"(?<!\\)(\\++)({_ESCAPE})")
_FORMULA: Final = re.compile("'*[=+\\-@＝＋－＠]")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?(e[+-]?[0-9]+)?", re.IGNORECASE)


def safe_cell(value: _T) -> _T | str:
    """What to write for a value: a text that nothing runs or obeys, anything else as it is."""
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    quote = "'" if _FORMULA.match(value) else ""
    return quote + _TO_ESCAPE.sub(_escape, value)


def text_of_cell(cell: str) -> str:
    """The text of which :func:`safe_cell` made a cell."""
    text = _ESCAPED.sub(_unescape, cell)
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _escape(match: re.Match[str]) -> str:
    backslashes, steering = match.groups()
    if steering is None:
        return backslashes * 2
    number = ord(steering)
    return backslashes * 2 + (f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}")


def _unescape(match: re.Match[str]) -> str:
    backslashes, code = match.groups()
    half, is_escape = divmod(len(backslashes), 2)
    return "\\" * half + (chr(int(code[1:], 16)) if is_escape else code)
