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


N_LEVELS: Final = 256

_MAGMA_HEX: Final = (
    "00000401000501010601010802010902020b02020d03030f03031204041405041606051806051a07061c08071e090720"
    "0a08220b09240c09260d0a290e0b2b100b2d110c2f120d31130d34140e36150e38160f3b180f3d19103f1a10421c1044"
    "1d11471e114920114b21114e22115024125325125527125829115a2a115c2c115f2d11612f1163311165331067341069"
    "36106b38106c390f6e3b0f703d0f713f0f72400f74420f75440f764510774710784910784a10794c117a4e117b4f127b"
    "51127c52137c54137d56147d57157e59157e5a167e5c167f5d177f5f187f601880621980641a80651a80671b80681c81"
    "6a1c816b1d816d1d816e1e81701f81721f817320817521817621817822817922827b23827c23827e2482802582812581"
    "8326818426818627818827818928818b29818c29818e2a81902a81912b81932b80942c80962c80982d80992d809b2e7f"
    "9c2e7f9e2f7fa02f7fa1307ea3307ea5317ea6317da8327daa337dab337cad347cae347bb0357bb2357bb3367ab5367a"
    "b73779b83779ba3878bc3978bd3977bf3a77c03a76c23b75c43c75c53c74c73d73c83e73ca3e72cc3f71cd4071cf4070"
    "d0416fd2426fd3436ed5446dd6456cd8456cd9466bdb476adc4869de4968df4a68e04c67e24d66e34e65e44f64e55064"
    "e75263e85362e95462ea5661eb5760ec5860ed5a5fee5b5eef5d5ef05f5ef1605df2625df2645cf3655cf4675cf4695c"
    "f56b5cf66c5cf66e5cf7705cf7725cf8745cf8765cf9785df9795df97b5dfa7d5efa7f5efa815ffb835ffb8560fb8761"
    "fc8961fc8a62fc8c63fc8e64fc9065fd9266fd9467fd9668fd9869fd9a6afd9b6bfe9d6cfe9f6dfea16efea36ffea571"
    "fea772fea973feaa74feac76feae77feb078feb27afeb47bfeb67cfeb77efeb97ffebb81febd82febf84fec185fec287"
    "fec488fec68afec88cfeca8dfecc8ffecd90fecf92fed194fed395fed597fed799fed89afdda9cfddc9efddea0fde0a1"
    "fde2a3fde3a5fde5a7fde7a9fde9aafdebacfcecaefceeb0fcf0b2fcf2b4fcf4b6fcf6b8fcf7b9fcf9bbfcfbbdfcfdbf"
)

MAGMA: Final[npt.NDArray[np.uint8]] = np.frombuffer(bytes.fromhex(_MAGMA_HEX), np.uint8).reshape(N_LEVELS, 3)
"""Red, green and blue of each level, from the darkest; read-only."""


def nearest_levels(rgb: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], float]:
    """The level whose colour is nearest to each pixel's, by squared distance.

    Args:
        rgb: uint8, shape (h, w, 3).

    Returns:
        Levels 0 to 255, uint8, shape (h, w), and the mean squared distance of a pixel from its level's colour (0 for a
        picture that is drawn in magma; tens of thousands at most).
    """
    packed = (rgb.astype(np.uint32) << np.array([16, 8, 0], np.uint32)).sum(axis=2, dtype=np.uint32)
    colours, place = np.unique(packed.reshape(-1), return_inverse=True)  # a picture has few, and one may have 72,144
    levels = np.empty(colours.size, np.uint8)
    distances = np.empty(colours.size)
    for start in range(0, colours.size, 4096):
        part = colours[start : start + 4096, None] >> np.array([16, 8, 0], np.uint32) & 255
        squared = ((part[:, None, :].astype(np.int32) - MAGMA.astype(np.int32)) ** 2).sum(axis=2)
        levels[start : start + 4096] = squared.argmin(axis=1)
        distances[start : start + 4096] = squared.min(axis=1)
    return levels[place].reshape(packed.shape), float(distances[place].mean())
