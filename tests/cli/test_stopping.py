"""Ctrl-C: every command says what is kept and how to go on, in one line, and ends with code 130."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_cli import Run, write_tone

from genrelens.cli.app import app
from genrelens.cli.data import data
from genrelens.cli.stopping import KEPT

SPEAK_FOR_THEMSELVES = {"predict", "faithfulness"}
AT_ONCE = {"recipes", "splits"}


def test_every_command_says_what_is_kept() -> None:
    commands = [command.callback for one in (app, data) for command in one.registered_commands]
    silent = {f.__name__ for f in commands if f is not None and not hasattr(f, "__wrapped__")}
    assert silent == SPEAK_FOR_THEMSELVES | AT_ONCE
    assert {f.__name__ for f in commands if f is not None} - silent == KEPT.keys()


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
    words = ("out", "cache", "path", "folder")
    for flag in (True, False):
        said = KEPT[name]({**dict.fromkeys(words, tmp_path), "labels": flag, "download": flag})
        assert "the same command" in said and len(said) < 120 + 2 * len(str(tmp_path))
