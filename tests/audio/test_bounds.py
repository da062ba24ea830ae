"""Tags, padding and junk around the sound change nothing of it, and are no damage."""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_sound import encoded, pyav_encoded, sine
from make_tags import BEHIND, IN_FRONT, apev2, id3_text, id3v1, id3v2, lyrics3v2, picture

from genrelens import audio
from genrelens.audio.bounds import find_bounds, only_tags_between
from genrelens.audio.source import open_reader

RATE = 44_100
NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, 2 * RATE).astype(np.float32)
PLAIN = {
    **{kind: encoded(kind, NOISE, sample_rate=RATE) for kind in ("mp3", "flac_16", "wav_16", "aiff", "aac", "ogg")},
    "tta": pyav_encoded("tta", "tta", NOISE, sample_rate=RATE),
}
HEARD = {kind: audio.load(data).samples for kind, data in PLAIN.items()}


def check(kind: str, data: bytes | Path) -> None:
    clip = audio.load(data)
    np.testing.assert_array_equal(clip.samples, HEARD[kind])
    assert clip.notes == ()


@settings(max_examples=120, deadline=None)
@given(
    kind=st.sampled_from(sorted(PLAIN)), in_front=st.lists(IN_FRONT, max_size=3), behind=st.lists(BEHIND, max_size=3)
)
def test_any_stack_of_tags_around_any_format(kind: str, in_front: list[bytes], behind: list[bytes]) -> None:
    check(kind, b"".join(in_front) + PLAIN[kind] + b"".join(behind))


@pytest.mark.parametrize("kind", ["mp3", "aac"])
@pytest.mark.parametrize(
    "behind",
    [
        id3v2(id3_text(TCON="Rock")),  # without a footer
        apev2({"Genre": b"Rock"}, footer=False),
        random.Random(2).randbytes(300_000),
        b"<?xml version='1.0'?>" * 100,
    ],
)
def test_whatever_stands_behind_the_last_frame(kind: str, behind: bytes) -> None:
    check(kind, PLAIN[kind] + behind)
    check(kind, PLAIN[kind] + behind + id3v1())


@pytest.mark.parametrize("kind", sorted(PLAIN))
@pytest.mark.parametrize(
    "size", [b"\0\0\0\0", b"\0\0\0\x05", b"\0\0\x7f\x7f", b"\x7f\x7f\x7f\x7f", b"\xff\xff\xff\xff", b"\0\x01\x10\x10"]
)
def test_a_wrong_size_of_a_tag_costs_no_sound(kind: str, size: bytes) -> None:
    tag = id3v2(id3_text(TIT2="a" * 100) + picture(30_000))
    check(kind, tag[:6] + size + tag[10:] + PLAIN[kind])


def test_a_wrong_size_of_an_ape_tag_costs_no_sound() -> None:
    tag = apev2({"Genre": b"Rock", "Cover Art (Front)": b"c.jpg\0" + picture(9_000)}, header=False)
    for size in (0, 32, 50, 60_000, 0x7FFFFFFF):
        check("mp3", PLAIN["mp3"] + tag[:-20] + struct.pack("<I", size) + tag[-16:])
        data = PLAIN["flac_16"] + tag[:-20] + struct.pack("<I", size) + tag[-16:]
        np.testing.assert_array_equal(audio.load(data).samples, HEARD["flac_16"])


@pytest.mark.parametrize("kind", sorted(PLAIN))
@pytest.mark.parametrize("n_bytes", [1_000, 300_000, 2_300_000])
@pytest.mark.parametrize("junk", ["zeros", "chance", "text"])
def test_junk_in_front(kind: str, n_bytes: int, junk: str, tmp_path: Path) -> None:
    in_front = {
        "zeros": bytes(n_bytes),
        "chance": random.Random(3).randbytes(n_bytes),
        "text": b"lorem " * (n_bytes // 6),
    }
    (tmp_path / "a.bin").write_bytes(in_front[junk] + PLAIN[kind])
    check(kind, tmp_path / "a.bin")


def test_a_short_mp3_behind_a_long_tag() -> None:
    short = encoded("mp3", sine(sample_rate=RATE, duration_s=0.1), sample_rate=RATE)
    expected = audio.load(short)
    clip = audio.load(id3v2(picture(1_500_000)) + short + id3v1())
    np.testing.assert_array_equal(clip.samples, expected.samples)


@pytest.mark.parametrize("kind", ["mp3", "flac_16", "ogg"])
@pytest.mark.parametrize("behind", [b"", id3v1(), apev2({"Cover Art (Front)": picture(200_000)}) + lyrics3v2()])
def test_what_is_cut_off_is_still_called_truncated(kind: str, behind: bytes) -> None:
    data = PLAIN[kind]
    clip = audio.load(data[: len(data) // 2] + behind)
    assert clip.notes[0].startswith("the file is truncated")


def test_an_mp3_whose_counted_bytes_are_all_there_is_whole() -> None:
    at = PLAIN["mp3"].index(b"Info") if b"Info" in PLAIN["mp3"] else PLAIN["mp3"].index(b"Xing")
    data = bytearray(PLAIN["mp3"])
    data[at + 8 : at + 12] = struct.pack(">I", 10_000)  # a wrong number of frames
    assert audio.load(bytes(data)).notes == ()
    del data[len(data) // 2 :]
    assert audio.load(bytes(data)).notes[0].startswith("the file is truncated")


@pytest.mark.parametrize("kind", ["mp3", "aac", "flac_16"])
@pytest.mark.parametrize(
    "between",
    [id3v1(), id3v1() + id3v2(picture(100_000)), apev2({"Cover Art (Front)": picture(30_000)}) + id3v1(), bytes(2_000)],
)
def test_files_that_were_joined_with_their_tags(kind: str, between: bytes) -> None:
    clip = audio.load(PLAIN[kind] + between + PLAIN[kind])
    assert clip.duration_s == pytest.approx(2 * len(HEARD[kind]) / RATE, abs=0.1)
    assert clip.notes == ()
    if kind != "flac_16":  # another kind of damage is still spoken of
        broken = bytearray(PLAIN[kind])
        broken[len(broken) // 2 : len(broken) // 2 + 5_000] = b"ab" * 2_500
        assert audio.load(bytes(broken) + between + PLAIN[kind]).notes


def test_a_tag_behind_every_few_frames_is_no_joined_file() -> None:
    frames = (b"\xff\xf3\x14\xc4" + b"\xaa" * 20) * 4  # the smallest that there are
    assert only_tags_between(open_reader((frames + b"TAG.") * 100))
    assert not only_tags_between(open_reader((frames + b"TAG.") * 2_500))


def test_formats_that_say_where_they_end_are_left_alone() -> None:
    for kind in ("wav_16", "aiff", "m4a", "webm", "wma", "au", "w64", "caf"):
        data = encoded(kind, NOISE, sample_rate=48_000)
        bounds = find_bounds(open_reader(data))
        assert (bounds.start, bounds.end) == (0, len(data))
        tagged = audio.load(data + id3v1())
        np.testing.assert_array_equal(tagged.samples, audio.load(data).samples, err_msg=kind)
        assert tagged.notes == ()


def amr() -> bytes:
    """2 s of speech as of telephones: frames of a byte and twelve more, 0.02 s each."""
    chance = random.Random(0)
    return b"#!AMR\n" + b"".join(b"\x04" + chance.randbytes(12) for _ in range(100))


@pytest.mark.parametrize("data", [amr(), pyav_encoded("rm", "ac3", NOISE, sample_rate=RATE)], ids=["amr", "rm"])
def test_tags_behind_formats_of_packets(data: bytes) -> None:
    plain = audio.load(data)
    clip = audio.load(data + apev2({"Genre": b"Rock"}) + id3v1())
    np.testing.assert_array_equal(clip.samples, plain.samples)
    assert clip.notes == plain.notes == ()


@pytest.mark.parametrize(
    ("container", "codec"),
    [("ac3", "ac3"), ("eac3", "eac3"), ("mpegts", "mp2"), ("caf", "adpcm_ima_qt"), ("wv", "wavpack")],
)
@pytest.mark.parametrize("n_zeros", [1, 200, 100_000])
def test_zeros_behind_the_sound_are_no_sound_and_no_damage(container: str, codec: str, n_zeros: int) -> None:
    data = pyav_encoded(container, codec, NOISE, sample_rate=RATE)
    clip = audio.load(data + bytes(n_zeros))
    np.testing.assert_array_equal(clip.samples, audio.load(data).samples)
    assert clip.notes == ()


@pytest.mark.parametrize("n_bytes", [200, 5_000, 300_000])
def test_a_wavpack_file_ends_with_its_last_block(n_bytes: int) -> None:
    data = pyav_encoded("wv", "wavpack", NOISE, sample_rate=RATE)
    clip = audio.load(data + random.Random(0).randbytes(n_bytes))
    np.testing.assert_array_equal(clip.samples, audio.load(data).samples)
    assert clip.notes == ()
    assert audio.load(data[:-2_000]).notes


@pytest.mark.parametrize("kind", ["ogg", "opus"])
@pytest.mark.parametrize("behind", [bytes(100_000), id3v2(picture(90_000)), b"lorem " * 20_000])
def test_an_ogg_file_ends_with_its_last_page(kind: str, behind: bytes) -> None:
    data = encoded(kind, NOISE, sample_rate=48_000)
    clip = audio.load(data + behind)
    np.testing.assert_array_equal(clip.samples, audio.load(data).samples)
    assert clip.notes == ()


@pytest.mark.parametrize("kind", ["ogg", "opus"])
def test_a_chain_of_equal_serial_numbers_is_read_whole(kind: str) -> None:
    links = [encoded(kind, sine(sample_rate=48_000, hz=hz), sample_rate=48_000) for hz in (440, 880, 660)]
    clip = audio.load(b"".join(_renumbered(link) for link in links))
    assert clip.duration_s == pytest.approx(3.0, abs=0.1)
    assert clip.notes == ()


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg")
def test_opus_packets_that_go_over_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.opus"
    make = "-f lavfi -i anoisesrc=d=8:a=0.2 -ac 2 -c:a libopus -vbr off -b:a 510k"
    subprocess.run(["ffmpeg", "-v", "error", *make.split(), str(path)], check=True)
    clip = audio.load(path)
    assert (clip.duration_s, clip.notes) == (8.0, ())


@pytest.mark.skipif(shutil.which("lame") is None, reason="no lame")
def test_an_mp3_of_free_format(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.wav").write_bytes(encoded("wav_16", NOISE, sample_rate=RATE))
    subprocess.run(
        ["lame", "--quiet", "--freeformat", "-b", "400", str(tmp_path / "a.wav"), str(tmp_path / "a.mp3")], check=True
    )
    capfd.readouterr()
    data = (tmp_path / "a.mp3").read_bytes()
    for whole in (data, id3v2(picture(1_200_000)) + data + id3v1()):
        clip = audio.load(whole)
        assert clip.duration_s == pytest.approx(2.0, abs=0.1)
        assert clip.notes == ()
    assert capfd.readouterr().err == ""


def _renumbered(data: bytes) -> bytes:
    """The pages of an Ogg file with the serial number 1."""
    out, position = b"", 0
    while position < len(data):
        lacing = data[position + 27 : position + 27 + data[position + 26]]
        page = bytearray(data[position : position + 27 + len(lacing) + sum(lacing)])
        position += len(page)
        page[14:18], page[22:26] = struct.pack("<I", 1), bytes(4)
        page[22:26] = struct.pack("<I", _ogg_crc(page))
        out += page
    return out


def _ogg_crc(page: bytes) -> int:
    crc = 0
    for byte in page:
        crc = (crc << 8 & 0xFFFFFFFF) ^ _CRC[crc >> 24 ^ byte]
    return crc


def _crc_of(byte: int) -> int:
    crc = byte << 24
    for _ in range(8):
        crc = (crc << 1 ^ (0x04C11DB7 if crc >> 31 else 0)) & 0xFFFFFFFF
    return crc


_CRC = [_crc_of(byte) for byte in range(256)]
