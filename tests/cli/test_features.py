"""``genrelens features``: what is computed of what, where it goes, and how it ends."""

from __future__ import annotations

import csv
import io
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import soundfile
from run_cli import Run

from genrelens.data import synthetic
from genrelens.features import read_table
from genrelens.frontend.descriptors import SETS

COLUMNS = SETS["kaggle57"].columns


def write(path: Path, *, seconds: float = 1.0, rate: int = 22_050) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    sound = 0.1 * np.random.default_rng(len(path.name)).standard_normal(round(seconds * rate))
    soundfile.write(path, sound, rate)
    return path


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_file_is_a_row_on_stdout_and_nothing_is_left_behind(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "song.wav")
    result = run("features", "song.wav")
    assert result.code == 0
    (row,) = rows_of(result.out)
    assert tuple(row) == ("filename", "length", *COLUMNS, "label")
    assert (row["filename"], row["length"], row["label"]) == ("song.wav", "22050", "")
    assert [path.name for path in tmp_path.iterdir()] == ["song.wav"]


def test_a_flat_folder_has_no_labels(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "music" / "b.wav")
    write(tmp_path / "music" / "a.flac")
    (tmp_path / "music" / "cover.jpg").write_bytes(b"x")
    result = run("features", "music", "--workers", "1")
    assert [(row["filename"], row["label"]) for row in rows_of(result.out)] == [("a.flac", ""), ("b.wav", "")]
    assert (tmp_path / "runs" / "cache" / "features").is_dir()


def test_a_folder_of_folders_has_their_names_for_labels(run: Run, tmp_path: Path) -> None:
    for name in ("rock/a.wav", "rock/live/b.wav", "jazz/a.wav", "top.wav"):
        write(tmp_path / "music" / name)
    result = run("features", "music", "--out", "t.csv", "--workers", "1")
    assert result.code == 0
    assert result.out == ""
    assert "wrote t.csv: 4 rows of 57 numbers\n" in result.err
    table = read_table(tmp_path / "t.csv")
    assert dict(zip(table.filenames, table.labels, strict=True)) == {
        "jazz/a.wav": "jazz",
        "rock/a.wav": "rock",
        "rock/live/b.wav": "rock",
        "top.wav": "",
    }


def test_gtzan_has_kaggles_names(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "gtzan" / "Hip-Hop" / "hiphop.00003.wav", seconds=7)
    (tmp_path / "gtzan" / "jazz").mkdir()
    (tmp_path / "gtzan" / "jazz" / "jazz.00054.wav").write_bytes(b"no RIFF header")
    result = run("features", "gtzan", "--segments", "3", "--workers", "1")
    assert result.code == 1
    rows = rows_of(result.out)
    assert [(row["filename"], row["label"], bool(row["error"])) for row in rows] == [
        ("hiphop.00003.0.wav", "hiphop", False),
        ("hiphop.00003.1.wav", "hiphop", False),
        ("jazz.00054.wav", "jazz", True),
    ]
    assert {row["length"] for row in rows} == {"66149", ""}


def test_a_known_data_set_has_its_tracks(run: Run, tmp_path: Path) -> None:
    synthetic.write_corpus(tmp_path / "corpus", n_per_style=1, seed=0, duration_s=1.0)
    result = run("features", "corpus", "--workers", "1")
    tracks = synthetic.load(tmp_path / "corpus")
    assert {(row["filename"], row["label"]) for row in rows_of(result.out)} == {
        (track.id, track.genre) for track in tracks
    }


def test_one_bad_file_is_one_row_and_exit_code_1(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "music" / "good.wav")
    (tmp_path / "music" / "bad.mp3").write_bytes(b"hello")
    result = run("features", "music", "--out", "t.csv", "--workers", "1")
    assert result.code == 1
    assert "wrote t.csv: 1 rows of 57 numbers, and 1 without (see the column error)\n" in result.err
    assert "bad.mp3 has no numbers: " in result.err
    table = read_table(tmp_path / "t.csv")
    assert [bool(error) for error in table.errors] == [True, False]


def test_parquet_holds_what_csv_holds(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "music" / "a.wav")
    for name in ("t.csv", "t.parquet"):
        assert run("features", "music", "--set", "fma518", "--out", name, "--workers", "1").code == 0
    one, other = read_table(tmp_path / "t.csv"), read_table(tmp_path / "t.parquet")
    assert one.columns == SETS["fma518"].columns
    np.testing.assert_array_equal(one.values, other.values)


def test_a_truncated_file_is_said(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "music" / "a.wav", seconds=4)
    path.write_bytes(path.read_bytes()[:100_000])
    result = run("features", "music", "--workers", "1")
    assert result.code == 0
    assert result.err == "a.wav: the file is truncated: 2.3 of 4.0 s could be read\n"


def test_a_folder_without_music_is_an_error_and_nothing_is_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no music")
    for words in ((), ("--out", "t.csv")):
        result = run("features", "empty", *words)
        assert (result.code, result.out) == (1, "")
        assert "found no sound file in 'empty'" in result.err
    assert not (tmp_path / "t.csv").exists() and not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nowhere"], "there is no such file or folder"),
        (["music", "--out", "t.txt"], "ends in .csv or .parquet"),
        (["music", "--out", "nowhere/t.csv"], "in a folder that exists"),
        (["music", "--set", "mfcc"], "mfcc"),
        (["music", "--segments", "5"], "--segments"),
        (["music", "--workers", "0"], "--workers"),
        ([], "PATH"),
    ],
)
def test_wrong_usage(run: Run, tmp_path: Path, words: list[str], complaint: str) -> None:
    write(tmp_path / "music" / "a.wav")
    result = run("features", *words)
    assert result.code == 2
    assert complaint in " ".join(result.err.split())


def test_a_data_set_that_is_not_there_is_said(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "music" / "a.wav")
    result = run("features", "music", "--dataset", "gtzan")
    assert result.code == 1
    assert "no GTZAN clips" in result.err


def test_a_stopped_run_says_that_it_can_go_on(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import genrelens.features

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(genrelens.features, "extract_files", stop)
    write(tmp_path / "music" / "a.wav")
    result = run("features", "music")
    assert result.code == 130
    assert result.err == "stopped; the same command goes on where it was\n"


def test_what_is_odd_about_the_folder_is_said(run: Run, tmp_path: Path) -> None:
    for name in ("polka/a.wav", "tango/b.wav"):
        write(tmp_path / "hub" / "genres" / name)
    (tmp_path / "hub" / "genres" / "tango" / "cover.jpg").write_bytes(b"x")
    result = run("features", "hub", "--workers", "1")
    assert [(row["filename"], row["label"]) for row in rows_of(result.out)] == [
        ("polka/a.wav", "polka"),
        ("tango/b.wav", "tango"),
    ]
    assert "passed over 1 file that is no sound: 1 .jpg" in result.err
    assert "the folders of genres are those in 'hub/genres'" in result.err
    low = run("features", "hub/genres/polka", "--workers", "1")
    assert [row["label"] for row in rows_of(low.out)] == [""]
    assert "if it is the folder of one genre, give that above" in low.err
    (tmp_path / "hub" / "genres" / "tango" / "b.wav").unlink()
    assert "one genre only, 'polka'" in run("features", "hub/genres", "--workers", "1").err


def test_folders_in_two_spellings_and_unicode_forms_have_one_label(run: Run, tmp_path: Path) -> None:
    for i, name in enumerate(("Électro", unicodedata.normalize("NFD", "Électro"), "électro-", "Électro")):
        write(tmp_path / "music" / name / f"{i}.wav")
    table = run("features", "music", "--out", "t.csv", "--workers", "1")
    assert table.code == 0
    assert set(read_table(tmp_path / "t.csv").labels) == {"Électro"}
