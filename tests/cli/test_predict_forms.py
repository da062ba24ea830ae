"""What ``genrelens predict`` prints: the table, JSON and CSV, in input order, safe whatever a file is called."""

from __future__ import annotations

import csv
import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from run_cli import RATE, Run, write_tone

from genrelens.data.csv import text_of_cell

KEYS = [
    *["schema", "path", "genre", "guess", "confidence", "probabilities", "abstained", "reason"],
    *["set", "coverage", "tags", "styles", "segments", "duration_s", "model", "notes", "error"],
]


def test_json_lines_in_input_order(run: Run, tmp_path: Path) -> None:
    paths = [write_tone(tmp_path / name) for name in ("c.wav", "a.wav", "b.wav")]
    result = run("predict", "--json", *paths)
    assert result.code == 0
    assert result.err == ""
    assert [row["path"] for row in result.rows] == [str(path) for path in paths]
    for row in result.rows:
        assert list(row) == KEYS
        assert row["genre"] == "hum"
        assert row["probabilities"]["hum"] == row["confidence"]
        assert sum(row["probabilities"].values()) == pytest.approx(1, abs=3e-6)
        assert row["duration_s"] == 2.0
        assert row["model"]["name"] == "tiny"


def test_timeline_adds_windows_to_every_row(run: Run, tmp_path: Path) -> None:
    result = run("predict", "--json", "--timeline", write_tone(tmp_path / "a.wav"), tmp_path / "absent.wav")
    good, failed = result.rows
    assert set(good) == set(failed) == {*KEYS, "windows"}
    assert good["windows"][0]["start_s"] == 0
    assert good["windows"][-1]["end_s"] == 2.0
    assert failed["windows"] == []


def test_top_keeps_the_likeliest(run: Run, tmp_path: Path) -> None:
    path = write_tone(tmp_path / "a.wav")
    (full,) = run("predict", "--json", path).rows
    (two,) = run("predict", "--json", "--top", "2", path).rows
    ranked = sorted(full["probabilities"].items(), key=lambda item: -item[1])
    assert list(two["probabilities"].items()) == ranked[:2]
    (all_of_them,) = run("predict", "--json", "--top", "99", path).rows
    assert list(all_of_them["probabilities"].items()) == ranked


def test_csv(run: Run, tmp_path: Path) -> None:
    path = write_tone(tmp_path / 'a, "b".wav')
    short = write_tone(tmp_path / "short.wav", 0.2)
    result = run("predict", "--csv", path, short, tmp_path / "absent.wav")
    assert result.code == 1
    good, abstained, failed = csv.DictReader(io.StringIO(result.out))
    assert good["path"] == str(path)
    assert (good["genre"], good["abstained"], good["error_code"]) == ("hum", "false", "")
    assert float(good["p_hum"]) == float(good["confidence"])
    assert (abstained["genre"], abstained["confidence"], abstained["reason"]) == ("", "", "too_short")
    assert (good["guess"], abstained["guess"], failed["guess"]) == ("hum", "hum", "")
    assert (failed["genre"], failed["abstained"], failed["error_code"]) == ("", "", "missing")


def test_the_table(run: Run, tmp_path: Path) -> None:
    good = write_tone(tmp_path / "a.wav")
    silent = tmp_path / "silent.wav"
    soundfile.write(silent, np.zeros(2 * RATE), RATE)
    short = write_tone(tmp_path / "short.wav", 0.2)
    result = run("predict", good, silent, short, tmp_path / "absent.wav")
    assert result.code == 1
    head, *lines = result.out.splitlines()
    assert head.split() == ["path", "genre", "confidence", "next", "best", "note"]
    assert len(lines) >= 4
    assert lines[0].split()[:2] == [str(good), "hum"]
    assert lines[1].split()[:3] == [str(silent), "-", "-"]
    assert "silence" in lines[1]
    assert lines[2].split()[:3] == [str(short), "-", "-"]
    assert "hum" not in lines[2]
    assert lines[3].split()[:3] == [str(tmp_path / "absent.wav"), "-", "-"]
    assert "missing: there is no such file" in lines[3]
    assert lines[0].index("hum") == lines[1].index(" - ") + 1 == head.index("genre")


def test_experimental_genres_carry_an_asterisk_and_a_footnote(run: Run, tmp_path: Path) -> None:
    path = write_tone(tmp_path / "a.wav")
    assert "* experimental" not in run("predict", path, "--top", "1").out
    shown = run("predict", path, "--top", "3").out
    assert "thump*" in shown
    assert shown.splitlines()[-1].startswith("* experimental")


def test_the_table_is_no_wider_than_the_model_has_genres(run: Run, tmp_path: Path) -> None:
    paths = [write_tone(tmp_path / "a.wav"), tmp_path / "absent.wav"]
    assert run("predict", "--top", "1000", *paths).out == run("predict", "--top", "3", *paths).out


def test_the_table_with_a_timeline(run: Run, tmp_path: Path) -> None:
    n = 2 * RATE
    path = tmp_path / "a.wav"
    loud = 0.5 * np.sin(2 * np.pi * 300 * np.arange(n) / RATE)
    soundfile.write(path, np.concatenate([loud, np.zeros(2 * n)]), RATE)
    lines = run("predict", "--timeline", path).out.splitlines()
    assert lines[2].strip().startswith("0:00-0:01  hum") or lines[2].split()[:2] == ["0:00-0:01", "hum"]
    assert any(line.strip().endswith("silence") for line in lines)


NAMES = [
    "with space.wav",
    'it\'s "q".wav',
    "夜に駆ける.wav",
    "é\u0301.wav",
    "line\u2028end\x85.wav",
    "-x.wav",
    "$(echo).wav",
]
if os.name == "posix":
    NAMES += [
        "new\nline.wav",
        "carriage\rreturn.wav",
        "turn\u202egpj.wav",
        "tab\tand\x1b[31mcolour.wav",
        "back\\slash.wav",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_odd_names(run: Run, tmp_path: Path, name: str) -> None:
    path = write_tone(tmp_path / name)
    result = run("predict", "--json", path)
    (row,) = result.rows
    assert row["path"] == str(path)
    assert row["genre"] == "hum"
    assert not set(result.out) & set("\x1b\x9b\u202e")
    written = run("predict", "--csv", path).out
    assert written.count("\n") == 2
    assert not set(written) & set("\x1b\r\u2028\x85")
    (line,) = csv.DictReader(io.StringIO(written))
    assert text_of_cell(line["path"]) == str(path)
    table = run("predict", path).out
    assert len(table.splitlines()) == 2 + 2 * ("experimental" in table)
    assert "\x1b" not in table


@pytest.mark.parametrize("name", ["=1+1.wav", "+1.wav", "-1.wav", "@a.wav"])
def test_no_name_is_a_formula_to_a_spreadsheet(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    write_tone(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    (line,) = csv.DictReader(io.StringIO(run("predict", "--csv", "--", name).out))
    assert (line["path"], line["genre"]) == ("'" + name, "hum")
    (row,) = run("predict", "--json", "--", name).rows
    assert row["path"] == name


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")
def test_a_name_that_is_no_utf8(run: Run, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.wav")
    write_tone(path)
    (row,) = run("predict", "--json", tmp_path).rows
    assert row["path"] == str(path)
    assert os.fsencode(row["path"]).endswith(b"caf\xe9.wav")
    assert "caf\\udce9.wav" in run("predict", tmp_path).out
    assert "caf\\udce9.wav" in run("predict", "--csv", tmp_path).out
    page = tmp_path / "page.html"
    assert run("predict", tmp_path / os.fsdecode(b"caf\xe9.wav"), "--html", page).code == 0
    assert r"caf\\udce9.wav" in page.read_text("utf-8")  # as JSON has a backslash


def test_html_is_written_beside_the_answers(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = run("predict", "--json", "--html", page, write_tone(tmp_path / "a.wav"), tmp_path / "absent.wav")
    assert result.code == 1
    assert [row["genre"] for row in result.rows] == ["hum", None]
    assert "windows" not in result.rows[0]
    assert str(page) in result.err
    text = page.read_text("utf-8")
    assert "a.wav" in text
    assert "absent.wav" in text
    assert list(tmp_path.glob(".page*")) == []


def test_sets_and_tags_in_every_form(run: Run, tmp_path: Path) -> None:
    import tiny_model
    from genrelens.bundle import Conformal

    conformal = Conformal((0.0,), (0.5,))
    graph = tiny_model.predict_graph(more=True)
    model = tiny_model.write(tmp_path / "m", graph=graph, tags=tuple("abcdefgh"), conformal=conformal)
    song = write_tone(tmp_path / "song.wav")
    (row,) = run("predict", "--json", song, "--model", model).rows
    assert row["coverage"] == 0.9
    assert row["set"][0] == row["genre"]
    assert len(row["set"]) > 1
    assert list(row["tags"].values()) == sorted(row["tags"].values(), reverse=True)
    likeliest = list(row["tags"])
    (cells,) = csv.DictReader(io.StringIO(run("predict", "--csv", song, "--model", model).out))
    assert cells["set"] == ";".join(row["set"])
    assert cells["tags"] == ";".join(likeliest[:5])
    plain = run("predict", song, "--model", model).out
    assert ", ".join(likeliest[:3]) in plain
    assert " or " not in plain
    assert (
        " or ".join([", ".join(row["set"][:-1]), row["set"][-1]])
        in run("predict", song, "--coverage", "0.9", "--model", model).out
    )
    (narrow,) = run("predict", "--json", song, "--coverage", "0.5", "--model", model).rows
    assert (narrow["set"], narrow["coverage"]) == ([row["genre"]], 0.5)


@pytest.mark.parametrize("coverage", ["0", "1", "1.5", "nan", "x"])
def test_a_coverage_that_is_none(run: Run, coverage: str) -> None:
    result = run("predict", "a.wav", "--coverage", coverage)
    assert result.code == 2
    assert "coverage" in result.err


def test_a_model_that_promises_no_coverage(run: Run) -> None:
    result = run("predict", "a.wav", "--coverage", "0.9")
    assert result.code == 2
    assert "promises none" in result.err


def test_several_genres_stand_side_by_side(run: Run, tmp_path: Path) -> None:
    import tiny_model

    graph = tiny_model.predict_graph(bias=20.0)
    model = tiny_model.write(tmp_path / "m", graph=graph, multi_label=True)
    song = write_tone(tmp_path / "song.wav")
    (row,) = run("predict", "--json", song, "--model", model).rows
    assert len(row["set"]) == 3
    table = run("predict", song, "--model", model).out
    assert all(genre in table for genre in row["set"])
    assert "also" in table.splitlines()[0]
    assert "next best" not in table
    only = tiny_model.write(tmp_path / "one", graph=tiny_model.predict_graph(bias=5.0), multi_label=True)
    (row,) = run("predict", "--json", song, "--model", only).rows
    assert row["set"] == ["hum"]
    assert "hiss" not in run("predict", song, "--model", only).out


def test_names_in_a_model_cannot_steer_the_terminal(run: Run, tmp_path: Path) -> None:
    import tiny_model
    from genrelens.taxonomy import Taxonomy

    names = Taxonomy(("hum\x1b[2J", "his\ns", "thump"), {})
    tags = ("\x1b[31mloud", *"bcdefgh")
    graph = tiny_model.predict_graph(more=True)
    model = tiny_model.write(tmp_path / "m", graph=graph, taxonomy=names, tags=tags)
    result = run("predict", write_tone(tmp_path / "song.wav"), "--top", "3", "--model", model)
    assert "\x1b" not in result.out
    assert "hum\\x1b[2J" in result.out
    assert len(result.out.splitlines()) == 2
