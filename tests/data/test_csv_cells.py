"""Cells that no spreadsheet takes for a formula and no terminal for a command, and the way back."""

from __future__ import annotations

import csv
import io
from itertools import product

import pytest

from genrelens.data.csv import safe_cell, text_of_cell


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=HYPERLINK(A1)", "'=HYPERLINK(A1)"),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-x.wav", "'-x.wav"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "\\x09=1"),
        ("\r=1", "\\x0d=1"),
        ("＝1", "'＝1"),
        ("'=1", "''=1"),
        ("'Round Midnight.mp3", "'Round Midnight.mp3"),
        ("a\rb", "a\\x0db"),
        ("a\nb", "a\\x0ab"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\x00b\x7f\x9b", "a\\x00b\\x7f\\x9b"),
        ("line\u2028end", "line\\u2028end"),
        ("a\u202egpj.exe", "a\\u202egpj.exe"),
        ("caf\udce9.wav", "caf\\udce9.wav"),
        ("C:\\Music\\new\\a.wav", "C:\\Music\\new\\a.wav"),
        ("C:\\x64\\ubuntu", "C:\\x64\\ubuntu"),
        ("literal \\x1b", "literal \\\\x1b"),
        ("夜に駆ける\u3000é\u0301.wav", "夜に駆ける\u3000é\u0301.wav"),
        ("a=b-c@d", "a=b-c@d"),
        ("", ""),
        ("-0.5", "-0.5"),
        ("+4e-3", "+4e-3"),
    ],
)
def test_texts(text: str, written: str) -> None:
    assert safe_cell(text) == written
    assert text_of_cell(written) == text


@pytest.mark.parametrize("value", [-1, -0.5, None, True])
def test_what_is_no_text_stays_as_it_is(value: object) -> None:
    assert safe_cell(value) is value


def test_every_text_comes_back_through_a_file() -> None:
    """Of all texts of up to five of these characters."""
    letters = "'=\\x1b\x1b-"
    texts = ["".join(some) for n in range(6) for some in product(dict.fromkeys(letters), repeat=n)]
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([safe_cell(text), "end"] for text in texts)
    assert "\x1b" not in file.getvalue()
    rows = list(csv.reader(io.StringIO(file.getvalue()), strict=True))
    assert [text_of_cell(cell) for cell, _ in rows] == texts
    assert len({cell for cell, _ in rows}) == len(texts)


def test_long_runs_of_backslashes() -> None:
    """Each is looked at once: at every backslash anew, these take hours."""
    for text in ("\\" * 1_000_000, "\\" * 1_000_000 + "x1b", "\\" * 999_999 + "\x1b"):
        assert text_of_cell(safe_cell(text)) == text
