"""The one walk: what it finds by its ending, in which order, what it passes over, and where it does not go."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from genrelens.audio import MEDIA_SUFFIXES, load
from genrelens.audio.walk import passed_over_text, walk

RATE = 48_000
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX links or names")


def tree(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def found(root: Path, counts: Counter[str] | None = None) -> list[str]:
    return [Path(item.path).relative_to(root).as_posix() for item in walk(root, passed_over=counts)]


def by_ffmpeg(codec: str, container: str, *, rate: int = RATE, layout: str = "mono") -> Callable[[Path], None]:
    def write(path: Path) -> None:
        noise = (3000 * np.random.default_rng(0).standard_normal((1, rate))).astype(np.int16)
        try:
            with av.open(str(path), "w", format=container) as out:
                stream = out.add_stream(codec, rate=rate, options={"strict": "-2"})
                stream.layout, stream.bit_rate = layout, 96_000
                size = stream.codec_context.frame_size or 960
                resampler = av.AudioResampler(format=stream.format, layout=layout, rate=rate, frame_size=size)
                frame = av.AudioFrame.from_ndarray(noise, format="s16", layout="mono")
                frame.rate = rate
                for piece in [*resampler.resample(frame), *resampler.resample(None)]:
                    out.mux(stream.encode(piece))
                out.mux(stream.encode(None))
        except (ValueError, av.FFmpegError) as error:  # this ffmpeg was built without it
            pytest.skip(f"no encoder: {error}")

    return write


def by_program(options: str) -> Callable[[Path], None]:
    """What PyAV's ffmpeg cannot write, and the system's may."""

    def write(path: Path) -> None:
        source = "anoisesrc=d=1:a=0.3:r=16000"
        command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, *options.split(), str(path)]
        if shutil.which("ffmpeg") is None or subprocess.run(command, check=False).returncode:
            pytest.skip("no ffmpeg that can write it")

    return write


def by_libsndfile(kind: str, subtype: str = "PCM_16") -> Callable[[Path], None]:
    def write(path: Path) -> None:
        samples = 0.1 * np.random.default_rng(0).standard_normal(RATE)
        with path.open("wb") as file:
            soundfile.write(file, samples, RATE, format=kind, subtype=subtype)

    return write


MADE = {
    "wav wave bwf": by_libsndfile("WAV"),
    "rf64 bw64": by_libsndfile("RF64"),
    "w64": by_libsndfile("W64"),
    "aif aiff": by_libsndfile("AIFF"),
    "aifc afc": by_ffmpeg("pcm_s16le", "aiff"),
    "au snd": by_libsndfile("AU"),
    "caf": by_libsndfile("CAF"),
    "voc": by_libsndfile("VOC"),
    "nist sph": by_libsndfile("NIST"),
    "avr": by_libsndfile("AVR"),
    "iff svx 8svx 16svx": by_libsndfile("SVX"),
    "flac fla": by_ffmpeg("flac", "flac"),
    "mp3 mpga m3a": by_ffmpeg("libmp3lame", "mp3"),
    "mp2 mpa m2a mp1 m1a": by_ffmpeg("mp2", "mp2"),
    "aac adts": by_ffmpeg("aac", "adts"),
    "ac3": by_ffmpeg("ac3", "ac3"),
    "eac3 ec3": by_ffmpeg("eac3", "eac3"),
    "dts": by_program("-ac 2 -c:a dca -strict -2 -f dts"),
    "mlp": by_program("-ar 48000 -ac 2 -c:a mlp -strict -2 -f mlp"),
    "thd": by_program("-ar 48000 -ac 2 -c:a truehd -strict -2 -f truehd"),
    "latm loas": by_program("-c:a aac -f latm"),
    "amr": by_ffmpeg("libopencore_amrnb", "amr", rate=8000),
    "ogg oga ogm mogg": by_libsndfile("OGG", "VORBIS"),
    "ogv ogx": by_ffmpeg("libopus", "ogg"),
    "opus": by_ffmpeg("libopus", "ogg"),
    "spx": by_program("-c:a libspeex -f ogg"),
    "m4a m4b m4r m4p mp4a": by_ffmpeg("aac", "ipod"),
    "alac": by_ffmpeg("alac", "ipod"),
    "mp4 m4v f4a f4b f4v": by_ffmpeg("aac", "mp4"),
    "isma ismv": by_ffmpeg("aac", "ismv"),
    "mov qt mj2": by_ffmpeg("pcm_s16le", "mov"),
    "3gp 3gpp 3ga": by_ffmpeg("aac", "3gp"),
    "3g2 3gp2 3gpp2": by_ffmpeg("aac", "3g2"),
    "wma asf wm wmv": by_ffmpeg("wmav2", "asf", rate=44_100, layout="stereo"),
    "wv": by_ffmpeg("wavpack", "wv"),
    "tta": by_ffmpeg("tta", "tta"),
    "mka mkv mk3d": by_ffmpeg("libopus", "matroska"),
    "webm weba": by_ffmpeg("libopus", "webm"),
    "avi divx": by_ffmpeg("libmp3lame", "avi"),
    "flv": by_ffmpeg("aac", "flv"),
    "mpg mpeg mpe m2p": by_ffmpeg("mp2", "mpeg"),
    "vob": by_ffmpeg("ac3", "vob"),
    "ts mts m2t m2ts tp trp": by_ffmpeg("mp2", "mpegts"),
    "ra rm rmvb": by_ffmpeg("ac3", "rm"),
}
NO_ENCODER = frozenset(
    ["xwma", "at3", "ape", "tak", "mpc", "mpp", "mp+", "dsf", "dff", "awb", "dtshd", "shn", "oma", "aa3"]
)
"""What nobody here can write; ffmpeg reads all of them."""


@pytest.mark.parametrize("endings", MADE)
def test_what_has_an_ending_of_the_list_is_read(endings: str, tmp_path: Path) -> None:
    path = tmp_path / "sound"
    MADE[endings](path)
    samples = load(path).samples
    assert samples.size > 1000
    assert samples.std() > 0.01


def test_every_ending_is_tried_above_or_cannot_be_written() -> None:
    assert {f".{ending}" for ending in (*" ".join(MADE).split(), *NO_ENCODER)} == MEDIA_SUFFIXES
    assert not MEDIA_SUFFIXES & {".m3u", ".ram", ".pls", ".cue", ".mid", ".txt", ".jpg", ".json", ""}


def test_files_and_folders_come_by_name_whatever_the_case_of_the_ending(tmp_path: Path) -> None:
    tree(tmp_path, "b/2.wav", "b/1.WAV", "a.MP3", "c/d/e/x.Mp+", "B.opus", "b.flac", "a/z.voc")
    assert found(tmp_path) == ["B.opus", "a/z.voc", "a.MP3", "b/1.WAV", "b/2.wav", "b.flac", "c/d/e/x.Mp+"]


def test_what_is_passed_over_is_counted_by_ending(tmp_path: Path) -> None:
    tree(tmp_path, "1.jpg", "a/2.JPG", "a/x.txt", "a/README", "01. A long title", "a.wav", "a/.secret.mp3", "b.tar.gz")
    tree(tmp_path, "._a.wav", ".DS_Store", "a/Thumbs.db", "desktop.ini", ".git/x.mp3", ".hidden")
    counts: Counter[str] = Counter()
    assert found(tmp_path, counts) == ["a.wav"]
    assert counts == {".jpg": 2, ".txt": 1, "without an ending": 2, ".gz": 1, "hidden": 1}
    assert passed_over_text(counts) == (
        "passed over 7 files that are no sound: 2 .jpg, 2 without an ending, 1 .gz, 1 .txt, 1 hidden"
    )


def test_titles_that_begin_with_dots_are_not_hidden(tmp_path: Path) -> None:
    tree(tmp_path, "...And Justice for All/1.mp3", ".5: The Gray Chapter/1.mp3", ".38 Special.mp3")
    assert len(found(tmp_path)) == 3


def test_the_sentence_is_short_however_many_endings_there_are() -> None:
    assert passed_over_text({}) == ""
    assert passed_over_text({".jpg": 1}) == "passed over 1 file that is no sound: 1 .jpg"
    counts = {f".{letter}": n for n, letter in enumerate("abcdefghijkl", start=1)}
    text = passed_over_text(counts | {".jpg": 1234})
    assert text.startswith("passed over 1,312 files that are no sound: 1,234 .jpg, 12 .l, 11 .k, ")
    assert text.endswith(", 4 .d and 6 others")


@given(st.dictionaries(st.text(max_size=5), st.integers(1, 99), min_size=1))
def test_the_sentence_accounts_for_every_file(counts: dict[str, int]) -> None:
    assert f" {sum(counts.values()):,} file" in passed_over_text(counts)


@posix
def test_links_to_folders_are_entered_where_they_lead_elsewhere_and_once(tmp_path: Path) -> None:
    top, other = tmp_path / "top", tmp_path / "other"
    tree(top, "b/x.wav")
    tree(other, "y.wav", "sub/z.wav")
    (top / "a").symlink_to(top / "b")  # comes by itself, under its own name
    (top / "b" / "up").symlink_to(top)
    (top / "b" / "above").symlink_to(tmp_path)
    (top / "b" / "self").symlink_to("self")
    (top / "c").symlink_to(other / "sub")
    (top / "d").symlink_to(other)
    (top / "e").symlink_to(other)
    (other / "back").symlink_to(top)
    assert found(top) == ["b/x.wav", "c/z.wav", "d/y.wav"]


@posix
def test_a_link_is_a_fine_place_to_begin(tmp_path: Path) -> None:
    tree(tmp_path / "top", "x.wav", "y/z.wav")
    (tmp_path / "link").symlink_to(tmp_path / "top")
    assert found(tmp_path / "link") == ["x.wav", "y/z.wav"]


def test_a_folder_that_cannot_be_read_comes_with_its_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "a/x.wav", "b/y.wav", "c.wav")
    scandir = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("a"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    items = list(walk(tmp_path))
    assert [Path(item.path).name for item in items] == ["a", "y.wav", "c.wav"]
    assert isinstance(items[0].error, PermissionError)


def test_paths_are_spelt_as_they_were_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "music/a.wav")
    monkeypatch.chdir(tmp_path)
    assert [item.path for item in walk("./music/")] == ["./music/a.wav"]
    assert [item.path for item in walk("music")] == [str(Path("music") / "a.wav")]
