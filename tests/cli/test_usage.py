"""Wrong usage is exit 2 and a sentence; help and version are quick and plain."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from run_cli import Run, write_tone

import genrelens
import tiny_model


def test_version(run: Run) -> None:
    result = run("--version")
    assert (result.code, result.out) == (0, f"genrelens {genrelens.__version__}\n")


@pytest.mark.parametrize("words", [("--help",), ("predict", "--help"), ("synthesise", "-h")])
def test_help_shows_examples(run: Run, words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.code == 0
    assert "Example" in result.out
    assert "  genrelens " in result.out


@pytest.mark.parametrize(
    "words",
    [
        ("predict",),
        ("predict", "a.wav", "--json", "--csv"),
        ("predict", "a.wav", "--csv", "--timeline"),
        ("predict", "a.wav", "--top", "0"),
        ("predict", "a.wav", "--top", "many"),
        ("predict", "a.wav", "--sparkle"),
        ("predict", "a.wav", "--html", "no/such/folder/page.html"),
        ("predict", "a.wav", "--html", "."),
        ("predict", "a.wav", "--model", "no such model"),
        ("predict", "a.wav", "--model", "."),
        ("predict", "a.wav", "--model", "m" * 300),
        ("divine", "a.wav"),
        ("synthesise",),
        ("synthesise", "x", "--per-style", "0"),
        ("synthesise", "x", "--format", "mp8"),
    ],
)
def test_wrong_usage(run: Run, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert result.code == 2
    assert result.out == ""
    assert len(result.err.split()) >= 4


@pytest.mark.parametrize("name", ["song.wav", "cover.jpg", "link.html"])
def test_a_page_never_takes_the_place_of_what_is_no_page(run: Run, tmp_path: Path, name: str) -> None:
    """``genrelens predict --html *.wav`` names the first song as the page."""
    song = write_tone(tmp_path / "other.wav")
    page = tmp_path / name
    if name == "link.html":
        page.symlink_to(os.devnull)
    else:
        page.write_bytes(b"dear to its owner")
    result = run("predict", "--html", page, song)
    assert result.code == 2
    assert result.out == ""
    assert page.is_symlink() if name == "link.html" else page.read_bytes() == b"dear to its owner"


def test_an_older_page_is_replaced(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "Music.HTML"
    page.write_text("last week's")
    assert run("predict", "--html", page, write_tone(tmp_path / "a.wav")).code == 0
    assert "a.wav" in page.read_text("utf-8")


def test_a_damaged_model_is_named_in_one_line(run: Run, tmp_path: Path) -> None:
    model = tiny_model.write(tmp_path / "model")
    with (model / "predict.onnx").open("r+b") as graph:
        graph.write(b"spoiled")
    result = run("predict", "a.wav", "--model", model)
    assert result.code == 2
    assert result.err.startswith("genrelens: ")
    assert len(result.err.splitlines()) == 1
    assert "damaged" in result.err


def test_an_internal_fault_is_one_line_and_says_how_to_see_more(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oops\nsecond line")

    monkeypatch.delenv("GENRELENS_DEBUG", raising=False)
    monkeypatch.setattr("genrelens.bundle.Bundle.load", stumble)
    result = run("predict", "a.wav")
    assert result.code == 1
    assert len(result.err.splitlines()) == 1
    assert "GENRELENS_DEBUG" in result.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("form", [(), ("--json",), ("--csv",)])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_no_fault_of_ours(tiny_bundle: Path, form: tuple[str, ...], unbuffered: str) -> None:
    command = [sys.executable, "-m", "genrelens", "predict", "a.wav", *form, "--model", str(tiny_bundle)]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        )
    assert done.returncode == 1
    assert done.stderr == b"genrelens: No space left on device\n"


@pytest.mark.skipif(os.name != "posix", reason="the sentence is the system's")
def test_a_folder_that_cannot_be_made(run: Run) -> None:
    result = run("synthesise", "f" * 300)
    assert result.code == 1
    assert result.err.startswith("genrelens: File name too long: 'fff")
    assert len(result.err.splitlines()) == 1


def test_synthesise_then_predict(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "music"
    result = run("synthesise", folder, "--per-style", "1", "--duration", "1.5", "--seed", "3")
    assert result.code == 0
    assert "10 clips" in result.out
    assert len(list(folder.rglob("*.wav"))) == 10
    answers = run("predict", "--json", folder)
    assert answers.code == 0
    assert len(answers.rows) == 10


def test_synthesise_onto_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    result = run("synthesise", tmp_path / "x")
    assert result.code == 2
    assert (tmp_path / "x").read_text() == "mine"


def test_a_reader_that_goes_away(tmp_path: Path, tiny_bundle: Path) -> None:
    """As in ``genrelens predict ... | head -1``: no traceback, no complaint at the interpreter's exit."""
    path = write_tone(tmp_path / "a.wav")
    command = [sys.executable, "-m", "genrelens", "predict", "--json", "--model", str(tiny_bundle), *[str(path)] * 5]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
        process.wait(timeout=60)
    assert err == b""


@pytest.mark.skipif(os.name != "posix", reason="makes a terminal the POSIX way")
def test_a_terminal_that_knows_few_letters(tmp_path: Path, tiny_bundle: Path) -> None:
    paths = [str(write_tone(tmp_path / name)) for name in ("夜.wav", "z.wav")]
    master, slave = os.openpty()
    command = [sys.executable, "-m", "genrelens", "predict", *paths, "--model", str(tiny_bundle)]
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1", "COLUMNS": "300"}
    done = subprocess.run(command, stdout=slave, stderr=subprocess.PIPE, env=environment, check=False, timeout=60)
    os.close(slave)
    shown = os.read(master, 1 << 16).decode("latin-1")
    os.close(master)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "\\u591c.wav" in shown
    assert shown.count("hum") - shown.count("thump") == 2


def test_a_locale_that_knows_no_letters(tmp_path: Path, tiny_bundle: Path) -> None:
    path = write_tone(tmp_path / "夜.wav")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"}
    for form in (["--json"], ["--csv"], []):
        command = [sys.executable, "-m", "genrelens", "predict", *form, "--model", str(tiny_bundle), str(path)]
        done = subprocess.run(command, capture_output=True, env=environment, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (0, b"")
        assert ("夜" in done.stdout.decode()) == bool(form)
