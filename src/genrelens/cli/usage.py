"""Wrong usage in our own words: what an option expects, and what was perhaps meant."""

from __future__ import annotations

import enum
from typing import Any

from genrelens.errors import GenrelensError

ADVICE = {
    "no_data_root": "--data DIR",
    "no_labels": "--genres-from folders, tags or table",
    "disk_full": "--out takes another folder",
    "seen_tracks": "--seen measures them all the same",
    "other_dataset": "--data DIR",
    "needs_encoder": "--encoder DIR_OR_ID",
    "needs_weights": "--weights FILE; `genrelens weights vggish --download --out vggish.safetensors` gets the public "
    "ones, `genrelens weights vggish --random --out random.safetensors` makes some that know nothing, to try things",
    "not_safetensors": "`genrelens weights vggish FILE.pth --out vggish.safetensors` does that",
    "no_metadata": "--out DIR, the folder of the clips",
    "no_weights": "--weights",
    "no_encoder": "--encoder",
    "no_table": "--table",
    "folder_taken": "--out",
    "unfinished_run": "--resume",
    "missing_run": "--resume",
    "interrupted_training": "the same genrelens train command with --resume goes on with it",
    "thin_genres": "--leave-out GENRE, or --leave-out-thin for all of them",
    "no_model": "--model",
    "unknown_method": "--method",
    "unknown_split": "--split; genrelens data splits lists them",
    "not_enough_tracks": "--part",
    "unknown_recipe": "genrelens recipes lists them",
}
"""An error's code -> the option that it is about: rooms below do not know the command line."""


def error_text(error: GenrelensError) -> str:
    """An error's sentence, and which option it is about."""
    advice = ADVICE.get(error.code)
    return f"{error} ({advice})" if advice else str(error)


def usage_text(error: Any) -> str:
    """What is wrong with the words that were typed, from typer's exception."""
    kind, parameter = type(error).__name__, getattr(error, "param", None)
    if kind == "NoSuchOption":
        near = ", ".join(sorted(error.possibilities or ()))
        text = f"there is no option {error.option_name}" + (f"; did you mean {near}?" if near else "")
    elif parameter is None:  # our own, or one that names no parameter
        text = (
            error.message[0].lower() + error.message[1:]
            if error.message.startswith(("No ", "Got ", "Missing "))
            else error.message
        )
    elif kind == "MissingParameter":
        text = f"{_named(parameter)} is missing" + (f": {parameter.help}" if parameter.help else "")
    else:
        text = f"{_named(parameter)} expects {_expected(parameter)}{_came(error)}"
    context = getattr(error, "ctx", None)
    return text if context is None else f"{text.rstrip('.')}; see {context.command_path} --help"


def _came(error: Any) -> str:
    """What was given, where typer's reason has kept it."""
    reasons = getattr(error.__cause__ or error.__context__, "errors", None)
    return f", got {reasons()[0]['input']!r}" if callable(reasons) else ""


def _named(parameter: Any) -> str:
    metavar = parameter.metavar or parameter.name.upper()
    return f"{parameter.opts[0]} {metavar}" if parameter.opts[0].startswith("-") else metavar


def _expected(parameter: Any) -> str:
    kind: Any = parameter.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return f"one of {', '.join(str(item.value) for item in kind)}"
    least, most = getattr(parameter, "min", None), getattr(parameter, "max", None)
    span = (
        f" from {least:g} to {most:g}"
        if least is not None and most is not None
        else f" of {least:g} or more"
        if least is not None
        else ""
    )
    return {int: "a whole number", float: "a number"}.get(kind, "another value") + span
