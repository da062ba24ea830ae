"""``genrelens explore`` from the shell's point of view."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest
from run_cli import Run, write_tone

from genrelens.data import synthetic

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")
pytest.importorskip("librosa")

FILES = {
    *("counts.png", "counts.csv", "correlation.png", "correlation.csv", "tempo.png", "tempo.csv", "tempo-tracks.csv"),
    *("features.png", "features.csv", "eta-squared.csv", "examples.png", "examples.csv"),
    *("map-features.png", "map-features.csv", "map-embeddings.png", "map-embeddings.csv"),
    *("index.html", "explore.json"),
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten styles, two pieces of 2.2 s each."""
    root = tmp_path_factory.mktemp("explore") / "music"
    synthetic.write_corpus(root, n_per_style=2, seed=0, duration_s=2.2)
    return root


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_a_whole_exploration(run: Run, corpus: Path, tiny_bundle: Path, tmp_path: Path) -> None:
    out, cache = tmp_path / "look", tmp_path / "cache"
    result = run("explore", corpus, "--out", out, "--model", tiny_bundle, "--cache", cache)
    said = f"wrote {out / 'index.html'}\nnext: open {out / 'index.html'}\n"
    assert (result.code, result.out) == (0, f"{out / 'index.html'}\n") and result.err.endswith(said)
    assert {path.name for path in out.iterdir()} == FILES
    page = (out / "index.html").read_text("utf-8")
    assert "20 tracks of 10 genres" in page and "Nothing: every track" in page
    assert "\\" not in page  # nothing that we say needs an escape
    assert "data:audio" not in page and page.count("data:image/png") == 7
    assert len(rows(out / "map-embeddings.csv")) == len(rows(out / "tempo-tracks.csv")) == 20
    assert {row["tracks"] for row in rows(out / "counts.csv")} == {"2"}
    marker = json.loads((out / "explore.json").read_text("utf-8"))
    assert (marker["dataset"], marker["tracks"]) == ("synthetic", 20)
    assert set(marker["files"]) == FILES - {"explore.json"}

    # From a table that holds half of the tracks, into the same folder, with sound.
    table = tmp_path / "half.csv"
    result = run("features", corpus, "--out", table, "--cache", cache)
    assert result.code == 0, result.err
    lines = table.read_text("utf-8").splitlines(keepends=True)
    table.write_text("".join([lines[0], *lines[1:9]]), "utf-8")
    result = run("explore", corpus, "--out", out, "--model", tiny_bundle, "--features", table, "--sound")
    assert result.code == 0, result.err
    assert {path.name for path in out.iterdir()} == FILES - {"map-features.png", "map-features.csv"} | {"left-out.csv"}
    page = (out / "index.html").read_text("utf-8")
    assert page.count("data:audio/mpeg") == 4 and "Not drawn: a map needs at least 10 tracks" in page
    assert "The features were read from half.csv" in page
    assert len(rows(out / "left-out.csv")) == 12
    assert {row["why"] for row in rows(out / "left-out.csv")} == {"its sound is here, but the table has no row for it"}


@pytest.mark.slow
def test_bad_files_strange_names_and_one_genre(run: Run, tiny_bundle: Path, tmp_path: Path) -> None:
    music, out = tmp_path / "mine", tmp_path / "look"
    for i in range(3):
        write_tone(music / "<b>$x^" / f"{i}.wav")
    (music / "<b>$x^" / "bad.mp3").write_bytes(b"no sound at all" * 100)
    result = run("explore", music, "--out", out, "--model", tiny_bundle, "--cache", tmp_path / "cache")
    assert result.code == 0, result.err
    page = (out / "index.html").read_text("utf-8")
    assert "<b>" not in page and "&lt;b&gt;$x^" in page
    assert "of one genre" in page and "It holds no sound" in page
    left_out = rows(out / "left-out.csv")
    assert [(Path(row["id"]).name, row["not_in"]) for row in left_out] == [("bad.mp3", "all")]
    assert str(tmp_path) not in page and str(tmp_path) not in (out / "left-out.csv").read_text("utf-8")
    assert [row["tracks"] for row in rows(out / "counts.csv")] == ["3"]


def test_usage(run: Run, corpus: Path, tmp_path: Path) -> None:
    assert run("explore", corpus).code == 2  # where to?
    file = tmp_path / "file"
    file.write_text("mine")
    assert run("explore", corpus, "--out", file).code == 2
    assert run("explore", corpus, "--out", tmp_path / "a", "--model", tmp_path / "none").code == 2
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("all of it")
    result = run("explore", corpus, "--out", other)
    assert result.code == 1 and "not empty" in result.err
    assert not (tmp_path / "a").exists()
    table = tmp_path / "table.csv"
    table.write_text("filename;length\n")
    result = run("explore", corpus, "--out", tmp_path / "a", "--features", table)
    assert result.code == 1 and "they are 'filename', 'length'" in result.err
    assert not (tmp_path / "a").exists()
    result = run("explore", tmp_path / "nowhere", "--out", tmp_path / "a")
    assert result.code == 1 and "nowhere" in result.err
    help_text = run("explore", "--help")
    assert (
        help_text.code == 0
        and "--table" in help_text.out
        and "--features" not in help_text.out
        and "Examples:" in help_text.out
    )


def test_music_without_labels_is_refused(run: Run, tmp_path: Path) -> None:
    write_tone(tmp_path / "flat" / "a.wav")
    result = run("explore", tmp_path / "flat", "--out", tmp_path / "look")
    assert result.code == 1 and "genre" in result.err
    assert not (tmp_path / "look").exists()


@pytest.mark.parametrize("module", ["matplotlib", "sklearn", "librosa"])
def test_a_missing_part_is_named_before_any_work(
    run: Run, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    result = run("explore", corpus, "--out", tmp_path / "look")
    assert result.code == 2 and ".[train]" in result.err
    assert not (tmp_path / "look").exists()


@pytest.mark.slow
@pytest.mark.real_data
def test_gtzan_by_kaggles_table(run: Run, real_data: Path, tiny_bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "look"
    table = real_data / "gtzan" / "features_30_sec.csv"
    result = run("explore", real_data, "--dataset", "gtzan", "--features", table, "--out", out, "--model", tiny_bundle)
    assert result.code == 0, result.err
    counts = {row["genre"]: row for row in rows(out / "counts.csv")}
    assert len(counts) == 10
    assert all(int(row["with_sound"]) <= int(row["tracks"]) for row in counts.values())
    assert len(rows(out / "correlation.csv")) == 28
    known = [row["id"] for row in rows(out / "tempo-tracks.csv")]
    assert len(known) == len(set(known)) == sum(int(row["with_features"]) for row in counts.values())
    faulty = [row["id"] for row in rows(out / "left-out.csv") if "faulty" in row["why"]]
    assert faulty and not set(faulty) & set(known)
