"""When a window of mel power holds nothing to listen to."""

from __future__ import annotations

import functools
from typing import Final

import numpy as np
import numpy.typing as npt

from genrelens.frontend.mel import mel_filter_bank
from genrelens.frontend.settings import MelSettings

SILENCE_POWER: Final = 1e-6
"""Mel power below which a window holds nothing to listen to (full scale is 1). Measured for frames of 512 to
4096 samples: 16-bit dither stays below 4e-7, noise that peaks at -60 dBFS reaches 3e-6 or more."""
CLICK_SHARE: Final = 0.02
"""Share of a window's frames that a click at its edge may fill: 5 frames of 256."""


def mel_is_silent(power: npt.NDArray[np.float32], *, settings: MelSettings) -> bool:
    """Whether a window of mel power (n_frames, n_mels) holds nothing but silence, dither or a constant.

    A constant (a DC offset) is no sound, so the bands that it reaches are left out; what it does where a file begins
    and ends is a click of a few frames, so up to :data:`CLICK_SHARE` of the frames may be above the threshold.
    """
    heard = power[:, _n_dc_bands(settings) :].max(axis=1, initial=0.0) >= SILENCE_POWER
    return bool(heard.sum() <= CLICK_SHARE * len(heard))


@functools.cache
def _n_dc_bands(settings: MelSettings) -> int:
    """How many of the lowest bands take from FFT bins 0 and 1, all that a Hann window lets a constant reach."""
    return int(mel_filter_bank(settings)[:, :2].any(axis=1).sum())
