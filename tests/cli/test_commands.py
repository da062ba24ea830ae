"""Every command, by its line in the table: its help, its examples, its options, and what the documents say of it.

Adding a command is a module, a line in ``genrelens.cli.app.COMMANDS`` and a row in :data:`ROWS`.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
import typer.main
from run_cli import Run

from genrelens.cli.app import COMMANDS, DATA, HELP, Command, program

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

ROWS = {
    "predict": ("song.mp3",),
    "explain": ("song.mp3", "--out", "why"),
    "learn": ("music", "--out", "my.bundle"),
    "fingerprint": ("base", "--out", "prints"),
    "audit": ("music",),
    "explore": ("music", "--out", "look"),
    "features": ("music",),
    "data fetch": ("gtzan",),
    "data check": ("gtzan",),
    "data splits": ("gtzan",),
    "data split": ("gtzan", "hold-out", "--out", "mine.json"),
    "synthesise": ("music",),
    "recipes": (),
    "train": ("svm", "--out", "run"),
    "crossval": ("svm", "--out", "cv"),
    "evaluate": ("base",),
    "report": ("run", "--out", "look"),
    "compare": ("a.json", "b.json"),
    "leakage": (),
    "grid": (),
    "faithfulness": ("base", "--out", "faith"),
    "weights vggish": ("--random", "--out", "w.safetensors"),
    "weights fetch": ("plus", "mn04_as_mAP_432.pt"),
    "reproduce": ("s4", "--out", "s4"),
    "ablate": ("--out", "ablation"),
}
"""A command's name -> words that it can be run with."""


def parsed(app: typer.Typer, words: list[str]) -> dict[str, Any]:
    """What the words mean to the command that they name; raises where they are wrong usage."""
    command: Any = typer.main.get_command(app)
    context = typer.Context(command)
    while hasattr(command, "commands"):
        command = command.commands[words[0]]
        words = words[1:]
        context = typer.Context(command, parent=context)
    made = command.make_context(command.name, list(words), parent=context.parent)
    return dict(made.params)


def shown_commands() -> list[tuple[Path, str]]:
    """Every ``genrelens`` line of the documents and the helps: where it stands, and the command."""
    texts = [(page, page.read_text("utf-8")) for page in PAGES]
    texts += [
        (Path("help"), text) for text in (HELP, *(str(c.function.__doc__).rpartition("Example")[2] for c in COMMANDS))
    ]
    found = []
    for page, text in texts:
        for line in re.findall(r"^ *(?:\$ )?(genrelens [^\n]+)$", text.replace("\\\n", " "), re.MULTILINE):
            for one in re.split(r"\s+(?:#|\||>|&&)\s*", line)[:1]:
                found.append((page, one))
    return found


def cut(text: str) -> list[str]:
    """Lines that are too long or end in dots, but for the first, where dots say "more of them"."""
    return [line for line in text.splitlines()[1:] if len(line) > 80 or line.endswith("...")]


def test_every_command_has_a_row_and_each_row_parses() -> None:
    assert {" ".join(command.words) for command in COMMANDS} == ROWS.keys()
    app = program()
    for name, words in ROWS.items():
        parsed(app, [*name.split(), *words])


@pytest.mark.parametrize("name", ROWS)
def test_help_is_whole_at_80_columns(run: Run, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = run(*name.split(), "--help")
    assert result.code == 0
    assert "Exit code" in " ".join(result.out.split()) and re.search(r"Examples?:\n +genrelens ", result.out)
    assert cut(result.out) == []


def test_the_list_of_commands_is_whole_and_under_headings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for words in (("--help",), ("data", "--help"), ("weights", "--help")):
        assert cut(run(*words).out) == []
    headings = [line for line in run("--help").out.splitlines() if re.fullmatch(r"\S.*:", line)]
    assert headings[1:] == ["Use:", "Your data:", "Train and measure:", "The five systems:"]


@pytest.mark.parametrize("name", ROWS)
def test_wrong_usage_is_exit_2_and_our_own_words(run: Run, name: str) -> None:
    for words in (["--zzz"], ["too", "many", "words", "for", "any", "command", "--zzz=1"]):
        result = run(*name.split(), *words)
        assert (result.code, result.out) == (2, "")
        assert result.err == f"genrelens: there is no option --zzz; see genrelens {name} --help\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("predct", "a.wav"), "there is no command 'predct'; did you mean 'predict'?"),
        (("data", "chek"), "there is no command 'chek'; did you mean 'check'?"),
        (("predict", "a", "--jsn"), "there is no option --jsn; did you mean --csv, --json?"),
        (("train", "svmm", "--out", "x"), "unknown recipe 'svmm'; did you mean 'svm'?"),
        (("predict", "a.wav", "--top", "0"), "--top N expects a whole number of 1 or more, got '0'"),
        (("reproduce", "s9", "--out", "x"), "SYSTEM expects one of s0, s1, s2, s3, s4, got 's9'"),
        (("crossval",), "RECIPE is missing: A recipe's name"),
        (("predict", "a.wav", "--model", "bas"), "did you mean 'base'?"),
    ],
)
def test_what_was_perhaps_meant(run: Run, words: tuple[str, ...], said: str) -> None:
    result = run(*words)
    assert (result.code, result.out) == (2, "")
    assert said in result.err and len(result.err.splitlines()) == 1
    for foreign in ("Input should", "Invalid value", "Error:", "Usage:"):
        assert foreign not in result.err


def test_a_misspelt_word_imports_nothing_heavy() -> None:
    heavy = ("torch", "scipy", "sklearn", "pandas", "matplotlib", "librosa", "onnxruntime")
    script = (
        "import sys\nfrom genrelens.cli import main\n"
        "for words in (['predct'], ['train', 'svmm', '--out', 'x'], ['crossval', 'svmm', '--out', 'x'],\n"
        "              ['leakage', '--recipe', 'svmm'], ['ablate', 'svmm', '--out', 'x'], ['--help']):\n"
        "    try:\n        main(words)\n    except SystemExit:\n        pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"


def test_every_command_line_that_is_shown_parses() -> None:
    app, shown = program(), shown_commands()
    assert len(shown) > 100
    for page, line in shown:
        words = shlex.split(line)[1:]
        if "--help" in words:
            continue
        try:
            parsed(app, words)
        except Exception as error:
            raise AssertionError(f"{page}: {line}: {error}") from error


def test_every_command_is_documented() -> None:
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    for name in ROWS:
        assert re.search(rf"genrelens {name}\b", text), name


def test_names_that_lost_still_work_and_are_hidden(run: Run) -> None:
    app = program()
    assert parsed(app, ["explore", "--data", "x", "--out", "y"])["named_data"] == Path("x")
    assert parsed(app, ["explore", "x", "--features", "t.csv", "--out", "y"])["features"] == Path("t.csv")
    assert parsed(app, ["explore", "x", "--sound", "--out", "y"])["sound"] is True
    shown = run("explore", "--help").out
    assert "--table" in shown and "--sounds" in shown
    assert not re.search(r"--features |--sound |--data ", shown)


def test_a_new_command_is_a_module_a_line_and_a_row(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    def count(folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder.")]) -> None:
        """Count the files of a folder.

        \b
        Example:
          genrelens count music
        """
        typer.echo(folder)

    app = program([*COMMANDS, Command(count, DATA, lambda given: f"{given['folder']} is counted no further")])
    assert parsed(app, ["count", "music"]) == {"folder": Path("music")}
    app(["count", "music"], standalone_mode=False)
    assert capsys.readouterr().out == "music\n"
    app(["--help"], standalone_mode=False)
    assert "count       Count the files of a folder." in capsys.readouterr().out
