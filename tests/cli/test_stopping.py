"""Ctrl-C: every command says what is kept and how to go on, in one line, and ends with code 130."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_cli import Run, write_tone

from genrelens.cli.app import COMMANDS

KEPT = {" ".join(command.words): command.kept for command in COMMANDS if command.kept is not None}
SPEAK_FOR_THEMSELVES = {"predict", "faithfulness"}
AT_ONCE = {"recipes", "data splits"}


def test_every_command_says_what_is_kept() -> None:
    names = {" ".join(command.words) for command in COMMANDS}
    assert names - KEPT.keys() == SPEAK_FOR_THEMSELVES | AT_ONCE


def test_a_folder_is_given_back_as_it_was(
    run: Run, tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("genrelens.explanation.explain.explain", stop)
    out = tmp_path / "why"
    result = run("explain", write_tone(tmp_path / "song.wav"), "--model", tiny_bundle, "--out", out)
    assert (result.code, result.out) == (130, "")
    assert result.err == f"stopped; {out} is as it was; the same command begins again\n"
    assert not out.exists()


def test_a_training_is_resumed_only_where_one_was_begun(tmp_path: Path) -> None:
    given = {"out": tmp_path, "cache": Path("runs/cache")}
    assert "--resume" not in KEPT["train"](given) and "is kept in runs/cache" in KEPT["train"](given)
    (tmp_path / "run.json").write_text("{}")
    assert KEPT["train"](given) == f"the same command with --resume goes on with {tmp_path}"


@pytest.mark.parametrize("name", sorted(KEPT))
def test_a_sentence_says_how_to_go_on(name: str, tmp_path: Path) -> None:
    words = ("out", "cache", "path", "folder", "data")
    for flag in (True, False):
        said = KEPT[name]({**dict.fromkeys(words, tmp_path), "labels": flag, "download": flag})
        assert "the same command" in said and len(said) < 120 + 2 * len(str(tmp_path))
