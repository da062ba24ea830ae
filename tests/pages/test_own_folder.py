"""A command's folder: taken again after any stop, and never with two runs' files in it."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from genrelens.errors import DataError
from genrelens.files import beside
from genrelens.pages import own_folder
from genrelens.pages.own_folder import OwnFolder

FOLDER = OwnFolder(what="toy", marker="toy.json", schema="toy/1", known=frozenset({"a", "b", "c"}))
FILLED = replace(FOLDER, keeps=frozenset({"runs"}))
FULL = OSError(errno.ENOSPC, "No space left on device")


def write(out: Path, content: bytes, *names: str) -> None:
    FOLDER.write(out, dict.fromkeys(names, content), facts={"of": content.decode()})


def held(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() if path.is_file() else b"" for path in out.iterdir()}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with an earlier run's files."""
    folder = tmp_path / "out"
    FOLDER.claim(folder)
    write(folder, b"old", "a", "b", "c")
    return folder


def test_a_run_takes_the_place_of_an_earlier_one(out: Path) -> None:
    write(out, b"new", "a", "b")
    found = held(out)
    assert json.loads(found.pop("toy.json")) == {"schema": "toy/1", "of": "new", "files": ["a", "b"]}
    assert found == {"a": b"new", "b": b"new"}
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_what_people_keep_there_stays(out: Path) -> None:
    (out / "notes.txt").write_text("mine")
    (out / "runs").mkdir()
    (out / "runs" / "model").write_text("hours")
    write(out, b"new", "a")
    assert {path.name for path in out.iterdir()} == {"a", "toy.json", "notes.txt", "runs"}
    assert (out / "a").read_bytes() == b"new" and (out / "runs" / "model").read_text() == "hours"


def test_an_earlier_run_stands_until_the_new_one_does_where_trainings_lie_beside_it(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = out / "runs" / "fold-0" / "last.ckpt"
    training.parent.mkdir(parents=True)
    training.write_bytes(b"hours")
    elsewhere = out.parent / "large disk"
    elsewhere.mkdir()
    (out / "runs" / "fold-1").symlink_to("../../large disk")
    seen: list[tuple[bytes, ...]] = []
    watched = (Path.replace, Path.rename, Path.unlink, os.link)

    def see() -> None:
        assert training.read_bytes() == b"hours" and (out / "runs" / "fold-1").samefile(elsewhere)
        seen.append(tuple((out / name).read_bytes() for name in ("a", "b")))

    with monkeypatch.context() as patch:
        for real in watched:

            def watching(*given: Any, real: Callable[..., Any] = real, **more: Any) -> Any:
                see()
                return real(*given, **more)

            patch.setattr(os if real is os.link else Path, real.__name__, watching)
        FILLED.write(out, dict.fromkeys("ab", b"new"), facts={})
    see()
    assert len(seen) > 1 and set(seen) == {(b"old", b"old"), (b"new", b"new")}
    assert set(held(out)) == {"a", "b", "toy.json", "runs"}
    assert {path.name for path in out.parent.iterdir()} == {"out", "large disk"}


@pytest.mark.parametrize("why", [errno.EPERM, errno.EXDEV, errno.EOPNOTSUPP])
def test_a_disk_without_second_names_keeps_trainings_where_they_are(
    out: Path, monkeypatch: pytest.MonkeyPatch, why: int
) -> None:
    (out / "runs").mkdir()
    (out / "runs" / "last.ckpt").write_bytes(b"hours")

    def link(*_: object) -> None:
        raise OSError(why, os.strerror(why))

    monkeypatch.setattr(os, "link", link)
    FILLED.write(out, {"a": b"new"}, facts={})
    assert (out / "runs" / "last.ckpt").read_bytes() == b"hours" and (out / "a").read_bytes() == b"new"
    assert {path.name for path in out.iterdir()} == {"a", "toy.json", "runs"}


def test_a_folder_of_nothing_but_trainings_is_taken(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    FILLED.claim(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "toy.json"}
    (tmp_path / "toy.json").unlink()
    with pytest.raises(DataError, match="is not empty"):
        FOLDER.claim(tmp_path)


@pytest.mark.parametrize("mine", [False, True])
def test_a_full_disk_costs_nothing_that_was_there(out: Path, monkeypatch: pytest.MonkeyPatch, mine: bool) -> None:
    if mine:
        (out / "notes.txt").write_text("mine")
    before, names = held(out), {path.name for path in out.parent.iterdir()}
    real = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.name == "b" or (mine and self.parent.name != "out" and data == b"new"):
            raise FULL
        return real(self, data)

    with monkeypatch.context() as patch, pytest.raises(DataError, match="No space left"):
        patch.setattr(Path, "write_bytes", full)
        write(out, b"new", "a", "b")
    assert held(out) == before and {path.name for path in out.parent.iterdir()} == names
    FOLDER.claim(out)


@pytest.mark.parametrize("stops", [1, 2, 3, 4])
def test_where_the_folder_has_to_stay_no_two_runs_files_stand_in_it(
    out: Path, monkeypatch: pytest.MonkeyPatch, stops: int
) -> None:
    (out / "notes.txt").write_text("mine")
    real, n = Path.replace, 0

    def stop(self: Path, target: Path) -> Path:
        nonlocal n
        if target.parent == out:
            n += 1
            if n == stops:
                raise KeyboardInterrupt
        return real(self, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", stop)
        write(out, b"new", "a", "b")
    contents = {held(out)[name] for name in ("a", "b", "c") if name in held(out)}
    assert len(contents) <= 1
    FOLDER.claim(out)
    write(out, b"new", "a", "b")
    assert held(out)["b"] == b"new" and held(out)["notes.txt"] == b"mine"


def test_a_folder_that_somebody_stands_in_or_where_a_disk_begins_is_filled_where_it_is(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = out.stat().st_ino
    with monkeypatch.context() as patch:
        patch.chdir(out)
        write(Path(), b"new", "a")
    assert out.stat().st_ino == number and set(held(out)) == {"a", "toy.json"}

    @contextmanager
    def busy(path: Path) -> Iterator[Path]:
        fresh = path.parent / "beside"
        fresh.mkdir()
        yield fresh
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(own_folder, "written_folder", busy)
    write(out, b"newer", "b")
    assert out.stat().st_ino == number and set(held(out)) == {"b", "toy.json"}


def test_a_folder_of_somebody_else_is_refused_and_one_that_a_kill_left_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    beside(folder / "toy.json").write_text("{")  # killed before the marker had its name
    FOLDER.claim(folder)
    assert json.loads((folder / "toy.json").read_text()) == {"schema": "toy/1"}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("dear")
    with pytest.raises(DataError, match="is not empty"):
        FOLDER.claim(tmp_path / "mine")


@pytest.mark.parametrize("was_there", [False, True])
def test_a_claim_is_given_back_where_the_work_fails(tmp_path: Path, was_there: bool) -> None:
    folder = tmp_path / "out"
    if was_there:
        folder.mkdir()
    with pytest.raises(KeyboardInterrupt), FOLDER.claimed(folder):
        raise KeyboardInterrupt
    assert folder.exists() == was_there
    FOLDER.claim(folder)
