"""Nowhere to print to (``>&-`` in a shell, pythonw on Windows) is no fault: the work is done all the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from run_cli import write_tone

from genrelens.cli import main

needs_a_shell = pytest.mark.skipif(sys.platform == "win32", reason="cmd cannot close a stream")


def in_a_shell(command: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run ``python -m genrelens`` with the streams that ``command`` closes."""
    line = ["sh", "-c", f'exec "$0" -m genrelens "$@" {command}', sys.executable, *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60)


@needs_a_shell
@pytest.mark.parametrize("command", [">&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("form", [(), ("--json",), ("--csv",)])
def test_a_page_is_written_without_stdout(
    tmp_path: Path, tiny_bundle: Path, command: str, form: tuple[str, ...]
) -> None:
    song, page = write_tone(tmp_path / "a.wav"), tmp_path / "page.html"
    done = in_a_shell(command, "predict", song, *form, "--html", page, "--model", tiny_bundle)
    assert done.returncode == 0, done.stderr
    assert "</html>" in page.read_text("utf-8")
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


@needs_a_shell
@pytest.mark.parametrize("command", [">&-", "2>&-", ">&- 2>&-"])
@pytest.mark.parametrize(
    ("words", "code"),
    [(("--version",), 0), (("recipes",), 0), (("predict", "--help"), 0), (("predict",), 2), (("divine",), 2)],
)
def test_no_command_minds(command: str, words: tuple[str, ...], code: int) -> None:
    done = in_a_shell(command, *words)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "internal" not in done.stderr


@needs_a_shell
def test_what_is_printed_never_lands_in_the_file_that_is_written(tmp_path: Path, tiny_bundle: Path) -> None:
    """The first file that is opened would get the number of the closed stream."""
    script = (
        "import os, sys\n"
        "from genrelens.cli import main\n"
        "from genrelens.bundle import Bundle\n"
        "def load(*args):\n"
        "    file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)\n"
        "    os.write(1, b'from C code'), os.write(2, b'from C code')\n"
        "    sys.exit(file < 3)\n"
        "Bundle.load = load\n"
        "main(['predict', 'a.wav'])\n"
    )
    line = ["sh", "-c", 'exec "$0" -c "$@" >&- 2>&-', sys.executable, script, str(tmp_path / "page")]
    assert subprocess.run(line, timeout=60).returncode == 0
    assert (tmp_path / "page").read_bytes() == b""


@pytest.mark.parametrize("streams", [("stdout",), ("stderr",), ("stdout", "stderr")])
def test_streams_that_are_none_as_under_pythonw(
    tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, streams: tuple[str, ...]
) -> None:
    song, page = write_tone(tmp_path / "a.wav"), tmp_path / "page.html"
    for name in streams:
        monkeypatch.setattr(sys, name, None)  # put back at the end, after main has put another in its place
    with pytest.raises(SystemExit) as ended:
        main(["predict", str(song), "--html", str(page), "--model", str(tiny_bundle)])
    assert not ended.value.code
    assert "</html>" in page.read_text("utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["predict", str(tmp_path / "none.wav"), "--model", "no such model"])
    assert ended.value.code == 2
    for name in streams:
        getattr(sys, name).close()
