"""``genrelens reproduce`` from the shell's point of view, as far as that needs no training."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from miniatures import write_gtzan

from genrelens.cli import main
from genrelens.data import synthetic


def run(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    code = ended.value.code
    return code if isinstance(code, int) else 0 if code is None else 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("s9", "--out", "x"), "SYSTEM expects one of s0, s1, s2, s3, s4, got 's9'"),
        (("s4",), "--out"),
        (("s4", "--out", "x", "--weights", "w"), "--weights is for s2"),
        (("s4", "--out", "x", "--encoder", "e"), "--encoder is for s3"),
        (("s1", "--out", "x", "--only", "transformer-2x4"), "--only is for s0"),
        (("s0", "--out", "x", "--only", "mlp-1"), "--only should be one of transformer-2x4, transformer-4x4"),
        (("s0", "--out", "x", "--epochs", "0"), "--epochs"),
    ],
)
def test_wrong_usage_is_told_from_failure(
    words: Sequence[str], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("reproduce", *words) == 2
    shown = " ".join(capsys.readouterr().err.split())
    assert says in shown and "Traceback" not in shown
    assert not list(tmp_path.iterdir())


def test_what_is_missing_is_said_in_a_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    data = write_gtzan(tmp_path / "gtzan", seconds=0.3)
    assert run("reproduce", "s3", "--data", data, "--out", tmp_path / "s3") == 1
    assert "S3 starts from a pretrained Wav2Vec2" in capsys.readouterr().err
    assert run("reproduce", "s3", "--data", data, "--out", tmp_path / "s3", "--encoder", "/no/such folder") == 1
    assert "the encoder '/no/such folder' is not there" in capsys.readouterr().err
    synthetic.write_corpus(tmp_path / "corpus", n_per_style=1, seed=0, duration_s=0.3)
    assert run("reproduce", "s4", "--data", tmp_path / "corpus", "--out", tmp_path / "s4") == 1
    assert "S4 was made on GTZAN" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"gtzan", "corpus"}


def test_a_missing_extra_costs_no_work(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert run("reproduce", "s4", "--data", tmp_path, "--out", tmp_path / "s4") != 0
    assert "pip install '.[train]'" in capsys.readouterr().err
