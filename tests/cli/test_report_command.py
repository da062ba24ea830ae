"""``genrelens report``, ``compare`` and ``recipes`` from the shell's point of view."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from run_cli import Run

import run_toys as toys
from genrelens.bundle import Bundle
from genrelens.data import synthetic

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    """Two runs over the same tracks."""
    svm = toys.write(tmp_path / "svm.json", toys.report(seed=1, model="svm", skill=0.95))
    return [toys.crossval(tmp_path / "cv"), svm]


def test_a_report_is_drawn_and_its_page_named(run: Run, two: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "look"
    result = run("report", two[0], "--out", out)
    page = out / "index.html"
    assert (result.code, result.out, result.err) == (0, f"{page}\n", f"wrote {page}\nnext: open {page}\n")
    made = {path.name for path in out.iterdir()}
    pairs = {
        f"{key}.{end}"
        for key in ("accuracy", "genres", "confusion", "learning", "reliability")
        for end in ("png", "csv")
    }
    assert made == pairs | {"cost.csv", "tracks.csv", "index.html", "run-report.json"}
    page = (out / "index.html").read_text("utf-8")
    assert "Not drawn: a cross-validation has a model for each fold" in page
    assert run("report", two[1], "--out", out).code == 0  # over an earlier one
    assert not (out / "learning.png").exists()


def test_a_comparison_as_text_json_and_page(run: Run, two: list[Path], tmp_path: Path) -> None:
    result = run("compare", *two)
    assert (result.code, result.err) == (0, "")
    assert "B is better" in result.out and "majority" in result.out
    result = run("compare", *two, "--json")
    document = json.loads(result.out)
    assert document["schema"] == "genrelens.comparison/1"
    assert [row["name"] for row in document["runs"]] == ["mel-transformer", "svm"]
    stored = json.loads(two[1].read_text("utf-8"))
    assert document["runs"][1]["all_genres"] == stored["all_genres"] and "tracks" not in document["runs"][1]
    assert document["runs"][0]["trainings"][0]["training_s"] == 90.0
    assert document["runs"][0]["chance"]["all_genres"]["uniform"] == 1 / 3
    (pair,) = document["pairs"]
    assert pair["all_genres"]["n_tracks"] == 60 and pair["full_genres"] is None
    right = [sum(row["predicted"] == row["genre"] for row in stored["tracks"])]
    assert pair["all_genres"]["accuracy_b"] == right[0] / 60
    out = tmp_path / "look"
    result = run("compare", *two, "--out", out)
    assert (result.code, result.out) == (0, f"{out / 'index.html'}\n")
    result = run("compare", *two, "--out", out, "--json")  # the page and the numbers
    assert json.loads(result.out) == document


def test_wrong_usage(run: Run, two: list[Path], tmp_path: Path) -> None:
    result = run("compare", two[0])
    assert result.code == 2 and "two runs or more, got 1" in " ".join(result.err.split())
    assert run("compare").code == 2
    assert run("report", two[0]).code == 2  # where to?
    assert run("report", two[0], "--out", two[1]).code == 2
    assert run("compare", *two, "--out", two[1]).code == 2
    result = run("compare", two[0], two[0])
    assert result.code == 1 and "given twice" in result.err


def test_what_cannot_be_reported(run: Run, two: list[Path], tmp_path: Path) -> None:
    result = run("report", tmp_path / "nowhere", "--out", tmp_path / "a")
    assert result.code == 1 and "does not exist" in result.err
    half = toys.training(tmp_path / "half", finished=False)
    result = run("report", half, "--out", tmp_path / "a")
    assert result.code == 1 and "--resume" in result.err
    result = run("compare", two[0], half)
    assert result.code == 1 and "--resume" in result.err
    other = toys.write(tmp_path / "polka.json", toys.report(names=("polka", "jazz"), model="p"))
    result = run("compare", two[0], other, "--out", tmp_path / "a")
    assert result.code == 1 and "different genres" in result.err and "genrelens report" in result.err
    assert not (tmp_path / "a").exists()  # nothing is made before all is read


def test_a_folder_with_something_else_in_it_is_not_touched(run: Run, two: list[Path], tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "all-of-it.txt").write_text("")
    for command in (["report", two[0]], ["compare", *two]):
        result = run(*command, "--out", tmp_path / "thesis")
        assert result.code == 1 and "not empty" in result.err
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["all-of-it.txt"]


def test_a_folder_that_cannot_be_made(run: Run, two: list[Path], tmp_path: Path) -> None:
    result = run("report", two[0], "--out", two[1] / "below-a-file")
    assert result.code == 1 and "cannot be written" in result.err


def test_a_missing_part_is_said_before_the_work(
    run: Run, two: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for command in (["report", two[0]], ["compare", *two]):
        result = run(*command, "--out", tmp_path / "look")
        assert result.code == 2 and ".[train]" in result.err
    assert not (tmp_path / "look").exists()
    assert run("compare", *two).code == 0  # a table needs no figures


def test_embeddings_are_mapped_where_model_and_sound_are_here(run: Run, tmp_path: Path, tiny_bundle: Path) -> None:
    corpus = tmp_path / "music"
    synthetic.write_corpus(corpus, n_per_style=1, seed=0, duration_s=2.2)
    folder = tmp_path / "mine"
    shutil.copytree(tiny_bundle, folder / "bundle")
    from genrelens.data import registry

    loaded = registry.open_dataset(corpus, dataset=None)
    names = loaded.taxonomy.names
    from genrelens.evaluation import Subject, TrackRow, build_report

    shares = tuple(1 / len(names) for _ in names)
    rows = [TrackRow(t.id, t.artist, t.genre, names[0], shares, False, None, None) for t in loaded.tracks]
    rows.append(TrackRow("gone", None, names[0], names[0], shares, False, None, None))
    model_hash = Bundle.load(tiny_bundle).hash
    found = build_report(rows, Subject("tiny", model_hash, loaded.dataset, names), n_resamples=20)
    toys.write(folder / "report.json", found)
    result = run("report", folder, "--out", tmp_path / "a")
    assert result.code == 0 and "give their folder with --data" in (tmp_path / "a" / "index.html").read_text("utf-8")
    result = run("report", folder, "--out", tmp_path / "a", "--data", corpus)
    assert (result.code, result.err.splitlines()[-2]) == (0, f"wrote {tmp_path / 'a' / 'index.html'}")
    lines = (tmp_path / "a" / "map-embeddings.csv").read_text("utf-8").splitlines()
    assert len(lines) == 1 + len(loaded.tracks)
    assert "1 of the answered tracks has no place on the map" in (tmp_path / "a" / "index.html").read_text("utf-8")
    toys.write(folder / "report.json", toys.report(model_hash=model_hash))
    result = run("report", folder, "--out", tmp_path / "a", "--data", corpus)
    assert result.code == 1 and "measured on 'toys'" in result.err


def test_recipes_as_json(run: Run) -> None:
    from genrelens import recipe

    result = run("recipes", "--json")
    rows = json.loads(result.out)
    assert [row["name"] for row in rows] == list(recipe.names())
    for row in rows:
        assert set(row) == {"name", "system", "needs", "summary"}
        assert all(isinstance(value, str) and value for value in row.values())
