"""Tags as they stand in files, written here byte by byte where no writer would."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from make_sound import encoded, sine
from make_tags import apev2, id3_text, id3v1, id3v2, lyrics3v2, picture

from genrelens.audio.tags import Tags, read_tags
from genrelens.errors import AudioError


def mp3() -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp3", options={"id3v2_version": "0", "write_xing": "0"}) as container:
        stream = container.add_stream("libmp3lame", rate=44_100)
        stream.layout = "mono"
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=44_100, frame_size=1152)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1152 * 8), np.int16), format="s16", layout="mono")
        frame.rate = 44_100
        for piece in resampler.resample(frame):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return out.getvalue()


MP3 = mp3()


def id3(version: int, **frames: bytes) -> bytes:
    """An ID3v2 tag of text frames; each value begins with its encoding."""
    body = b""
    for name, value in frames.items():
        size = struct.pack(">I", len(value))  # below 128 bytes the same in both versions
        body += name.encode() + size + b"\0\0" + value
    n = len(body)
    return b"ID3" + bytes([version, 0, 0]) + bytes([n >> 21 & 127, n >> 14 & 127, n >> 7 & 127, n & 127]) + body


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize(
    ("value", "genres"),
    [
        (b"\0Rock", ("Rock",)),
        (b"\0(17)", ("Rock",)),
        (b"\x0017", ("Rock",)),
        (b"\0(17)(6)", ("Rock",)),  # the second is lost, the first is what mutagen says too
        (b"\0(4)Eurodisco", ("Disco",)),
        (b"\0(RX)", ("Remix",)),
        (b"\0Rock; Blues", ("Rock", "Blues")),
        (b"\0Rock;Rock;", ("Rock",)),
        (b"\0Hip-Hop/Rap", ("Hip-Hop/Rap",)),
        (b"\0Folk, World, & Country", ("Folk, World, & Country",)),
        (b"\x03Rock\0Blues", ("Rock",)),
        ("\x01\ufeffチル".encode("utf-16-le").replace(b"\x01\0", b"\x01", 1), ("チル",)),
        (b"\x03\xc3\x89lectro\t ", ("Électro",)),
        (b"\0  ", ()),
    ],
)
def test_genres_of_mp3s(version: int, value: bytes, genres: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(id3(version, TCON=value, TPE1=b"\0Ann; Bob") + MP3)
    assert read_tags(path) == Tags(genres, "Ann")


def test_the_old_tag_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    fields = (b"Title", b"Ann", b"Album")
    path.write_bytes(MP3 + b"TAG" + b"".join(f.ljust(30, b"\0") for f in fields) + b"1999" + b"\0" * 30 + b"\x11")
    assert read_tags(path) == Tags(("Rock",), "Ann")


APE = {"Genre": b"Tango\0Waltz", "Artist": b"Ann", "Cover Art (Front)": b"c.jpg\0" + picture(100_000)}


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("behind", [b"", id3v1(artist=b"Bob"), lyrics3v2() + id3v1(artist=b"Bob")])
def test_ape_tags_of_mp3s(header: bool, behind: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(MP3 + apev2(APE, header=header) + behind)
    assert read_tags(path) == Tags(("Tango", "Waltz"), "Ann")
    path.write_bytes(id3v2(id3_text(TCON="Rock")) + MP3 + apev2(APE, header=header) + behind)
    assert read_tags(path) == Tags(("Rock",), "Ann")
    path.write_bytes(apev2(APE) + MP3 + behind)
    assert read_tags(path) == Tags(("Tango", "Waltz"), "Ann")


def test_an_ape_tag_that_lies(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    tag = apev2({"Artist": b"Ann", "Genre": b"Tango"})
    for at in range(32, len(tag), 4):  # what is left of it, and no error
        path.write_bytes(MP3 + tag[:at] + b"\xff\xff\xff\x7f" + tag[at + 4 :])
        assert len(read_tags(path).artist or "") <= 3
    many = apev2({f"X{i}": b"x" for i in range(3_000)} | {"Genre": b"Tango"})
    path.write_bytes(MP3 + many)
    assert read_tags(path) == Tags()


@pytest.mark.parametrize("kind", ["flac_16", "wav_16", "aiff", "aac"])
def test_tags_around_other_formats(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    sound = encoded(kind, sine(sample_rate=48_000, duration_s=0.5), sample_rate=48_000)
    path.write_bytes(bytes(1_500_000) + sound)
    assert read_tags(path) == Tags()
    path.write_bytes(sound + apev2(APE))
    assert read_tags(path) == (Tags(("Tango", "Waltz"), "Ann") if kind in ("flac_16", "aac") else Tags())


def test_comments_of_ogg_vorbis(tmp_path: Path) -> None:
    with soundfile.SoundFile(tmp_path / "a.ogg", "w", 22_050, 1, format="OGG", subtype="VORBIS") as file:
        file.genre, file.artist = "Tango", "Ann"
        file.write(np.zeros(4096))
    assert read_tags(tmp_path / "a.ogg") == Tags(("Tango",), "Ann")


@pytest.mark.parametrize("suffix", ["flac", "opus", "m4a", "wav"])
def test_comments_and_atoms(suffix: str, tmp_path: Path) -> None:
    codec = {"flac": "flac", "opus": "libopus", "m4a": "aac", "wav": "pcm_s16le"}[suffix]
    path = tmp_path / f"a.{suffix}"
    formats = {"m4a": "ipod", "opus": "ogg"}
    with av.open(str(path), "w", format=formats.get(suffix, suffix)) as container:
        container.metadata.update({"genre": "Tango", "artist": "Ann"})
        stream = container.add_stream(codec, rate=48_000)
        stream.layout = "mono"
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=48_000, frame_size=960)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 9600), np.int16), format="s16", layout="mono")
        frame.rate = 48_000
        for piece in resampler.resample(frame):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    assert read_tags(path) == Tags(("Tango",), "Ann")


def test_no_tags_and_no_sound(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(MP3)
    assert read_tags(tmp_path / "a.mp3") == Tags()
    (tmp_path / "b.mp3").write_bytes(b"not a sound " * 1000)
    with pytest.raises(AudioError, match="cannot read its header"):
        read_tags(tmp_path / "b.mp3")
    with pytest.raises(AudioError, match="no such file"):
        read_tags(tmp_path / "c.mp3")
    (tmp_path / "list.mp3").write_text(f"#EXTM3U\n{tmp_path / 'a.mp3'}\n")  # must not lead to other files
    with pytest.raises(AudioError):
        read_tags(tmp_path / "list.mp3")


@given(st.binary(max_size=60), st.sampled_from([3, 4]), st.binary(max_size=10))
def test_whatever_stands_in_a_tag_there_is_an_answer(value: bytes, version: int, before: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.mp3"
        path.write_bytes(before + id3(version, TCON=value) + MP3)
        try:
            tags = read_tags(path)
        except AudioError:
            return
        assert all(genre == genre.strip() and genre.isprintable() and genre for genre in tags.genres)
