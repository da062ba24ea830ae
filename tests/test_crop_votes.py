"""research/crop_votes.py and tools/image_cnns_page.py: voting's gain by hand, and the page is the reports'."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


def loaded(path: str) -> ModuleType:
    name = Path(path).stem
    spec = importlib.util.spec_from_file_location(name, ROOT / path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return loaded("research/crop_votes.py")


def test_the_gain_is_paired(tool: ModuleType) -> None:
    """Of 40 tracks of 20 artists the vote mends 10 and spoils 2, one artist's two tracks always alike."""
    rows = []
    for artist in range(20):
        voted, first = artist < 15, artist >= 5 and artist < 14
        rows += [tool.Answered(str(artist), "pop", voted, first, 9) for _ in range(2)]
    rows[38] = tool.Answered("19", "pop", False, True, 9)
    found = tool.figures(rows)
    assert (found["n_tracks"], found["n_artists"]) == (40, 20)
    assert found["voted"]["value"] == pytest.approx(30 / 40)
    assert found["first_crop"]["value"] == pytest.approx(19 / 40)
    assert found["gain"]["value"] == pytest.approx(11 / 40)
    assert 0 < found["gain"]["low"] < found["gain"]["value"] < found["gain"]["high"]
    assert (found["n_only_voted"], found["n_only_first"]) == (12, 1)


def test_the_page_says_what_the_reports_say() -> None:
    pytest.importorskip("matplotlib")
    page = loaded("tools/image_cnns_page.py")
    assert "\n".join([page.START, *page.tables(), page.END]) in page.PAGE.read_text("utf-8")
