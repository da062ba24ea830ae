"""What commands say at Ctrl-C: what of their work is kept, and how to go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

import typer

P = ParamSpec("P")
T = TypeVar("T")
Given = Mapping[str, Any]

AGAIN: Final = "the same command begins again"


def says_what_is_kept(command: Callable[P, T]) -> Callable[P, T]:
    """The command, which at Ctrl-C says one line on stderr. Its name is a key of :data:`KEPT`."""
    kept = KEPT[command.__name__]

    @wraps(command)
    def run(*args: P.args, **given: P.kwargs) -> T:
        try:
            return command(*args, **given)
        except KeyboardInterrupt:
            from genrelens.pages.wording import visible

            typer.echo(visible(f"stopped; {kept(given)}"), err=True)
            raise

    return run


def _nothing(given: Given) -> str:
    return f"nothing is written; {AGAIN}"


def _as_it_was(given: Given) -> str:
    return _nothing(given) if given["out"] is None else f"{given['out']} is as it was; {AGAIN}"


def _heard(given: Given) -> str:
    return f"what was computed of the sound is kept in {given['cache']}, and {AGAIN}"


def _folds(given: Given) -> str:
    return f"the folds that are done are kept in {given['out']}, and the same command goes on from there"


def _train(given: Given) -> str:
    if (Path(given["out"]) / "run.json").exists():
        return f"the same command with --resume goes on with {given['out']}"
    return _heard(given)


def _features(given: Given) -> str:
    return "the same command goes on where it was" if Path(given["path"]).is_dir() else _nothing(given)


KEPT: Final[Mapping[str, Callable[[Given], str]]] = {
    "audit": lambda given: _heard(given) if given["labels"] else _nothing(given),
    "evaluate": _as_it_was,
    "explain": _as_it_was,
    "fingerprint": _as_it_was,
    "explore": _heard,
    "leakage": lambda given: f"a network's folds that are done are kept; {_heard(given)}",
    "grid": _heard,
    "features": _features,
    "synthesise": lambda given: f"the pieces in {given['folder']} are whole; the same command makes the rest",
    "learn": lambda given: (
        f"what was listened to is kept in {given['cache']}, and the same command goes on from there"
    ),
    "train": _train,
    "crossval": _folds,
    "ablate": _folds,
    "report": _as_it_was,
    "compare": _as_it_was,
    "reproduce": lambda given: f"the same command goes on with {given['out']}",
    "weights": lambda given: (
        "what was downloaded is kept, and the same command goes on from there"
        if given["download"]
        else _nothing(given)
    ),
    "fetch": lambda given: (
        f"what was downloaded is kept in {given['out']}, and the same command goes on from there"
    ),
    "check": _nothing,
    "split": _as_it_was,
}
"""By a command's name; ``predict`` and ``faithfulness`` know how far they came, and say it themselves."""
