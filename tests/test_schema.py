"""The one reader and writer of JSON documents."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from genrelens.errors import DataError
from genrelens.schema import Document


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    length: float


@dataclass(frozen=True, slots=True)
class Poem(Document):
    SCHEMA: ClassVar[str] = "genrelens.poem/2"
    WHAT: ClassVar[str] = "poem"

    title: str
    lines: tuple[Line, ...]
    by: tuple[str, int] | None
    counts: dict[str, int]


POEM = Poem("Ode", (Line("la", 1.5), Line("lu", math.nan)), ("K", 1819), {"la": 2})
TEXT = (
    '{\n "schema": "genrelens.poem/2",\n "title": "Ode",\n "lines": [\n  {"text": "la", "length": 1.5},\n'
    '  {"text": "lu", "length": null}\n ],\n "by": ["K", 1819],\n "counts": {"la": 2}\n}\n'
)


def test_a_document_is_written_by_line_and_read_back_equal(tmp_path: Path) -> None:
    assert POEM.to_json() == TEXT
    (tmp_path / "poem.json").write_text(TEXT)
    again = Poem.read(tmp_path / "poem.json")
    assert again.lines[0] == POEM.lines[0] and math.isnan(again.lines[1].length)
    assert (again.title, again.by, again.counts) == (POEM.title, POEM.by, POEM.counts)
    assert Poem.from_json(TEXT.replace("1.5", "1")).lines[0] == Line("la", 1.0)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"Ode"', "3", r"poem\.json'\.title should be of type str, got 3"),
        ('"Ode"', "null", r"title should be of type str, got None"),
        ("1.5", "true", r"lines\[0\]\.length should be of type float, got True"),
        ('"length": 1.5', '"len": 1', r"lines\[0\].*missing or unknown: len, length; expected text, length"),
        ('["K", 1819]', '["K"]', r"by should be a list of 2, got \['K'\]"),
        ('{"la": 2}', "[2]", r"counts should be a table, got \[2\]"),
        ('{"la": 2}', '{"la": "2"}', r"counts\.la should be of type int, got '2'"),
        ("poem/2", "poem/3", r"written by a newer genrelens \(schema genrelens.poem/3.*up to genrelens.poem/2"),
        ("poem/2", "poet/2", "is not a genrelens poem: its schema is 'genrelens.poet/2'"),
        ('"Ode",', '"Ode"', "is not valid JSON"),
    ],
)
def test_what_does_not_fit_is_named_with_file_and_field(tmp_path: Path, old: str, new: str, said: str) -> None:
    file = tmp_path / "poem.json"
    file.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(DataError, match=said):
        Poem.read(file)
