"""docs/reproduce.md says what the committed reproductions say."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def test_the_page_is_the_one_that_the_tool_writes() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "reproduce_page.py"))
    assert (DOCS / "reproduce.md").read_text("utf-8") == tool["page"](), "run python tools/reproduce_page.py"


@pytest.mark.parametrize("system", ["s0", "s1", "s4"])
def test_its_pictures_are_there(system: str) -> None:
    text = (DOCS / "reproduce.md").read_text("utf-8")
    pictures = list((DOCS / "reproduce" / system).glob("*.png"))
    assert pictures and all(f"(reproduce/{system}/{path.name})" in text for path in pictures)
