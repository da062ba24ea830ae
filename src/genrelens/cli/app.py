"""The table of commands: a line here and a module make a command.

Command modules import nothing heavy at their top: every start of the program, ``--help`` included, imports them all.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import typer.core

from genrelens import __version__
from genrelens.cli import weights
from genrelens.cli.ablation import ablate
from genrelens.cli.audit import audit
from genrelens.cli.crossval import crossval
from genrelens.cli.data import check, fetch, split, splits
from genrelens.cli.evaluate import evaluate
from genrelens.cli.explain import explain
from genrelens.cli.explore import explore
from genrelens.cli.faithfulness import faithfulness
from genrelens.cli.features import features
from genrelens.cli.fingerprint import fingerprint
from genrelens.cli.grid import grid
from genrelens.cli.leakage import leakage
from genrelens.cli.learn import learn
from genrelens.cli.predict import predict
from genrelens.cli.recipes import recipes
from genrelens.cli.report import compare, report
from genrelens.cli.reproduce import reproduce
from genrelens.cli.synthesise import synthesise
from genrelens.cli.train import train
from genrelens.errors import did_you_mean

HELP: Final = """Say which genre each track of music is, how sure that is, and when in the track.

\b
Examples:
  genrelens predict song.mp3
  genrelens predict ~/Music --html music.html
  genrelens predict ~/Music --json > genres.jsonl
  genrelens learn ~/Music/by-genre --out my.bundle
"""
EXIT_CODES: Final = (
    "Exit code: 0 when all is well, 1 when something failed, 2 for wrong usage, 130 when stopped with Ctrl-C."
)
USE, DATA, MEASURE, SYSTEMS = "Use", "Your data", "Train and measure", "The five systems"
AGAIN: Final = "the same command begins again"
GROUPS: Final = {
    "data": "Fetch data sets, check them, and list or write their splits.",
    "weights": "Get the weights that others trained, and make of them what is read.",
}
"""Commands of two words, by their first: what they are for."""
WIDE: Final = 76
"""Columns of an example in the help of a terminal of 80."""
Given = Mapping[str, Any]


def _nothing(given: Given) -> str:
    return f"nothing is written; {AGAIN}"


def _as_it_was(given: Given) -> str:
    return _nothing(given) if given["out"] is None else f"{given['out']} is as it was; {AGAIN}"


def _heard(given: Given) -> str:
    return f"what was computed of the sound is kept in {given['cache']}, and {AGAIN}"


def _goes_on(what: str) -> Callable[[Given], str]:
    return lambda given: f"{what.format(**given)}, and the same command goes on from there"


def _train(given: Given) -> str:
    if (Path(given["out"]) / "run.json").exists():
        return f"the same command with --resume goes on with {given['out']}"
    return _heard(given)


def _features(given: Given) -> str:
    path = given["path"] or given["data"]
    return "the same command goes on where it was" if path is not None and path.is_dir() else _nothing(given)


_FOLDS: Final = _goes_on("the folds that are done are kept in {out}")
_DOWNLOAD: Final = _goes_on("what was downloaded is kept")


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its function, the heading of the help under which it stands, and what is kept at Ctrl-C.

    ``kept`` is given the command's parameters; ``None`` where the command says it itself, or is over at once.
    ``name`` differs from the function's for the commands of a group ("data fetch").
    """

    function: Callable[..., None]
    heading: str
    kept: Callable[[Given], str] | None = None
    name: str = ""

    @property
    def words(self) -> list[str]:
        """What is typed after ``genrelens``."""
        return (self.name or self.function.__name__).split()


COMMANDS: Final = (
    Command(predict, USE),
    Command(explain, USE, _as_it_was),
    Command(learn, USE, _goes_on("what was listened to is kept in {cache}")),
    Command(fingerprint, USE, _as_it_was),
    Command(audit, DATA, lambda given: _heard(given) if given["labels"] else _nothing(given)),
    Command(explore, DATA, _heard),
    Command(features, DATA, _features),
    Command(fetch, DATA, _goes_on("what was downloaded is kept in {out}"), "data fetch"),
    Command(check, DATA, _nothing, "data check"),
    Command(splits, DATA, None, "data splits"),
    Command(split, DATA, _as_it_was, "data split"),
    Command(
        synthesise, DATA, lambda given: f"the tracks in {given['folder']} are whole; the same command makes the rest"
    ),
    Command(recipes, MEASURE),
    Command(train, MEASURE, _train),
    Command(crossval, MEASURE, _FOLDS),
    Command(evaluate, MEASURE, _as_it_was),
    Command(report, MEASURE, _as_it_was),
    Command(compare, MEASURE, _as_it_was),
    Command(leakage, MEASURE, lambda given: f"a network's folds that are done are kept; {_heard(given)}"),
    Command(grid, MEASURE, _heard),
    Command(faithfulness, MEASURE),
    Command(
        weights.vggish,
        MEASURE,
        lambda given: _DOWNLOAD(given) if given["download"] else _nothing(given),
        "weights vggish",
    ),
    Command(weights.fetch, MEASURE, _DOWNLOAD, "weights fetch"),
    Command(reproduce, SYSTEMS, lambda given: f"the same command goes on with {given['out']}"),
    Command(ablate, SYSTEMS, _FOLDS),
)


class Headed(typer.core.TyperGroup):
    """Commands under their headings, each with the whole first sentence of its help."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command of a word; where there is none, the one that was perhaps meant."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            meant = did_you_mean(args[0], self.commands)
            raise typer.BadParameter(f"there is no command {args[0]!r}{meant}", ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the headings in the order in which they come."""
        shown = [self.commands[name] for name in self.list_commands(ctx) if not self.commands[name].hidden]
        room = formatter.width - 4 - max(len(command.name or "") for command in shown)
        for heading in dict.fromkeys(_heading(command) for command in shown):
            with formatter.section(heading):
                formatter.write_dl(
                    [
                        (command.name, textwrap.shorten(command.get_short_help_str(1000), 4 * room))
                        for command in shown
                        if _heading(command) == heading
                    ]
                )


def program(commands: Sequence[Command] = COMMANDS) -> typer.Typer:
    """The command line of some commands."""
    app = typer.Typer(
        name="genrelens",
        help=HELP,
        cls=Headed,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,  # plain help: the same on a terminal, in a pipe and in the docs
        pretty_exceptions_enable=False,  # genrelens.cli.main says what went wrong
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(_options)
    groups: dict[str, typer.Typer] = {}
    for command in commands:
        *group, name = command.words
        home = app
        if group:
            home = groups.get(group[0]) or _group(group[0])
            if group[0] not in groups:
                groups[group[0]] = home
                app.add_typer(home, rich_help_panel=command.heading)
        home.command(name, help=help_of(command.function), rich_help_panel=command.heading)(_stoppable(command))
    return app


def _group(name: str) -> typer.Typer:
    return typer.Typer(name=name, cls=Headed, help=GROUPS[name], no_args_is_help=True, rich_markup_mode=None)


def help_of(function: Callable[..., None]) -> str:
    """A command's docstring as help: with exit codes, and examples folded so that they fit 80 columns."""
    about, examples = inspect.cleandoc(function.__doc__ or "").split("\n\n\b\nExample")
    if "Exit code" not in about:
        about += f"\n\n{EXIT_CODES}"
    folded = (line for example in examples.splitlines() for line in _folded(example))
    return f"{about}\n\n\b\nExample" + "\n".join(folded)


def _folded(example: str) -> list[str]:
    if len(example) <= WIDE:
        return [example]
    glued = re.sub(r" (--\S+) (?!-)", " \\1\xa0", example.strip())  # an option stays with its value
    lines = textwrap.wrap(glued, WIDE - 8, break_long_words=False, break_on_hyphens=False, subsequent_indent="    ")
    return [f"  {line} \\".replace("\xa0", " ") for line in lines[:-1]] + [f"  {lines[-1]}".replace("\xa0", " ")]


def _stoppable(command: Command) -> Callable[..., None]:
    """The command, which at Ctrl-C says in one line on stderr what is kept."""
    kept = command.kept
    if kept is None:
        return command.function

    @wraps(command.function)
    def run(*args: Any, **given: Any) -> None:
        try:
            command.function(*args, **given)
        except KeyboardInterrupt:
            from genrelens.cli.terminal import line

            line(f"stopped; {kept(given)}")
            raise

    return run


def _heading(command: Any) -> str:
    return str(getattr(command, "rich_help_panel", None) or USE)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"genrelens {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    pass


app = program()
