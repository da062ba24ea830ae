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


def test_taking_a_run_drops_pictures_of_networks_that_it_has_not(tmp_path: Path) -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "reproduce_page.py"))
    take = tool["take"]
    take.__globals__["DOCS"] = tmp_path / "docs"
    run, kept = tmp_path / "run", tmp_path / "docs" / "reproduce" / "s0"
    run.mkdir()
    for name in ("reproduce.json", "claims.png", "attention-judged-transformer-2x4.png"):
        (run / name).write_bytes(b"one")
    take("s0", run)
    assert (kept / "attention-judged-transformer-2x4.png").is_file()
    (run / "attention-judged-transformer-2x4.png").unlink()
    (run / "claims.png").write_bytes(b"two")
    take("s0", run)
    assert sorted(path.name for path in kept.iterdir()) == ["claims.png", "reproduce.json"]
    assert (kept / "claims.png").read_bytes() == b"two"
