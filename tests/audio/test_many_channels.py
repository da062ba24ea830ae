"""Sound of many channels, of channels that change their number, and of streams that ffmpeg finds late."""

import io
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from make_sound import encoded, pyav_encoded, sine
from numpy.typing import NDArray

from genrelens import audio
from genrelens.audio.containers import ContainerSound
from genrelens.audio.gather import gathered
from genrelens.audio.source import open_reader

RATE = 48_000
CODECS = {"aac": "ipod", "libopus": "matroska", "wavpack": "matroska", "flac": "matroska"}


def tones(n_channels: int) -> NDArray[np.float32]:
    """(n, channels): in each channel a tone of its own, 200 Hz apart, over noise: pure tones are no music."""
    each = [sine(sample_rate=RATE, hz=300 + 200 * c, duration_s=2.0, peak=0.1) for c in range(n_channels)]
    hiss = np.random.default_rng(0).normal(0, 0.01, (2 * RATE, n_channels))
    return (np.stack(each, axis=1) + hiss).astype(np.float32)


def heard_hz(clip: audio.Clip) -> set[int]:
    """The tones above a hundredth of the loudest, in steps of 100 Hz."""
    middle = clip.samples[len(clip.samples) // 4 :][: clip.sample_rate]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    hz = np.flatnonzero(spectrum > 0.1 * spectrum.max()) * clip.sample_rate / len(middle)
    return {round(f / 100) * 100 for f in hz}


@pytest.mark.parametrize("codec", CODECS)
def test_eight_channels_of_every_planar_codec_are_heard(codec: str) -> None:
    data = pyav_encoded(CODECS[codec], codec, tones(8), sample_rate=RATE)
    clip = audio.load(data)
    assert clip.duration_s == pytest.approx(2.0, abs=0.1)
    assert clip.notes == ()
    missing = {300 + 200 * c for c in range(8)} - heard_hz(clip)
    assert len(missing) <= 1  # aac and opus give the low-frequency channel no tone of 900 Hz


@pytest.mark.parametrize("n_channels", [9, 16, 24, 64])
@pytest.mark.parametrize("container", ["wav", "mka"])
def test_up_to_sixty_four_channels(n_channels: int, container: str, tmp_path: Path) -> None:
    frames = tones(n_channels)
    path = tmp_path / "many.wav"
    soundfile.write(path, frames, RATE, subtype="PCM_16")
    if container == "mka":
        if not shutil.which("ffmpeg"):
            pytest.skip("needs ffmpeg")
        made = tmp_path / "many.mka"
        codec = ["libopus", "-mapping_family", "255"] if n_channels <= 24 else ["pcm_f64le"]
        command = ["ffmpeg", "-loglevel", "error", "-i", str(path), "-c:a", *codec, str(made)]
        subprocess.run(command, check=True)
        path = made
    assert len(heard_hz(audio.load(path))) == n_channels


def test_all_sample_formats_come_out_at_full_scale_one() -> None:
    import av

    values = np.array([[-1.0, 0.5, 0.25, -0.125]] * 3)
    packed = {"u8": 128, "s16": 2**15, "s32": 2**31, "flt": 1, "dbl": 1}
    for name, full_scale in packed.items():
        dtype = {"u8": "u1", "s16": "<i2", "s32": "<i4", "flt": "<f4", "dbl": "<f8"}[name]
        whole = values.repeat(500, axis=1) * full_scale + (128 if name == "u8" else 0)
        planar = av.AudioFrame.from_ndarray(whole.astype(dtype), format=f"{name}p", layout="2.1")
        flat = np.ascontiguousarray(whole.T).reshape(1, -1).astype(dtype)
        interleaved = av.AudioFrame.from_ndarray(flat, format=name, layout="2.1")
        for frame in (planar, interleaved):
            frame.sample_rate = RATE
            (block,) = gathered([frame])
            assert all(channel.dtype == np.float32 for channel in block)
            np.testing.assert_array_equal(block, values.repeat(500, axis=1), err_msg=frame.format.name)


def test_the_number_of_channels_may_change_within_a_file() -> None:
    stereo = np.stack([sine(sample_rate=44_100, hz=500.0), sine(sample_rate=44_100, hz=900.0)], axis=1)
    mono = sine(sample_rate=44_100, hz=700.0)
    for kind in ("aac", "pyav_mp3"):
        parts = [encoded(kind, sound, sample_rate=44_100) for sound in (mono, stereo, mono)]
        seen: list[NDArray[np.float32]] = []
        with audio.open_stream(b"".join(parts), sample_rate=None, watch=seen.append) as stream:
            n_samples = sum(len(block) for block in stream)
        assert {block.shape[1] for block in seen} == {1, 2}, kind
        assert n_samples / 44_100 == pytest.approx(3.0, abs=0.3), kind


class LateStream:
    """A container whose demuxer stumbles at its end over streams that began late, as PyAV's does."""

    def __init__(self, container: Any, error: Exception) -> None:
        self._container, self._error = container, error
        self.streams, self.format, self.close = container.streams, container.format, container.close

    def demux(self, stream: Any) -> Iterator[Any]:
        yield from self._container.demux(stream)
        raise self._error


def test_a_demuxer_that_stumbles_at_its_end_costs_no_sound() -> None:
    data = encoded("mkv", sine(sample_rate=44_100), sample_rate=44_100)
    whole = audio.load(data)
    sound = ContainerSound(open_reader(data))
    sound._container = LateStream(sound._container, IndexError("tuple index out of range"))  # type: ignore[assignment]
    sound._frames = sound._decoded(sound._container, sound._stream)
    sound._first = next(sound._frames)
    assert sum(len(block[0]) for block in sound.chunks()) >= len(whole.samples) - 1024
    assert sound.notes() == ()


@pytest.mark.parametrize("name", ["m1506.mpg", "m241.flv"])
def test_damaged_films_whose_streams_begin_late(name: str) -> None:
    path = Path(__file__).parents[3] / "shared/cases/late_stream" / name
    if not path.exists():
        pytest.skip("the file is not here")
    for _ in range(20):
        clip = audio.load(path)
        assert len(clip.samples) and clip.notes


def films(*sounds: NDArray[np.float32]) -> bytes:
    """Matroska with several sound streams."""
    import av

    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as container:
        streams: list[Any] = [container.add_stream("flac", rate=44_100, layout="mono") for _ in sounds]
        for stream, samples in zip(streams, sounds, strict=True):
            whole = (samples * 32767).astype(np.int16)
            for i, start in enumerate(range(0, len(whole), 4096)):
                piece = np.ascontiguousarray(whole[np.newaxis, start : start + 4096])
                frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
                frame.sample_rate, frame.pts = 44_100, 4096 * i
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return out.getvalue()


def test_a_silent_first_stream_gives_way_to_one_that_sounds() -> None:
    tone = sine(sample_rate=44_100, hz=700.0, duration_s=3.0)
    clip = audio.load(films(0 * tone, tone))
    assert heard_hz(clip) == {700}
    assert clip.notes == ("its sound stream 0 is silent, so stream 1 was heard",)
    assert audio.load(films(tone, 0 * tone)).notes == ()
    assert heard_hz(audio.load(films(tone, sine(sample_rate=44_100, hz=1_100.0, duration_s=3.0)))) == {700}
    assert np.abs(audio.load(films(0 * tone, 0 * tone)).samples).max() == 0


def test_a_damaged_stream_that_begins_in_silence_is_not_taken_for_silent() -> None:
    tone = sine(sample_rate=44_100, hz=700.0, duration_s=3.0)
    late = np.where(np.arange(len(tone)) < 44_100, 0.0, tone).astype(np.float32)
    whole = films(late, sine(sample_rate=44_100, hz=1_100.0, duration_s=3.0))
    assert heard_hz(audio.load(whole)) == {700}
    import av

    with av.open(io.BytesIO(whole)) as container:
        packets = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    at = 0
    for packet in packets[:9]:  # 0.8 s: within the silence, behind what ffmpeg looks at to choose a stream
        at = whole.index(packet, at + 1)
    clip = audio.load(whole[:at] + bytes(4) + whole[at + 4 :])
    assert heard_hz(clip) == {700}
    assert clip.notes == ("the file is damaged: 1 of its packets cannot be decoded and are left out",)


def test_a_file_of_many_channels_does_not_end_the_process(tmp_path: Path) -> None:
    """The command line, light install: three rows and exit code 0, where eight planar channels ended it by SIGSEGV."""
    import sys

    for i, n in enumerate((2, 8, 1)):
        (tmp_path / f"{i}.mka").write_bytes(
            pyav_encoded("matroska", "libopus", tones(n) if n > 1 else tones(1), sample_rate=RATE)
        )
    command = [sys.executable, "-m", "genrelens", "predict", str(tmp_path), "--csv"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ})
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 4


def test_blocks_last_three_seconds_or_hold_a_bounded_number_of_samples() -> None:
    import av

    for n_channels, layout, longest in ((1, "mono", 132_300), (2, "stereo", 131_072), (8, "7.1", 32_768)):
        frames = []
        for _ in range(300):
            frame = av.AudioFrame(format="fltp", layout=layout, samples=1024)
            frame.sample_rate = 44_100
            frames.append(frame)
        lengths = [len(block[0]) for block in gathered(frames)]
        assert sum(lengths) == 300 * 1024 and {len(block) for block in gathered(frames)} == {n_channels}
        assert all(longest <= length < longest + 1024 for length in lengths[:-1])
