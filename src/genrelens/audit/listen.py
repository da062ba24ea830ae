"""One file, heard once, block by block: all that the audit needs to know about it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.audio import open_stream
from genrelens.audio.resample import resampled
from genrelens.audit.fingerprint import SAMPLE_RATE, Fingerprint, FingerprintStream
from genrelens.errors import AudioError

FULL_SCALE: Final = 0.99
"""From here on a sample counts as at full scale: lossy codecs bend what was cut off flat by so much."""
MIN_RUN: Final = 3
"""So many samples in a row at full scale are clipped; fewer may be a peak."""
QUIET_RMS: Final = 1e-4
"""-80 dBFS: the root mean square, without its mean, below which a tenth of a second is silence. 16-bit dither has
-93, noise that peaks at -60 dBFS has -70."""

_QUIET_BLOCK_S: Final = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What became of one file: ``error`` says why it could not be read (all else is then empty), or

    Attributes:
        duration_s: of the sound that could be decoded.
        sample_rate: Hz, the file's own.
        notes: what was wrong with the file although it gave sound.
        quiet_share: share of tenths of a second with nothing in them (:data:`QUIET_RMS`).
        clipped_share: share of samples in runs at full scale (:data:`FULL_SCALE`), of the worst channel.
        digest: of the samples (:class:`SampleDigest`); ``None`` if all are zero.
        fingerprint: to find duplicates by.
    """

    path: str
    error: str | None = None
    duration_s: float = 0.0
    sample_rate: int = 0
    notes: tuple[str, ...] = ()
    quiet_share: float = 0.0
    clipped_share: float = 0.0
    digest: bytes | None = None
    fingerprint: Fingerprint | None = None


def listen(path: str) -> Heard:
    """Hear one file. Whatever is wrong with it becomes part of the answer; memory does not grow with its length."""
    clips, quiet, digest, fingerprint = ClipMeter(), QuietMeter(), SampleDigest(), FingerprintStream()
    try:
        with open_stream(path, sample_rate=None, watch=clips.push) as stream:
            quiet.begin(stream.sample_rate)

            def watched(blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
                for block in blocks:
                    quiet.push(block)
                    digest.push(block)
                    yield block

            for block in resampled(watched(stream), sample_rate_in=stream.sample_rate, sample_rate=SAMPLE_RATE):
                fingerprint.push(block)
            return Heard(
                path,
                duration_s=stream.n_samples / stream.sample_rate,
                sample_rate=stream.sample_rate,
                notes=stream.notes,
                quiet_share=quiet.share(),
                clipped_share=clips.share(),
                digest=digest.finish(stream.sample_rate),
                fingerprint=fingerprint.finish(),
            )
    except AudioError as error:
        return Heard(path, error=error.sentence)
    except Exception as error:
        # One file that trips over a fault of ours must not cost the findings about the others.
        if os.environ.get("GENRELENS_DEBUG"):
            raise
        return Heard(path, error=f"internal error: {type(error).__name__}: {error}")


def died(path: str) -> Heard:
    """The answer for a file whose decoder took its process down."""
    return Heard(path, error="the decoder crashed on it; get a new copy")


class ClipMeter:
    """Counts samples in runs of :data:`MIN_RUN` and more at full scale, in each channel."""

    def __init__(self) -> None:
        self._n_clipped = np.zeros(0, np.int64)
        self._open = np.zeros(0, np.int64)  # length of the run that each channel is in
        self._n = 0

    def push(self, frames: NDArray[np.generic]) -> None:
        """Take the next (n, channels) samples."""
        if not len(frames):
            return
        high = np.abs(np.asarray(frames)) >= FULL_SCALE
        missing = high.shape[1] - len(self._open)  # the number of channels may change within a file
        if missing > 0:
            self._n_clipped, self._open = (np.pad(each, (0, missing)) for each in (self._n_clipped, self._open))
        for c in range(high.shape[1], len(self._open)):
            self._close(c)
        self._n += len(high)
        for c in map(int, np.flatnonzero(high.any(axis=0) | (self._open[: high.shape[1]] > 0))):
            edges = np.flatnonzero(np.diff(high[:, c].astype(np.int8), prepend=0, append=0))
            lengths = edges[1::2] - edges[::2]
            if high[0, c]:
                lengths[0] += self._open[c]
            else:
                self._close(c)
            self._open[c] = 0
            if high[-1, c]:
                self._open[c], lengths = lengths[-1], lengths[:-1]
            self._n_clipped[c] += lengths[lengths >= MIN_RUN].sum()

    def share(self) -> float:
        """The share of the worst channel, after the last sample."""
        if not self._n:
            return 0.0
        for c in range(len(self._open)):
            self._close(c)
        return float(self._n_clipped.max() / self._n)

    def _close(self, c: int) -> None:
        if self._open[c] >= MIN_RUN:
            self._n_clipped[c] += self._open[c]
        self._open[c] = 0


class QuietMeter:
    """Counts the tenths of a second that hold silence, dither or a constant."""

    def __init__(self) -> None:
        self._size = 1
        self._waiting = np.zeros(0, np.float32)
        self._n = self._n_quiet = 0

    def begin(self, sample_rate: int) -> None:
        """Say at which rate (Hz) the samples come."""
        self._size = max(1, round(_QUIET_BLOCK_S * sample_rate))

    def push(self, block: NDArray[np.float32]) -> None:
        """Take the next (n,) samples."""
        samples = np.concatenate([self._waiting, block])
        n = len(samples) // self._size
        self._count(samples[: n * self._size].reshape(n, self._size))
        self._waiting = samples[n * self._size :].copy()

    def share(self) -> float:
        """The share of quiet tenths, after the last sample; what is left over counts where it is all there is."""
        if not self._n and len(self._waiting):
            self._count(self._waiting[np.newaxis])
        return self._n_quiet / self._n if self._n else 0.0

    def _count(self, tenths: NDArray[np.float32]) -> None:
        if tenths.size:
            self._n += len(tenths)
            self._n_quiet += int((tenths.std(axis=1, dtype=np.float64) < QUIET_RMS).sum())


class SampleDigest:
    """A digest of mono samples, rounded to 16 bits, without the zeros before and after the sound.

    So it is the same for wav, flac and aiff of one sound, for any tags, and for padding with digital silence; any
    other change of a sample changes it.
    """

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self._begun = False
        self._n_zeros = 0  # since the last sample that was not zero

    def push(self, block: NDArray[np.float32]) -> None:
        """Take the next (n,) samples."""
        with np.errstate(over="ignore"):  # floats may be louder than any number
            rounded = np.clip(np.round(block * 32768.0), -32768, 32767).astype("<i2")
        loud = np.flatnonzero(rounded)
        if not len(loud):
            self._n_zeros += len(rounded)
            return
        first, last = loud[0], loud[-1] + 1
        if self._begun:
            self._skip(self._n_zeros + int(first))
        self._begun = True
        self._hash.update(rounded[first:last].tobytes())
        self._n_zeros = len(rounded) - int(last)

    def finish(self, sample_rate: int) -> bytes | None:
        """The digest of the samples and their rate, or ``None`` if there was nothing but zeros."""
        if not self._begun:
            return None
        self._hash.update(sample_rate.to_bytes(4, "little"))
        return self._hash.digest()

    def _skip(self, n_zeros: int) -> None:
        zeros = bytes(1 << 16)
        for start in range(0, 2 * n_zeros, len(zeros)):
            self._hash.update(zeros[: 2 * n_zeros - start])
