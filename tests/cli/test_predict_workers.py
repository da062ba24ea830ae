"""``genrelens predict`` in worker processes: files that crash their decoder, Ctrl-C, the same output as without."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from run_cli import RATE, Run, write_tone

import drawn_pictures
from genrelens.bundle import Bundle, answer
from genrelens.bundle.answer import FILES_A_WORKER, answer_all

posix = pytest.mark.skipif(os.name != "posix", reason="signals differ")

PROGRAM = """
import os, signal, sys, threading
from genrelens.bundle import Bundle

opened = Bundle._opened

def stub(self, source, **options):
    if "crash" in source:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "stuck" in source:
        threading.Event().wait()
    return opened(self, source, **options)

Bundle._opened = stub  # in the workers, too: each of them imports this file
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests may run where it is ignored

if __name__ == "__main__":
    from genrelens.cli import main
    main(sys.argv[1:])
"""


def begin(folder: Path, model: Path, *words: str | Path) -> subprocess.Popen[str]:
    """The program, in ``folder``, where files called crash end their process, and those called stuck never end."""
    (folder / "program.py").write_text(PROGRAM)
    command = [sys.executable, "program.py", "predict", "--model", str(model), *map(str, words)]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", start_new_session=True
    )


@posix
@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_a_crash_costs_one_row_only(tmp_path: Path, tiny_bundle: Path, workers: str) -> None:
    names = ["a.wav", "crash.wav", "absent.wav", "b.wav"]
    write_tone(tmp_path / "a.wav")
    write_tone(tmp_path / "b.wav")
    out, err = begin(tmp_path, tiny_bundle, "--csv", "--workers", workers, *names).communicate(timeout=120)
    rows = [line.split(",") for line in out.splitlines()[1:]]
    assert [row[0] for row in rows] == names
    assert [row[1] for row in rows] == ["hum", "", "", "hum"]
    assert "decoder_crashed" in rows[1] and "missing" in rows[2]
    assert "convert it to WAV" in out
    assert err == ""


@posix
@pytest.mark.parametrize("workers", ["0", "1", pytest.param("2", marks=pytest.mark.slow)])
def test_ctrl_c_keeps_what_was_answered_and_ends_all_processes(tmp_path: Path, tiny_bundle: Path, workers: str) -> None:
    names = ["a.wav", "b.wav", "stuck.wav", "c.wav", "d.wav"]
    for name in names:
        write_tone(tmp_path / name)
    run = begin(tmp_path, tiny_bundle, "--json", "--html", "page.html", "--workers", workers, *names)
    try:
        assert run.stdout is not None
        assert [f'"{name}"' in run.stdout.readline() for name in names[:2]] == [True, True]
        os.killpg(run.pid, signal.SIGINT)  # what a terminal does: to all processes at once
        # All processes hold the pipes: they end when the last of them has.
        more, err = run.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
    assert (run.returncode, more) == (130, "")
    assert err == "stopped: 2 of 5 files answered; wrote page.html; open it in a browser\n"
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "a.wav" in page and "b.wav" in page and "stuck.wav" not in page


def test_ctrl_c_before_the_first_answer_leaves_an_older_page_alone(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: Bundle, source: str, **options: int) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(Bundle, "_opened", interrupted)
    page = tmp_path / "page.html"
    page.write_text("last week's")
    result = run("predict", "a.wav", "b.wav", "--html", page)
    assert (result.code, result.err) == (130, "stopped: 0 of 2 files answered\n")
    assert page.read_text() == "last week's"


@pytest.mark.slow
@pytest.mark.parametrize("form", [("--json", "--timeline"), ("--csv",), ("--timeline",), ()])
def test_output_is_the_same_with_any_number_of_workers(run: Run, tmp_path: Path, form: tuple[str, ...]) -> None:
    for name, seconds in (("long.wav", 20), ("夜.wav", 2), ("short.wav", 0.2), ("folder/deep.wav", 3)):
        write_tone(tmp_path / name, seconds)
    soundfile.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    (tmp_path / "cut.wav").write_bytes((tmp_path / "long.wav").read_bytes()[:100_000])
    (tmp_path / "text.mp3").write_text("Dear diary, this is no music.\n" * 50)
    (tmp_path / "picture.png").write_bytes(drawn_pictures.png(drawn_pictures.picture(seed=1)))
    (tmp_path / "empty").mkdir()
    names = ["absent.wav", "empty", "long.wav", "picture.png", "cut.wav", ".", "silent.wav", "absent.wav"]
    words = ["predict", *form, *(tmp_path / name for name in names)]
    alone = run(*words, "--workers", "0")
    assert alone.code == 1
    assert run(*words, "--workers", "1") == alone
    assert run(*words, "--workers", "2") == alone


def test_as_many_workers_as_pay(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def map_in_order(*_: object, n_workers: int, **__: object) -> object:
        asked.append(n_workers)
        return iter(())

    monkeypatch.setattr(answer, "map_in_order", map_in_order)
    monkeypatch.setattr(answer, "n_cores", lambda: 4)
    bundle = Bundle.load(tiny_bundle)
    for n_files in (0, 1, 2, 2 * FILES_A_WORKER - 1, 2 * FILES_A_WORKER, 1000):
        answer_all(["a.wav"] * n_files, bundle=bundle, coverage=0.9, n_workers=None)
    answer_all(["a.wav"], bundle=bundle, coverage=0.9, n_workers=3)
    assert asked == [1, 1, 2, 4, 3]  # none for no file, nor for one


@posix
@pytest.mark.parametrize(
    "name", ["n" * 300 + ".html", "file.txt/page.html", "loop.html", "absent/page.html", "dir.html"]
)
def test_a_page_that_cannot_be_written_is_said_before_the_work(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "file.txt").write_text("mine")
    (tmp_path / "dir.html").mkdir()
    (tmp_path / "loop.html").symlink_to("loop.html")
    result = run("predict", write_tone(tmp_path / "a.wav"), "--html", tmp_path / name)
    assert (result.code, result.out) == (2, "")
    assert "--html" in result.err


@posix
def test_a_folder_that_takes_no_page_is_said_before_the_work(run: Run, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    if os.access(closed, os.W_OK):  # root may write everywhere, but into what is no folder of a disk
        closed = Path("/proc")
        if not closed.is_dir():
            pytest.skip("no folder here that root may not write to")
    for page in (closed / "page.html", tmp_path / "link.html"):
        if page.name == "link.html":
            page.symlink_to(closed / "page.html")
        result = run("predict", write_tone(tmp_path / "a.wav"), "--html", page)
        assert (result.code, result.out) == (2, "")
        assert "no file can be written in that folder" in " ".join(result.err.split())
    assert list(closed.glob("*.html")) == []


def test_off_a_terminal_a_line_a_minute(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 25))
    monkeypatch.setattr("genrelens.cli.terminal.time.monotonic", lambda: float(next(clock)))
    result = run("predict", "--json", *[write_tone(tmp_path / "a.wav")] * 5)
    assert result.code == 0
    assert result.err == "files answered: 2 of 5, 2.4 a minute, 75 s left\n"
