"""Sound files by libsndfile: wav, ogg (Vorbis, Opus), au, aiff and their kin; of mp3 free format only."""

from __future__ import annotations

from collections.abc import Iterator

from genrelens.audio.downmix import Channels
from genrelens.audio.lengths import missing_ogg_end_note, more_than_promised_note, truncation_note
from genrelens.audio.mpeg import MAX_FRAME, starts_free_format
from genrelens.audio.source import Reader
from genrelens.errors import AudioError

# Formats with a signature worth the name; libsndfile also takes raw data and laboratory formats for sound.
_FORMATS = frozenset({"WAV", "WAVEX", "RF64", "W64", "FLAC", "OGG", "AU", "AIFF", "CAF", "NIST", "VOC", "SVX", "AVR"})
_TOLERANCE_S = 0.05  # some writers count their own headers
_UNKNOWN_FRAMES = 1 << 60
_READ_FRAMES = 8192  # what a read error may cost; small enough to lose no more than 0.2 s at 44.1 kHz


class SoundFileSound:
    """An open sound file; ``chunks`` may be taken once.

    Attributes:
        sample_rate: Hz.
        n_channels: of the sound.
    """

    def __init__(self, reader: Reader) -> None:
        import soundfile

        self._reader = reader
        self._errors: tuple[type[Exception], ...] = (soundfile.SoundFileError, RuntimeError, ValueError, TypeError)
        self._failed = False
        self._n_read = 0
        try:
            self._file = soundfile.SoundFile(reader)
        except self._errors as error:
            raise AudioError("libsndfile does not know this format", code="not_audio", source=reader.source) from error
        is_known = self._file.format in _FORMATS or (
            self._file.format == "MP3" and starts_free_format(reader.peek(0, 4 * MAX_FRAME))
        )
        if not is_known or self._file.frames >= _UNKNOWN_FRAMES:
            self._file.close()
            raise AudioError("libsndfile does not know this format", code="not_audio", source=reader.source)
        self.sample_rate: int = self._file.samplerate
        self.n_channels: int = self._file.channels
        share = reader.promised_share
        self._promised_s: float | None = self._file.frames / self.sample_rate
        if share is not None and share > 1:
            self._promised_s = float("inf") if self._file.frames == 0 else self._promised_s * share

    def chunks(self) -> Iterator[Channels]:
        """Yield (k,) float32 of each channel until the file or its sound part ends, full scale 1."""
        while True:
            try:
                frames = self._file.read(_READ_FRAMES, dtype="float32", always_2d=True)
            except self._errors:
                self._failed = True
                return
            if len(frames) == 0:
                return
            self._n_read += len(frames)
            yield tuple(frames.T)

    def notes(self) -> tuple[str, ...]:
        """Say what was wrong, after the last chunk."""
        read_s = self._n_read / self.sample_rate
        notes = truncation_note(read_s, self._promised_s, tolerance_s=_TOLERANCE_S)
        if not notes and self._file.format == "OGG":
            notes = missing_ogg_end_note(self._reader, read_s)
        if not notes and (self._failed or self._reader.error):
            notes = (f"the file is damaged: only its first {read_s:.1f} s could be read",)
        return notes + more_than_promised_note(self._reader, read_s)

    def close(self) -> None:
        """Free the decoder; the reader stays open."""
        self._file.close()
