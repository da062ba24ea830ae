"""The mel power that EfficientAT's mn04 was trained on, with NumPy alone, of a whole clip or of a stream.

Schmid, Koutini and Widmer 2023, "Efficient large-scale audio tagging via transformer-to-CNN knowledge distillation"
(arXiv 2211.04772): 32 kHz; each sample less 0.97 of the one before; a transform of 1024 every 320 samples under a
symmetric Hann window of 800 in its middle, the ends mirrored; power; 128 triangles from 0 to 15,000 Hz that are
straight in mel, without the last FFT bin; ``(ln(power + 1e-5) + 4.5) / 5``.

The first sample has none before it, so frame i is centred on sample ``i * 320 + 1``: 31 microseconds later than a frame
of the file would be. At 10 ms from one frame to the next that is nothing, and the network hears what it was trained on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from genrelens.errors import RecipeError
from genrelens.frontend.filter_bank import triangle_edges, triangles_in_mel
from genrelens.frontend.mel import CLICK_SHARE
from genrelens.frontend.power import LOUDEST_SAMPLE, PowerFrames, finite, mono_float32

_Float32 = npt.NDArray[np.float32]

SAMPLE_RATE: Final = 32_000
N_BANDS: Final = 128
HOP_LENGTH: Final = 320
"""10 ms."""
N_FFT: Final = 1024
WINDOW_SAMPLES: Final = 800
"""25 ms."""
FMIN_HZ, FMAX_HZ = 0.0, 15_000.0
PRE_EMPHASIS: Final = np.float32(0.97)
LOG_OFFSET, SHIFT, SCALE = np.float32(1e-5), np.float32(4.5), np.float32(5)
"""Of the logarithm that the network is given: ``(ln(power + LOG_OFFSET) + SHIFT) / SCALE``."""

QUIET: Final = 3e-5
"""Power below which a band holds nothing to listen to (full scale is 1). Measured in every frame of 30 s: 16-bit dither
stays below 1.2e-5, noise that peaks at -60 dBFS reaches 1e-3."""

_LARGEST_CONSTANT: Final = 1.1
"""Power of the largest constant that is looked for, where one at full scale with dither on top has 1."""

_HALF: Final = WINDOW_SAMPLES // 2


@dataclass(frozen=True, slots=True)
class Mn04Settings:
    """The front end of mn04. There is nothing to choose: its weights fit these numbers and no others."""

    sample_rate: ClassVar[int] = SAMPLE_RATE
    hop_length: ClassVar[int] = HOP_LENGTH
    n_bands: ClassVar[int] = N_BANDS
    input_name: ClassVar[str] = "log_mel"
    silent_input: ClassVar[float] = float((np.log(LOG_OFFSET) + SHIFT) / SCALE)
    """What a graph is given of silence."""

    @property
    def band_edges_hz(self) -> npt.NDArray[np.float64]:
        """Edges of the bands, Hz, ``(129,)`` ascending; bands overlap, and the edge lies half way between."""
        return triangle_edges(N_BANDS, fmin_hz=FMIN_HZ, fmax_hz=FMAX_HZ, htk=True)

    def n_frames(self, n_samples: int) -> int:
        """Frames that ``n_samples`` give: 1 + (n_samples - 1) // 320; no sound at all gives one, too."""
        return 1 + max(0, n_samples - 1) // HOP_LENGTH

    def to_dict(self) -> dict[str, Any]:
        """All settings by name: none."""
        return {}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Mn04Settings:
        """Settings from the form that ``to_dict`` gives; :class:`RecipeError` on any key."""
        if values:
            raise RecipeError(
                f"mn04: {next(iter(values))!r} is unknown; this front end has nothing to choose, give its kind alone"
            )
        return cls()


class Mn04Stream:
    """The power of a clip that arrives bit by bit, bit for bit that of the whole, in memory that does not grow.

    Frames come 48 at a time. A stream is for one clip and one thread.
    """

    def __init__(self, settings: Mn04Settings) -> None:
        self._settings = settings
        self._power = PowerFrames(window=_hann(), n_fft=N_FFT, hop_length=HOP_LENGTH, bank=mel_bank())
        self._last: _Float32 = np.zeros(0, np.float32)
        self._waiting: _Float32 = np.zeros(0, np.float32)
        self._begun = False
        self._n_samples = 0
        self._n_frames = 0
        self._finished = False

    def push(self, block: npt.NDArray[np.floating[Any]]) -> _Float32:
        """Take the next samples, shape (k,), and give the frames ``(n, 128)`` that are complete, often none.

        Raises:
            AudioError: ``bad_samples``: not one-dimensional and floating point; ``not_finite``: NaN or infinity.
            RuntimeError: after ``finish``.
        """
        self._check_open()
        block = np.clip(finite(mono_float32(block)), -LOUDEST_SAMPLE, LOUDEST_SAMPLE)
        self._n_samples += block.size
        sound = np.concatenate((self._last, block))
        self._last = sound[-1:]
        self._waiting = np.concatenate((self._waiting, sound[1:] - PRE_EMPHASIS * sound[:-1]))
        if not self._begun and self._waiting.size > _HALF:
            self._mirror(before=_HALF, after=0)
        return self._take(self._power.n_whole(self._waiting.size) if self._begun else 0)

    def finish(self) -> _Float32:
        """End the clip, mirrored, and give the frames ``(n, 128)`` that are left.

        Raises:
            RuntimeError: after ``finish``.
        """
        self._check_open()
        self._finished = True
        self._mirror(before=0 if self._begun else _HALF, after=_HALF)
        return self._take(self._settings.n_frames(self._n_samples) - self._n_frames)

    def _check_open(self) -> None:
        if self._finished:
            raise RuntimeError("this Mn04Stream has been finished; make a new one for the next clip")

    def _mirror(self, *, before: int, after: int) -> None:
        """Put the sound's mirror image at its ends; a clip shorter than that is mirrored there and back again."""
        self._begun = True
        if self._waiting.size:
            self._waiting = np.pad(self._waiting, (before, after), mode="reflect")

    def _take(self, n_frames: int) -> _Float32:
        power = self._power.of(self._waiting, n_frames, first=0)
        self._waiting = self._waiting[n_frames * HOP_LENGTH :]
        self._n_frames += n_frames
        return power


def log_mel(power: _Float32, *, settings: Mn04Settings) -> _Float32:
    """Windows of power ``(..., n_frames, 128)`` as the network takes them, in a new array."""
    made: _Float32 = np.log(power + LOG_OFFSET)
    made += SHIFT
    made /= SCALE
    return made


@cache
def mel_bank() -> _Float32:
    """Triangles ``(128, 513)`` between 0 and 15,000 Hz, of height 1 and straight in mel; read-only, as it is shared."""
    bank = triangles_in_mel(sample_rate=SAMPLE_RATE, n_fft=N_FFT, n_mels=N_BANDS, fmin_hz=FMIN_HZ, fmax_hz=FMAX_HZ)
    narrow = bank.astype(np.float32)
    narrow.setflags(write=False)
    return narrow


def mn04_is_silent(power: _Float32, *, settings: Mn04Settings) -> bool:
    """Whether a window of power ``(n_frames, 128)`` holds nothing but silence, dither or a constant.

    What the lowest band holds, where a constant is loudest, is taken for one and taken off the others, as far as a
    constant near full scale could account for it. Up to :data:`~genrelens.frontend.mel.CLICK_SHARE` of the frames
    may be louder, where a constant begins and ends.
    """
    constant = _of_a_constant()
    level = np.clip(power[:, :1] / constant[0], 0.0, _LARGEST_CONSTANT)
    heard = (power - level * constant).max(axis=1) >= QUIET
    return bool(heard.sum() <= CLICK_SHARE * len(heard))


@cache
def _hann() -> npt.NDArray[np.float64]:
    """Symmetric Hann window, shape (800,)."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW_SAMPLES) / (WINDOW_SAMPLES - 1))


@cache
def _of_a_constant() -> _Float32:
    """Power (128,) of a constant of 1."""
    stream = Mn04Stream(Mn04Settings())
    frames: _Float32 = np.concatenate((stream.push(np.ones(4 * N_FFT, np.float32)), stream.finish()))
    power: _Float32 = frames[5]
    return power
