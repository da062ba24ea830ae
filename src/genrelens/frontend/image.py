"""Kaggle's picture of a clip (``images_original`` of GTZAN), drawn from sound with NumPy alone.

What was drawn, found by comparison and then met exactly (docs/thin-genres.md): librosa's mel spectrogram (128 bands,
frames of 2,048 samples every 512, the ends mirrored), ``amplitude_to_db(mel, ref=max)`` of its *power*, so that the
80 dB of the floor are 40 dB, in matplotlib's magma from the least value to the greatest, the lowest band at the
bottom. The axes are 334.8 x 217.44 pixels of 432 x 288, and each pixel has the colour of one cell, that at its upper
right corner.

The outermost ring of the plot box (336 x 218 pixels) is the black line around the axes, which tells nothing of the
sound; a picture here is what that line encloses, 334 x 216.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from genrelens.errors import AudioError, DataError
from genrelens.frontend.mel import MelSettings, mel_power
from genrelens.frontend.picture_colours import N_LEVELS, nearest_levels

SETTINGS: Final = MelSettings(
    sample_rate=22050, n_fft=2048, hop_length=512, n_mels=128, fmin_hz=0.0, fmax_hz=None, htk=False, top_db=40.0
)
"""``top_db`` as decibels of power, which are half as many as the picture's decibels of "amplitude"."""

SIZE_PX: Final = (432, 288)
"""Width and height of a published picture."""

HEIGHT, WIDTH = 216, 334

N_FRAMES: Final = 1293
"""Mel frames of a usual clip, 30.0 s: what a picture whose clip is not at hand is taken to show."""

_LEFT_PX, _TOP_PX = 55, 36  # the first pixel inside the line
_AXES_LEFT_PX, _AXES_BOTTOM_PX = (54.0, 252.0)  # 0.125 of 432; 0.875 of 288: matplotlib 1's figure in a notebook
_AXES_WIDTH_PX, _AXES_HEIGHT_PX = 334.8, 217.44  # (0.9 - 0.125) * 432; (0.88 - 0.125) * 288
_SUBPIXELS = 256

_AMIN = np.float32(1e-5)  # librosa's, for amplitudes
_FLOOR = np.float32(-80)
_DRAWN_IN_MAGMA = 100.0  # mean squared distance; the published pictures have 0 inside the line, other maps thousands


def picture(samples: npt.NDArray[np.floating[Any]], *, sample_rate: int) -> npt.NDArray[np.float32]:
    """The picture of a clip; the published ones show some 30 s.

    Args:
        samples: mono sound, shape (n,), n >= 2,048, floating point, finite, full scale 1.
        sample_rate: Hz, 22,050.

    Returns:
        float32, shape (216, 334), in [0, 1] by steps of 1/255: row 0 is the highest band, column 0 the beginning.

    Raises:
        AudioError: ``bad_samples``: another shape, type or rate; ``not_finite``; ``too_short``.
    """
    return draw(mirrored_mel_power(samples, sample_rate=sample_rate))


def mirrored_mel_power(samples: npt.NDArray[np.floating[Any]], *, sample_rate: int) -> npt.NDArray[np.float32]:
    """Mel power (n_frames, 128) as librosa computed it before version 0.10: the ends are mirrored, not silent."""
    if sample_rate != SETTINGS.sample_rate:
        raise AudioError(
            f"the picture: expected sound at {SETTINGS.sample_rate} Hz, not {sample_rate} Hz; "
            f"genrelens.audio.load(path, sample_rate={SETTINGS.sample_rate}) resamples",
            code="bad_samples",
        )
    if samples.ndim == 1 and samples.size < SETTINGS.n_fft:
        raise AudioError(
            f"the picture: expected at least {SETTINGS.n_fft} samples, there are {samples.size}", code="too_short"
        )
    half = SETTINGS.n_fft // 2
    mirrored = np.pad(samples, half, mode="reflect") if samples.ndim == 1 else samples
    skipped = half // SETTINGS.hop_length
    return mel_power(mirrored, settings=SETTINGS)[skipped : skipped + SETTINGS.n_frames(samples.size)]


def draw(power: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The picture (216, 334), in [0, 1], of mel power (n_frames, 128), n_frames >= 1. Silence is black."""
    power = power[:, : SETTINGS.n_mels]
    db = np.float32(20) * np.log10(np.maximum(power, _AMIN))
    db -= db.max()
    np.maximum(db, _FLOOR, out=db)
    least = float(db.min())
    if least == 0.0:
        return np.zeros((HEIGHT, WIDTH), np.float32)
    bands, frames = cells(power.shape[0])
    shown = db[frames][:, bands].T
    return _as_unit(np.minimum((shown - least) / -least * N_LEVELS, N_LEVELS - 1).astype(np.uint8))


def cells(n_frames: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Which band each row shows, (216,), and which of ``n_frames`` frames each column, (334,)."""
    right = np.arange(_LEFT_PX, _LEFT_PX + WIDTH) + 1 - _AXES_LEFT_PX
    above = _AXES_BOTTOM_PX - np.arange(_TOP_PX, _TOP_PX + HEIGHT)
    bands = _last_begun(above, _AXES_HEIGHT_PX * np.arange(SETTINGS.n_mels) / SETTINGS.n_mels)
    return bands, _last_begun(right, _AXES_WIDTH_PX * np.arange(n_frames) / n_frames)


def _last_begun(at_px: npt.NDArray[np.floating[Any]], begin_px: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.int64]:
    """The last cell that begins before each place, where it begins rounded to 1/256 pixel, as Agg does."""
    begin_px = np.round(begin_px * _SUBPIXELS) / _SUBPIXELS
    return np.searchsorted(begin_px, at_px, side="left").astype(np.int64) - 1


def from_pixels(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """The picture (216, 334), in [0, 1], out of a published one's pixels (288, 432, 3).

    Raises :class:`DataError` for another size, and for pixels that are not magma's colours.
    """
    if rgb.shape != (SIZE_PX[1], SIZE_PX[0], 3) or rgb.dtype != np.uint8:
        raise DataError(
            f"expected a picture of {SIZE_PX[0]} x {SIZE_PX[1]} pixels, red, green and blue in 0 to 255, got "
            f"{rgb.dtype} of shape {rgb.shape}"
        )
    inside = rgb[_TOP_PX : _TOP_PX + HEIGHT, _LEFT_PX : _LEFT_PX + WIDTH]
    levels, distance = nearest_levels(inside)
    if distance > _DRAWN_IN_MAGMA:
        raise DataError(
            "expected a spectrogram in matplotlib's colours magma, as Kaggle's images_original of GTZAN; these pixels "
            f"lie {distance:.0f} from them (mean squared distance, at most {_DRAWN_IN_MAGMA:.0f})"
        )
    return _as_unit(levels)


def to_mel_power(picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Mel power of which the same picture is drawn, for a model that has learnt to look at pictures.

    The way back from what a picture shows, which is every band but only 334 of the 1,293 frames: those between are like
    the next one that is shown. Power is relative to the loudest cell of the clip. That cell is mostly one that is not
    shown, so it is put into the first frame, which never is. A picture that is black all over gives silence.

    Args:
        picture: shape (216, 334), in [0, 1], as :func:`from_pixels` and :func:`picture` give it.

    Returns:
        float32, shape (1293, 128): power in [1e-4, 1]. In decibels with a floor of 40 dB (:data:`SETTINGS`) it draws
        the picture again, to within rounding.
    """
    if picture.shape != (HEIGHT, WIDTH):
        raise DataError(f"expected a picture of shape ({HEIGHT}, {WIDTH}), got {picture.shape}")
    if not picture.any():
        return np.zeros((N_FRAMES, SETTINGS.n_mels), np.float32)
    assert SETTINGS.top_db is not None
    bands, frames = cells(N_FRAMES)
    _, rows = np.unique(bands, return_index=True)  # the first row of each band, lowest band first
    columns = np.minimum(np.searchsorted(frames, np.arange(N_FRAMES)), WIDTH - 1)
    db = (picture[rows][:, columns].T - 1) * np.float32(SETTINGS.top_db)
    power: npt.NDArray[np.float32] = (10 ** (db.astype(np.float64) / 10)).astype(np.float32)
    power[0, 0] = 1
    return power


def is_front_end(settings: object) -> bool:
    """Whether frames of these settings are the picture's, so that a picture can stand for the sound that it shows.

    How windows of them are compressed does not matter here: that is done when windows are cut.
    """
    return (
        isinstance(settings, MelSettings)
        and replace(settings, top_db=SETTINGS.top_db, log_factor=None, level=None) == SETTINGS
    )


def _as_unit(levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    return (levels / np.float32(N_LEVELS - 1)).astype(np.float32)
