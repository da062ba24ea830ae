"""Columns: escapes, widths and cuts."""

from __future__ import annotations

from genrelens.cli.terminal import pad, shorten, width
from genrelens.pages.wording import clock, length, percent, visible


def test_visible_escapes_what_could_disturb_a_terminal() -> None:
    assert visible("plain, é, 夜 and ♫") == "plain, é, 夜 and ♫"
    assert visible("a\nb\tc\x1b[31m\x7f") == "a\\nb\\tc\\x1b[31m\\x7f"
    assert visible("\u202egpj.exe") == "\\u202egpj.exe"
    assert visible("caf\udce9") == "caf\\udce9"


def test_widths() -> None:
    assert width("abc") == 3
    assert width("夜に") == 4
    assert width("e\u0301") == 1
    assert pad("夜", 4) == "夜  "


def test_shorten_keeps_the_end() -> None:
    assert shorten("/home/ana/music/song.mp3", 12) == "...song.mp3"[:3] + "/home/ana/music/song.mp3"[-9:]
    assert shorten("short", 12) == "short"
    assert width(shorten("夜" * 20, 9)) <= 9


def test_times_and_probabilities() -> None:
    assert [clock(s) for s in (0, 59.9, 61, 3600, 36061)] == ["0:00", "0:59", "1:01", "1:00:00", "10:01:01"]
    assert [length(s) for s in (0.25, 1, 61)] == ["0.25 s", "0:01", "1:01"]
    assert [percent(p) for p in (0, 0.004, 0.126, 0.9999, 1)] == ["0 %", "0 %", "13 %", "99 %", "100 %"]
