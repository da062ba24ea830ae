"""The program and its commands. Each command is a function in a file of its own, registered below.

Command files import nothing heavy at their top: every start of the program, ``--help`` included, imports them
all.
"""

from __future__ import annotations

from typing import Annotated

import typer

from genrelens import __version__
from genrelens.cli.ablation import ablate
from genrelens.cli.audit import audit
from genrelens.cli.data import data
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
from genrelens.cli.report import compare, report
from genrelens.cli.reproduce import reproduce
from genrelens.cli.stopping import says_what_is_kept
from genrelens.cli.synthesise import synthesise
from genrelens.cli.train import crossval, recipes, train
from genrelens.cli.weights import weights

HELP = """Say which genre each piece of music is, how sure that is, and when in the piece.

\b
Examples:
  genrelens predict song.mp3
  genrelens predict ~/Music --html music.html
  genrelens predict ~/Music --json > genres.jsonl
"""

app = typer.Typer(
    name="genrelens",
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: the same on a terminal, in a pipe and in the docs
    pretty_exceptions_enable=False,  # genrelens.cli.main says what went wrong
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"genrelens {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    pass


app.command()(predict)
app.command()(says_what_is_kept(evaluate))
app.command()(says_what_is_kept(audit))
app.command()(says_what_is_kept(explain))
app.command()(faithfulness)
app.command()(says_what_is_kept(fingerprint))
app.command()(says_what_is_kept(explore))
app.command()(says_what_is_kept(leakage))
app.command()(says_what_is_kept(grid))
app.command()(says_what_is_kept(features))
app.command()(says_what_is_kept(synthesise))
app.command()(says_what_is_kept(learn))
app.command()(says_what_is_kept(train))
app.command()(says_what_is_kept(crossval))
app.command()(says_what_is_kept(ablate))
app.command()(says_what_is_kept(report))
app.command()(says_what_is_kept(compare))
app.command()(says_what_is_kept(reproduce))
app.command()(recipes)
app.command()(says_what_is_kept(weights))
app.add_typer(data)
