"""What stands in the place of sound that is taken out. No fill is innocent, so there is more than one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.frontend.frames import FrameSettings
from genrelens.frontend.vggish import LOG_OFFSET, VggishSettings
from genrelens.frontend.wave import WaveSettings

Float32 = NDArray[np.float32]
Fill = Callable[[Float32, FrameSettings], Float32]
"""From the frames ``(k, bands)`` of a stretch and their settings to what may stand in their place, the same shape."""


def silence(frames: Float32, settings: FrameSettings) -> Float32:
    """Nothing at all."""
    nothing = np.log(LOG_OFFSET) if isinstance(settings, VggishSettings) else 0.0
    return np.full_like(frames, nothing)


def mean(frames: Float32, settings: FrameSettings) -> Float32:
    """A steady sound with the stretch's mean power in each band: as loud, as bright, without any event.

    Of samples, which have no bands, it is noise of the same power (seeded, so it is always the same).
    """
    if isinstance(settings, WaveSettings):
        level = np.sqrt(np.mean(np.square(frames, dtype=np.float64)))
        noise = np.random.default_rng(0).standard_normal(frames.shape, dtype=np.float32)
        return noise * np.float32(level)
    if isinstance(
        settings, VggishSettings
    ):  # whose frames are logarithms: the mean is one of what they are of
        means = np.log(np.exp(frames, dtype=np.float64).mean(axis=0))
    else:
        means = frames.mean(axis=0, dtype=np.float64)
    return np.broadcast_to(means.astype(np.float32), frames.shape)


FILLS: Final[Mapping[str, Fill]] = {"mean": mean, "silence": silence}
"""By the name that explanations give."""
