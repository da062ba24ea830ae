"""Documents say what is so: links lead somewhere, results pages say what the reports say, the changelog is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import genrelens
import tool_modules
from genrelens.audio import MEDIA_SUFFIXES

ROOT = Path(__file__).resolve().parents[1]
# notes.md are paragraphs of docs/results.md, and their links are that page's.
PAGES = [ROOT / "README.md", *sorted(page for page in (ROOT / "docs").rglob("*.md") if page.name != "notes.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["results_page.py", "explain_page.py"])
def test_the_pages_are_what_the_reports_say(tool: str) -> None:
    result = subprocess.run(
        [sys.executable, ROOT / "tools" / tool, "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_reports_are_kept_as_all_are(tmp_path: Path) -> None:
    kept = tool_modules.tool("keep_crossval")
    reports = [
        path for path in (ROOT / "docs/results").rglob("*.json") if '"genrelens.report/' in path.read_text("utf-8")[:60]
    ]
    assert len(reports) > 30
    for path in reports:
        again = tmp_path / path.parent.name / path.name
        again.parent.mkdir(exist_ok=True)
        kept.write_kept(kept.Report.read(path), again)
        assert again.read_bytes() == path.read_bytes(), f"{path}: write it with write_kept of tools/keep_crossval.py"


def test_documents_stay_small() -> None:
    files = [path for path in (ROOT / "docs").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 6_000_000


def test_the_readme_names_the_commands_that_exist() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"^make (\w+)", text, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    known = set(
        subprocess.run([sys.executable, "-m", "genrelens", "--help"], capture_output=True, text=True).stdout.split()
    )
    for command in re.findall(r"^genrelens (\w+)", text, re.MULTILINE):
        assert command in known, command


def test_the_changelog_has_a_place_for_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "## [Unreleased]" in text or f"## [{genrelens.__version__}]" in text


def test_the_endings_that_a_walk_takes_are_all_in_the_documents() -> None:
    text = (ROOT / "docs" / "prediction.md").read_text("utf-8")
    listed = " ".join(re.findall(r"`(wav wave.*?svx)`", text, re.DOTALL)).replace("`", "").replace("·", "")
    assert {f".{ending}" for ending in listed.split()} == MEDIA_SUFFIXES


def test_nothing_sends_anyone_to_a_package_index() -> None:
    """genrelens is on none yet: a stranger could take its name there. From a checkout is how it is installed."""
    index = re.compile(r"py" r"pi\.org|python" r"hosted|pip install (-U )?['\"]?genrelens")
    texts = [
        *PAGES,
        *(ROOT / "docs").rglob("*.ipynb"),
        *(path for folder in ("src", "tools", "research") for path in (ROOT / folder).rglob("*.py")),
        *(ROOT / "src").rglob("card.md"),
    ]
    said = [
        f"{path.relative_to(ROOT)}: {found[0]}" for path in texts if (found := index.search(path.read_text("utf-8")))
    ]
    assert said == []
