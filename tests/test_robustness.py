"""The shipped model's answers do not hang on how a file was made, and the pages say what the reports say."""

from __future__ import annotations

import math
import runpy
import sys
from pathlib import Path

import pytest

from genrelens.audio import Clip, load
from genrelens.bundle import Bundle
from genrelens.data import gtzan
from tool_modules import tool

ROOT = Path(__file__).resolve().parents[1]
VARIANTS = tool("variants").VARIANTS

N_CLIPS = 24
LIMIT = 0.05
KNOWN_MISSES = {"mp3-64-stereo": 0.15, "stereo-apart": 0.15, "+12-db": 0.15}
"""Where docs/robustness.md has more than the limit: here a guard against getting worse, not a claim."""


@pytest.mark.parametrize("tool", ["robustness.py", "lite_report.py"])
def test_the_page_is_what_the_reports_say(tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process: another one would spend 5 s on importing what is here already."""
    path = ROOT / "tools" / tool
    monkeypatch.setattr(sys, "argv", [str(path), "--check"])
    monkeypatch.syspath_prepend(str(path.parent))
    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as ended:
        assert not ended.code


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load("base")


@pytest.fixture(scope="module")
def originals(real_data: Path, bundle: Bundle) -> list[tuple[str, Clip, str]]:
    """Id, sound and answer of clips at even steps through the full genres, chosen by nothing else.

    The shipped model has learnt from them, so its answers are surer here than on other music; the figures for music
    that it has not heard are those of tools/robustness.py.
    """
    thin = bundle.manifest.experimental
    known = set(bundle.manifest.training.trained_on)
    clips = [track for track in gtzan.load(real_data / "gtzan").tracks if track.id in known and track.genre not in thin]
    chosen = clips[:: len(clips) // N_CLIPS][:N_CLIPS]
    assert len(chosen) == N_CLIPS
    return [(track.id, load(track.path), bundle.predict(track.path).genre or "") for track in chosen]


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_few_labels_change(name: str, originals: list[tuple[str, Clip, str]], bundle: Bundle) -> None:
    """At most 5 % of 24 labels, rounded up: 2. Where the limit is missed out of fold, at most 4."""
    changed = [
        id_
        for id_, clip, genre in originals
        if bundle.predict(VARIANTS[name].make(clip.samples, clip.sample_rate)).genre != genre
    ]
    assert len(changed) <= math.ceil(KNOWN_MISSES.get(name, LIMIT) * N_CLIPS), changed
