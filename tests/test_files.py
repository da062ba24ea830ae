"""Whole files and folders or none: what was there stays until the new content stands."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from genrelens import files
from genrelens.files import beside, contents, give_back, write_whole, written_aside, written_folder

ON_WINDOWS = sys.platform == "win32"
DAY_S = 86_400


@pytest.fixture(autouse=True)
def _another_program() -> None:
    """Each test stands for a program of its own, which looks for leftovers anew."""
    files._clear_leftovers.cache_clear()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("content", "on_disk"),
    [("Für\r\nElise\n夜\n", "Für\r\nElise\n夜\n".encode()), (b"\x00\xff\r\n", b"\x00\xff\r\n"), ("", b"")],
)
def test_content_is_written_as_it_is(tmp_path: Path, content: str | bytes, on_disk: bytes) -> None:
    path = tmp_path / "a b.txt"
    write_whole(path, content)
    assert path.read_bytes() == on_disk
    assert list(tmp_path.iterdir()) == [path]


def test_a_shorter_text_replaces_a_longer_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_whole(path, "a long text")
    write_whole(path, "short")
    assert path.read_text() == "short"


def test_a_reader_of_the_old_file_goes_on_reading_the_old_file(tmp_path: Path) -> None:
    if ON_WINDOWS:
        pytest.skip("Windows replaces no file that is open")
    path = tmp_path / "record.json"
    write_whole(path, "old content")
    with path.open() as reader:
        assert reader.read(4) == "old "
        write_whole(path, "NEW CONTENT")
        assert reader.read() == "content"


@pytest.mark.parametrize("moment", ["write_bytes", "fsync", "replace"])
@pytest.mark.parametrize("blow", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, blow: BaseException
) -> None:
    path = tmp_path / "record.json"
    write_whole(path, "old")

    def fail(*_: object) -> None:
        raise blow

    monkeypatch.setattr(os if moment == "fsync" else Path, moment, fail)
    with pytest.raises(type(blow)):
        write_whole(path, "new")
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_content_is_on_disk_before_it_takes_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    sync, replace = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            (aside,) = tmp_path.iterdir()
            steps.append(f"fsync of {aside.read_bytes()!r}")
        else:
            steps.append("fsync of the folder")
        sync(handle)

    def rename(self: Path, target: Path) -> Path:
        steps.append(f"replace {target.name}")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", rename)
    write_whole(tmp_path / "record.json", "all of it")
    assert steps[:2] == ["fsync of b'all of it'", "replace record.json"]
    assert steps[2:] == ([] if ON_WINDOWS else ["fsync of the folder"])


def test_a_folder_in_the_way_or_a_missing_folder_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="it is a folder"):
        write_whole(tmp_path / "taken", "x")
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "nowhere" / "file", "x")
    assert names(tmp_path) == ["taken"]


@pytest.mark.skipif(ON_WINDOWS, reason="no such files there")
def test_devices_and_pipes_are_refused_and_stay(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    for path in (Path("/dev/null"), Path("/dev/stdout"), tmp_path / "pipe", tmp_path / "link"):
        with pytest.raises(OSError, match="device or a pipe"):
            write_whole(path, "x")
    assert names(tmp_path) == ["link", "pipe"]
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.skipif(ON_WINDOWS, reason="links take rights there")
def test_standard_output_that_goes_to_a_file_is_not_taken_from_under_its_writer(tmp_path: Path) -> None:
    code = "from pathlib import Path; from genrelens.files import write_whole; write_whole(Path('/dev/stdout'), 'x')"
    with (tmp_path / "out.txt").open("wb") as out:
        ended = subprocess.run([sys.executable, "-c", code], stdout=out, stderr=subprocess.PIPE, check=False)
    assert b"device or a pipe" in ended.stderr
    assert names(tmp_path) == ["out.txt"]


@pytest.mark.skipif(ON_WINDOWS, reason="links take rights there")
def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    target, link, early = tmp_path / "far" / "page.html", tmp_path / "page.html", tmp_path / "early.html"
    target.write_text("old")
    link.symlink_to("far/page.html")
    write_whole(link, "new")
    assert link.is_symlink() and target.read_text() == "new"
    early.symlink_to(tmp_path / "far" / "not-there-yet")
    write_whole(early, "first")
    assert early.is_symlink() and (tmp_path / "far" / "not-there-yet").read_text() == "first"
    assert names(tmp_path / "far") == ["not-there-yet", "page.html"]


@pytest.mark.skipif(ON_WINDOWS, reason="permissions of another kind")
def test_the_permissions_of_the_older_file_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "shared.json"
    path.write_text("old")
    path.chmod(0o660)
    write_whole(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


@pytest.mark.parametrize("name", ["n" * 251 + ".csv", "夜" * 83 + ".csv"])
def test_a_name_as_long_as_the_disk_takes(tmp_path: Path, name: str) -> None:
    if ON_WINDOWS:
        pytest.skip("Windows counts the whole path")
    write_whole(tmp_path / name, "x")
    assert names(tmp_path) == [name]
    with written_folder(tmp_path / name.replace(".csv", ".dir")) as fresh:
        (fresh / "file").write_text("x")


def test_leftovers_of_a_day_ago_are_cleared_and_nothing_else(tmp_path: Path) -> None:
    old, young, old_folder = (beside(tmp_path / "x") for _ in range(3))
    mine = [tmp_path / name for name in ("song.mp3.part", ".genrelens-notes.part", ".hidden.1a2b3c4d.part")]
    for path in (old, young, *mine):
        path.write_text("half")
    old_folder.mkdir()
    (old_folder / "half").write_text("half")
    for path in (old, old_folder, *mine):
        os.utime(path, (time.time() - DAY_S - 60,) * 2)
    files._clear_leftovers.cache_clear()
    write_whole(tmp_path / "new.txt", "x")
    assert names(tmp_path) == sorted([young.name, "new.txt", *(path.name for path in mine)])
    assert set(contents(tmp_path)) == {tmp_path / "new.txt", *mine}


def fill(folder: Path, content: str, *, names: tuple[str, ...] = ("a", "b")) -> None:
    with written_folder(folder) as fresh:
        for name in names:
            (fresh / name).write_text(content)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_folder_is_replaced_with_all_that_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    if not at_once:
        monkeypatch.setattr(files, "_exchange", lambda one, other: False)
    fill(tmp_path / "model", "old", names=("a", "b", "c"))
    fill(tmp_path / "model", "new")
    assert names(tmp_path) == ["model"] and names(tmp_path / "model") == ["a", "b"]
    assert (tmp_path / "model" / "a").read_text() == "new"


@pytest.mark.skipif(ON_WINDOWS, reason="links take rights there")
def test_a_link_to_a_folder_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    fill(tmp_path / "far" / "model", "old")
    (tmp_path / "model").symlink_to("far/model")
    fill(tmp_path / "model", "new")
    assert (tmp_path / "model").is_symlink()
    assert (tmp_path / "far" / "model" / "a").read_text() == "new"


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("blow", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("moment", ["write_text", "fsync", "rename"])
def test_a_folder_that_cannot_be_replaced_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool, moment: str, blow: BaseException
) -> None:
    fill(tmp_path / "model", "old")
    if not at_once:
        monkeypatch.setattr(files, "_exchange", lambda one, other: False)
    rename = Path.rename

    def fail(self: Path | int, *args: Path) -> None:
        if isinstance(self, Path) and (self.name == "model" or self.suffix == ".old"):
            rename(self, *args)
        else:
            raise blow

    monkeypatch.setattr(os if moment == "fsync" else Path, moment, fail)
    if moment == "rename" and at_once:
        monkeypatch.setattr(files, "_exchange", fail)
    with pytest.raises(type(blow)):
        fill(tmp_path / "model", "new")
    monkeypatch.undo()
    assert names(tmp_path) == ["model"]
    assert (tmp_path / "model" / "b").read_text() == "old"


@pytest.mark.skipif(ON_WINDOWS, reason="no fork there")
@pytest.mark.filterwarnings("ignore:.*fork")
@pytest.mark.parametrize("again", [False, True])
def test_a_folder_that_lost_its_name_gets_it_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: bool) -> None:
    """Where the system exchanges no names, and kills the program between the two renames."""
    fill(tmp_path / "model", "old")
    monkeypatch.setattr(files, "_exchange", lambda one, other: False)
    child = os.fork()
    if not child:
        monkeypatch.setattr(files, "_sync_folder", lambda folder: None)
        rename = Path.rename
        monkeypatch.setattr(
            Path,
            "rename",
            lambda self, to: os.kill(os.getpid(), signal.SIGKILL) if self.suffix == ".part" else rename(self, to),
        )
        fill(tmp_path / "model", "new")
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert not (tmp_path / "model").exists() and contents(tmp_path) == ()
    if again:
        fill(tmp_path / "model", "new")
    else:
        give_back(tmp_path / "model")
    assert (tmp_path / "model" / "a").read_text() == ("new" if again else "old")


def test_a_file_is_no_folder_to_replace(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("mine")
    with pytest.raises(OSError):
        fill(tmp_path / "model", "new")
    assert names(tmp_path) == ["model"] and (tmp_path / "model").read_text() == "mine"


def test_a_file_written_by_others_is_whole_too(tmp_path: Path) -> None:
    path = tmp_path / "best.ckpt"
    path.write_text("old")
    with pytest.raises(RuntimeError), written_aside(path) as aside:
        aside.write_text("half")
        raise RuntimeError
    assert names(tmp_path) == ["best.ckpt"] and path.read_text() == "old"
    with written_aside(path) as aside:
        aside.write_text("new")
    assert names(tmp_path) == ["best.ckpt"] and path.read_text() == "new"


def test_a_folders_files_and_names_are_on_the_disk_before_it_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for a file that has a name elsewhere: it was there before, and may be as large as a checkpoint."""
    (tmp_path / "large").write_text("kept")
    synced: list[str] = []
    monkeypatch.setattr(files, "_to_disk", lambda path: synced.append(path.name))
    monkeypatch.setattr(files, "_sync_folder", lambda path: synced.append(f"{path.name}/"))
    with written_folder(tmp_path / "out") as fresh:
        (fresh / "inner").mkdir()
        (fresh / "inner" / "new").write_text("new")
        (fresh / "inner" / "large").hardlink_to(tmp_path / "large")
    assert sorted(synced[:2]) == ["inner/", "new"]
    assert len(synced) == 4 and synced[2] == f"{fresh.name}/" and synced[3] == f"{tmp_path.name}/"
