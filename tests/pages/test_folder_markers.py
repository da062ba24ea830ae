"""A folder of ours is known by its marker, and nothing but a whole marker of this schema is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from genrelens.errors import DataError
from genrelens.pages.own_folder import OwnFolder

LOOK = OwnFolder(what="look", marker="look.json", schema="test.look/1", known=frozenset({"a.txt"}))


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 10_000, '{"schema": "test.look/2"}', "\xff"])
def test_a_damaged_marker_is_not_ours(tmp_path: Path, text: str) -> None:
    (tmp_path / LOOK.marker).write_text(text, encoding="latin-1")
    with pytest.raises(DataError, match="is not one of this genrelens"):
        LOOK.claim(tmp_path)


def test_what_a_run_wrote_the_next_one_replaces(tmp_path: Path) -> None:
    LOOK.claim(tmp_path / "look")
    LOOK.write(tmp_path / "look", {"a.txt": b"a"}, facts={})
    LOOK.claim(tmp_path / "look")
    assert LOOK.write(tmp_path / "look", {}, facts={}) == ()
    assert [path.name for path in (tmp_path / "look").iterdir()] == [LOOK.marker]
