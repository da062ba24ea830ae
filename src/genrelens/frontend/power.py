"""Power of frames of sound gathered into bands, by blocks: what the front ends that hear by bands share."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from genrelens.errors import AudioError

_Float32 = npt.NDArray[np.float32]

_BLOCK_FRAMES = 48
"""Frames computed together, always: blocks start at multiples of 48, and the last is filled up with silence.
A matrix product may round differently when it has another number of rows (OpenBLAS does); this way a frame
goes through the same arithmetic however the sound arrives, and streams agree bit for bit."""

_GROUP_BANDS = 16
"""Bands gathered by one matrix product, over the FFT bins that they need."""

LOUDEST_SAMPLE = np.float32(1e14)
"""Where absurd samples are cut (full scale is 1), so that the power still fits in float32."""


class PowerFrames:
    """Power of frames by blocks of 48, in buffers that stay in the cache and are used again; for one thread.

    Args:
        window: float64, shape (n_window,), what a frame is weighed by; ``n_window <= n_fft``.
        n_fft: length of the transform, to which a frame is filled up with zeros.
        hop_length: samples from one frame to the next.
        bank: float32, shape (n_bands, 1 + n_fft // 2), what each band takes of the FFT's bins.
        without_constant: take a constant out of each frame; the window has to be a periodic Hann one of ``n_fft``.
    """

    def __init__(
        self,
        *,
        window: npt.NDArray[np.float64],
        n_fft: int,
        hop_length: int,
        bank: _Float32,
        without_constant: bool = False,
    ) -> None:
        n_bins = 1 + n_fft // 2
        self._hop_length = hop_length
        self._without_constant = without_constant
        self._window = window
        self._groups = _band_groups(bank)
        self._frames = np.zeros((_BLOCK_FRAMES, n_fft), np.float64)
        self._windowed = self._frames[:, : window.size]
        self._spectrum = np.empty((_BLOCK_FRAMES, n_bins), np.complex128)
        self._bins = np.empty((_BLOCK_FRAMES, n_bins), np.float32)
        self._bands = np.empty((_BLOCK_FRAMES, len(bank)), np.float32)
        self._n_samples = (_BLOCK_FRAMES - 1) * hop_length + window.size

    def n_whole(self, n_samples: int) -> int:
        """How many frames the whole blocks have that so many samples fill."""
        return max(0, 1 + (n_samples - self._n_samples) // (_BLOCK_FRAMES * self._hop_length)) * _BLOCK_FRAMES

    def of(self, samples: _Float32, n_frames: int, *, first: int) -> _Float32:
        """Power ``(n_frames, n_bands)``; the first frame begins at ``samples[first]``, with silence around samples.

        Raises :class:`AudioError` (``not_finite``) on NaN and infinity; absurdly loud samples have finite power.
        """
        power = np.empty((n_frames, self._bands.shape[1]), np.float32)
        for start in range(0, n_frames, _BLOCK_FRAMES):
            rows = power[start : start + _BLOCK_FRAMES]
            part = _cut(samples, first=first + start * self._hop_length, n_samples=self._n_samples)
            rows[:] = self._finite_power(part)[: len(rows)]
        return power

    def _finite_power(self, samples: _Float32) -> _Float32:
        """Power (48, n_bands) of a block, in a buffer that the next call overwrites."""
        with np.errstate(over="ignore", invalid="ignore"):
            bands = self._power(samples)
            if np.isfinite(bands.sum()):
                return bands
        return self._power(np.clip(finite(samples), -LOUDEST_SAMPLE, LOUDEST_SAMPLE))

    def _power(self, samples: _Float32) -> _Float32:
        frames = np.lib.stride_tricks.sliding_window_view(samples, self._window.size)[:: self._hop_length]
        np.multiply(frames, self._window, out=self._windowed)
        np.fft.rfft(self._frames, out=self._spectrum)
        if self._without_constant:
            # A constant c under a Hann window has only X[0] = c n_fft / 2 and X[1] = -X[0] / 2.
            self._spectrum[:, 1] += self._spectrum[:, 0] / 2
            self._spectrum[:, 0] = 0
        parts = self._spectrum.view(np.float64)  # real and imaginary parts by turns
        np.square(parts, out=parts)
        np.add(parts[:, 0::2], parts[:, 1::2], out=self._bins, casting="same_kind")
        for bands, bins, weights in self._groups:
            np.matmul(self._bins[:, bins], weights, out=self._bands[:, bands])
        return self._bands


def _band_groups(bank: _Float32) -> tuple[tuple[slice, slice, _Float32], ...]:
    """The filter bank in parts: (bands, the bins that they need, weights (bins, bands))."""
    groups = []
    for start in range(0, len(bank), _GROUP_BANDS):
        bands = slice(start, min(start + _GROUP_BANDS, len(bank)))
        used = np.flatnonzero(bank[bands].any(axis=0))
        bins = slice(int(used[0]), int(used[-1]) + 1)
        groups.append((bands, bins, np.ascontiguousarray(bank[bands, bins].T)))
    return tuple(groups)


def _cut(samples: _Float32, *, first: int, n_samples: int) -> _Float32:
    """``samples[first : first + n_samples]``, with zeros where the clip has not begun or has ended."""
    stop = first + n_samples
    if first >= 0 and stop <= samples.size:
        return samples[first:stop]
    part = np.zeros(n_samples, np.float32)
    inside = samples[max(first, 0) : stop]
    part[max(-first, 0) : max(-first, 0) + inside.size] = inside
    return part


def mono_float32(samples: npt.NDArray[np.floating[Any]]) -> _Float32:
    """Samples ``(n,)`` of any floating type; what float32 cannot hold becomes infinite.

    Raises :class:`AudioError` (``bad_samples``) for another shape or type.
    """
    if samples.ndim != 1 or not np.issubdtype(samples.dtype, np.floating):
        raise AudioError(
            f"expected mono floating-point samples of shape (n,), not {samples.dtype} of shape "
            f"{samples.shape}; genrelens.audio.from_array makes them",
            code="bad_samples",
        )
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(samples, dtype=np.float32)


def finite(samples: _Float32) -> _Float32:
    """The samples as they are. Raises :class:`AudioError` (``not_finite``) on NaN and infinity."""
    if not np.isfinite(samples).all():
        raise AudioError(
            "the sound holds NaN or infinity; expected finite samples between about -1 and 1; "
            "decode or compute it anew",
            code="not_finite",
        )
    return samples
