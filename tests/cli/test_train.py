"""``genrelens train`` and ``crossval`` from the shell's point of view."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
import soundfile

import tiny_training
from genrelens.cli import main
from genrelens.cli.options import selected
from genrelens.cli.terminal import Epochs
from genrelens.data import Split, gtzan, synthetic
from genrelens.data.splits.folds import hold_out
from genrelens.training.run import read_run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of ten styles, ten pieces of 2.2 s each."""
    root = tmp_path_factory.mktemp("data") / "music"
    assert call("synthesise", root, "--per-style", 10, "--duration", 2.2) == 0
    return root


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_training.export_weights_only(monkeypatch)


def write_recipe(folder: Path, **training: Any) -> Path:
    path = folder / "mine.toml"
    path.write_text(tiny_training.to_toml(tiny_training.recipe(**training)), encoding="utf-8")
    return path


def call(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    code = ended.value.code
    assert code is None or isinstance(code, int)
    return code or 0


def artists(ids: list[str], data: Path) -> set[str]:
    return {track.group for track in synthetic.load(data) if track.id in set(ids)}


def test_train_writes_a_run_and_prints_where_the_model_is(
    data: Path, cache: Path, light: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, run = write_recipe(tmp_path, max_epochs=1), tmp_path / "run"
    options = ("--data", data, "--split", "by-timbre", "--cache", cache)
    assert call("train", recipe, *options, "--out", run, "--seed", 7) == 0
    out, err = capsys.readouterr()
    assert out == f"{run / 'bundle'}\n"
    assert err.startswith(f"wrote {run / 'bundle'}\nnext: genrelens evaluate {run} --split by-timbre --part valid")
    record = read_run(run)
    split = synthetic.split("by-timbre", tracks=synthetic.load(data))
    assert tuple(record["train_ids"]) == split.ids("train")
    assert tuple(record["stop_ids"]) == split.ids("valid")
    assert (record["split"], record["dataset"], record["seed"]) == ("by-timbre, part train", "synthetic", 7)
    assert record["stop_part"] == "the split's valid part"
    assert call("train", recipe, *options, "--out", run) == 1
    assert "holds a finished run" in capsys.readouterr().err


@pytest.mark.parametrize(("part", "stop_on"), [("train+valid", "valid"), ("train", "train")])
def test_where_valid_is_not_to_stop_on_whole_artists_are_held_out(
    data: Path, cache: Path, light: None, tmp_path: Path, part: str, stop_on: str
) -> None:
    recipe, run = write_recipe(tmp_path, max_epochs=1, stop_on=stop_on), tmp_path / "run"
    options = ("--split", "by-timbre", "--part", part, "--cache", cache, "--seed", 5)
    assert call("train", recipe, "--data", data, *options, "--out", run) == 0
    record = read_run(run)
    tracks = synthetic.load(data)
    split = synthetic.split("by-timbre", tracks=tracks)
    kept, held = hold_out(split.part(tracks, part), fraction=0.2, seed=5)
    assert record["train_ids"] == [track.id for track in kept]
    assert record["stop_ids"] == [track.id for track in held]
    assert set(record["train_ids"] + record["stop_ids"]) == set(split.ids(part))
    assert not artists(record["train_ids"], data) & artists(record["stop_ids"], data)
    assert record["stop_part"] == "20% of the training part, by artist"


def test_a_split_from_a_file(
    data: Path, cache: Path, light: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = {"train": ("drone.00000", "waltz.00001"), "valid": ("drone.00002", "waltz.00003")}
    path = tmp_path / "mine.json"
    path.write_text(Split("mine", 1, ids).to_json(), encoding="utf-8")
    recipe, run = write_recipe(tmp_path, max_epochs=1), tmp_path / "run"
    assert call("train", recipe, "--data", data, "--split", path, "--cache", cache, "--out", run) == 0
    record = read_run(run)
    assert (tuple(record["train_ids"]), tuple(record["stop_ids"])) == (ids["train"], ids["valid"])
    assert record["split"] == "mine, part train"


def test_ctrl_c_ends_with_130_and_resume_goes_on(
    data: Path,
    cache: Path,
    light: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recipe, run = write_recipe(tmp_path, max_epochs=3), tmp_path / "run"
    words = ("train", recipe, "--data", data, "--split", "by-timbre", "--cache", cache, "--out", run)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    epoch = Epochs.__call__

    def press(self: Epochs, done: int, most: int, row: dict[str, float]) -> None:
        if done == 2:
            signal.raise_signal(signal.SIGINT)
        epoch(self, done, most, row)

    with monkeypatch.context() as patch:
        patch.setattr(Epochs, "__call__", press)
        assert call(*words) == 130
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("stopped; the same command with --resume goes on") and err.count("\n") == 1
    assert read_run(run)["finished"] is False
    assert call("evaluate", run, "--data", data) == 2
    assert "no model yet" in capsys.readouterr().err
    assert call(*words) == 1
    assert "(--resume)" in capsys.readouterr().err
    assert call(*words, "--resume") == 0
    assert read_run(run)["n_epochs"] == 3


@pytest.mark.parametrize(
    ("recipe", "options", "code", "message"),
    [
        ("mel-transfomer", (), 2, "unknown recipe 'mel-transfomer'; did you mean 'mel-transformer'? known: "),
        ("none.toml", (), 2, "could not read the recipe"),
        ("mel-transformer", ("--split", "fault-filtered"), 1, "'fault-filtered'; its only split: by-timbre"),
        ("mel-transformer", ("--split", "none.json"), 1, "the split file 'none.json' cannot be read"),
        ("mel-transformer", ("--part", "practice"), 1, "has no part 'practice'"),
        ("mel-transformer", ("--dataset", "fma"), 1, "unknown data set 'fma'"),
        ("mel-transformer", ("--seed", "-1"), 2, "--seed S expects a whole number of 0 or more, got '-1'"),
        ("mel-transformer", ("--resume",), 1, "nothing to resume"),
    ],
)
def test_wrong_usage_is_said_and_leaves_nothing_behind(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    recipe: str,
    options: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    named = () if "--split" in options else ("--split", "by-timbre")
    words = ("train", recipe, "--data", data, *named, *options, "--out", tmp_path / "run")
    assert call(*words) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err
    assert not (tmp_path / "run").exists()


def test_faulty_tracks_are_never_trained_on(tmp_path: Path) -> None:
    faulty = sorted(gtzan.facts().left_out)[0]
    genre = faulty.split(".")[0]
    sound = next(id_ for id_ in gtzan.all_ids() if id_ not in gtzan.facts().left_out and id_.startswith(genre))
    (tmp_path / genre).mkdir()
    for id_ in (faulty, sound):
        soundfile.write(tmp_path / genre / f"{id_}.wav", [0.0] * 100, 8000)
    split = tmp_path / "mine.json"
    split.write_text(Split("mine", 1, {"train": (faulty, sound)}).to_json(), encoding="utf-8")
    selection = selected(tmp_path, None, str(split), "train")
    assert selection.dataset == "gtzan"
    assert [track.id for track in selection.tracks] == [sound]
    assert [track.id for track in selection.selected.tracks] == [sound]


def test_without_the_extra_one_line_says_what_to_install(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "lightning", None)
    for command in ("train", "crossval"):
        assert call(command, "mel-transformer", "--data", data, "--out", tmp_path / "run") == 2
        assert ".[train]" in capsys.readouterr().err


@pytest.mark.slow
def test_from_nothing_to_a_model_that_names_the_styles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, run, cache = tmp_path / "music", tmp_path / "run", tmp_path / "cache"
    assert call("synthesise", data, "--per-style", 14, "--seed", 1, "--duration", 6) == 0
    recipe = write_recipe(tmp_path, max_epochs=40, learning_rate=4e-3, warmup_epochs=2, patience=15, average_decay=0.9)
    where = ("--data", data, "--split", "by-timbre")
    capsys.readouterr()
    assert call("train", recipe, *where, "--cache", cache, "--out", run) == 0
    bundle = Path(capsys.readouterr().out.strip())
    assert bundle == run / "bundle"

    assert call("evaluate", run, *where, "--part", "test", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    accuracy = report["all_genres"]["accuracy"]["value"]
    assert report["n_tracks"] >= 20
    assert accuracy >= 0.6, accuracy  # one in ten by chance

    assert call("evaluate", run, *where, "--part", "train", "--json") == 2
    assert "was trained on" in capsys.readouterr().err

    split = synthetic.split("by-timbre", tracks=synthetic.load(data))
    paths = [track.path for track in split.part(synthetic.load(data), "test")]
    assert call("predict", *paths, "--model", bundle, "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    right = [row["genre"] == Path(row["path"]).parent.name for row in rows]
    assert sum(right) / len(right) == pytest.approx(accuracy)

    quick = write_recipe(tmp_path, max_epochs=3)
    folds = ("crossval", quick, *where, "--folds", 2, "--cache", cache, "--out", tmp_path / "cv", "--json")
    assert call(*folds) == 0
    out = capsys.readouterr().out
    pooled = json.loads(out)
    assert pooled["n_tracks"] == len(split.ids("train+valid"))
    assert (tmp_path / "cv" / "report.json").read_text(encoding="utf-8").strip() == out.strip()
    assert call(*folds) == 0
    assert capsys.readouterr().out == out
