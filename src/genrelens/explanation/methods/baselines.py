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
    ):  # its frames are logarithms: the mean is taken before the logarithm
        means = np.log(np.exp(frames, dtype=np.float64).mean(axis=0))
    else:
        means = frames.mean(axis=0, dtype=np.float64)
    return np.broadcast_to(means.astype(np.float32), frames.shape)


PIECE_S = 0.05


def shuffled(frames: Float32, settings: FrameSettings) -> Float32:
    """The stretch's own frames in an order of chance (seeded): every sound as it was, and no events.

    Of samples it is pieces of :data:`PIECE_S`: sample by sample they would be noise, as :func:`mean` is.
    """
    n = len(frames)
    size = round(PIECE_S * settings.sample_rate) if isinstance(settings, WaveSettings) else 1
    pieces = [np.arange(start, min(start + size, n)) for start in range(0, n, size)]
    order = np.random.default_rng(0).permutation(len(pieces))
    made: Float32 = frames[np.concatenate([pieces[i] for i in order])]
    return made


BLUR_S = 2.0


def blurred(frames: Float32, settings: FrameSettings) -> Float32:
    """Every band's running mean over :data:`BLUR_S`: what sounds when, without a single event.

    Of samples it is noise (seeded) of the running power.
    """
    values = np.square(frames, dtype=np.float64) if isinstance(settings, WaveSettings) else frames
    n = len(values)
    half = max(1, round(BLUR_S * settings.sample_rate / settings.hop_length / 2))
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    first, after = np.maximum(np.arange(n) - half, 0), np.minimum(np.arange(n) + half + 1, n)
    means = (total[after] - total[first]) / (after - first)[:, np.newaxis]
    if isinstance(settings, WaveSettings):
        means = np.sqrt(np.maximum(means, 0)) * np.random.default_rng(0).standard_normal(frames.shape)
    made: Float32 = means.astype(np.float32)
    return made


QUIETER_DB = 20.0


def quieter(frames: Float32, settings: FrameSettings, *, by_db: float = QUIETER_DB) -> Float32:
    """The same, ``by_db`` down, as an equaliser does it: for ranges of frequencies.

    A hole in the spectrum is nothing that a model has ever heard, and it may say anything of it; a band's mean leaves
    the level where it is, which is what there is to explain.
    """
    if isinstance(settings, VggishSettings):
        magnitude = np.maximum(np.exp(frames, dtype=np.float64) - LOG_OFFSET, 0.0)
        return np.log(magnitude * 10 ** (-by_db / 20) + LOG_OFFSET).astype(np.float32)
    over = 20 if isinstance(settings, WaveSettings) else 10
    return frames * np.float32(10 ** (-by_db / over))


BASELINES: Final[Mapping[str, Fill]] = {"mean": mean, "silence": silence}
"""What methods are made with, by the name that explanations give."""
JUDGING_BASELINES: Final[Mapping[str, Fill]] = {**BASELINES, "shuffled": shuffled, "blurred": blurred}
"""What explanations are judged by."""
