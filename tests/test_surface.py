"""Nothing that people and programs rely on gets lost: the code against the list in tests/surface.txt."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Annotated

import pytest
import typer
import typer.main

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("surface", ROOT / "tools/surface.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_nothing_of_the_stored_list_is_lost(tool: ModuleType) -> None:
    """If a change was meant: python tools/surface.py --write, and say in the commit what goes and why."""
    stored = set(tool.STORED.read_text("utf-8").splitlines())
    kinds = {line.split()[0] for line in stored}
    assert kinds == {"command", "environment", "predict", "python", "recipe", "schema"}
    assert tool.lost(stored, tool.surface()) == []


def test_what_goes_is_lost_and_what_comes_is_not(tool: ModuleType) -> None:
    assert tool.lost({"command a", "command b"}, {"command b", "command c"}) == ["command a"]
    assert tool.lost({"schema genrelens.x/2"}, {"schema genrelens.x/3"}) == []
    assert tool.lost({"schema genrelens.x/2"}, {"schema genrelens.x/1", "schema genrelens.y/3"}) != []


def test_hidden_options_and_commands_are_listed(tool: ModuleType) -> None:
    app = typer.Typer(add_completion=False)

    @app.command("open")
    def shown(
        name: Annotated[str, typer.Option("--name", "-n", hidden=True)] = "",
        loud: Annotated[bool, typer.Option("--loud/--quiet")] = False,
    ) -> None:
        raise NotImplementedError

    @app.command(hidden=True)
    def secret(words: list[str]) -> None:
        raise NotImplementedError

    assert set(tool.commands_of(typer.main.get_command(app), "x")) == {
        *("command x", "command x --help"),
        *("command x open", "command x open --name VALUE", "command x open -n VALUE"),
        *("command x open --loud", "command x open --quiet", "command x open --help"),
        *("command x secret", "command x secret argument 1 ...", "command x secret --help"),
    }
