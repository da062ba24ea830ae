"""Sound by ffmpeg (PyAV): mp3, flac, and what libsndfile cannot read: m4a, alac, wma, webm, videos.

mp3 comes here on purpose: libsndfile 1.2 cuts an mp3 of variable bit rate without a Xing header at its own
estimate of the length (measured: 37 % of the sound came), its mpg123 prints warnings to the terminal, and
ffmpeg decodes the same samples (to 3e-6) in three quarters of the time. flac too: it decodes the same bits
at the same speed, but ffmpeg goes on after a damaged frame and reads a flac of unknown length.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from genrelens.audio.clip import Watch, to_mono
from genrelens.audio.lengths import asf_duration_s, missing_ogg_end_note, mp3_has_length, truncation_note
from genrelens.audio.source import Reader
from genrelens.errors import AudioError

if TYPE_CHECKING:
    import av

# What ffmpeg may take a file for. Without this list a text file can be a playlist, which opens other files
# and the network; without the empty protocol list a film can refer to other files.
OPTIONS = {
    "format_whitelist": "mp3,mov,matroska,asf,aac,ac3,eac3,dts,ogg,flac,wav,w64,aiff,au,caf,ape,wv,tta,dsf,"
    "amr,mpc,mpc8,avi,flv,mpeg,mpegts,rm,xwma",
    "protocol_whitelist": "none",
}
# Formats whose header holds a duration that their writer measured; elsewhere ffmpeg estimates it.
_MEASURED = ("mov", "matroska", "flac", "wav", "w64", "aiff", "caf", "ape", "wv", "tta", "dsf")
_GAP_S = 0.05  # half of the usual flac frame
_TOLERANCE_S = 0.25  # encoders pad, prime and round by up to a few frames of 26 to 46 ms
_CHUNK_SAMPLES = 1 << 16


class ContainerSound:
    """The best sound stream of an open file; ``chunks`` may be taken once.

    Attributes:
        sample_rate: Hz, that of the first decoded frame (HE-AAC headers give half of it).
        n_channels: before averaging.
    """

    def __init__(self, reader: Reader, *, watch: Watch | None = None) -> None:
        import av

        self._reader = reader
        self._watch = watch
        self._errors: tuple[type[Exception], ...] = (av.FFmpegError, OSError, ValueError)
        self._n_damaged = 0
        self._n_read = 0
        self._stopped = False
        self._new_rate: int | None = None
        self._start_s: float | None = None
        self._end_s = 0.0
        try:
            self._container = av.open(reader, mode="r", metadata_errors="ignore", options=OPTIONS)
        except self._errors as error:
            raise AudioError(
                f"{reader.source!r}: ffmpeg does not know this format", code="not_audio"
            ) from error
        try:
            self._open_stream()
        except BaseException:
            self._container.close()
            raise

    def _open_stream(self) -> None:
        stream = self._container.streams.best("audio")
        if all(other.type == "data" for other in self._container.streams):
            raise AudioError(f"{self._reader.source!r}: it is cut off within its header", code="damaged")
        if stream is None:
            raise AudioError(
                f"{self._reader.source!r}: expected sound, but it holds none (a silent film or a picture)",
                code="no_sound",
            )
        self._stream: av.AudioStream = stream  # type: ignore[assignment]
        self._promised_end_s = self._promised_end()
        self._frames = self._decoded()
        self._first = next(self._frames, None)
        if self._first is None:
            if self._n_damaged or self._stopped or self._promised_end_s:
                raise AudioError(f"{self._reader.source!r}: no sound in it can be decoded", code="damaged")
            raise AudioError(
                f"{self._reader.source!r}: expected sound, but there are 0 samples", code="no_sound"
            )
        self.sample_rate: int = self._first.sample_rate
        self.n_channels: int = self._first.layout.nb_channels

    def _promised_end(self) -> float | None:
        """Second at which the sound ends by the header, on the clock of the frames; None if unknown."""
        stream, name = self._stream, self._container.format.name
        if name == "asf":
            return asf_duration_s(self._reader)
        if not any(word in name for word in _MEASURED) and not (
            name == "mp3" and mp3_has_length(self._reader)
        ):
            return None
        if stream.duration is not None and stream.time_base is not None:
            return float((stream.duration + (stream.start_time or 0)) * stream.time_base)
        for key, value in stream.metadata.items():
            if key.upper().startswith("DURATION"):
                return _seconds(value)
        if self._container.duration is not None and len(self._container.streams) == 1:
            return self._container.duration / 1e6
        return None

    def _decoded(self) -> Iterator[av.AudioFrame]:
        """Yield frames with samples; a packet that cannot be decoded is counted and passed over."""
        try:
            for packet in self._container.demux(self._stream):
                try:
                    frames = packet.decode()
                except EOFError:
                    return
                except self._errors:
                    self._n_damaged += 1
                    continue
                for frame in frames:
                    if frame.samples:
                        yield frame
        except self._errors:
            self._stopped = True

    def chunks(self) -> Iterator[NDArray[np.float32]]:
        """Yield (k,) mono float32 of a second or two until the sound ends."""
        parts: list[NDArray[np.float32]] = []
        n_waiting = 0
        frame = self._first
        while frame is not None:
            if frame.sample_rate != self.sample_rate:
                self._new_rate = frame.sample_rate
                break
            try:
                samples = frame.to_ndarray()
            except self._errors:  # a sample format that PyAV does not convert (64-bit integers)
                self._stopped = True
                break
            by_frame = samples.T if frame.format.is_planar else samples.reshape(frame.samples, -1)
            parts.append(to_mono(by_frame, watch=self._watch))
            self._advance(frame)
            n_waiting += frame.samples
            if n_waiting >= _CHUNK_SAMPLES:
                yield np.concatenate(parts)
                parts, n_waiting = [], 0
            frame = next(self._frames, None)
        if parts:
            yield np.concatenate(parts)

    def _advance(self, frame: av.AudioFrame) -> None:
        self._n_read += frame.samples
        if frame.pts is not None and frame.time_base is not None:
            time_s = float(frame.pts * frame.time_base)
            self._start_s = time_s if self._start_s is None else self._start_s
            self._end_s = time_s + frame.samples / frame.sample_rate

    def notes(self) -> tuple[str, ...]:
        """Say what was wrong, after the last chunk."""
        read_s = self._n_read / self.sample_rate
        notes: tuple[str, ...] = ()
        if self._promised_end_s is not None and self._start_s is not None:
            missing_s = self._promised_end_s - self._end_s
            notes = truncation_note(read_s, read_s + missing_s, tolerance_s=_TOLERANCE_S)
            gap_s = self._end_s - self._start_s - read_s
            if "flac" in self._container.format.name and gap_s > _GAP_S:  # elsewhere a gap can be meant
                notes += (f"the file is damaged: {gap_s:.1f} s in its middle could not be read",)
        if "ogg" in self._container.format.name and not notes:
            notes = missing_ogg_end_note(self._reader, read_s)
        if self._n_damaged > len(notes):  # a cut file's last packet is always broken, and already spoken for
            notes += (
                f"the file is damaged: {self._n_damaged} of its packets cannot be decoded and are left out",
            )
        if self._new_rate is not None:
            notes = (
                f"only the first {read_s:.1f} s were read: there the sample rate changes from "
                f"{self.sample_rate} to {self._new_rate} Hz",
            )
        if not notes and (self._stopped or self._reader.error):
            notes = (f"the file is damaged: only its first {read_s:.1f} s could be read",)
        return notes

    def close(self) -> None:
        """Free the decoder; the reader stays open."""
        self._container.close()


def _seconds(text: str) -> float | None:
    """Seconds of "00:01:02.5", as Matroska writers put it into a tag."""
    try:
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return None
