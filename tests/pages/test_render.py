"""Every page: what comes from data stays text, and style and script stand in its own policy by their hashes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from typing import Any

import pytest
from jinja2 import UndefinedError

from genrelens.pages.render import json_line, render
from genrelens.pages.sections import Section, SectionPage, Shown, Table
from genrelens.pages.timeline.page import TimelinePage

EVIL = "</script><!--<b onclick=x>\"'&\n\x1b[31m\u202e\udcff {{ 7 * 7 }}"


def policy(page: str) -> dict[str, str]:
    found = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert found is not None
    parts: list[list[str]] = [part.split(" ", 1) for part in found[1].split("; ")]
    return dict(parts)


def hashed(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def plain(**more: Any) -> str:
    """A page without sections."""
    empty = {"title": "t", "lead": (), "sections": (), "pictures": {}, "ending": "", "shouted": ("THE",)}
    return render("sections.html", **{**empty, **more})


def test_the_style_is_named_by_its_hash() -> None:
    page = plain()
    (style,) = re.findall("<style>(.*?)</style>", page, re.S)
    rules = policy(page)
    assert rules["style-src"] == hashed(style)
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in page
    assert ' style="' not in page


def test_the_script_is_named_by_its_hash() -> None:
    page = TimelinePage().html()
    (script,) = re.findall("<script>(.*?)</script>", page, re.S)
    assert policy(page)["script-src"] == hashed(script)
    assert "unsafe" not in page
    assert ' style="' not in page


def test_a_page_without_script_may_run_none() -> None:
    page = SectionPage("t", (), ()).files("index.html")["index.html"].decode()
    assert "script-src" not in policy(page)
    assert "<script" not in page


def test_names_are_text_in_markup_and_in_data() -> None:
    section = Section(
        "key",
        EVIL,
        (EVIL, "THE SPLIT LEAKS artists"),
        players={EVIL: b"mp3"},
        shown=Shown((EVIL, "n"), [(EVIL, EVIL)], notable=frozenset({0})),
        terms={EVIL: EVIL},
        tables={"numbers": Table(("a",), ((1,),))},
    )
    files = SectionPage(EVIL, (EVIL,), (section,), ending=EVIL).files("index.html")
    page = files["index.html"].decode("utf-8")
    assert set(files) == {"numbers.csv", "index.html"}
    for part in ("</script>", "<!--", "<b ", "\x1b", "\u202e"):
        assert part not in page
    assert page.count("{{ 7 * 7 }}") == 15
    assert "\\n\\x1b[31m\\u202e\\udcff" in page
    assert '<p class="warn">THE SPLIT' in page


def test_data_stand_apart_and_are_read_back_as_they_were() -> None:
    page = plain(data={"one": [json_line([EVIL, 0.5, None])]})
    (data,) = re.findall(r'<script type="application/json" id="one">(.*?)</script>', page, re.S)
    assert "<" not in data
    ((name, *rest),) = json.loads(data)
    assert rest == [0.5, None]
    assert name.startswith("</script><!--<b onclick=x>\"'&\\n\\x1b[31m\\u202e\\udcff")
    with pytest.raises(ValueError, match="JSON"):
        json_line(float("nan"))


def test_a_forgotten_value_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("sections.html", title="t")


def test_sections_that_hold_nothing_are_left_out() -> None:
    made = [Section("full", "Full", ("words",)), Section("empty", "Empty", ())]
    page = SectionPage("t", (), made).files("index.html")["index.html"].decode()
    assert 'href="#full"' in page
    assert "Empty" not in page


def test_templates_are_loaded_for_a_page_alone() -> None:
    code = "import sys, genrelens.pages.render, genrelens.pages.sections; print('jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
