"""``genrelens train`` and ``crossval`` of a recipe that learns from pictures, and what is said where there are none."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest

import drawn_pictures
from genrelens.cli import main
from genrelens.data import gtzan


def call(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """cnn-png, but of two epochs."""
    text = (resources.files("genrelens.recipe") / "shipped" / "cnn-png.toml").read_text(encoding="utf-8")
    assert "max_epochs = 25" in text
    path = tmp_path / "short.toml"
    path.write_text(text.replace("max_epochs = 25", "max_epochs = 2").replace("batch_size = 32", "batch_size = 4"))
    return path


@pytest.mark.slow
def test_a_model_learns_from_pictures_and_answers_pictures(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("lightning")
    data = drawn_pictures.write_gtzan(tmp_path / "kaggle", genres=("country", "metal"), n=12)
    out, cache = tmp_path / "run", tmp_path / "cache"
    words = ("--data", data, "--cache", cache, "--part", "train+valid", "--out", out)
    assert call("train", recipe, *words) == 0
    bundle = Path(capsys.readouterr().out.strip())
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    learnt = set(manifest["training"]["trained_on"])
    parts = gtzan.split("fault-filtered")
    at_hand = {track.id for track in gtzan.picture_tracks(data)}
    assert learnt < at_hand & {*parts.ids("train"), *parts.ids("valid")}  # some are kept to stop on
    assert manifest["training"]["recipe"]["learn_from"] == "pictures"
    picture = next(iter(gtzan.pictures(data).values()))
    assert call("predict", picture, "--model", bundle, "--json") == 0
    row = json.loads(capsys.readouterr().out)
    assert row["error"] is None and row["duration_s"] == pytest.approx(30.02, abs=0.01)
    measured = ("--data", data, "--split", "fault-filtered", "--part", "train+valid", "--seen", "--json")
    assert call("evaluate", out, *measured, "--pictures") == 0
    report = json.loads(capsys.readouterr().out)
    assert {each["id"] for each in report["tracks"]} >= learnt
    assert all(each["predicted"] is not None for each in report["tracks"])
    assert call("evaluate", out, *measured) == 1  # there is no sound


def test_without_pictures_one_line_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("lightning")
    for words, message in (
        ((), "no pictures of GTZAN in"),
        (("--dataset", "fma_small"), "learns from pictures, and the data set 'fma_small' has none"),
    ):
        assert call("crossval", "cnn-png", "--data", tmp_path, "--out", tmp_path / "out", *words) == 1
        error = capsys.readouterr().err
        assert message in error and "Traceback" not in error


def test_the_list_of_recipes_says_what_they_need(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("recipes", "--json") == 0
    needs = {row["name"]: row["needs"] for row in json.loads(capsys.readouterr().out)}
    assert needs["cnn-png"] == "pictures"
    assert needs["cnn-5s"] == needs["svm"] == "audio"
