"""Mel spectrograms with NumPy alone, equal to librosa's, whole or streamed.

Frames belong to the file: frame ``i`` is centred on sample ``i * hop_length``, with silence before the first and
after the last sample, as ``librosa.feature.melspectrogram(center=True, pad_mode="constant", power=2.0)`` has it.
Time comes first: row ``i`` is frame ``i``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from genrelens.errors import AudioError, RecipeError
from genrelens.frontend.filter_bank import empty_filters, slaney_triangles

Float32 = npt.NDArray[np.float32]

AMIN = 1e-10
"""Power below which everything counts as equally silent (librosa's ``amin``)."""

_BLOCK_FRAMES = 32
"""Frames computed together, always: the first of a block has a number that 32 divides, and a last, short block is
filled up with silence. A matrix product may round differently when it has another number of rows; this way a frame
goes through the same arithmetic however the sound arrives, and streams agree bit for bit."""

_GROUP_BANDS = 16
"""Mel bands multiplied together. A band's triangle covers few of the FFT's bins, so 16 neighbours need a slice of the
spectrum: for 128 bands and 1025 bins that is a quarter of the work of the full product, still in BLAS."""

_LOUDEST_SAMPLE = np.float32(1e14)
"""Where absurd samples are cut (full scale is 1), so that their power still fits in float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MelSettings:
    """How sound becomes a mel spectrogram. A bundle carries these; nothing is rebuilt from defaults.

    Power spectrum, periodic Hann window of ``n_fft`` samples, triangles of equal area ("slaney" norm).

    Attributes:
        sample_rate: samples a second that the sound must have, Hz.
        n_fft: samples in a frame; even.
        hop_length: samples from one frame to the next, 1 to ``n_fft``.
        n_mels: number of mel bands.
        fmin_hz: lower edge of the lowest band, Hz.
        fmax_hz: upper edge of the highest band, Hz; None means half the sample rate.
        htk: the mel scale: True for O'Shaughnessy's formula (HTK's), False for Slaney's.
        top_db: how far below the loudest cell of a window the floor lies, dB; None means no floor.

    Raises:
        RecipeError: a value of the wrong type, or values that do not fit each other.
    """

    sample_rate: int
    n_fft: int
    hop_length: int
    n_mels: int
    fmin_hz: float
    fmax_hz: float | None
    htk: bool
    top_db: float | None

    def __post_init__(self) -> None:
        for name in ("sample_rate", "n_fft", "hop_length", "n_mels"):
            _check_positive_int(name, getattr(self, name))
        if not isinstance(self.htk, bool):
            raise RecipeError(f"mel: htk should be true or false, not {self.htk!r}")
        object.__setattr__(self, "fmin_hz", _as_number("fmin_hz", self.fmin_hz))
        for name in ("fmax_hz", "top_db"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _as_number(name, getattr(self, name)))
        if self.n_fft % 2:
            raise RecipeError(f"mel: n_fft should be even, not {self.n_fft}; {self.n_fft + 1} would do")
        if self.hop_length > self.n_fft:
            raise RecipeError(
                f"mel: hop_length {self.hop_length} skips samples, since frames are n_fft = {self.n_fft} long; "
                f"give a hop_length of at most {self.n_fft}"
            )
        if self.fmax_hz is not None and self.fmax_hz > self.sample_rate / 2:
            raise RecipeError(
                f"mel: fmax_hz {self.fmax_hz:g} is above half the sample rate, {self.sample_rate / 2:g} Hz; "
                "lower it, or leave it unset for just that"
            )
        if not 0 <= self.fmin_hz < self.top_hz:
            raise RecipeError(
                f"mel: fmin_hz should be 0 or more and below fmax_hz = {self.top_hz:g}, not {self.fmin_hz:g}"
            )
        if self.top_db is not None and self.top_db <= 0:
            raise RecipeError(f"mel: top_db should be above 0, not {self.top_db:g}; leave it unset for no floor")
        self._check_no_band_is_empty()

    def _check_no_band_is_empty(self) -> None:
        """Refuse bands so narrow that they fall between two FFT bins: they would be silent whatever is played."""
        empty = empty_filters(mel_filter_bank(self))
        if not empty.size:
            return
        advice = []
        fewer = next((n for n in range(self.n_mels - 1, 0, -1) if not self._empty_with(n_mels=n)), None)
        if fewer:
            advice.append(f"n_mels of at most {fewer}")
        sizes = (2**k for k in range(self.n_fft.bit_length(), 17))
        longer = next((n for n in sizes if not self._empty_with(n_fft=n)), None)
        if longer:
            advice.append(f"n_fft of {longer}")
        raise RecipeError(
            f"mel: {empty.size} of {self.n_mels} bands (first: {empty[0]}) are narrower than the "
            f"{self.sample_rate / self.n_fft:.3g} Hz between two FFT bins and would always be silent; "
            + (f"give {' or '.join(advice)}" if advice else "give a wider range of frequencies")
        )

    def _empty_with(self, *, n_fft: int | None = None, n_mels: int | None = None) -> bool:
        bank = slaney_triangles(
            sample_rate=self.sample_rate,
            n_fft=n_fft or self.n_fft,
            n_mels=n_mels or self.n_mels,
            fmin_hz=self.fmin_hz,
            fmax_hz=self.top_hz,
            htk=self.htk,
        )
        return bool(empty_filters(bank).size)

    @property
    def top_hz(self) -> float:
        """Upper edge of the highest band, Hz: ``fmax_hz``, or half the sample rate."""
        return self.sample_rate / 2 if self.fmax_hz is None else self.fmax_hz

    def n_frames(self, n_samples: int) -> int:
        """Frames that ``n_samples`` samples give: 1 + n_samples // hop_length (0 samples give one silent frame)."""
        return 1 + n_samples // self.hop_length

    def to_dict(self) -> dict[str, Any]:
        """All settings by name, as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> MelSettings:
        """Settings from ``to_dict``'s form.

        Raises:
            RecipeError: a key is unknown or missing, or a value is wrong.
        """
        names = [field.name for field in fields(cls)]
        unknown = sorted(set(values) - set(names))
        missing = [name for name in names if name not in values]
        if unknown or missing:
            faults = [f"unknown {', '.join(map(repr, unknown))}"] if unknown else []
            faults += [f"missing {', '.join(missing)}"] if missing else []
            raise RecipeError(f"mel settings should have exactly {', '.join(names)}; {'; '.join(faults)}")
        return cls(**values)


def _check_positive_int(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise RecipeError(f"mel: {name} should be a whole number of at least 1, not {value!r}")


def _as_number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
        raise RecipeError(f"mel: {name} should be a finite number, not {value!r}")
    return float(value)


@lru_cache(maxsize=32)
def mel_filter_bank(settings: MelSettings) -> Float32:
    """The triangles that gather FFT bins into mel bands.

    Equal to ``librosa.filters.mel(norm="slaney")``. Shared by all callers, and read-only.

    Returns:
        float32, shape (n_mels, 1 + n_fft // 2), all >= 0, in 1/Hz: each triangle has the area 1 over frequency in Hz.
    """
    bank = slaney_triangles(
        sample_rate=settings.sample_rate,
        n_fft=settings.n_fft,
        n_mels=settings.n_mels,
        fmin_hz=settings.fmin_hz,
        fmax_hz=settings.top_hz,
        htk=settings.htk,
    )
    bank.setflags(write=False)
    return bank


def mel_power(samples: npt.NDArray[np.floating[Any]], *, settings: MelSettings) -> Float32:
    """The mel power spectrogram of a whole piece.

    Equal to ``librosa.feature.melspectrogram(center=True, pad_mode="constant", power=2.0, norm="slaney").T``.

    Args:
        samples: mono sound, shape (n,), floating point, full scale 1, at ``settings.sample_rate`` Hz.
        settings: how to take it.

    Returns:
        float32, shape (settings.n_frames(n), n_mels), finite and >= 0: power times the triangles' 1/Hz.

    Raises:
        AudioError: ``bad_samples`` if the array is not one-dimensional and floating point, ``not_finite`` if it
            holds NaN or infinity.
    """
    samples = _as_mono_float32(samples)
    power = np.empty((settings.n_frames(samples.size), settings.n_mels), np.float32)
    machine = _FrameBlocks(settings)
    for start in range(0, len(power), _BLOCK_FRAMES):
        first = start * settings.hop_length - settings.n_fft // 2
        rows = power[start : start + _BLOCK_FRAMES]
        rows[:] = machine.power(_slice_with_silence(samples, first, machine.n_samples))[: len(rows)]
    return power


class MelStream:
    """The mel power spectrogram of sound that arrives in pieces, in constant memory.

    All that ``push`` and ``finish`` return, put together, is ``mel_power`` of the whole, bit for bit. Frames come out in
    blocks of 32, so up to 32 frames and half a window of sound are held back until more arrives or ``finish`` is called.
    """

    def __init__(self, settings: MelSettings) -> None:
        self.settings = settings
        self._machine = _FrameBlocks(settings)
        self._step = _BLOCK_FRAMES * settings.hop_length
        self._waiting: Float32 = np.zeros(settings.n_fft // 2, np.float32)  # the silence before the first sample
        self._n_samples = 0
        self._n_frames_out = 0
        self._finished = False

    def push(self, block: npt.NDArray[np.floating[Any]]) -> Float32:
        """Take the next samples, shape (k,), k >= 0.

        Returns:
            The frames that are now certain: float32, shape (frames, n_mels), often with 0 frames.

        Raises:
            AudioError: as ``mel_power``.
            RuntimeError: after ``finish``.
        """
        if self._finished:
            raise RuntimeError("this MelStream is finished; make a new one for the next piece")
        block = _as_mono_float32(block)
        self._n_samples += block.size
        self._waiting = np.concatenate((self._waiting, block))
        n_blocks = max(0, (self._waiting.size - self._machine.n_samples) // self._step + 1)
        return self._take(n_blocks, n_blocks * _BLOCK_FRAMES)

    def finish(self) -> Float32:
        """End the piece: the frames that are left, with silence after the last sample; shape (frames, n_mels)."""
        if self._finished:
            raise RuntimeError("this MelStream is finished already")
        self._finished = True
        n_left = self.settings.n_frames(self._n_samples) - self._n_frames_out
        return self._take(-(-n_left // _BLOCK_FRAMES), n_left)

    def _take(self, n_blocks: int, n_frames: int) -> Float32:
        power = np.empty((n_frames, self.settings.n_mels), np.float32)
        for start in range(0, n_frames, _BLOCK_FRAMES):
            rows = power[start : start + _BLOCK_FRAMES]
            first = start * self.settings.hop_length
            rows[:] = self._machine.power(_slice_with_silence(self._waiting, first, self._machine.n_samples))[
                : len(rows)
            ]
        self._waiting = self._waiting[n_blocks * self._step :].copy()
        self._n_frames_out += n_frames
        return power


class _FrameBlocks:
    """Mel power of 32 frames at a time, in buffers that are used again; not to be shared between threads."""

    def __init__(self, settings: MelSettings) -> None:
        self.n_samples = (_BLOCK_FRAMES - 1) * settings.hop_length + settings.n_fft
        self._hop = settings.hop_length
        self._window = _hann(settings.n_fft)
        self._groups = _band_groups(settings)
        n_bins = 1 + settings.n_fft // 2
        self._frames = np.empty((_BLOCK_FRAMES, settings.n_fft), np.float32)
        self._spectrum = np.empty((_BLOCK_FRAMES, n_bins), np.complex64)
        self._bins = np.empty((_BLOCK_FRAMES, n_bins), np.float32)
        self._mel = np.empty((_BLOCK_FRAMES, settings.n_mels), np.float32)

    def power(self, samples: Float32) -> Float32:
        """Mel power (32, n_mels) of ``n_samples`` samples; the array is overwritten by the next call."""
        with np.errstate(over="ignore", invalid="ignore"):
            mel = self._compute(samples)
            if np.isfinite(mel.sum()):
                return mel
        if not np.isfinite(samples).all():
            raise AudioError(
                "the sound holds NaN or infinity; expected finite samples around -1 to 1", code="not_finite"
            )
        return self._compute(np.clip(samples, -_LOUDEST_SAMPLE, _LOUDEST_SAMPLE))

    def _compute(self, samples: Float32) -> Float32:
        frames = np.lib.stride_tricks.sliding_window_view(samples, self._window.size)[:: self._hop]
        np.multiply(frames, self._window, out=self._frames)
        np.fft.rfft(self._frames, out=self._spectrum)
        parts = self._spectrum.view(np.float32)
        np.square(parts, out=parts)
        np.add(parts[:, 0::2], parts[:, 1::2], out=self._bins)
        for bands, bins, weights in self._groups:
            np.matmul(self._bins[:, bins], weights, out=self._mel[:, bands])
        return self._mel


@lru_cache(maxsize=32)
def _hann(n_fft: int) -> Float32:
    """Periodic Hann window, shape (n_fft,)."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)).astype(np.float32)


@lru_cache(maxsize=32)
def _band_groups(settings: MelSettings) -> tuple[tuple[slice, slice, Float32], ...]:
    """The filter bank in pieces: (bands, bins they need, weights (bins, bands))."""
    bank = mel_filter_bank(settings)
    groups = []
    for start in range(0, settings.n_mels, _GROUP_BANDS):
        bands = slice(start, min(start + _GROUP_BANDS, settings.n_mels))
        used = np.flatnonzero(bank[bands].any(axis=0))
        bins = slice(int(used[0]), int(used[-1]) + 1)
        groups.append((bands, bins, np.ascontiguousarray(bank[bands, bins].T)))
    return tuple(groups)


def _as_mono_float32(samples: npt.NDArray[np.floating[Any]]) -> Float32:
    if samples.ndim != 1 or not np.issubdtype(samples.dtype, np.floating):
        raise AudioError(
            f"expected mono floating-point samples, shape (n,), not {samples.dtype} of shape {samples.shape}; "
            "genrelens.audio.from_array makes such samples",
            code="bad_samples",
        )
    return np.ascontiguousarray(samples, dtype=np.float32)


def _slice_with_silence(samples: Float32, first: int, n: int) -> Float32:
    """``samples[first : first + n]``, with zeros where the piece has not begun or has ended."""
    stop = first + n
    if first >= 0 and stop <= samples.size:
        return samples[first:stop]
    piece = np.zeros(n, np.float32)
    inside = samples[max(first, 0) : max(stop, 0)]
    offset = max(-first, 0)
    piece[offset : offset + inside.size] = inside
    return piece


def power_to_db(power: Float32, *, top_db: float | None) -> Float32:
    """Decibels relative to the loudest cell of each window.

    Equal to ``librosa.power_to_db(window, ref=np.max, amin=1e-10, top_db=top_db)`` for each window: power below 1e-10
    counts as 1e-10, so a silent window is 0 dB throughout.

    Args:
        power: float32, shape (..., n_frames, n_mels), >= 0; each (n_frames, n_mels) is a window of its own.
        top_db: the floor lies so far below the loudest cell, dB; None means no floor.

    Returns:
        float32, same shape, at most 0 dB (exactly 0 in the loudest cell) and at least -top_db.
    """
    db = np.maximum(power, np.float32(AMIN), dtype=np.float32)
    np.log10(db, out=db)
    db *= np.float32(10)
    db -= db.max(axis=(-2, -1), keepdims=True)
    if top_db is not None:
        np.maximum(db, np.float32(-top_db), out=db)
    return db
