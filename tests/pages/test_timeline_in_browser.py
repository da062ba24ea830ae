"""The timeline page in a real browser: what its script draws, sorts and finds. Needs chromium; skipped without it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_timeline_page import EVIL, ROWS, failed, page_of, row

from genrelens.pages.timeline.page import TimelinePage

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here, in which the page could be opened"),
]
STEPS = """
const cells = (n) => [...document.querySelectorAll("tbody tr")].map((line) => line.cells[n].textContent);
const cards = () => [...document.querySelectorAll("#tracks article")].map((card) => card.textContent.split("\\n"));
const find = (text) => {
  const input = document.querySelector(".search input");
  input.value = text;
  input.dispatchEvent(new Event("input"));
  return document.querySelector("output").textContent;
};
const sort = (n) => document.querySelectorAll("th button")[n].click();
const said = {};
%s
document.body.dataset.said = JSON.stringify(said);
"""


def in_browser(page: str, steps: str, tmp_path: Path, *, fragment: str = "") -> dict[str, Any]:
    """What steps of script find on the page, run after the page's own."""
    script = STEPS % steps
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = page.replace("script-src '", f"script-src 'sha256-{digest}' '", 1)
    path = tmp_path / "page.html"
    path.write_bytes((page + f"<script>{script}</script>").encode("utf-8", "backslashreplace"))
    assert CHROMIUM is not None
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(
        [*command, "--dump-dom", f"{path.as_uri()}{fragment}"], capture_output=True, text=True, check=True, timeout=120
    )
    (said,) = re.findall(r'data-said="([^"]*)"', done.stdout)
    found: dict[str, Any] = json.loads(html.unescape(said))
    return found


def test_every_track_is_drawn_and_none_of_it_is_markup(tmp_path: Path) -> None:
    steps = """
    said.names = cells(0); said.genres = cells(2); said.notes = cells(5); said.cards = cards();
    said.bold = document.querySelectorAll("tbody b, tbody script").length;
    said.strips = [...document.querySelectorAll(".strip")].map((one) => one.querySelectorAll("path").length);
    said.links = [...document.querySelectorAll("tbody a")].every((a) => document.querySelector(a.getAttribute("href")));
    """
    found = in_browser(page_of(ROWS, experimental=("jazz",)), steps, tmp_path)
    assert found["names"][0] == "a.wav"
    assert found["names"][2] in EVIL.encode("unicode_escape").decode()
    assert found["genres"] == ["disco", "jazz*", "disco", "-", "-", "-"]
    assert found["notes"][1] == "cut & <short>"
    assert found["notes"][3:5] == ["there is nothing but silence", "less than a second of sound"]
    assert found["bold"] == 3
    assert found["links"]
    assert len(found["cards"]) == len(ROWS)
    assert {"jazz* 53 % 0:03", "Note: cut & <short>"} <= set(found["cards"][1])
    assert any("jazz is experimental:" in line for line in found["cards"][1])
    assert not any("experimental" in line for line in found["cards"][0])
    assert found["cards"][5][3].startswith("could not be read")
    assert found["strips"][:2] == [1, 5]  # a path for each shade that occurs


def test_many_tracks_come_in_slices_and_are_all_searched_and_sorted(tmp_path: Path) -> None:
    rows = [row(f"/m/{i:03}.wav", [[0.5 + i / 1000, 0.3, 0.2 - i / 1000]]) for i in range(249)]
    page = page_of([*rows, failed("/m/\u97f3\u697d <!--<script>&amp;.mp3", "bad")])
    steps = """
    said.asked = document.getElementById("p240").querySelector("h2").textContent;
    said.drawn = cells(0).length;
    sort(3); sort(3); said.surest = cells(0).slice(0, 2);
    said.found = find("24"); said.hits = cells(0);
    said.evil = [find("\u97f3\u697d"), cells(0)[0]];
    find(""); said.still = cells(0)[0];
    const more = document.querySelector(".rest button");
    more.click(); more.click();
    said.all = [cells(0).length, cards().length, document.querySelector(".rest").hidden];
    """
    found = in_browser(page, steps, tmp_path, fragment="#p240")
    assert found["asked"] == "239.wav"
    assert found["drawn"] == 100
    assert found["surest"] == ["248.wav", "247.wav"]
    assert found["found"] == "12 of 250"
    assert found["hits"][0] == "248.wav"
    assert found["evil"] == ["1 of 250", "\u97f3\u697d <!--<script>&amp;.mp3"]
    assert found["still"] == "248.wav"
    assert found["all"] == [250, 250, True]


def test_fifty_thousand_tracks_open_sort_and_search_in_about_a_second(tmp_path: Path) -> None:
    """Bounds are three times that, as this may run where other things do."""
    rng = np.random.default_rng(0)
    page = TimelinePage()
    for i in range(50):
        page.add(row(f"/m/artist/{i:02} a name as long as names are.wav", rng.dirichlet([0.5] * 3, 100).tolist()))
    page._lines *= 1000
    page._cards *= 1000
    steps = """
    const timed = (act) => {
      const began = performance.now();
      act();
      document.body.offsetHeight; // lays it out
      return performance.now() - began;
    };
    said.opened = performance.now() - performance.getEntriesByType("navigation")[0].responseEnd;
    said.sorted = [0, 1, 2, 3].map((column) => timed(() => sort(column)));
    said.found = ["7", "as", "rock"].map((text) => timed(() => find(text)));
    said.rows = cells(0).length;
    document.getElementById("cards").remove();
    """
    found = in_browser(page.html(), steps, tmp_path)
    assert found["rows"] == 100
    assert max(found["opened"], *found["sorted"], *found["found"]) < 3000
