"""Files that are named by a user: a path is never an address, and nothing is read that has no end."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from genrelens.data.own_music import table
from genrelens.data.splits.split import Split
from genrelens.errors import GenrelensError
from genrelens.features import read_table
from genrelens.recipe import load as load_recipe
from genrelens.schema import read_text

READERS: list[tuple[str, Callable[[Path], object]]] = [
    (".csv", lambda path: read_table(path)),
    (".parquet", lambda path: read_table(path)),
    (".json", lambda path: Split.read(path)),
    (".json", lambda path: read_text(path, what="report")),
    (".toml", lambda path: load_recipe(path)),
]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes among the files there")
@pytest.mark.parametrize(("suffix", "read"), READERS)
@pytest.mark.parametrize("what", ["pipe", "/dev/zero"])
def test_pipes_and_devices_are_not_waited_for(
    tmp_path: Path, suffix: str, read: Callable[[Path], object], what: str
) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    place = tmp_path / f"odd{suffix}"
    if what == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(what)
    with pytest.raises(GenrelensError, match="a device or a pipe; save it to a file first"):
        read(place)


@pytest.mark.skipif(os.name == "nt", reason="no name holds a colon there")
@pytest.mark.parametrize("folder", ["http:", "s3:", "data:,", "file:", "a::b"])
def test_a_path_is_never_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    pa, pq = (pytest.importorskip(name) for name in ("pyarrow", "pyarrow.parquet"))
    monkeypatch.chdir(tmp_path)
    place = Path(folder)
    place.mkdir()
    with (place / "t.parquet").open("wb") as file:
        pq.write_table(pa.table({"path": ["a.wav"], "genre": ["rock"]}), file)
    (place / "a.wav").write_bytes(b"RIFF")
    (track,) = table.load(place / "t.parquet").tracks
    assert track.genre == "rock"
    with pytest.raises(GenrelensError, match="expected a table of descriptors"):
        read_table(place / "t.parquet")
