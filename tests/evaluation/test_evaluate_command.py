"""``genrelens evaluate`` from the shell's point of view, with a tiny model and a tiny GTZAN."""

from __future__ import annotations

import errno
import importlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

import genrelens
import tiny_model
from genrelens.cli import main
from genrelens.data import Split
from genrelens.evaluation import Report
from genrelens.taxonomy import Taxonomy

RATE = 8000
CLIPS = ("blues.00000", "blues.00001", "blues.00002", "classical.00000", "classical.00001", "country.00000")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Low tones for blues, hiss for classical; country sounds like blues, so one answer in five is wrong."""
    root = tmp_path_factory.mktemp("gtzan")
    rng = np.random.default_rng(0)
    time = np.arange(2 * RATE) / RATE
    low = 0.5 * np.sin(2 * np.pi * 150 * time)
    hiss = np.diff(rng.normal(size=len(time) + 2), n=2) * 0.1
    for clip in CLIPS:
        genre = clip.split(".")[0]
        (root / genre).mkdir(exist_ok=True)
        soundfile.write(root / genre / f"{clip}.wav", hiss if genre == "classical" else low, RATE)
    (root / "country" / "country.00001.wav").write_bytes(b"RIFF, and then nothing that makes sense")
    return root


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Path:
    parts = {"train": ("blues.00000",), "valid": (*CLIPS[1:], "country.00001", "country.00002")}
    path = tmp_path_factory.mktemp("splits") / "tiny.json"
    made = Split("tiny", 1, parts, leaks=frozenset({"artists", "duplicates"}))
    path.write_text(made.to_json(), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder with the tiny model in it, trained (it says) on blues.00000."""
    folder = tmp_path_factory.mktemp("run")
    training = replace(tiny_model.manifest().training, trained_on=("blues.00000",), stopped_on=("blues.00001",))
    tiny_model.write(
        folder / "bundle",
        taxonomy=Taxonomy(("blues", "classical", "country")),
        training=training,
        experimental=("country",),
    )
    return folder


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as exit_info:
        main([str(argument) for argument in ("evaluate", *arguments)])
    code = exit_info.value.code
    assert isinstance(code, int) or code is None
    return code or 0


def test_text_report(data: Path, split: Path, run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(run_folder, "--data", data, "--split", split, "--part", "valid") == 0
    out, err = capsys.readouterr()
    assert out.startswith("tiny (")
    assert "6 tracks of" in out and "5 answered, 1 without an answer" in out
    assert "80.0 [" in out  # four in five
    assert "7 tracks in this part, 6 here" in out
    assert "country.00001: " in out
    assert "THE SPLIT LEAKS" in out
    assert "1 of these 6 tracks decided when the training stopped" in out
    assert err == ""


def test_json_file_and_figure(
    data: Path, split: Path, run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    figure, file = tmp_path / "confusion.png", tmp_path / "report.json"
    options = ("--split", split, "--part", "valid", "--json", "--out", file, "--figure", figure)
    assert call(run_folder / "bundle", "--data", data, *options) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["schema"] == "genrelens.report/1"
    assert document["all_genres"]["accuracy"]["value"] == pytest.approx(0.8)
    assert Report.read(file).to_json() == out
    assert figure.read_bytes().startswith(b"\x89PNG")
    said = [f"wrote {file}", f"next: genrelens report {file} --out look draws it", f"wrote {figure}"]
    assert err.splitlines() == said


def test_a_report_that_cannot_be_written_costs_no_earlier_one(
    data: Path,
    split: Path,
    run_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    earlier = tmp_path / "report.json"
    earlier.write_text("earlier")
    monkeypatch.setattr("os.fsync", full)
    options = ("--split", split, "--part", "valid", "--out", earlier)
    assert call(run_folder / "bundle", "--data", data, *options) == 1
    assert "No space left" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir() if "report" in path.name] == ["report.json"]
    assert earlier.read_text() == "earlier"


def test_tracks_it_was_trained_on(
    data: Path, split: Path, run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(run_folder, "--data", data, "--split", split, "--part", "train") == 2
    message = capsys.readouterr().err
    assert "blues.00000" in message and "--seen" in message and message.count("\n") == 1
    assert call(run_folder, "--data", data, "--split", split, "--part", "train", "--seen") == 0
    assert "TRAINED ON SOME OF THESE" in capsys.readouterr().out


def test_all_tracks_without_a_split(data: Path, run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(run_folder, "--data", data, "--dataset", "gtzan", "--seen", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["split"], document["part"], document["n_tracks"]) == (None, None, 7)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--split", "fault-filtered"), 2, "together"),
        (("--part", "valid"), 2, "together"),
        (("--figure", "nowhere/at/all.png"), 2, "folder that exists"),
        (("--figure", "figure.gif"), 1, "should end in .png, .svg, .pdf"),
        (("--split", "s5", "--part", "valid"), 1, "fault-filtered, s4"),
        (("--dataset", "gtzen"), 1, "unknown data set"),
    ],
)
def test_wrong_options(
    data: Path,
    run_folder: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    assert call(run_folder, "--data", data, *arguments) == code
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_models_that_are_not_there(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tmp_path, "--data", data) == 2
    assert "neither a saved model" in capsys.readouterr().err
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    assert call(tmp_path, "--data", data) == 2
    assert "no model yet" in capsys.readouterr().err
    assert call(tmp_path / "nothing", "--data", data) == 2


def test_without_matplotlib_only_the_figure_is_missed(
    data: Path, run_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The package is found by its name in sys.modules and as an attribute of genrelens: both are to be as they were.
    monkeypatch.setattr(genrelens, "pages", importlib.import_module("genrelens.pages"))
    for name in [name for name in sys.modules if name.startswith(("matplotlib", "genrelens.pages"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert call(run_folder, "--data", data, "--figure", "f.png") == 2
    assert "--figure needs an optional part" in capsys.readouterr().err
    assert call(run_folder, "--data", data, "--seen") == 0


def test_it_needs_nothing_heavy(data: Path, run_folder: Path) -> None:
    code = (
        "import sys\nfrom genrelens.cli import main\n"
        f"try: main(['evaluate', {str(run_folder)!r}, '--data', {str(data)!r}, '--seen'])\n"
        "except SystemExit as done: assert not done.code, done.code\n"
        "heavy = {'torch', 'librosa', 'sklearn', 'scipy', 'pandas', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
