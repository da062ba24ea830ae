"""Sound files of every kind that the tests need, made in memory: nothing binary is committed."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

SNDFILE_KINDS = {
    "wav_u8": ("WAV", "PCM_U8"),
    "wav_16": ("WAV", "PCM_16"),
    "wav_24": ("WAV", "PCM_24"),
    "wav_32": ("WAV", "PCM_32"),
    "wav_float": ("WAV", "FLOAT"),
    "wav_double": ("WAV", "DOUBLE"),
    "flac_16": ("FLAC", "PCM_16"),
    "flac_24": ("FLAC", "PCM_24"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "au": ("AU", "PCM_16"),
    "aiff": ("AIFF", "PCM_16"),
    "w64": ("W64", "PCM_16"),
    "caf": ("CAF", "PCM_16"),
}
PYAV_KINDS = {
    "m4a": ("ipod", "aac"),
    "alac": ("ipod", "alac"),
    "wma": ("asf", "wmav2"),
    "webm": ("webm", "libopus"),
    "mkv": ("matroska", "aac"),
    "mp4": ("mp4", "aac"),
    "aac": ("adts", "aac"),
    "pyav_mp3": ("mp3", "libmp3lame"),
}
LOSSLESS = frozenset(
    {"wav_16", "wav_24", "wav_32", "wav_float", "wav_double", "flac_16", "flac_24", "au", "aiff", "w64"}
)


def sine(*, sample_rate: int, duration_s: float = 1.0, hz: float = 440.0, peak: float = 0.5) -> NDArray[np.float32]:
    times_s = np.arange(round(duration_s * sample_rate)) / sample_rate
    return (peak * np.sin(2 * np.pi * hz * times_s)).astype(np.float32)


def encoded(kind: str, samples: NDArray[np.floating[Any]], *, sample_rate: int) -> bytes:
    """A file of this kind with (n,) or (n, channels) samples in it."""
    if kind in SNDFILE_KINDS:
        out = io.BytesIO()
        format_, subtype = SNDFILE_KINDS[kind]
        soundfile.write(out, samples, sample_rate, format=format_, subtype=subtype)
        return out.getvalue()
    container, codec = PYAV_KINDS[kind]
    return pyav_encoded(container, codec, samples, sample_rate=sample_rate)


def pyav_encoded(
    container_name: str,
    codec: str,
    samples: NDArray[np.floating[Any]],
    *,
    sample_rate: int,
    path: Path | None = None,
    options: dict[str, str] | None = None,
    video_s: float = 0.0,
) -> bytes:
    """A container with sound (none if ``samples`` is empty) and ``video_s`` seconds of grey pictures.

    Some ``options`` of the muxers (``faststart``) need a ``path``.
    """
    import av

    out = io.BytesIO()
    frames = samples[:, np.newaxis] if samples.ndim == 1 else samples
    layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1", 16: "hexadecagonal"}[frames.shape[1]]
    with av.open(path or out, "w", format=container_name, options=options or {}) as container:
        if len(frames):
            sound: Any = container.add_stream(codec, rate=sample_rate, layout=layout)
            sound.bit_rate = 128_000
        if video_s:
            video = container.add_stream("mpeg4", rate=25)
            video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        if len(frames):
            sound.codec_context.open()
            packed = np.ascontiguousarray(frames, dtype=np.float32).reshape(1, -1)  # planes end the process from 8 on
            whole = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
            whole.sample_rate = sample_rate
            cut = av.AudioResampler(
                format=sound.codec_context.format,
                layout=layout,
                rate=sample_rate,
                frame_size=sound.codec_context.frame_size or 1024,
            )
            n_done = 0
            for frame in [*cut.resample(whole), *cut.resample(None)]:
                frame.pts = n_done
                n_done += frame.samples
                container.mux(sound.encode(frame))
            container.mux(sound.encode(None))
        if video_s:
            grey = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 128, np.uint8), format="rgb24")
            for _ in range(round(25 * video_s)):
                container.mux(video.encode(grey))
            container.mux(video.encode(None))
    return path.read_bytes() if path else out.getvalue()


def loudest_hz(samples: NDArray[np.float32], *, sample_rate: int) -> float:
    """Frequency of the highest peak of the windowed spectrum."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * sample_rate / len(samples))
