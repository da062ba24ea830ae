"""Sound by ffmpeg (PyAV): mp3, flac, and what libsndfile cannot read: m4a, alac, wma, webm, videos.

mp3 comes here on purpose: libsndfile 1.2 cuts an mp3 of variable bit rate without a Xing header at its own
estimate of the length (measured: 37 % of the sound came), its mpg123 prints warnings to the terminal, and
ffmpeg decodes the same samples (to 3e-6) in three quarters of the time. flac too: it decodes the same bits
at the same speed, but ffmpeg goes on after a damaged frame and reads a flac of unknown length.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from genrelens.audio.bounds import only_tags_between
from genrelens.audio.downmix import Channels
from genrelens.audio.gather import gathered
from genrelens.audio.lengths import asf_duration_s, missing_ogg_end_note, more_than_promised_note, truncation_note
from genrelens.audio.mpeg import written_length_s
from genrelens.audio.source import Reader
from genrelens.errors import AudioError

if TYPE_CHECKING:
    import av
    from av.container import InputContainer

# What ffmpeg may take a file for. Without this list a text file can be a playlist, which opens other files
# and the network; without the empty protocol list a film can refer to other files.
OPTIONS = {
    "format_whitelist": "mp3,mov,matroska,asf,aac,ac3,eac3,dts,ogg,flac,wav,w64,aiff,au,caf,ape,wv,tta,dsf,"
    "amr,mpc,mpc8,avi,flv,mpeg,mpegts,rm,xwma,iff,tak,dtshd,mlp,truehd,loas,oma,shn",
    "protocol_whitelist": "none",
}
# Formats whose header holds a duration that their writer measured; elsewhere ffmpeg estimates it.
_MEASURED = ("mov", "matroska", "flac", "wav", "w64", "aiff", "caf", "ape", "wv", "tta", "dsf")
# Formats whose header ffmpeg hides when the file is truncated.
_WRITTEN = {"asf": asf_duration_s, "mp3": written_length_s}
_GAP_S = 0.05  # half of the usual flac frame
_TOLERANCE_S = 0.25  # encoders pad, prime and round by up to a few frames of 26 to 46 ms
_SILENT_PEAK = 1e-4  # full scale 1; 16-bit dither stays below


class ContainerSound:
    """The best sound stream of an open file that is not silent; ``chunks`` may be taken once.

    Attributes:
        sample_rate: Hz, that of the first decoded frame (HE-AAC headers give half of it).
        n_channels: of the first decoded frame.
    """

    def __init__(self, reader: Reader) -> None:
        import av

        self._reader = reader
        self._errors: tuple[type[Exception], ...] = (av.FFmpegError, OSError, ValueError)
        self._n_damaged = 0
        self._n_read = 0
        self._stopped = False
        self._new_rate: int | None = None
        self._begin_s: float | None = None  # on the clock of the frames
        self._end_s = 0.0
        self._other_streams = ""
        self._container = self._opened()
        try:
            self._open_stream()
        except BaseException:
            self._container.close()
            raise

    def _opened(self) -> InputContainer:
        import av

        self._reader.seek(0)
        try:
            return av.open(self._reader, mode="r", metadata_errors="ignore", options=OPTIONS)
        except self._errors as error:
            raise AudioError(
                "ffmpeg does not know this format", code="not_audio", source=self._reader.source
            ) from error

    def _open_stream(self) -> None:
        best = self._container.streams.best("audio")
        if all(other.type == "data" for other in self._container.streams):
            raise AudioError("it is cut off within its header", code="damaged", source=self._reader.source)
        if best is None:
            raise AudioError(
                "expected sound, but it holds none (a silent film or a picture)",
                code="no_sound",
                source=self._reader.source,
            )
        index = self._sounding(best.index)
        self._stream: av.AudioStream = self._container.streams[index]  # type: ignore[assignment]
        self._promised = self._promised_s()
        self._frames = self._decoded(self._container, self._stream)
        self._first = next(self._frames, None)
        if self._first is None:
            if self._n_damaged or self._stopped or (self._promised and self._promised[1] > 0):
                raise AudioError("no sound in it can be decoded", code="damaged", source=self._reader.source)
            raise AudioError("expected sound, but there are 0 samples", code="no_sound", source=self._reader.source)
        self.sample_rate: int = self._first.sample_rate
        self.n_channels: int = self._first.layout.nb_channels

    def _sounding(self, best: int) -> int:
        """The stream to hear: ``best``, or the first of the others with sound where that one is silent throughout."""
        others = [stream.index for stream in self._container.streams.audio if stream.index != best]
        if not others:
            return best
        self._container.close()
        chosen = next((index for index in (best, *others) if self._sounds(index)), best)
        self._n_damaged, self._stopped = 0, False  # that was another reading
        self._container = self._opened()
        if chosen != best:
            self._other_streams = f"its sound stream {best} is silent, so stream {chosen} was heard"
        return chosen

    def _sounds(self, index: int) -> bool:
        with self._opened() as container:
            stream: av.AudioStream = container.streams[index]  # type: ignore[assignment]
            try:
                blocks = gathered(self._decoded(container, stream))
                return any(np.abs(channel).max() > _SILENT_PEAK for block in blocks for channel in block)
            except self._errors:
                return False

    def _promised_s(self) -> tuple[float, float] | None:
        """When the stream begins and how long it lasts, in seconds, as its writer recorded it; None if unknown."""
        stream, name = self._stream, self._container.format.name
        if name in _WRITTEN:
            length_s = _WRITTEN[name](self._reader)
            return None if length_s is None else (0.0, length_s)
        if not any(word in name for word in _MEASURED):
            return None
        if stream.duration is not None and stream.time_base is not None:
            return float((stream.start_time or 0) * stream.time_base), float(stream.duration * stream.time_base)
        for key, value in stream.metadata.items():
            if key.upper().startswith("DURATION"):
                length_s = _seconds(value)
                return None if length_s is None else (0.0, length_s)
        if self._container.duration is not None and len(self._container.streams) == 1:
            return 0.0, self._container.duration / 1e6
        return None

    def _decoded(self, container: InputContainer, stream: av.AudioStream) -> Iterator[av.AudioFrame]:
        """Yield frames with samples; a packet that cannot be decoded is counted and passed over."""
        try:
            for packet in container.demux(stream):
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
        except IndexError:
            # PyAV at the end of a file, flushing streams that began too late for its list; ours has been flushed.
            return

    def chunks(self) -> Iterator[Channels]:
        """Yield (k,) float32 of each channel until the sound ends, full scale 1; the number of channels may change."""
        try:
            with closing(self._heard()) as frames:
                yield from gathered(frames)
        except self._errors:
            self._stopped = True

    def _heard(self) -> Generator[av.AudioFrame, None, None]:
        """The frames of one sample rate; at the end it is known how many samples they have, and when they end."""
        sample_rate, n_read = self.sample_rate, 0
        last_pts, n_last, time_base = None, 0, None
        try:
            for frame in chain([self._first] if self._first else [], self._frames):
                n_samples, pts = frame.samples, frame.pts
                if frame.sample_rate != sample_rate:
                    self._new_rate = frame.sample_rate
                    break
                if pts is not None:
                    last_pts, n_last = pts, 0
                    if time_base is None and frame.time_base is not None:
                        time_base = frame.time_base
                        self._begin_s = float(last_pts * time_base)
                # Of the frames of one packet (Monkey's Audio has several) the first alone has a time.
                n_last += n_samples
                n_read += n_samples
                yield frame
        finally:
            self._n_read = n_read
            if last_pts is not None and time_base is not None:
                self._end_s = float(last_pts * time_base) + n_last / sample_rate

    def _missing_s(self) -> float:
        """Seconds of sound that the writer recorded and that did not come.

        By the end or by the length, whichever says less: what a container calls its start may be a delay or nothing.
        """
        if self._promised is None or self._begin_s is None:
            return 0.0
        start_s, length_s = self._promised
        return length_s - (self._end_s - min(start_s, self._begin_s))

    def notes(self) -> tuple[str, ...]:
        """Say what was wrong, after the last chunk."""
        read_s = self._n_read / self.sample_rate
        name = self._container.format.name
        notes = truncation_note(read_s, read_s + self._missing_s(), tolerance_s=_TOLERANCE_S)
        if "flac" in name and self._begin_s is not None:  # elsewhere a gap can be meant
            gap_s = self._end_s - self._begin_s - read_s
            if gap_s > _GAP_S:
                notes += (f"the file is damaged: {gap_s:.1f} s in its middle could not be read",)
        if "ogg" in name and not notes:
            notes = missing_ogg_end_note(self._reader, read_s)
        is_joined = self._n_damaged and name in ("mp3", "aac") and only_tags_between(self._reader)
        # A cut file's last packet is always broken, and already spoken for.
        if self._n_damaged > len(notes) and not is_joined:
            notes += (f"the file is damaged: {self._n_damaged} of its packets cannot be decoded and are left out",)
        if self._new_rate is not None:
            notes = (
                f"only the first {read_s:.1f} s were read: there the sample rate changes from "
                f"{self.sample_rate} to {self._new_rate} Hz",
            )
        if not notes and (self._stopped or self._reader.error):
            notes = (f"the file is damaged: only its first {read_s:.1f} s could be read",)
        notes += more_than_promised_note(self._reader, read_s)
        return (*notes, self._other_streams) if self._other_streams else notes

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
