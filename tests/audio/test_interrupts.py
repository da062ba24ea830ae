"""Ctrl-C while C code reads a file: it arrives, and is never taken for the end of the file."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from make_sound import PYAV_KINDS, encoded, pyav_encoded, sine

from genrelens import audio
from genrelens.audio.interrupts import held
from genrelens.audio.source import Reader
from genrelens.audio.tags import read_tags


@pytest.fixture(autouse=True)
def ctrl_c_as_usual() -> Iterator[None]:
    """A shell that starts the tests in the background has them ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt_read(at: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ctrl-C within the read of that number; the bytes that each read asked for."""
    read, calls = Reader.read, []

    def interrupted(self: Reader, n_bytes: int = -1) -> bytes:
        calls.append(n_bytes)
        if len(calls) == at:
            signal.raise_signal(signal.SIGINT)
        return read(self, n_bytes)

    monkeypatch.setattr(Reader, "read", interrupted)
    return calls


@pytest.mark.parametrize("kind", ["wav_16", "ogg", "flac_16", "mp3", "m4a"])
@pytest.mark.parametrize("at", [1, 4])
def test_ctrl_c_within_a_decoder_arrives(tmp_path: Path, kind: str, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the callbacks of cffi and Cython it was printed and lost, and the sound ended there without a note."""
    tone = sine(sample_rate=22_050, duration_s=20.0)
    data = (
        pyav_encoded(*PYAV_KINDS[kind], tone, sample_rate=22_050)
        if kind in PYAV_KINDS
        else encoded(kind, tone, sample_rate=22_050)
    )
    place = tmp_path / "a.sound"
    place.write_bytes(data)
    calls = interrupt_read(at, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        audio.load(place)
    assert len(calls) >= at
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("at", [1, 2, 3])
def test_ctrl_c_while_tags_are_read_arrives(tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was lost, and the file's tags were called empty."""
    place = tmp_path / "a.m4a"
    place.write_bytes(pyav_encoded(*PYAV_KINDS["m4a"], sine(sample_rate=22_050, duration_s=5.0), sample_rate=22_050))
    interrupt_read(at, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        read_tags(place)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_was_decided_about_ctrl_c_stays_so() -> None:
    got: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: got.append(number))
    try:
        with held():
            signal.raise_signal(signal.SIGINT)
            assert got == []
        assert got == [signal.SIGINT]
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with held():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_is_not_lost_where_the_work_fails() -> None:
    with pytest.raises(KeyboardInterrupt), held():
        signal.raise_signal(signal.SIGINT)
        raise ValueError("of the decoder")


def test_other_threads_decode_as_before() -> None:
    data, found = encoded("ogg", sine(sample_rate=8000), sample_rate=8000), []
    thread = threading.Thread(target=lambda: found.append(audio.load(data)))
    thread.start()
    thread.join()
    assert len(found) == 1 and np.abs(found[0].samples).max() > 0.1
