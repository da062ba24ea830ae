"""The log mel examples that VGGish was trained on, with NumPy alone, of a whole clip or of a stream.

Hershey et al. 2017, "CNN architectures for large-scale audio classification" (arXiv 1609.09430, section 3.1); the
numbers are those of Google's released front end, which torchvggish repeats: 16 kHz; frames of 25 ms every 10 ms under a
periodic Hann window, Fourier transform of 512, the first frame beginning with the first sample (none is centred);
**magnitude**, not power; 64 triangles between 125 and 7500 Hz, of height 1, straight lines **in mel** and not in Hz;
``log(x + 0.01)``. An example is 96 frames, 0.96 s; 30 s have 31.

Two things differ from the original on purpose. A clip shorter than a frame is filled up with silence to one frame,
where theirs has no frame at all: sound that can be decoded is no error here. And sound is resampled by
:mod:`genrelens.audio` (soxr), theirs by resampy: values differ as far as two good low-pass filters do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from genrelens.errors import RecipeError
from genrelens.frontend.filter_bank import triangle_edges, triangles_in_mel
from genrelens.frontend.mel import CLICK_SHARE
from genrelens.frontend.power import finite, mono_float32

_Float32 = npt.NDArray[np.float32]
_Float64 = npt.NDArray[np.float64]

SAMPLE_RATE: Final = 16_000
N_BANDS: Final = 64
FRAME_SAMPLES: Final = 400
"""25 ms."""
HOP_LENGTH: Final = 160
"""10 ms."""
N_FFT: Final = 512
FMIN_HZ, FMAX_HZ = 125.0, 7500.0
LOG_OFFSET: Final = 0.01
EXAMPLE_FRAMES: Final = 96
"""Frames of one example, 0.96 s; examples lie side by side."""

QUIET: Final = 0.01
"""Mel magnitude below which a band holds nothing to listen to (full scale is 1). Measured in every frame of 30 s:
16-bit dither stays below 0.005, noise that peaks at -60 dBFS reaches 0.015."""

_BLOCK_FRAMES: Final = 96
"""Frames computed together, always: a matrix product may round differently with another number of rows, and so a frame
goes through the same arithmetic however the sound arrives."""


@dataclass(frozen=True, slots=True)
class VggishSettings:
    """The front end of VGGish. There is nothing to choose: its weights fit these numbers and no others."""

    sample_rate: ClassVar[int] = SAMPLE_RATE
    hop_length: ClassVar[int] = HOP_LENGTH
    n_bands: ClassVar[int] = N_BANDS
    input_name: ClassVar[str] = "log_mel_examples"
    silent_input: ClassVar[float] = math.log(LOG_OFFSET)
    """What a graph is given of silence."""

    @property
    def band_edges_hz(self) -> _Float64:
        """Edges of the bands, Hz, ``(65,)`` ascending; bands overlap, and the edge lies half way between."""
        return triangle_edges(N_BANDS, fmin_hz=FMIN_HZ, fmax_hz=FMAX_HZ, htk=True)

    def n_frames(self, n_samples: int) -> int:
        """Frames that ``n_samples`` give: 1 + (n_samples - 400) // 160, and one at least."""
        return max(1, 1 + (n_samples - FRAME_SAMPLES) // HOP_LENGTH)

    def to_dict(self) -> dict[str, Any]:
        """All settings by name: none."""
        return {}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> VggishSettings:
        """Settings from the form that ``to_dict`` gives; :class:`RecipeError` on any key."""
        if values:
            raise RecipeError(
                f"vggish: {next(iter(values))!r} is unknown; this front end has nothing to choose, give its kind alone"
            )
        return cls()


def log_mel(samples: npt.NDArray[np.floating[Any]]) -> _Float32:
    """``(n_frames, 64)`` of a whole clip: natural logarithms of mel magnitude plus 0.01, at least log(0.01).

    Args:
        samples: mono sound, shape (n,), floating point, full scale 1, at 16,000 Hz.

    Raises:
        AudioError: ``bad_samples``: not one-dimensional and floating point; ``not_finite``: NaN or infinity.
    """
    stream = VggishStream(VggishSettings())
    return np.concatenate((stream.push(samples), stream.finish()))


def examples(frames: _Float32) -> _Float32:
    """Frames ``(k, 64)`` as examples ``(k // 96, 96, 64)``, side by side; what is left at the end is left out."""
    n = len(frames) // EXAMPLE_FRAMES
    return frames[: n * EXAMPLE_FRAMES].reshape(n, EXAMPLE_FRAMES, N_BANDS)


class VggishStream:
    """The log mel frames of a clip that arrives bit by bit, in memory that does not grow.

    All that ``push`` and ``finish`` return, put together, is :func:`log_mel` of the whole, bit for bit. Frames come 96
    at a time. A stream is for one clip and one thread.
    """

    def __init__(self, settings: VggishSettings) -> None:
        self._settings = settings
        self._waiting: _Float32 = np.zeros(0, np.float32)
        self._n_samples = 0
        self._n_frames = 0
        self._finished = False

    def push(self, block: npt.NDArray[np.floating[Any]]) -> _Float32:
        """Take the next samples, shape (k,), k >= 0, and give the frames ``(frames, 64)`` that are complete.

        Raises:
            AudioError: as :func:`log_mel` does.
            RuntimeError: after ``finish``.
        """
        self._check_open()
        block = finite(mono_float32(block))
        self._n_samples += block.size
        self._waiting = np.concatenate((self._waiting, block))
        n_blocks = max(0, 1 + (self._waiting.size - _BLOCK_SAMPLES) // (_BLOCK_FRAMES * HOP_LENGTH))
        return self._take(n_blocks * _BLOCK_FRAMES)

    def finish(self) -> _Float32:
        """End the clip and give the frames ``(frames, 64)`` that are left; samples short of a frame are left out.

        Raises:
            RuntimeError: after ``finish``.
        """
        self._check_open()
        self._finished = True
        return self._take(self._settings.n_frames(self._n_samples) - self._n_frames)

    def _check_open(self) -> None:
        if self._finished:
            raise RuntimeError("this VggishStream has been finished; make a new one for the next clip")

    def _take(self, n_frames: int) -> _Float32:
        found = np.empty((n_frames, N_BANDS), np.float32)
        block = np.zeros(_BLOCK_SAMPLES, np.float32)
        for first in range(0, n_frames, _BLOCK_FRAMES):
            its = self._waiting[first * HOP_LENGTH :][:_BLOCK_SAMPLES]
            block[: its.size], block[its.size :] = its, 0.0
            found[first : first + _BLOCK_FRAMES] = _log_mel_block(block)[: n_frames - first]
        self._waiting = self._waiting[n_frames * HOP_LENGTH :]
        self._n_frames += n_frames
        return found


_BLOCK_SAMPLES: Final = (_BLOCK_FRAMES - 1) * HOP_LENGTH + FRAME_SAMPLES


def _log_mel_block(samples: _Float32) -> _Float32:
    """Exactly 96 frames, in float64 as the original's are: no sample that float32 holds overflows there."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME_SAMPLES)[::HOP_LENGTH]
    spectrum = np.fft.rfft(frames * _hann(), n=N_FFT)
    found: _Float32 = np.log(np.abs(spectrum) @ mel_bank().T + LOG_OFFSET).astype(np.float32)
    return found


@cache
def _hann() -> _Float64:
    """Periodic Hann window, shape (400,)."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME_SAMPLES) / FRAME_SAMPLES)


@cache
def mel_bank() -> _Float64:
    """Triangles ``(64, 257)`` between 125 and 7500 Hz, of height 1 and straight in mel; read-only, as it is shared."""
    return triangles_in_mel(sample_rate=SAMPLE_RATE, n_fft=N_FFT, n_mels=N_BANDS, fmin_hz=FMIN_HZ, fmax_hz=FMAX_HZ)


def to_magnitude(frames: npt.NDArray[np.floating[Any]]) -> _Float64:
    """Mel magnitude, 0 and up, of log mel frames of any shape."""
    magnitude: _Float64 = np.maximum(np.exp(frames, dtype=np.float64) - LOG_OFFSET, 0.0)
    return magnitude


def from_magnitude(magnitude: _Float64) -> _Float64:
    """The log mel frames of mel magnitude, the inverse of :func:`to_magnitude`."""
    return np.log(magnitude + LOG_OFFSET)


def vggish_is_silent(window: _Float32, *, settings: VggishSettings) -> bool:
    """Whether log mel frames ``(n_frames, 64)`` hold nothing but silence, dither or a constant.

    A constant reaches every band, since 400 samples in a transform of 512 are no whole periods: what the lowest band
    holds, where a constant is loudest, is taken for one and taken off the others, as far as a constant at full scale
    could account for it. Up to :data:`CLICK_SHARE` of the frames may be louder, where a constant begins and ends.
    """
    magnitude = to_magnitude(window)
    constant = _of_a_constant()
    level = np.clip(magnitude[:, :1] / constant[0], 0.0, 1.0)
    heard = (magnitude - level * constant).max(axis=1) >= QUIET
    return bool(heard.sum() <= CLICK_SHARE * len(heard))


@cache
def _of_a_constant() -> _Float64:
    """Mel magnitude (64,) of a constant of 1."""
    found: _Float64 = mel_bank() @ np.abs(np.fft.rfft(_hann(), n=N_FFT))
    return found
