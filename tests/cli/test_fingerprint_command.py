"""The command on a folder of made-up music: files, page, sentences, sound only where asked, refusals."""

from __future__ import annotations

import csv
import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile
from run_cli import RATE, Run

import tiny_model

FILES = {
    "bands.csv",
    "bands.png",
    "beat.png",
    "confused.csv",
    "differences.csv",
    "differences.png",
    "fingerprint.html",
    "fingerprint.json",
    "fingerprint.md",
    "heads.csv",
    "heads.png",
    "left-out.csv",
    "map.csv",
    "map.png",
    "tracks.csv",
    "typical.csv",
}


class Checker(HTMLParser):
    """Collects text and links, and complains about tags that do not close."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.sources: list[str] = []
        self.tags: list[str] = []
        self.feed(page)
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "img", "br"}:
            self.open.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _sound(genre: str, seed: int, duration_s: float = 6.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(round(duration_s * RATE)) / RATE
    hiss = 0.05 * np.diff(rng.standard_normal(len(t) + 1))
    at = rng.uniform(0, 1.5)
    tones = sum(np.sin(2 * np.pi * (hz + 3 * seed) * t) for hz in (120, 300, 480, 660))
    loud = 0.2 if genre == "hum" else 0.0002
    return hiss + loud * tones * ((t >= at) & (t < at + 4.5))


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight tracks each of two genres, one of them under the wrong name, and a silent one with a wicked name."""
    root = tmp_path_factory.mktemp("music")
    for genre in ("hum", "hiss"):
        (root / genre).mkdir()
        for i in range(8):
            kind = "hum" if genre == "hum" or i == 0 else "hiss"
            soundfile.write(root / genre / f"{i}.wav", _sound(kind, i), RATE, subtype="FLOAT")
    soundfile.write(root / "hiss" / "<b>&silent.wav", np.zeros(6 * RATE), RATE)
    return root


@pytest.fixture(scope="module")
def split(music: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of it as one part."""
    from genrelens.data import Split, registry

    ids = tuple(sorted(track.id for track in registry.open_dataset(music).tracks))
    path = tmp_path_factory.mktemp("split") / "all.json"
    path.write_text(Split("all", 1, {"valid": ids}, frozenset(), "by hand").to_json())
    return path


def test_a_folder_of_music_gets_its_fingerprint(
    run: Run, music: Path, split: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    out = tmp_path / "prints"
    found = run("fingerprint", tiny_bundle, "--data", music, "--split", split, "--out", out, "--workers", "1")
    assert found.code == 0, found.err
    names = {path.name for path in out.iterdir()}
    assert names | {"beat.png"} == FILES
    row = json.loads((out / "fingerprint.json").read_text())
    assert row["schema"] == "genrelens.fingerprint/1" and set(row["files"]) == names - {"fingerprint.json"}
    assert (row["n_tracks"], row["n_artists"], len(row["left_out"])) == (16, 16, 1)
    by_genre = {genre["genre"]: genre for genre in row["genres"]}
    assert by_genre["hum"]["n_right"] == 8 and by_genre["hiss"]["n_right"] == 7
    bands = by_genre["hum"]["bands"]
    assert bands[0]["low"] > 0 > bands[-1]["high"]  # what hums speaks for hum, what hisses against it
    level = {(f["what"], f["genre"]): f for f in row["findings"] if f["descriptor"] == "level"}
    assert level["parts", "hum"]["size"] > 1 and level["genres", "hum"]["size"] > 1
    assert level["genres", "hiss"]["size"] < -1
    assert [c["other"] for c in row["confused"]] == ["hum"]
    assert "\nhiss: 8 tracks by 8 artists" in found.out and "\\n" not in found.out
    assert "louder" in found.out and "0 of them" not in found.out
    page = Checker((out / "fingerprint.html").read_text())
    assert all(source.startswith(("#", "data:image/png")) or source in names for source in page.sources)
    assert "audio" not in page.tags and "b" not in page.tags  # no sound unasked, and names are text
    assert any("<b>&silent" in words for words in page.words)
    assert any("is silent" in words for words in page.words)
    with (out / "differences.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sum(float(r["q"] or 1) <= 0.05 for r in rows) == len(row["findings"]) == row["tests"]["n_found"]
    text = (out / "fingerprint.md").read_text()
    assert "](bands.png)" in text and str(music) not in text

    again = run(
        "fingerprint",
        tiny_bundle,
        *("--data", music, "--split", split, "--out", out, "--per-genre", "2", "--sounds"),
        *("--workers", "1"),
    )
    assert again.code == 0, again.err
    page = Checker((out / "fingerprint.html").read_text())
    assert page.tags.count("audio") == 4
    assert not (out / "map.png").exists()  # too few tracks for a map; the earlier one is gone
    assert "Too few artists to test" in again.out


def test_a_model_without_attention_says_why_parts_are_missing(
    run: Run, music: Path, split: Path, tmp_path: Path
) -> None:
    model = tiny_model.write(tmp_path / "plain")
    out = tmp_path / "prints"
    found = run(
        "fingerprint", model, *("--data", music, "--split", split, "--out", out, "--per-genre", "3", "--workers", "1")
    )
    assert found.code == 0, found.err
    assert json.loads((out / "fingerprint.json").read_text())["beat"] is None
    page = (out / "fingerprint.html").read_text()
    assert page.count("has no attention") == 2
    assert "Heads that specialise</h2>" not in page and "What is not shown</h2>" in page


def test_a_folder_of_somebody_else_is_left_alone(run: Run, music: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    found = run("fingerprint", "base", "--data", music, "--out", tmp_path)
    assert found.code == 1 and "not empty" in found.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
