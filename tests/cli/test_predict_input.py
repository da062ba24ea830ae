"""Files and folders of every kind: each path gets its row, the exit code says whether all went well."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from run_cli import RATE, Run, write_tone

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX links, pipes or rights")


def write_bytes(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def nan_wav(path: Path) -> Path:
    soundfile.write(path, np.full(RATE, np.nan, np.float32), RATE, format="WAV", subtype="FLOAT")
    return path


def no_samples(path: Path) -> Path:
    soundfile.write(path, np.zeros(0), RATE, format="WAV")
    return path


def dangling(path: Path) -> Path:
    path.symlink_to(path.parent / "gone.wav")
    return path


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


BAD = {
    "missing": (lambda path: path, "missing"),
    "name too long": (lambda path: path.with_name("a" * 300), "missing"),
    "empty": (lambda path: write_bytes(path, b""), "empty"),
    "text": (lambda path: write_bytes(path, b"Dear diary, this is no music.\n" * 50), "not_audio"),
    "noise": (lambda path: write_bytes(path, np.random.default_rng(0).bytes(5000)), "not_audio"),
    "zero samples": (no_samples, "no_sound"),
    "nan": (nan_wav, "not_finite"),
    "header only": (lambda path: write_bytes(path, b"ID3\x04\x00\x00\x00\x00\x00\x00"), "damaged"),
}
if os.name == "posix":
    BAD |= {"dangling link": (dangling, "missing"), "pipe": (pipe, "not_a_file")}


@pytest.mark.parametrize("kind", sorted(BAD))
def test_bad_input_gets_a_row_with_a_code_and_a_sentence(run: Run, tmp_path: Path, kind: str) -> None:
    make, code = BAD[kind]
    bad = make(tmp_path / "song.mp3")
    good = write_tone(tmp_path / "good.wav")
    result = run("predict", "--json", bad, good)
    assert result.code == 1
    failed, answered = result.rows
    assert failed["error"]["code"] == code
    assert len(failed["error"]["message"].split()) >= 4
    assert failed["path"] == str(bad)
    assert failed["genre"] is failed["confidence"] is failed["probabilities"] is failed["duration_s"] is None
    assert answered["genre"] == "hum"
    assert answered["error"] is None
    table = run("predict", bad, good)
    assert table.code == 1
    assert f"{code}: " in table.out


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_no_permission(run: Run, tmp_path: Path) -> None:
    file = write_tone(tmp_path / "a.wav")
    file.chmod(0)
    folder = tmp_path / "closed"
    inside = write_tone(folder / "a.wav")
    folder.chmod(0)
    try:
        rows = run("predict", "--json", file, folder, inside).rows
    finally:
        folder.chmod(0o755)
    assert [row["error"]["code"] for row in rows] == ["permission", "permission", "permission"]


def test_an_empty_path_is_missing(run: Run) -> None:
    """What a shell makes of ``genrelens predict "$SONG"`` when nobody has set SONG."""
    (row,) = run("predict", "--json", "").rows
    assert row["error"]["code"] == "missing"


def test_a_folder_that_cannot_be_listed(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("genrelens.audio.walk.os.scandir", refuse)
    (row,) = run("predict", "--json", tmp_path).rows
    assert row["error"]["code"] == "permission"


def test_a_truncated_file_is_answered_with_a_note(run: Run, tmp_path: Path) -> None:
    content = write_tone(tmp_path / "a.wav", 6).read_bytes()
    cut = write_bytes(tmp_path / "cut.wav", content[: len(content) // 2])
    result = run("predict", "--json", cut)
    assert result.code == 0
    (row,) = result.rows
    assert row["genre"] == "hum"
    assert "truncated" in row["notes"][0]
    assert "truncated" in run("predict", cut).out


@pytest.mark.parametrize(("seconds", "reason", "guess"), [(0.2, "too_short", "hum"), (3.0, "silence", None)])
def test_sound_that_tells_nothing_abstains_and_is_no_error(
    run: Run, tmp_path: Path, seconds: float, reason: str, guess: str | None
) -> None:
    path = tmp_path / "a.wav"
    if reason == "silence":
        soundfile.write(path, np.zeros(round(seconds * RATE)), RATE)
    else:
        write_tone(path, seconds)
    result = run("predict", "--json", path)
    assert result.code == 0
    (row,) = result.rows
    assert (row["abstained"], row["reason"], row["guess"], row["error"]) == (True, reason, guess, None)
    assert row["genre"] is None


def test_folders_are_walked_in_sorted_order_and_other_files_passed_over(run: Run, tmp_path: Path) -> None:
    for name in ("b/2.wav", "b/1.WAV", "a.wav", "c/deep/er/x.wav"):
        write_tone(tmp_path / name)
    for name in ("cover.jpg", "b/notes.txt", "b/._1.wav", "b/wav"):
        (tmp_path / name).write_bytes(b"not music")
    result = run("predict", "--json", tmp_path)
    assert result.code == 0
    found = [Path(row["path"]).relative_to(tmp_path).as_posix() for row in result.rows]
    assert found == ["a.wav", "b/1.WAV", "b/2.wav", "c/deep/er/x.wav"]


def test_what_is_passed_over_is_said_once_on_stderr(run: Run, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    write_tone(one / "a.wav")
    write_tone(one / "b.bwf")
    for path in (one / "cover.jpg", one / "more" / "c.JPG", other / "notes.txt", other / ".DS_Store", one / "README"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"not music")
    result = run("predict", "--json", one, other, one / "a.wav")
    assert [Path(row["path"]).name for row in result.rows] == ["a.wav", "b.bwf", "other", "a.wav"]
    assert result.rows[2]["error"]["code"] == "no_music"
    assert result.err == ("genrelens: passed over 4 files that are no sound: 2 .jpg, 1 .txt, 1 without an ending\n")
    assert run("predict", "--json", one / "a.wav").err == ""


def test_a_file_that_is_named_is_read_whatever_its_ending(run: Run, tmp_path: Path) -> None:
    path = write_tone(tmp_path / "music.txt")
    assert run("predict", "--json", path).rows[0]["genre"] == "hum"
    text = write_bytes(tmp_path / "real.txt", b"words, words, words")
    assert run("predict", "--json", text).rows[0]["error"]["code"] == "not_audio"


def test_a_broken_file_in_a_folder_is_not_passed_over(run: Run, tmp_path: Path) -> None:
    write_tone(tmp_path / "a.wav")
    write_bytes(tmp_path / "b.mp3", b"")
    result = run("predict", "--json", tmp_path)
    assert result.code == 1
    assert [row["error"] and row["error"]["code"] for row in result.rows] == [None, "empty"]


def test_a_folder_without_music(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "readme.txt").write_text("no music")
    result = run("predict", "--json", tmp_path)
    assert result.code == 1
    (row,) = result.rows
    assert row["error"]["code"] == "no_music"
    assert row["path"] == str(tmp_path)


@posix
def test_links_in_circles_end(run: Run, tmp_path: Path) -> None:
    write_tone(tmp_path / "a" / "x.wav")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to(tmp_path / "a")
    (tmp_path / "loop.wav").symlink_to(tmp_path / "loop.wav")
    result = run("predict", "--json", tmp_path)
    found = [(Path(row["path"]).name, row["error"] and row["error"]["code"]) for row in result.rows]
    assert found == [("x.wav", None), ("loop.wav", "missing")]


def test_the_same_path_twice_is_answered_twice(run: Run, tmp_path: Path) -> None:
    path = write_tone(tmp_path / "a.wav")
    assert len(run("predict", "--json", path, path).rows) == 2


def test_a_fault_of_ours_costs_one_row_only(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from genrelens.bundle import Bundle

    opened = Bundle._opened

    def stumble(self: Bundle, source: str, **options: int) -> object:
        if "b.wav" in source:
            raise ZeroDivisionError("oops")
        return opened(self, source, **options)

    monkeypatch.setattr(Bundle, "_opened", stumble)
    monkeypatch.delenv("GENRELENS_DEBUG", raising=False)
    result = run("predict", "--json", *(write_tone(tmp_path / name) for name in ("a.wav", "b.wav", "c.wav")))
    assert result.code == 1
    assert [row["error"] and row["error"]["code"] for row in result.rows] == [None, "internal", None]


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
def test_ctrl_c_ends_quietly_after_the_answers_so_far(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from genrelens.bundle import Bundle

    opened = Bundle._opened

    def interrupted(self: Bundle, source: str, **options: int) -> object:
        if "b.wav" in source:
            raise KeyboardInterrupt
        return opened(self, source, **options)

    monkeypatch.setattr(Bundle, "_opened", interrupted)
    result = run("predict", "--json", *(write_tone(tmp_path / name) for name in ("a.wav", "b.wav", "c.wav")))
    assert result.code == 130
    assert len(result.rows) == 1
