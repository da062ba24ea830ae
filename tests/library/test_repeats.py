"""What learning does about copies, unwritable places and few artists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genrelens.data.splits.folds import grouped_folds
from genrelens.data.track import Track
from genrelens.errors import BundleError
from genrelens.library.learn import check_out, one_recording


def test_copies_are_one_recording_of_one_artist_and_never_part() -> None:
    rows = np.random.default_rng(0).standard_normal((12, 5))
    rows = np.concatenate([rows, rows[:6], rows[:3]])
    tracks = [Track(f"t{i}", Path(f"{i}"), "a" if i % 2 else "b", None, "own") for i in range(len(rows))]
    known, n_repeats = one_recording(tracks, rows)
    assert n_repeats == 9
    assert [track.id for track in known] == [track.id for track in tracks]
    assert known[11] == tracks[11]  # what is there once stays as it is
    assert known[0].recording == known[12].recording == known[18].recording
    assert known[0].group == known[12].group
    assert known[0].group != known[1].group
    for fold in grouped_folds(known, n_folds=4, seed=0):
        held = set(fold.ids("test"))
        assert len({f"t{i}" in held for i in (0, 12, 18)}) == 1


def test_copies_keep_the_artist_that_somebody_named() -> None:
    rows = np.ones((3, 2))
    tracks = [
        Track("x", Path("x"), "a", None, "own"),
        Track("y", Path("y"), "a", "Ella", "own"),
        Track("z", Path("z"), "a", None, "own"),
    ]
    known, _ = one_recording(tracks, rows)
    assert known[1].artist == "Ella"
    assert len({track.recording for track in known}) == 1


def test_a_place_that_cannot_be_written_to_is_refused_before_anything_is_heard(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(BundleError, match="no folder that may be written to"):
        check_out(tmp_path / "file" / "deep" / "my.bundle")
    check_out(tmp_path / "new" / "deep" / "my.bundle")
