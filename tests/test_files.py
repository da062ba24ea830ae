"""Whole files or none: what was there stays until the new content stands."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from genrelens.files import write_whole


@pytest.mark.parametrize(
    ("content", "on_disk"),
    [
        ("Für\r\nElise\n夜\n", "Für\r\nElise\n夜\n".encode()),
        (b"\x00\xff\r\n", b"\x00\xff\r\n"),
        ("", b""),
    ],
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
    if sys.platform == "win32":
        pytest.skip("Windows replaces no file that is open")
    path = tmp_path / "record.json"
    write_whole(path, "old content")
    with path.open() as reader:
        assert reader.read(4) == "old "
        write_whole(path, "NEW CONTENT")
        assert reader.read() == "content"


@pytest.mark.parametrize("moment", ["write", "fsync", "replace"])
@pytest.mark.parametrize("blow", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, blow: BaseException
) -> None:
    path = tmp_path / "record.json"
    write_whole(path, "old")

    def fail(*_: object) -> None:
        raise blow

    if moment == "write":
        opened = Path.open

        class Full:
            def __init__(self, file: object) -> None:
                self.file = file

            def __enter__(self) -> Full:
                return self

            def __exit__(self, *_: object) -> None:
                self.file.close()  # type: ignore[attr-defined]

            write = fail

        monkeypatch.setattr(Path, "open", lambda self, mode: Full(opened(self, mode)))
    elif moment == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(type(blow)):
        write_whole(path, "new")
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_content_is_on_disk_before_it_takes_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, replace = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        (aside,) = tmp_path.iterdir()
        steps.append(f"fsync of {aside.read_bytes()!r}")
        sync(handle)

    def rename(self: Path, target: Path) -> Path:
        steps.append(f"replace {target.name}")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", rename)
    write_whole(tmp_path / "record.json", "all of it")
    assert steps == ["fsync of b'all of it'", "replace record.json"]


def test_a_folder_in_the_way_or_a_missing_folder_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError):
        write_whole(tmp_path / "taken", "x")
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "nowhere" / "file", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
