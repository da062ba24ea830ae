"""Label tracks and cue sheets, in closed form."""

from __future__ import annotations

from pathlib import Path

import pytest

from genrelens.bundle.segments import Segment
from genrelens.errors import GenrelensError
from genrelens.pages.labels import cue_sheet, label_track, write_labels

PARTS = (Segment(0.0, 80.5, "rock", 0.82), Segment(80.5, 6100.0, 'j"a\tz\nz', 0.996))


def test_a_label_track_is_tabs_and_lines_whatever_a_genre_is_called() -> None:
    assert label_track(PARTS) == '0.000000\t80.500000\trock 82 %\n80.500000\t6100.000000\tj"a\\tz\\nz 99 %\n'


def test_a_cue_sheet_counts_75_frames_a_second_and_minutes_beyond_an_hour() -> None:
    late = Segment(6100.5, 6200.0, "rock", 0.5)
    assert cue_sheet((*PARTS, late), sound='a "b".mp3').splitlines() == [
        "FILE \"a 'b'.mp3\" MP3",
        *["  TRACK 01 AUDIO", '    TITLE "rock 82 %"', "    INDEX 01 00:00:00"],
        *["  TRACK 02 AUDIO", '    TITLE "j\'a\\tz\\nz 99 %"', "    INDEX 01 01:20:38"],
        *["  TRACK 03 AUDIO", '    TITLE "rock 50 %"', "    INDEX 01 101:40:38"],
    ]


def test_a_cue_sheet_elsewhere_names_the_whole_path(tmp_path: Path) -> None:
    (tmp_path / "cues").mkdir()
    write_labels(tmp_path / "cues" / "a.CUE", PARTS, sound=str(tmp_path / "a.wav"))
    assert f'FILE "{tmp_path / "a.wav"}" WAVE' in (tmp_path / "cues" / "a.CUE").read_text("utf-8")


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(GenrelensError, match="cannot be written") as caught:
        write_labels(tmp_path / "absent" / "a.txt", PARTS, sound="a.wav")
    assert caught.value.code == "cannot_write"
    with pytest.raises(GenrelensError, match="at most 99 parts, and there are 100"):
        write_labels(tmp_path / "a.cue", PARTS * 50, sound="a.wav")
    assert list(tmp_path.iterdir()) == []
