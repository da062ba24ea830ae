"""Augmentation of batches of training windows, in pure NumPy.

Equaliser and band shift act on mel power, before the decibels, so that the window's reference is taken after them as it
would be for a real recording; masks and mixup act on decibels. Every function takes the random generator that it draws
from and changes nothing in place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

EQ_POINTS = 6
"""Control points of the random equaliser curve along the mel axis."""


def crop(frames: Array, *, n_frames: int, time_stretch: float, rng: np.random.Generator) -> Array:
    """A random stretch of a track (n, n_mels), as ``n_frames`` frames; a shorter track is repeated, as in prediction.

    With ``time_stretch`` s > 0, between exp(-s) and exp(s) times as many frames are taken and interpolated linearly
    to ``n_frames``: a change of tempo without one of pitch.
    """
    length = (
        max(2, round(n_frames * float(np.exp(rng.uniform(-time_stretch, time_stretch))))) if time_stretch else n_frames
    )
    if len(frames) < length:
        frames = np.tile(frames, (-(-length // len(frames)), 1))
    start = int(rng.integers(len(frames) - length + 1))
    part = frames[start : start + length]
    if length == n_frames:
        return part
    at = np.linspace(0, length - 1, n_frames)
    left = np.minimum(at.astype(int), length - 2)
    share = (at - left).astype(np.float32)[:, None]
    stretched: Array = part[left] * (1 - share) + part[left + 1] * share
    return stretched


def equalise(power: Array, *, eq_db: float, rng: np.random.Generator) -> Array:
    """Multiply each window (batch, n_frames, n_mels) of power by a smooth random curve over the bands.

    The curve is linear between :data:`EQ_POINTS` points drawn from a normal distribution of ``eq_db`` decibels: what a
    recording chain, a mastering engineer or a loudspeaker does to a track without changing its genre.
    """
    n_mels = power.shape[2]
    points = rng.normal(0.0, eq_db, size=(len(power), EQ_POINTS))
    at = np.linspace(0, EQ_POINTS - 1, n_mels)
    left = np.minimum(at.astype(int), EQ_POINTS - 2)
    share = at - left
    curve_db = points[:, left] * (1 - share) + points[:, left + 1] * share
    gain: Array = (10.0 ** (curve_db / 10.0)).astype(np.float32)
    equalised: Array = power * gain[:, None, :]
    return equalised


def shift_bands(power: Array, *, band_shift: int, rng: np.random.Generator) -> Array:
    """Move each window up or down the mel axis by up to ``band_shift`` bands; the edge band fills the gap.

    A cheap stand-in for a change of pitch.
    """
    n_mels = power.shape[2]
    shifts = rng.integers(-band_shift, band_shift + 1, size=len(power))
    source = np.clip(np.arange(n_mels)[None, :] - shifts[:, None], 0, n_mels - 1)
    return np.take_along_axis(power, source[:, None, :], axis=2)


def mask(mel_db: Array, *, n_masks: int, time_mask: float, band_mask: int, rng: np.random.Generator) -> Array:
    """SpecAugment: ``n_masks`` spans of time and of bands of each window are set to the window's mean.

    Widths are uniform from 0 to ``time_mask * n_frames`` frames and to ``band_mask`` bands (arXiv 1904.08779).
    """
    masked = mel_db.copy()
    _, n_frames, n_mels = mel_db.shape
    longest = int(time_mask * n_frames)
    for window, fill in zip(masked, mel_db.mean(axis=(1, 2)), strict=True):
        for _ in range(n_masks):
            width = int(rng.integers(longest + 1))
            start = int(rng.integers(n_frames - width + 1))
            window[start : start + width] = fill
            width = int(rng.integers(band_mask + 1))
            start = int(rng.integers(n_mels - width + 1))
            window[:, start : start + width] = fill
    return masked


def mixup(mel_db: Array, targets: Array, *, alpha: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Blend each window and its target (batch, n_classes) with those of another window of the batch.

    Weights from Beta(alpha, alpha), a draw for each window (arXiv 1710.09412). Returns windows and targets.
    """
    weight = rng.beta(alpha, alpha, size=len(mel_db)).astype(np.float32)
    other = rng.permutation(len(mel_db))
    w = weight[:, None, None]
    return (w * mel_db + (1 - w) * mel_db[other], weight[:, None] * targets + (1 - weight[:, None]) * targets[other])
