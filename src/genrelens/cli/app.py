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
app.command()(evaluate)
app.command()(audit)
app.command()(explain)
app.command()(faithfulness)
app.command()(fingerprint)
app.command()(explore)
app.command()(leakage)
app.command()(grid)
app.command()(features)
app.command()(synthesise)
app.command()(learn)
app.command()(train)
app.command()(crossval)
app.command()(ablate)
app.command()(report)
app.command()(compare)
app.command()(reproduce)
app.command()(recipes)
app.command()(weights)
app.add_typer(data)
