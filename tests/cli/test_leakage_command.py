"""``genrelens leakage`` and ``crossval`` of a classifier of descriptors, from sound to table and figure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from genrelens.cli import main

pytest.importorskip("librosa")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from genrelens.data import synthetic

    root = tmp_path_factory.mktemp("corpus")
    synthetic.write_corpus(root, n_per_style=20, seed=0, duration_s=6.1)
    return root


def run(*args: str | Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main([str(arg) for arg in args])
    captured = capsys.readouterr()
    return int(stopped.value.code or 0), captured.out, captured.err


@pytest.mark.slow
def test_leakage_from_sound_to_table_and_figure(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ["leakage", "--data", corpus, "--recipe", "svm", "--folds", "2", "--cache", tmp_path / "cache"]
    code, out, err = run(*args, "--out", tmp_path / "out", capsys=capsys)
    assert (code, err.splitlines()[0][:6]) == (0, "wrote ")
    assert out.splitlines()[0].startswith("svm on synthetic: accuracy in %, over 10 genres")
    code, out, _ = run(*args, "--out", tmp_path / "out", "--json", capsys=capsys)
    report = json.loads(out)
    assert [r["protocol"] for r in report["results"]] == ["random segments", "by track", "by artist"]
    assert {r["n_pieces"] for r in report["results"]} == {400}
    assert (tmp_path / "out" / "report.json").read_text(encoding="utf-8") == out
    assert (tmp_path / "out" / "leakage.png").stat().st_size > 10_000

    args = ["crossval", "svm", "--data", corpus, "--split", "by-timbre", "--part", "train+valid"]
    code, out, _ = run(*args, "--folds", "2", "--out", tmp_path / "cv", "--cache", tmp_path / "cache", capsys=capsys)
    assert code == 0
    assert out.startswith("svm (-) on synthetic, split 2 folds by artist, seed 0")


def test_a_folder_of_another_command_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from genrelens.data import synthetic

    synthetic.write_corpus(tmp_path / "corpus", n_per_style=1, seed=0, duration_s=0.3)
    out = tmp_path / "cv"
    out.mkdir()
    (out / "report.json").write_text('{"schema": "genrelens.report/1"}')
    code, _, err = run("leakage", "--data", tmp_path / "corpus", "--out", out, capsys=capsys)
    assert code == 1 and "give another folder" in err
    assert [path.name for path in out.iterdir()] == ["report.json"]
    assert (out / "report.json").read_text() == '{"schema": "genrelens.report/1"}'
