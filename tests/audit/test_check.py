"""What the check of a data set finds, and what it leaves alone."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

import make_music
from genrelens.audit.check import Checked, check
from genrelens.data import gtzan
from genrelens.data.fetch import Source, fetch
from genrelens.data.pictures import png_fault
from genrelens.errors import DataError
from genrelens.features.table import row_name


def found(report: Checked, *, without: str = "missing") -> dict[str, tuple[str, str, str]]:
    return {p.what: (p.kind, p.thing, p.message) for p in report.problems if p.kind != without}


def png(width: int = 432, height: int = 288) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.fixture
def small_gtzan(tmp_path: Path) -> Path:
    """Three clips of 1 s with their pictures and a table that has their lengths."""
    lines = ["filename,length," + ",".join(TABLE_COLUMNS) + ",label"]
    for i in range(3):
        clip = tmp_path / "genres_original" / "blues" / f"blues.0000{i}.wav"
        clip.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(clip, 0.1 * np.random.default_rng(i).standard_normal(22_050), 22_050)
        picture = tmp_path / "images_original" / "blues" / f"blues0000{i}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(png())
        lines.append(f"{row_name(clip.name, None)},22050," + ",".join(["0.5"] * len(TABLE_COLUMNS)) + ",blues")
    (tmp_path / "features_30_sec.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def _table_columns() -> list[str]:
    names = ["chroma_stft", "rms", "spectral_centroid", "spectral_bandwidth", "rolloff", "zero_crossing_rate"]
    names += ["harmony", "perceptr"]
    columns = [f"{name}_{moment}" for name in names for moment in ("mean", "var")]
    return [*columns, "tempo", *(f"mfcc{i}_{moment}" for i in range(1, 21) for moment in ("mean", "var"))]


TABLE_COLUMNS = _table_columns()
assert len(TABLE_COLUMNS) == 57


def test_a_sound_set_has_only_missing_clips(small_gtzan: Path) -> None:
    report = check(small_gtzan)
    assert report.dataset == "gtzan"
    assert report.there == {"clips": 3, "pictures": 3, "tables": 1}
    assert found(report) == {}
    missing = [(p.thing, p.what) for p in report.problems]
    assert sum(thing == "clip" for thing, _ in missing) == 997
    assert sum(thing == "picture" for thing, _ in missing) == 996  # jazz.00054 never had one
    assert ("table", "features_30_sec.csv") in missing
    assert report.notes == ("there is one genre only, 'blues', and nothing to tell it from",)


def test_altered_and_unreadable_clips_pictures_and_tables_are_named(small_gtzan: Path) -> None:
    blues = small_gtzan / "genres_original" / "blues"
    (blues / "blues.00000.wav").write_bytes(b"RIFF" + b"no sound at all " * 100)
    soundfile.write(blues / "blues.00001.wav", 0.1 * np.ones(22_000), 22_050)
    soundfile.write(blues / "blues.00002.wav", 0.1 * np.ones(22_050), 44_100)
    (blues / "blues.00003.wav").write_bytes(b"")
    pictures = small_gtzan / "images_original" / "blues"
    (pictures / "blues00000.png").write_bytes(png(100, 100))
    (pictures / "blues00001.png").write_bytes(png()[:-20])
    (pictures / "blues00002.png").write_bytes(png().replace(b"IDAT", b"IDAU"))
    report = check(small_gtzan)
    problems = {(p.thing, p.what): (p.kind, p.message) for p in report.problems if p.kind != "missing"}
    assert problems.keys() == {(thing, f"blues.0000{i}") for thing in ("clip", "picture") for i in range(3)} | {
        ("clip", "blues.00003")
    }
    assert problems["clip", "blues.00000"][0] == "unreadable"
    assert problems["clip", "blues.00001"] == ("altered", "22,000 samples, but features_30_sec.csv has 22,050")
    assert problems["clip", "blues.00002"] == ("altered", "its rate is 44100 Hz, expected 22050")
    assert problems["clip", "blues.00003"][0] == "unreadable"
    assert problems["picture", "blues.00000"] == ("altered", "the picture is 100 x 100 pixels, expected 432 x 288")
    assert problems["picture", "blues.00001"] == ("unreadable", "the picture is cut off")
    assert "checksum of its IDAU chunk" in problems["picture", "blues.00002"][1]
    quick = check(small_gtzan, quick=True)
    assert not quick.decoded
    assert ("clip", "blues.00001") not in {(p.thing, p.what) for p in quick.problems if p.kind == "altered"}
    (small_gtzan / "features_30_sec.csv").write_text("filename;length\n")
    report = check(small_gtzan)
    assert found(report)["features_30_sec.csv"][:2] == ("unreadable", "table")


def test_a_wav_without_a_length_is_whole(tmp_path: Path) -> None:
    for i, size in enumerate((0, 20_000, 0xFFFFFFFF)):
        path = tmp_path / "rock" / f"{i}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, 0.1 * np.random.default_rng(i).standard_normal(22_050), 22_050)
        data = path.read_bytes()
        path.write_bytes(data[:40] + struct.pack("<I", size) + data[44:])
    (tmp_path / "jazz").mkdir()
    soundfile.write(tmp_path / "jazz" / "a.wav", np.full(22_050, 0.1), 22_050)
    assert found(check(tmp_path)) == {}


def test_a_truncated_clip_is_unreadable_to_its_end(tmp_path: Path) -> None:
    path = make_music.noise(tmp_path / "Rock" / "a.flac", seconds=2)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    report = check(tmp_path)
    assert report.dataset == "folder"
    assert found(report)["Rock/a.flac"][0] == "unreadable"
    assert "truncated" in found(report)["Rock/a.flac"][2]


def test_several_processes_find_the_same(small_gtzan: Path) -> None:
    (small_gtzan / "genres_original" / "blues" / "blues.00001.wav").write_bytes(b"RIFF broken")
    done: list[tuple[int, int]] = []
    report = check(small_gtzan, n_workers=2, progress=lambda i, n: done.append((i, n)))
    assert report.problems == check(small_gtzan).problems
    assert done == [(1, 3), (2, 3), (3, 3)]


def test_what_was_fetched_is_compared_with_what_it_was(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "toy.zip", "w") as archive:
        for name in ("a", "b", "c", "d"):
            archive.writestr(f"toy/{name}.txt", name * 100)
    source = Source("toy", "https://example.invalid/toy.zip", "toy.zip", "toy", "a little", 10**6, "any")
    fetch("toy", tmp_path, source=source)
    report = check(tmp_path)
    assert (report.dataset, report.there, report.problems) == (None, {"files": 4}, ())
    assert "holds none of the data sets" in report.notes[0]
    (tmp_path / "toy" / "a.txt").unlink()
    (tmp_path / "toy" / "b.txt").write_text("shorter")
    (tmp_path / "toy" / "c.txt").write_text("x" * 100)
    report = check(tmp_path)
    assert {what: kind for what, (kind, _, _) in found(report, without="").items()} == {
        "toy/a.txt": "missing",
        "toy/b.txt": "altered",
        "toy/c.txt": "altered",
    }
    assert "toy/c.txt" not in found(check(tmp_path, quick=True), without="")
    assert json.dumps(report.to_dict())


def test_fma_without_clips_and_with_broken_ones(tmp_path: Path) -> None:
    rows = [make_music.fma_row(i) for i in (1, 2, 98565)]
    make_music.write_tracks_csv(tmp_path / "fma_metadata" / "tracks.csv", rows)
    make_music.noise(tmp_path / "fma_small" / "000" / "000001.mp3")
    report = check(tmp_path)
    assert found(report, without="") == {"000002": ("missing", "clip", "it has no file")}
    assert report.notes[-1].startswith("1 tracks are left out, each because its published clip is broken")


def test_nothing_to_check_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds none of the data sets"):
        check(tmp_path)
    with pytest.raises(DataError, match="does not exist"):
        check(tmp_path / "none")


def test_png_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    for content, fault in ((b"", "the file is empty"), (b"GIF89a", "not a PNG picture"), (png(), None)):
        path.write_bytes(content)
        assert png_fault(path) == fault
    for end in range(8, len(png())):
        path.write_bytes(png()[:end])
        assert png_fault(path) == "the picture is cut off"
    assert "cannot be opened" in str(png_fault(tmp_path / "none.png"))


@pytest.mark.real_data
def test_the_real_clips_pictures_and_tables_are_whole(real_data: Path) -> None:
    report = check(real_data / "gtzan", quick=True)
    assert found(report) == {}
    assert report.there["clips"] == len(gtzan.load(real_data).tracks)


def test_a_set_some_levels_below_is_looked_at_there(
    small_gtzan: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    hub = tmp_path_factory.mktemp("hub")
    (hub / "versions").mkdir()
    moved = small_gtzan.rename(hub / "versions" / "1")
    (moved / "genres_original" / "blues" / "cover.jpg").touch()
    report = check(hub)
    assert report.there == {"clips": 3, "pictures": 3, "tables": 1}
    assert report.passed_over == {".jpg": 1}
