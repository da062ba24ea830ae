"""The command: what lies in the folder, what is printed, and what happens when something is wrong."""

from __future__ import annotations

import base64
import io
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile
from run_cli import RATE, Run, write_tone

import tiny_model
from genrelens.bundle import Abstention

FILES = {"report.html", "explanation.json", "explanation.png", "reasons.flac", "without.flac"}


def hum_and_hiss(*, hum_s: tuple[float, float], duration_s: float = 12.0) -> np.ndarray:
    """Soft hiss throughout, and a loud hum of 150 Hz for a while."""
    t = np.arange(round(duration_s * RATE)) / RATE
    hiss = 0.05 * np.diff(np.random.default_rng(0).standard_normal(len(t) + 1))
    start, end = hum_s
    return hiss + 0.5 * np.sin(2 * np.pi * 150 * t) * ((t >= start) & (t < end))


VOID = {"meta", "input", "path", "rect", "br", "img"}


class Checker(HTMLParser):
    """Collects text and links, and complains about tags that do not close."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.sources: list[str] = []
        self.feed(page)
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    place = tmp_path / "so<n>g & co.wav"
    soundfile.write(place, hum_and_hiss(hum_s=(4, 6)), RATE)
    return place


def test_the_folder_holds_all_that_was_promised(run: Run, song: Path, tmp_path: Path, tiny_bundle: Path) -> None:
    out = tmp_path / "why"
    words = ("--class", "Buzz", "--method", "occlusion", "--model", tiny_bundle)
    result = run("explain", song, *words, "--out", out)
    assert result.code == 0, result.err
    assert {file.name for file in out.iterdir()} == FILES
    row = json.loads((out / "explanation.json").read_text("utf-8"))
    assert (row["schema"], row["class"], row["path"]) == ("genrelens.explanation/1", "hum", str(song))
    assert set(row["files"]) == FILES - {"explanation.json"}
    assert row["prediction"]["schema"] == "genrelens.prediction/3"
    kept, rest = (soundfile.read(out / name)[0] for name in ("reasons.flac", "without.flac"))
    whole = soundfile.read(song)[0]
    np.testing.assert_allclose(kept + rest, whole * row["sound"]["gain"], atol=1e-4)
    # The hum is what speaks for "hum": it is in the reasons, and most of the hiss is not.
    inside, outside = slice(round(4.3 * RATE), round(5.7 * RATE)), slice(7 * RATE, 11 * RATE)
    assert np.square(kept[inside]).mean() > 0.9 * np.square(whole[inside]).mean()
    assert np.square(kept[outside]).mean() < 0.5 * np.square(whole[outside]).mean()
    assert "0:04–0:05" in result.out and "check" in result.out


def test_the_page_is_whole_loads_nothing_and_escapes(run: Run, song: Path, tmp_path: Path, tiny_bundle: Path) -> None:
    run("explain", song, "--model", tiny_bundle, "--out", tmp_path / "why")
    page = (tmp_path / "why" / "report.html").read_text("utf-8")
    found = Checker(page)
    assert "so<n>g & co.wav" in "".join(found.words) and "so<n>g" not in page
    assert all(source.startswith(("data:", "#")) or source in FILES for source in found.sources)
    assert "default-src 'none'" in page and "http://" not in page and "https://" not in page
    assert "${" not in page.split("<script>")[0] and "$title" not in page
    sounds = [base64.b64decode(data) for data in re.findall(r"data:audio/mpeg;base64,([^\"]+)", page)]
    assert len(sounds) == 3
    for sound in sounds:
        samples, rate = soundfile.read(io.BytesIO(sound))
        assert len(samples) / rate == pytest.approx(12.0, abs=0.2)
    words = " ".join(" ".join(found.words).split())
    for sentence in ("Is this explanation true?", "What would change the answer", "Without the 2 s that score highest"):
        assert sentence in words


def test_another_run_takes_the_place_of_the_first_and_other_folders_are_left_alone(
    run: Run, song: Path, tmp_path: Path, tiny_bundle: Path
) -> None:
    out = tmp_path / "why"
    assert run("explain", song, "--model", tiny_bundle, "--out", out).code == 0
    assert run("explain", song, "--method", "rollout", "--model", tiny_bundle, "--out", out).code == 0
    row = json.loads((out / "explanation.json").read_text("utf-8"))
    assert (row["method"], row["bands"], row["cells"]) == ("rollout", [], None)
    other = tmp_path / "mine"
    other.mkdir()
    (other / "report.html").write_text("mine")
    result = run("explain", song, "--model", tiny_bundle, "--out", other)
    assert result.code == 1 and "not empty" in result.err
    assert (other / "report.html").read_text() == "mine"


def test_silence_is_no_failure(run: Run, tmp_path: Path, tiny_bundle: Path) -> None:
    soundfile.write(tmp_path / "hush.wav", np.zeros(3 * RATE), RATE)
    out = tmp_path / "why"
    result = run("explain", tmp_path / "hush.wav", "--model", tiny_bundle, "--out", out)
    assert result.code == 0
    assert "nothing to explain" in result.out
    row = json.loads((out / "explanation.json").read_text("utf-8"))
    assert row["class"] is None and row["prediction"]["reason"] == "silence"
    assert {file.name for file in out.iterdir()} == {"explanation.json"}


def test_a_held_back_guess_is_no_answer_on_the_page(run: Run, song: Path, tmp_path: Path) -> None:
    shy = tiny_model.write(tmp_path / "shy", abstention=Abstention(min_confidence=1.0))
    result = run("explain", song, "--model", shy, "--out", tmp_path / "why")
    assert result.code == 0 and "No answer: too close to call" in result.out
    page = (tmp_path / "why" / "report.html").read_text("utf-8")
    assert (
        "No answer: too close to call" in page and "which it holds back." in page and "held back, and no answer" in page
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--class", "polka"], "unknown genre 'polka'; known genres: hum, hiss, thump"),
        (["--method", "magic"], "there is no method 'magic'"),
        (["--method", "attention-head7"], "there is no head 7"),
    ],
)
def test_wrong_usage_leaves_nothing_behind(
    run: Run, song: Path, tmp_path: Path, tiny_bundle: Path, words: list[str], said: str
) -> None:
    result = run("explain", song, *words, "--model", tiny_bundle, "--out", tmp_path / "why")
    assert result.code == 2 and said in result.err
    assert not (tmp_path / "why").exists()


def test_a_model_without_attention_offers_what_works(run: Run, song: Path, tmp_path: Path) -> None:
    model = tiny_model.write(tmp_path / "without")
    result = run("explain", song, "--method", "rollout", "--model", model, "--out", tmp_path / "why")
    assert result.code == 2 and "the methods occlusion" in result.err
    assert not (tmp_path / "why").exists()


def test_a_file_that_is_no_sound_leaves_nothing_behind(run: Run, tmp_path: Path, tiny_bundle: Path) -> None:
    (tmp_path / "a.mp3").write_text("not music")
    for name in ("a.mp3", "missing.mp3"):
        result = run("explain", tmp_path / name, "--model", tiny_bundle, "--out", tmp_path / "why")
        assert result.code == 1 and name in result.err
        assert not (tmp_path / "why").exists()


def test_after_a_full_disk_the_same_command_runs_and_an_earlier_explanation_stands(
    run: Run, song: Path, tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--method", "occlusion", "--model", tiny_bundle, "--out", tmp_path / "why")
    real = os.fsync

    def full(handle: int) -> None:
        if os.fstat(handle).st_size > 10_000:  # not the marker, but the page
            raise OSError(28, "No space left on device")
        real(handle)

    out, other = tmp_path / "why", write_tone(tmp_path / "other.wav", 12.0)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        result = run("explain", song, *words)
    assert result.code == 1 and "No space left on device" in result.err
    assert not out.exists()
    assert run("explain", song, *words).code == 0
    earlier = {file.name: file.read_bytes() for file in out.iterdir()}
    assert earlier.keys() == FILES
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert run("explain", other, *words).code == 1
    assert {file.name: file.read_bytes() for file in out.iterdir()} == earlier
    assert run("explain", other, *words).code == 0
    assert json.loads((out / "explanation.json").read_text("utf-8"))["path"] == str(other)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_said(run: Run, song: Path, tmp_path: Path, tiny_bundle: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    result = run("explain", song, "--model", tiny_bundle, "--out", locked / "why")
    assert result.code == 1 and "cannot be written" in result.err


def test_a_folder_that_the_system_refuses_is_said(
    run: Run, song: Path, tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a read-only disk does, also where the tests run as root."""

    def refuse(path: Path, content: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("genrelens.pages.own_folder.write_whole", refuse)
    result = run("explain", song, "--model", tiny_bundle, "--out", tmp_path / "why")
    assert result.code == 1 and "cannot be written" in result.err and "Permission denied" in result.err
    assert not (tmp_path / "why" / "report.html").exists()


def test_help_has_examples(run: Run) -> None:
    result = run("explain", "--help")
    assert result.code == 0
    assert "genrelens explain song.mp3 --out why" in result.out


def test_odd_rates_are_played_at_one_that_browsers_know(run: Run, tmp_path: Path, tiny_bundle: Path) -> None:
    place = tmp_path / "odd.wav"
    soundfile.write(place, hum_and_hiss(hum_s=(0.5, 1), duration_s=2.0), 37_800)
    assert run("explain", place, "--model", tiny_bundle, "--out", tmp_path / "why").code == 0
    assert soundfile.info(tmp_path / "why" / "reasons.flac").samplerate == 44_100


def test_names_that_are_no_text_are_written_and_shown(run: Run, tmp_path: Path, tiny_bundle: Path) -> None:
    place = tmp_path / os.fsdecode(b"o\xffdd\x1b.wav")
    write_tone(place, duration_s=1.5)
    out = tmp_path / os.fsdecode(b"why\xff")
    result = run("explain", place, "--model", tiny_bundle, "--out", out)
    assert result.code == 0 and "\x1b" not in result.out + result.err
    row = json.loads((out / "explanation.json").read_text("utf-8"))
    assert row["path"] == str(place)


def test_it_begins_with_nothing_heavy(tmp_path: Path) -> None:
    write_tone(tmp_path / "a.wav")
    import subprocess
    import sys

    code = (
        "import sys, genrelens.cli.app, genrelens.explanation.explain, genrelens.pages.explanation.files\n"
        "bad = {'torch', 'librosa', 'scipy', 'sklearn', 'matplotlib', 'transformers', 'captum'} & set(sys.modules)\n"
        "sys.exit(', '.join(bad) or 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
