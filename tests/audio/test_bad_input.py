"""Files that are missing, empty, cut, broken or not sound: a code and a sentence, never a raw exception."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from make_sound import PYAV_KINDS, SNDFILE_KINDS, encoded, pyav_encoded, sine

from genrelens import audio
from genrelens.errors import AudioError

NAMES = ["with space.wav", 'it\'s "quoted".wav', "Дискотека 音楽 🎵.wav", "-dash.wav", "a:b.wav", "new\nline.wav"]


def code_of(source: str | Path | bytes) -> str:
    with pytest.raises(AudioError) as caught:
        audio.load(source)
    assert "\n" not in str(caught.value)
    return caught.value.code


def test_paths_that_lead_to_no_file(tmp_path: Path) -> None:
    assert code_of(tmp_path / "none.wav") == "missing"
    assert code_of(str(tmp_path / ("x" * 5_000))) == "missing"
    assert code_of("null\0byte.wav") == "missing"
    assert code_of("") == "not_a_file"  # Path("") is the current folder
    assert code_of(tmp_path) == "not_a_file"
    (tmp_path / "empty.wav").touch()
    assert code_of(tmp_path / "empty.wav") == "empty"
    assert code_of(b"") == "empty"


def test_a_dangling_link_names_its_target(tmp_path: Path) -> None:
    link = tmp_path / "link.wav"
    try:
        link.symlink_to(tmp_path / "gone.wav")
    except OSError:
        pytest.skip("this system does not let us make links")
    with pytest.raises(AudioError, match=r"gone\.wav") as caught:
        audio.load(link)
    assert caught.value.code == "missing"


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.wav"
    path.write_bytes(b"RIFF")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert code_of(path) == "permission"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_and_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    assert code_of(tmp_path / "pipe.wav") == "not_a_file"


@pytest.mark.parametrize("source", [None, 3, np.zeros(5), ["a.wav"]])
def test_what_is_no_source_at_all_is_a_type_error(source: object) -> None:
    with pytest.raises(TypeError, match="from_array"):
        audio.load(source)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_are_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    try:
        path.write_bytes(encoded("wav_16", sine(sample_rate=8_000), sample_rate=8_000))
    except OSError:
        pytest.skip("this system does not allow such a name")
    assert audio.load(path).source == str(path)


@pytest.mark.parametrize(
    "data",
    [
        b"just some text, renamed to .mp3\n" * 50,
        "text with a byte order mark".encode("utf-16"),
        b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n/etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"\x89PNG\r\n\x1a\n" + bytes(500),
        b"%PDF-1.7\n" + b"x" * 500,
        bytes(5_000),
        b"x",
    ],
)
def test_other_content_is_not_audio(data: bytes) -> None:
    assert code_of(data) == "not_audio"


def test_files_without_sound() -> None:
    nothing = np.zeros(0, np.float32)
    for kind in ("wav_16", "wav_float", "aiff", "au"):
        assert code_of(encoded(kind, nothing, sample_rate=8_000)) == "no_sound"
    film = pyav_encoded("mp4", "aac", nothing, sample_rate=8_000, video_s=0.2)
    assert code_of(film) == "no_sound"


@pytest.mark.parametrize("kind", ["wav_float", "wav_double"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite(kind: str, bad: float) -> None:
    samples = np.full((20_000, 2), bad, np.float32)
    assert code_of(encoded(kind, samples, sample_rate=8_000)) == "not_finite"
    samples[:] = 0
    samples[-1, 0] = bad
    data = encoded(kind, samples, sample_rate=8_000)
    assert code_of(data) == "not_finite"
    with audio.open_stream(data, sample_rate=8_000) as stream, pytest.raises(AudioError):
        list(stream)


def test_a_header_with_a_mad_rate_is_damaged() -> None:
    data = bytearray(encoded("wav_16", sine(sample_rate=8_000), sample_rate=8_000))
    data[24:28] = (1).to_bytes(4, "little")
    assert code_of(bytes(data)) == "damaged"


CUT_KINDS = ["wav_16", "wav_float", "aiff", "au", "flac_16", "ogg", "opus", "mp3", "pyav_mp3", "wma", "webm", "mkv"]


@pytest.mark.parametrize("kind", CUT_KINDS)
def test_a_truncated_file_is_answered_and_says_so(kind: str) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 6 * 48_000).astype(np.float32)
    data = encoded(kind, noise, sample_rate=48_000)
    clip = audio.load(data[: len(data) // 2])
    assert 1.5 < clip.duration_s < 4.5
    assert len(clip.notes) == 1
    assert clip.notes[0].startswith("the file is truncated: ")
    assert f"{clip.duration_s:.1f}" in clip.notes[0]


def test_a_truncated_m4a_is_answered_if_its_index_is_in_front(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 6 * 44_100).astype(np.float32)
    options = {"movflags": "faststart"}
    fast = pyav_encoded("ipod", "aac", noise, sample_rate=44_100, path=tmp_path / "a.m4a", options=options)
    clip = audio.load(fast[: len(fast) // 2])
    assert 2 < clip.duration_s < 4
    assert len(clip.notes) == 1
    assert clip.notes[0].startswith("the file is truncated: ")
    usual = encoded("m4a", noise, sample_rate=44_100)
    assert code_of(usual[: len(usual) // 2]) == "damaged"


@pytest.mark.parametrize("kind", ["flac_16", "mp3"])
def test_a_hole_in_the_middle_keeps_both_sides(kind: str) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 6 * 44_100).astype(np.float32)
    data = bytearray(encoded(kind, noise, sample_rate=44_100))
    middle = len(data) // 2
    data[middle : middle + len(data) // 20] = bytes(len(data) // 20)
    clip = audio.load(bytes(data))
    assert clip.duration_s > 5.0
    assert clip.notes


@pytest.mark.parametrize("kind", ["wav_16", "ogg", "flac_16", "mp3", "alac"])
def test_a_disk_that_fails_while_reading(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 20 * 48_000).astype(np.float32)
    data = encoded(kind, noise, sample_rate=48_000)

    class FailingDisk(io.BytesIO):
        def read(self, n_bytes: int | None = -1, /) -> bytes:
            if len(data) // 2 < self.tell() < len(data) * 3 // 4:
                raise OSError(5, "Input/output error")
            return super().read(n_bytes)

    monkeypatch.setattr("genrelens.audio.source.io.BytesIO", FailingDisk)
    clip = audio.load(data)
    assert 2 < clip.duration_s < 19.5
    assert clip.notes


SMALL = {
    kind: encoded(kind, sine(sample_rate=48_000, duration_s=0.3), sample_rate=48_000)
    for kind in [*SNDFILE_KINDS, *PYAV_KINDS]
}


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(sorted(SMALL)), share=st.floats(0, 1))
def test_truncation_anywhere_gives_a_clip_or_an_audio_error(kind: str, share: float) -> None:
    data = SMALL[kind]
    try:
        clip = audio.load(data[: int(share * len(data))])
    except AudioError as error:
        assert error.code in {"empty", "damaged", "not_audio", "no_sound"}
    else:
        assert 0 < clip.duration_s < 0.5


@settings(max_examples=200, deadline=None)
@given(
    kind=st.sampled_from(sorted(SMALL)),
    hits=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=12),
    in_header=st.booleans(),
)
def test_changed_bytes_give_a_clip_or_an_audio_error(kind: str, hits: list[tuple[float, int]], in_header: bool) -> None:
    data = bytearray(SMALL[kind])
    reach = min(len(data), 200) if in_header else len(data)
    for share, value in hits:
        data[int(share * reach)] = value
    try:
        audio.load(bytes(data))
    except AudioError as error:
        assert str(error)


@settings(max_examples=150, deadline=None)
@given(
    head=st.sampled_from([b"", b"RIFF", b"ID3\x04", b"OggS", b"fLaC", b"FORM", b"\xff\xfb\x90", b"\0\0\0\x18ftyp"]),
    body=st.binary(max_size=400),
)
@example(head=b"RIFF\x24\0\0\0WAVEfmt ", body=b"")
@example(head=b".snd\xff\xff\xff\xff", body=bytes(40))
def test_arbitrary_bytes_give_a_clip_or_an_audio_error(head: bytes, body: bytes) -> None:
    try:
        audio.load(head + body)
    except AudioError as error:
        assert str(error)


def test_damage_prints_nothing_to_the_terminal(tmp_path: Path) -> None:
    for kind, data in SMALL.items():
        (tmp_path / f"cut.{kind}").write_bytes(data[: len(data) * 2 // 3])
        broken = bytearray(data)
        broken[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
        (tmp_path / f"broken.{kind}").write_bytes(broken)
    code = """
import sys
from pathlib import Path
from genrelens import audio
from genrelens.errors import AudioError
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        audio.load(path, sample_rate=22050)
    except AudioError:
        pass
"""
    answer = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert (answer.stdout, answer.stderr) == ("", "")
