"""What people and programs rely on, one line each, read from the program as it is; tests/surface.txt keeps the list.

    python tools/surface.py            # what the stored list has and the program no longer has
    python tools/surface.py --write    # store the list anew, after a change that was meant

The list has each command with its options and choices, what ``import genrelens`` offers and what its answers have,
the keys of ``predict --json`` and the columns of ``--csv``, the schemas of JSON documents, the variables of the
environment, and all that each shipped recipe says. It asks the command line and the package's top alone, so that
modules may move.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import csv
import enum
import inspect
import io
import json
import re
import sys
import tempfile
import tomllib
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import typer
import typer.core

import genrelens
from genrelens.cli import main as genrelens_main

STORED = Path(__file__).resolve().parents[1] / "tests/surface.txt"
PACKAGE = Path(genrelens.__file__).parent
SCHEMA = re.compile(r"genrelens\.[a-z0-9-]+/\d+")


def surface() -> set[str]:
    """All lines of the list, as the program is now."""
    with tempfile.TemporaryDirectory() as folder:
        tone = Path(folder) / "tone.wav"
        with wave.open(str(tone), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes(bytes(range(256)) * 500)
        return {*commands(), *python(tone), *outputs(tone), *schemas(), *variables(), *recipes()}


def lost(stored: set[str], now: set[str]) -> list[str]:
    """What is stored and no longer there. A schema may have a higher number: that is how a change is announced."""
    return sorted(
        line
        for line in stored - now
        if not (line.startswith("schema ") and any(_is_newer(other, line) for other in now))
    )


def _is_newer(one: str, other: str) -> bool:
    (name, _, number), (other_name, _, other_number) = one.rpartition("/"), other.rpartition("/")
    return name == other_name and int(number) > int(other_number)


def commands() -> Iterator[str]:
    """Commands with the names of their options, hidden ones too, and the words that a value has to be one of."""
    found: list[Any] = []
    with (
        mock.patch.object(typer.core.TyperGroup, "main", lambda group, **_: found.append(group)),
        contextlib.suppress(SystemExit),
    ):
        genrelens_main([])
    yield from commands_of(found[0], "genrelens")


def commands_of(command: Any, name: str, *, above: Any = None) -> Iterator[str]:
    """A command, its options and, of a group, its commands with theirs; ``above`` is the context of its group."""
    yield f"command {name}"
    context = typer.Context(command, parent=above, **command.context_settings)
    position = 0
    for parameter in command.get_params(context):
        names = [*parameter.opts, *parameter.secondary_opts]
        value = " VALUE"
        if parameter.param_type_name == "argument":
            position += 1
            names, value = [f"argument {position}"], ""
        elif parameter.is_flag:
            value = ""
        if parameter.multiple or parameter.nargs == -1:
            value += " ..."
        yield from (f"command {name} {option}{value}" for option in names)
        for word in _choices(parameter):
            yield f"command {name} {names[0]} {word}"
    if isinstance(command, typer.core.TyperGroup):
        for sub in command.list_commands(context):
            yield from commands_of(command.get_command(context, sub), f"{name} {sub}", above=context)


def _choices(parameter: Any) -> list[str]:
    described = getattr(parameter, "type_descriptor", None)
    kind = getattr(described, "annotation", None)
    return [str(item.value) for item in kind] if isinstance(kind, enum.EnumMeta) else []


def python(sound: Path) -> Iterator[str]:
    """Names of the package's top, of a model and of a prediction, and the parameters of what can be called."""
    model = genrelens.load("lite")
    owners = {"genrelens": genrelens, "model": model, "prediction": model.predict(sound)}
    for owner, value in owners.items():
        names = genrelens.__all__ if value is genrelens else [n for n in dir(value) if not n.startswith("_")]
        for name in names:
            yield f"python {owner}.{name}"
            member = getattr(value, name)
            if callable(member) and not isinstance(member, type):
                for parameter in inspect.signature(member).parameters:
                    yield f"python {owner}.{name}({parameter})"


def outputs(sound: Path) -> Iterator[str]:
    """Keys of ``predict --json --timeline``, of an answer and of a failure, and columns of ``predict --csv``."""
    paths = [str(sound), str(sound.with_name("missing.wav"))]
    rows = _printed("predict", *paths, "--model", "lite", "--workers", "0", "--json", "--timeline")
    for row in rows.splitlines():
        yield from (f"predict --json {key}" for key in _keys(json.loads(row)))
    table = _printed("predict", str(sound), "--model", "lite", "--csv")
    yield from (f"predict --csv {column}" for column in next(csv.reader(table.splitlines()), []))


def _keys(document: dict[str, Any], above: str = "") -> Iterator[str]:
    for key, value in document.items():
        yield above + key
        for part in value if isinstance(value, list) else [value]:
            # The keys of a table of numbers are names of genres or tags.
            if isinstance(part, dict) and not all(isinstance(item, int | float) for item in part.values()):
                yield from _keys(part, f"{above}{key}.")


def _printed(*arguments: str) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as text, contextlib.suppress(SystemExit):
        genrelens_main(arguments)
    return text.getvalue()


def schemas() -> Iterator[str]:
    """Names of JSON documents: whole in a string, or as the constants SCHEMA_NAME and SCHEMA_VERSION of a module."""
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        yield from (f"schema {value}" for value in constants if isinstance(value, str) and SCHEMA.fullmatch(value))
        named = {
            ast.unparse(target): node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        }
        if "SCHEMA_NAME" in named:
            yield f"schema {named['SCHEMA_NAME']}/{named['SCHEMA_VERSION']}"


def variables() -> Iterator[str]:
    """Variables of the environment that the program reads."""
    for path in PACKAGE.rglob("*.py"):
        yield from (f"environment {name}" for name in re.findall(r"\bGENRELENS_[A-Z_]+", path.read_text("utf-8")))


def recipes() -> Iterator[str]:
    """Shipped recipes and all that they say, but for their summaries, which are prose."""
    files = {path.stem: path for path in PACKAGE.rglob("*.toml")}
    for row in json.loads(_printed("recipes", "--json")):
        name = row["name"]
        yield f"recipe {name}"
        yield from (f"recipe {name}: {line}" for line in _values(tomllib.loads(files[name].read_text("utf-8"))))


def _values(table: dict[str, Any], above: str = "") -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _values(value, f"{above}{key}.")
        elif above + key != "summary":
            yield f"{above}{key} = {json.dumps(value)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="store the list anew")
    now = surface()
    if parser.parse_args().write:
        STORED.write_text("\n".join(sorted(now)) + "\n", "utf-8")
    missing = lost(set(STORED.read_text("utf-8").splitlines()), now)
    sys.exit("\n".join(missing) if missing else None)


if __name__ == "__main__":
    main()
