"""Where a track changes its genre: the rows below its row, JSON, CSV, the page, and ``--labels``."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from run_cli import RATE, Run, tone, write_tone

import tiny_model

KEYS = ["start_s", "end_s", "genre", "confidence", "styles"]


@pytest.fixture
def mix(tmp_path: Path) -> Path:
    """Twenty seconds of a low tone, then twenty of a high one: hum and hiss to the tiny model."""
    path = tmp_path / "my mix.wav"
    soundfile.write(path, np.concatenate([tone(20.0), tone(20.0, hz=3500.0)]), RATE)
    return path


def test_json_has_segments_and_their_confidence(run: Run, mix: Path, tmp_path: Path) -> None:
    steady, absent = write_tone(tmp_path / "steady.wav", 20.0), tmp_path / "absent.wav"
    result = run("predict", "--json", mix, steady, absent)
    changing, constant, failed = (row["segments"] for row in result.rows)
    assert [list(one) for one in changing] == [KEYS, KEYS]
    assert [one["genre"] for one in changing] == ["hum", "hiss"]
    assert changing[0]["start_s"] == 0
    assert changing[0]["end_s"] == changing[1]["start_s"] == pytest.approx(20, abs=0.5)
    assert changing[1]["end_s"] == 40
    [one] = constant
    assert (one["start_s"], one["end_s"]) == (0, 20)
    assert (one["genre"], one["confidence"]) == (result.rows[1]["genre"], result.rows[1]["confidence"])
    assert failed == []


def test_what_holds_no_music_has_none(run: Run, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silent.wav", np.zeros(8 * RATE), RATE)
    short = write_tone(tmp_path / "short.wav", 0.5)
    for row in run("predict", "--json", tmp_path / "silent.wav", short).rows:
        assert row["reason"] in ("silence", "too_short")
        assert row["segments"] == []


def test_a_track_that_is_undecided_as_a_whole_has_them(run: Run, mix: Path, tmp_path: Path) -> None:
    from genrelens.bundle import Abstention

    model = tiny_model.write(tmp_path / "m", abstention=Abstention(min_confidence=0.9999))
    [row] = run("predict", "--json", mix, "--model", model).rows
    assert row["reason"] == "undecided"
    assert [one["genre"] for one in row["segments"]] == ["hum", "hiss"]
    lines = run("predict", mix, "--model", model).out.splitlines()
    assert [line.split()[:2] for line in lines[2:4]] == [["0:00-0:20", "hum"], ["0:20-0:40", "hiss"]]


def test_the_table_has_a_row_each_where_there_are_several(run: Run, mix: Path, tmp_path: Path) -> None:
    lines = run("predict", mix, "--top", "1").out.splitlines()
    assert [line.split()[:2] for line in lines[2:4]] == [["0:00-0:20", "hum"], ["0:20-0:40", "hiss"]]
    assert all(line.startswith("  0:") for line in lines[2:4])
    assert len(run("predict", write_tone(tmp_path / "steady.wav", 20.0), "--top", "1").out.splitlines()) == 2


def test_csv_has_them_in_one_cell(run: Run, mix: Path, tmp_path: Path) -> None:
    printed = run("predict", "--csv", mix, tmp_path / "absent.wav").out
    changing, failed = csv.DictReader(io.StringIO(printed))
    assert changing["segments"] == "0:00-0:20 hum; 0:20-0:40 hiss"
    assert failed["segments"] == ""


def test_the_page_says_them(run: Run, mix: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    run("predict", mix, "--html", page)
    assert "In parts: 0:00–0:20 hum" in page.read_text("utf-8")


def test_a_label_track(run: Run, mix: Path, tmp_path: Path) -> None:
    result = run("predict", "--json", mix, "--labels", tmp_path / "labels.txt")
    assert f"wrote {tmp_path / 'labels.txt'}" in result.err
    lines = [line.split("\t") for line in (tmp_path / "labels.txt").read_text("utf-8").splitlines()]
    [row] = result.rows
    for (start, end, label), one in zip(lines, row["segments"], strict=True):
        assert float(start) == pytest.approx(one["start_s"], abs=6e-4)
        assert float(end) == pytest.approx(one["end_s"], abs=6e-4)
        assert all(len(number.split(".")[1]) == 6 for number in (start, end))
        assert label.startswith(f"{one['genre']} ")
        assert label.endswith(" %")


def test_a_cue_sheet(run: Run, mix: Path, tmp_path: Path) -> None:
    assert run("predict", mix, "--labels", tmp_path / "mix.cue").code == 0
    lines = (tmp_path / "mix.cue").read_text("utf-8").splitlines()
    assert lines[0] == 'FILE "my mix.wav" WAVE'
    assert lines[1:4] == ["  TRACK 01 AUDIO", lines[2], "    INDEX 01 00:00:00"]
    assert lines[2].startswith('    TITLE "hum ')
    [second] = run("predict", "--json", mix).rows
    frames = round(second["segments"][1]["start_s"] * 75)
    assert lines[6] == f"    INDEX 01 00:{frames // 75:02}:{frames % 75:02}"


def test_labels_of_silence_are_not_written(run: Run, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silent.wav", np.zeros(8 * RATE), RATE)
    result = run("predict", tmp_path / "silent.wav", "--labels", tmp_path / "labels.txt")
    assert result.code == 0
    assert "nothing to write" in result.err
    assert not (tmp_path / "labels.txt").exists()
    absent = run("predict", tmp_path / "absent.wav", "--labels", tmp_path / "labels.txt")
    assert absent.code == 1
    assert not (tmp_path / "labels.txt").exists()


def test_labels_are_for_one_file(run: Run, mix: Path, tmp_path: Path) -> None:
    other = write_tone(tmp_path / "other.wav")
    result = run("predict", mix, other, "--labels", tmp_path / "labels.txt")
    assert result.code == 2
    assert "one file, and there are 2" in " ".join(result.err.replace("│", " ").split())


def test_labels_take_the_place_of_labels_only(run: Run, mix: Path, tmp_path: Path) -> None:
    result = run("predict", mix, "--labels", mix)
    assert result.code == 2
    assert "no .txt file" in " ".join(result.err.replace("│", " ").split())
    assert run("predict", mix, "--labels", tmp_path / "absent" / "labels.txt").code == 2
    (tmp_path / "labels.txt").write_text("old", "utf-8")
    assert run("predict", mix, "--labels", tmp_path / "labels.txt").code == 0
    assert "hiss" in (tmp_path / "labels.txt").read_text("utf-8")


def test_a_model_of_several_genres_a_track_parts_none(run: Run, mix: Path, tmp_path: Path) -> None:
    model = tiny_model.write(tmp_path / "m", graph=tiny_model.predict_graph(bias=20.0), multi_label=True)
    [row] = run("predict", "--json", mix, "--model", model).rows
    assert row["segments"] == []
    result = run("predict", mix, "--labels", tmp_path / "labels.txt", "--model", model)
    assert result.code == 2
    assert "several genres" in result.err


def test_each_segment_has_styles_of_its_own(run: Run, mix: Path, tmp_path: Path) -> None:
    from genrelens.bundle.styles import Style, Styles

    tags = tuple("abcdefgh")  # a band of the sound each, the lowest first
    styles = Styles((0.0, 1.0), (Style("deep", "a", (-80.0, 0.0)), Style("shrill", "h", (-80.0, 0.0))))
    graph = tiny_model.predict_graph(more=True)
    model = tiny_model.write(tmp_path / "m", graph=graph, tags=tags, styles=styles)
    [row] = run("predict", "--json", mix, "--model", model).rows
    assert [next(iter(one["styles"])) for one in row["segments"]] == ["deep", "shrill"]
    [steady] = run("predict", "--json", write_tone(tmp_path / "steady.wav", 20.0), "--model", model).rows
    assert steady["segments"][0]["styles"] == steady["styles"]
    lines = run("predict", mix, "--model", model).out.splitlines()
    assert ["deep" in line for line in lines[2:4]] == [True, False]
