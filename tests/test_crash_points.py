"""The net for kills catches what it should, and a sample of kills of each kind of command finds nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import tool_modules
from genrelens.files import write_whole, written_folder

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the tool forks, and looks into /proc")


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return tool_modules.tool("crash_points")


def whole(folder: Path) -> int:
    write_whole(folder / "a.json", '{"a": "new, and longer than before"}')
    return 0


def whole_folder(folder: Path) -> int:
    with written_folder(folder / "two") as fresh:
        (fresh / "a.bin").write_bytes(b"new a")
        (fresh / "b.bin").write_bytes(b"new b")
    return 0


def in_place(folder: Path) -> int:
    (folder / "a.json").write_text('{"a": "new, and longer than before"}')
    (folder / "log").mkdir(exist_ok=True)
    return 0


def not_on_the_disk(folder: Path) -> int:
    (folder / ".aside").write_text('{"a": "new, and longer than before"}')
    (folder / ".aside").replace(folder / "a.json")
    (folder / "log").mkdir(exist_ok=True)
    return 0


def one_by_one(folder: Path) -> int:
    write_whole(folder / "two" / "a.bin", b"new a")
    write_whole(folder / "two" / "b.bin", b"new b")
    return 0


def deleted_first(folder: Path) -> int:
    (folder / "a.json").unlink(missing_ok=True)
    return whole(folder)


def not_twice(folder: Path) -> int:
    if (folder / ".begun").exists():
        return 1
    (folder / ".begun").mkdir()
    return whole(folder)


def found(tool: ModuleType, command: Callable[[Path], int], tmp_path: Path) -> list[str]:
    def prepare(folder: Path) -> None:
        write_whole(folder / "a.json", '{"a": "old"}')
        (folder / "two").mkdir()
        for name in ("a.bin", "b.bin"):
            write_whole(folder / "two" / name, b"old " + name.encode())

    scenario = tool.Scenario("toy", command, prepare, together=("two",))
    before = os.fsync
    result = tool.kill_everywhere(scenario, kills=12, seed=0, work=tmp_path)
    assert os.fsync is before and result.n_kills == 12
    return list(result.faults)


@pytest.mark.parametrize("command", [whole, whole_folder])
def test_what_is_written_whole_survives_every_kill(
    tool: ModuleType, tmp_path: Path, command: Callable[[Path], int]
) -> None:
    assert found(tool, command, tmp_path) == []


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (in_place, "a.json is broken"),
        (not_on_the_disk, "a.json is broken"),
        (one_by_one, "two holds neither what it held nor what it should"),
        (deleted_first, "a.json is gone"),
        (not_twice, "the same command ends with 1"),
    ],
)
def test_what_is_not_is_found(tool: ModuleType, tmp_path: Path, command: Callable[[Path], int], why: str) -> None:
    assert any(why in fault for fault in found(tool, command, tmp_path))


@pytest.mark.slow
def test_a_sample_of_kills_of_commands_leaves_nothing_broken() -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("librosa")
    names = [f"--only={name}" for name in ("predict", "explain", "evaluate", "fetch", "split", "leakage")]
    ended = subprocess.run(
        [sys.executable, ROOT / "tools/crash_points.py", "--kills=4", "--seed=1", *names],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count(" 0 faults") == len(names)
