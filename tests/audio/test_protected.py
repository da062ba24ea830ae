"""Encrypted files are told from damaged ones."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from make_sound import encoded, pyav_encoded, sine

from genrelens import audio
from genrelens.audio.protected import check_protection
from genrelens.audio.source import Reader
from genrelens.errors import AudioError

NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, 48_000).astype(np.float32)


def code_of(data: bytes) -> str:
    with pytest.raises(AudioError) as caught:
        audio.load(data)
    if caught.value.code == "protected":
        assert "it is encrypted" in str(caught.value)
    return caught.value.code


def test_cenc() -> None:
    for container in ("mp4", "ipod", "mov"):
        options = {
            "encryption_scheme": "cenc-aes-ctr",
            "encryption_key": "76a6c65c5ea762046bd749a2e632ccbb",
            "encryption_kid": "a7e61c373e219033c21091fa607bf3b8",
        }
        data = pyav_encoded(container, "aac", NOISE, sample_rate=48_000, options=options)
        assert code_of(data) == "protected"
        assert code_of(data[: len(data) - 100]) in ("protected", "damaged")


@pytest.mark.parametrize("name", [b"drms", b"aavd", b"enca"])
def test_mp4_codecs_of_shops(name: bytes) -> None:
    data = encoded("m4a", NOISE, sample_rate=48_000)
    assert audio.load(data).notes == ()
    at = data.rindex(b"mp4a")
    assert code_of(data[:at] + name + data[at + 4 :]) == "protected"


def test_a_word_in_the_sound_is_no_protection() -> None:
    data = encoded("m4a", NOISE, sample_rate=48_000)
    at = data.index(b"mdat") + 200
    clip = audio.load(data[:at] + b"drmsencasinf" + data[at + 12 :])
    assert len(clip.samples)


@pytest.mark.parametrize(
    "name", ["fbb3112223bdd211b4b700a0c955fc6e", "14e68a292226174cb935dae07ee9289c", "338505438169e6499b74ad12cb86d58c"]
)
def test_wma(name: str) -> None:
    data = encoded("wma", NOISE, sample_rate=48_000)
    (size,) = struct.unpack_from("<Q", data, 16)
    drm = bytes.fromhex(name) + struct.pack("<Q", 24 + 40) + bytes(40)
    assert code_of(data[:16] + struct.pack("<Q", size + 64) + data[24:30] + drm + data[30:]) == "protected"
    assert code_of(data[:16] + struct.pack("<Q", size + 64) + data[24:size] + drm + data[size:]) == "protected"


def test_audibles_older_format() -> None:
    assert code_of(struct.pack(">I", 5_000) + b"\x57\x90\x75\x36" + bytes(5_000)) == "protected"


def test_matroska() -> None:
    data = encoded("webm", NOISE, sample_rate=48_000)
    assert audio.load(data).notes == ()
    at = data.index(b"\xd7\x81\x01", data.index(b"\x16\x54\xae\x6b"))  # the track's number, first in its entry
    track_size_at = data.rindex(b"\xae", 0, at) + 1
    encryption = b"\x6d\x80\x87" + b"\x62\x40\x84" + b"\x50\x35\x81" + b"\0"
    changed = bytearray(data[:at] + encryption + data[at:])
    for size_at in (data.index(b"\x16\x54\xae\x6b") + 4, track_size_at):
        width = 9 - changed[size_at].bit_length()
        size = int.from_bytes(changed[size_at : size_at + width], "big") + len(encryption)
        changed[size_at : size_at + width] = size.to_bytes(width, "big")
    assert code_of(bytes(changed)) == "protected"


def test_what_is_not_protected_is_not_called_so() -> None:
    for kind in ("m4a", "alac", "mp4", "wma", "webm", "mkv"):
        assert audio.load(encoded(kind, sine(sample_rate=48_000), sample_rate=48_000)).notes == ()


class CountingReader(Reader):
    """Counts how often it is asked."""

    n_peeks = 0

    def peek(self, offset: int, n_bytes: int) -> bytes:
        """As any."""
        self.n_peeks += 1
        return super().peek(offset, n_bytes)


def test_atoms_in_atoms_in_atoms_are_not_followed_for_ever() -> None:
    """A million times a tenth of a millisecond, where a film has some hundred of them."""
    content = b""
    for name, n in ((b"minf", 4), (b"mdia", 300), (b"trak", 300), (b"moov", 1)):
        content = (struct.pack(">I", 8 + len(content)) + name + content) * n
    reader = CountingReader(io.BytesIO(b"\0\0\0\x10ftypisom\0\0\0\0" + content), source="bytes")
    check_protection(reader)
    assert 300 < reader.n_peeks < 120_000
