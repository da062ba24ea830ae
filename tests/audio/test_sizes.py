"""Headers of wav, aiff, au, w64, caf and RF64 whose sizes are not true."""

from __future__ import annotations

import io
import random
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from make_sound import encoded
from make_tags import apev2, id3_text, id3v1, id3v2

from genrelens import audio
from genrelens.audio.chunks import mend_sizes
from genrelens.audio.source import Reader, open_reader
from genrelens.errors import AudioError

RATE = 48_000
NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, 10 * RATE).astype(np.float32)


def rf64() -> bytes:
    out = io.BytesIO()
    soundfile.write(out, NOISE, RATE, format="RF64", subtype="PCM_16")
    return out.getvalue()


FILES = {kind: encoded(kind, NOISE, sample_rate=RATE) for kind in ("wav_16", "aiff", "au", "w64", "caf")} | {
    "rf64": rf64()
}
SIZES = {
    "wav_16": (FILES["wav_16"].index(b"data") + 4, "<I", 0),
    "aiff": (FILES["aiff"].index(b"SSND") + 4, ">I", 8),
    "au": (8, ">I", 0),
    "w64": (FILES["w64"].index(b"data") + 16, "<Q", 24),
    "caf": (FILES["caf"].index(b"data") + 4, ">Q", 4),
    "rf64": (FILES["rf64"].index(b"ds64") + 16, "<Q", 0),
}
HEARD = {kind: audio.load(data).samples for kind, data in FILES.items()}


def with_size(kind: str, n_bytes: int, *, behind: bytes = b"") -> bytes:
    """``n_bytes`` of sound promised; -1 stands for a size of nothing but ones."""
    at, form, extra = SIZES[kind]
    width = struct.calcsize(form)
    size = min((n_bytes + extra) % (1 << 8 * width), (1 << 8 * width) - 1) if n_bytes >= 0 else (1 << 8 * width) - 1
    data = FILES[kind]
    return data[:at] + struct.pack(form, size) + data[at + width :] + behind


@pytest.mark.parametrize("kind", sorted(FILES))
def test_all_that_is_there_is_read_where_the_size_says_less(kind: str) -> None:
    clip = audio.load(with_size(kind, RATE * 2 * 5))
    np.testing.assert_array_equal(clip.samples, HEARD[kind])
    assert clip.notes == ("its header says 5.0 s; there are 10.0 s, all of it was read",)
    clip = audio.load(with_size(kind, RATE * 2 * 5, behind=id3v1()))
    np.testing.assert_array_equal(clip.samples, HEARD[kind])


@pytest.mark.parametrize("kind", sorted(FILES))
@pytest.mark.parametrize("size", [0, -1, 0x7FFFFFFF, 0x7FFFF000, 0xFFFFF000, 0x80000000])
def test_all_that_is_there_is_read_where_there_is_no_size(kind: str, size: int) -> None:
    if struct.calcsize(SIZES[kind][1]) == 8 and size > 0:
        size <<= 32
    clip = audio.load(with_size(kind, size))
    np.testing.assert_array_equal(clip.samples, HEARD[kind])
    assert clip.notes == ("its header gives no length; all 10.0 s that are there were read",)


@pytest.mark.parametrize("kind", sorted(FILES))
def test_a_right_size_is_believed(kind: str) -> None:
    behind = random.Random(0).randbytes(100)
    for data in (FILES[kind], FILES[kind] + behind, FILES[kind] + id3v1(), FILES[kind] + bytes(100_000)):
        clip = audio.load(data)
        np.testing.assert_array_equal(clip.samples, HEARD[kind])
        assert clip.notes == ()


@pytest.mark.parametrize("name", [b"levl", b"list", b"bext"])
def test_chunks_behind_the_sound_of_a_w64_are_no_sound(name: bytes) -> None:
    chunk = name + bytes.fromhex("f3acd3118cd100c04f8edb8a") + struct.pack("<Q", 24 + 4000) + b"x" * 4000
    clip = audio.load(FILES["w64"] + chunk)
    np.testing.assert_array_equal(clip.samples, HEARD["w64"])
    assert clip.notes == ()


CHUNKS = {
    "LIST": b"INFOIGNR" + struct.pack("<I", 5) + b"Rock\0" + bytes(40_001),
    "id3 ": id3v2(id3_text(TCON="Rock") + bytes(50_000)),
    "bext": random.Random(1).randbytes(60_000),
    "cue ": bytes(30_000),
    "XyZ1": random.Random(2).randbytes(60_001),
    "iXML": b"<a>" * 20_000,
}


@pytest.mark.parametrize("kind", ["wav_16", "aiff", "rf64"])
@pytest.mark.parametrize("name", sorted(CHUNKS))
def test_chunks_behind_the_sound_are_no_sound(kind: str, name: str) -> None:
    order = SIZES[kind][1] if kind != "rf64" else "<I"
    body = CHUNKS[name]
    chunk = name.encode() + struct.pack(order, len(body)) + body + b"\0" * (len(body) % 2)
    for behind in (chunk, chunk * 2, chunk[:20_000], chunk + apev2({"Genre": b"Rock"})):
        if name == "XyZ1" and behind == chunk[:20_000]:
            continue  # nobody knows it, and it is not whole
        clip = audio.load(FILES[kind] + behind)
        np.testing.assert_array_equal(clip.samples, HEARD[kind])
        assert clip.notes == ()
    if kind == "wav_16":  # the others count their samples elsewhere, too
        with pytest.raises(AudioError) as caught:
            audio.load(with_size(kind, 0)[:44] + chunk)
        assert caught.value.code == "no_sound"


@pytest.mark.parametrize("size", [1_000_000, 0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_wav_of_more_than_4_gb_is_shown_whole(size: int, tmp_path: Path) -> None:
    """Its header alone: decoding it would take minutes. The file is sparse."""
    import av

    from genrelens.audio.containers import OPTIONS

    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.write(FILES["wav_16"][:40] + struct.pack("<I", size) + FILES["wav_16"][44:100_044])
        file.seek(4_400_000_000)
        file.write(FILES["wav_16"][44:100_044])
    reader = open_reader(path)
    mend_sizes(reader)
    with av.open(reader, options=OPTIONS) as container:
        assert container.duration is not None
        assert container.duration / 1e6 == pytest.approx(4_400_100_000 / 2 / RATE, abs=1)
    share = reader.promised_share
    assert share == pytest.approx(1_000_000 / 4_400_100_000 if size == 1_000_000 else 0, rel=1e-3)
    reader.close()


def test_a_window_and_mended_bytes() -> None:
    reader = Reader(io.BytesIO(bytes(range(100))), source="bytes")
    reader.narrow(10, 90)
    reader.mend(2, b"abcd")
    assert reader.size == 80
    assert reader.read(4) == b"\x0a\x0bab"
    assert reader.peek(4, 3) == b"cd\x10"
    assert reader.peek(76, 10) == bytes(range(86, 90))
    assert (reader.tell(), reader.seek(-1, io.SEEK_END), reader.read(), reader.read()) == (4, 79, b"\x59", b"")
    reader.narrow(1, 80)
    assert reader.read(3) == b"\x0bab"
    reader.narrow(-11, 89)
    assert reader.read() == bytes(range(12)) + b"abcd" + bytes(range(16, 100))


LYING = {"wav_16": (b"data", b"LIST", "<I"), "aiff": (b"SSND", b"ANNO", ">I"), "rf64": (b"data", b"LIST", "<I")}


@pytest.mark.parametrize("size", [700_000_000, 0xFFFFFFF0])
@pytest.mark.parametrize("kind", sorted(LYING))
def test_a_chunk_that_says_it_is_huge_costs_no_memory(kind: str, size: int, tmp_path: Path) -> None:
    """A size that lets ffmpeg walk on through the sound as if it were INFO, and allocate what it finds there."""
    sound, name, order = LYING[kind]
    at = FILES[kind].index(sound)
    inside = b"INFOISFT" + struct.pack("<I", 13) + b"a" * 14
    lying = name + struct.pack(order, size) + inside
    data = FILES[kind][:at] + lying + FILES[kind][at:]
    (tmp_path / "a.wav").write_bytes(data)
    clip = audio.load(data)
    np.testing.assert_array_equal(clip.samples, HEARD[kind])
    (tmp_path / "b.wav").write_bytes(data[:at] + lying + FILES[kind][at + 4 :])  # without a sound chunk to be found
    (tmp_path / "c.wav").write_bytes(FILES[kind] + lying)
    assert grown_mb(*sorted(tmp_path.iterdir())) < 100


def grown_mb(*paths: Path) -> int:
    """By how much memory grows in a process of its own that reads files and their tags."""
    code = """
import resource, sys
from genrelens import audio
from genrelens.audio.tags import read_tags
from genrelens.errors import AudioError
import av, soundfile
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    for read in (audio.load, read_tags):
        try:
            read(path)
        except AudioError:
            pass
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    answer = subprocess.run([sys.executable, "-c", code, *map(str, paths)], capture_output=True, text=True, check=True)
    return int(answer.stdout)
