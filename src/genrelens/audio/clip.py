"""Sound in memory: mono float32 samples that know their own rate and where they came from."""

from __future__ import annotations

import operator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genrelens.audio.downmix import mixed
from genrelens.errors import AudioError

MIN_SAMPLE_RATE = 1_000  # Hz; a header below this is noise, and resampling it up would blow a few bytes up to hours
MAX_SAMPLE_RATE = 1_536_000  # Hz; twice the highest rate anybody publishes
MAX_CHANNELS = 64
_BLOCK_FRAMES = 1 << 15


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Sound, checked when made; the samples are not copied and must not be written to.

    Attributes:
        samples: (n,) float32, mono, finite, n >= 1; full scale is [-1, 1], louder floats are kept.
        sample_rate: Hz, the true rate of ``samples``.
        source: the path as a string, or ``"bytes"`` or ``"array"``.
        notes: sentences about what was wrong with the file although it gave sound; mostly empty.

    Raises:
        AudioError: ``bad_samples``, ``no_sound`` (n = 0) or ``not_finite``.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    source: str
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        samples = self.samples
        if not isinstance(samples, np.ndarray) or samples.dtype != np.float32 or samples.ndim != 1:
            came = f"{getattr(samples, 'dtype', type(samples).__name__)} of shape {np.shape(samples)}"
            raise AudioError(
                f"a Clip takes (n,) float32 samples, but {came} came; use from_array",
                code="bad_samples",
                source=self.source,
            )
        if samples.size == 0:
            raise AudioError("expected sound, but there are 0 samples", code="no_sound", source=self.source)
        check_finite(samples, self.source)
        object.__setattr__(self, "sample_rate", checked_rate(self.sample_rate))

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate


def from_array(samples: ArrayLike, *, sample_rate: int, source: str = "array") -> Clip:
    """Make a Clip from samples that are already in memory, at their own rate.

    Args:
        samples: (n,) or (n, channels), 1 to 64 channels, which are mixed to one (``downmix``). Floats are taken as they
            are, integers are scaled by the range of their type to [-1, 1) (unsigned ones are centred first). Mono
            float32 is used without a copy.
        sample_rate: Hz, 1,000 to 1,536,000.
        source: what error messages call this sound.

    Raises:
        AudioError: ``bad_samples`` (wrong shape, type or rate), ``no_sound`` (n = 0) or ``not_finite``.
    """
    mono, _ = mono_from_array(samples, sample_rate=checked_rate(sample_rate), source=source)
    return Clip(mono, sample_rate, source)


def mono_from_array(samples: ArrayLike, *, sample_rate: int, source: str) -> tuple[NDArray[np.float32], int]:
    """Check (n,) or (n, channels) samples; return ((n,) contiguous float32, number of channels)."""
    try:
        array = np.asarray(samples)
    except (ValueError, TypeError) as error:
        raise AudioError(f"expected an array of samples, but {error}", code="bad_samples", source=source) from error
    if array.ndim not in (1, 2) or array.dtype.kind not in "fiu":
        raise AudioError(
            f"expected real numbers of shape (n,) or (n, channels), but {array.dtype} of shape "
            f"{array.shape} came; give one sound at a time, as floats or integers",
            code="bad_samples",
            source=source,
        )
    n_channels = 1 if array.ndim == 1 else array.shape[1]
    if not 1 <= n_channels <= MAX_CHANNELS:
        raise AudioError(
            f"expected 1 to {MAX_CHANNELS} channels, but shape {array.shape} has {n_channels}; "
            "the first axis is time, so transpose an array of (channels, n)",
            code="bad_samples",
            source=source,
        )
    if len(array) == 0:
        raise AudioError("expected sound, but there are 0 samples", code="no_sound", source=source)
    frames = scaled(array.reshape(len(array), -1))
    blocks = (tuple(frames[start : start + _BLOCK_FRAMES].T) for start in range(0, len(frames), _BLOCK_FRAMES))
    mono = np.concatenate(list(mixed(blocks, sample_rate=sample_rate))) if n_channels > 1 else frames[:, 0]
    check_finite(mono, source)
    return mono, n_channels


def scaled(frames: NDArray[np.generic]) -> NDArray[np.float32]:
    """(n, channels) of any real type as float32; integers are scaled by their type to [-1, 1)."""
    with np.errstate(over="ignore"):  # what float32 cannot hold is found by check_finite
        if frames.dtype.kind not in "iu":
            return frames.astype(np.float32, copy=False)
        half = 2.0 ** (8 * frames.dtype.itemsize - 1)
        floats: NDArray[np.float32] = np.multiply(frames, 1.0 / half, dtype=np.float32, casting="unsafe")
        if frames.dtype.kind == "u":
            floats -= np.float32(1.0)
        return floats


def check_finite(samples: NDArray[np.float32], source: str) -> None:
    """Raise ``not_finite`` if any of the (n,) samples is NaN or infinite."""
    with np.errstate(all="ignore"):
        if np.isfinite(samples.sum()):  # five times as fast as looking at each, and nearly always the answer
            return
    n_bad = samples.size - int(np.count_nonzero(np.isfinite(samples)))
    if n_bad:
        raise AudioError(
            f"expected finite samples, but {n_bad} of {samples.size} are NaN or infinite; "
            "the program that wrote them went wrong, so export the sound again",
            code="not_finite",
            source=source,
        )


def checked_rate(sample_rate: int) -> int:
    """Return the rate in Hz as a plain int, or raise ``bad_samples``."""
    try:
        rate = 0 if isinstance(sample_rate, bool) else operator.index(sample_rate)
    except TypeError:
        rate = 0
    if not MIN_SAMPLE_RATE <= rate <= MAX_SAMPLE_RATE:
        raise AudioError(
            f"expected a sample rate as a whole number of Hz from {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE}, "
            f"but {sample_rate!r} came",
            code="bad_samples",
        )
    return rate
