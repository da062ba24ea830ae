"""Perturbation baselines: what stands in the place of sound that is taken out.

None is innocent, so there is more than one. Each is made from frames ``(k, n_bands)`` of a stretch and their settings,
and has their shape. A baseline of samples, which have no bands, is noise where one of bands is a steady sound. Chance
is seeded: a baseline is always the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.frontend import frames as door
from genrelens.frontend.frames import FrameSettings

Float32 = NDArray[np.float32]
Baseline = Callable[[Float32, FrameSettings], Float32]

SHUFFLED_S = 0.05
BLUR_S = 2.0
QUIETER_DB = 20.0


def silence(frames: Float32, settings: FrameSettings) -> Float32:
    """Nothing at all."""
    return np.full_like(frames, door.silence(settings))


def mean(frames: Float32, settings: FrameSettings) -> Float32:
    """A steady sound with the stretch's mean level in each band: as loud, as bright, without any event."""
    if settings.band_edges_hz is None:
        rms = np.sqrt(np.mean(np.square(frames, dtype=np.float64)))
        return _noise(frames.shape, np.float32) * np.float32(rms)
    return np.broadcast_to(door.steady(frames, settings=settings), frames.shape)


def shuffled(frames: Float32, settings: FrameSettings) -> Float32:
    """The stretch's own frames in a random order: every sound as it was, and no events.

    Of samples it is blocks of :data:`SHUFFLED_S`: sample by sample they would be noise.
    """
    n = len(frames)
    size = round(SHUFFLED_S * settings.sample_rate) if settings.band_edges_hz is None else 1
    blocks = [np.arange(start, min(start + size, n)) for start in range(0, n, size)]
    order = np.random.default_rng(0).permutation(len(blocks))
    made: Float32 = frames[np.concatenate([blocks[i] for i in order])]
    return made


def blurred(frames: Float32, settings: FrameSettings) -> Float32:
    """Every band's running mean over :data:`BLUR_S`: what sounds when, without a single event."""
    has_bands = settings.band_edges_hz is not None
    values = frames if has_bands else np.square(frames, dtype=np.float64)
    n = len(values)
    half = max(1, round(BLUR_S * settings.sample_rate / settings.hop_length / 2))
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    first, after = np.maximum(np.arange(n) - half, 0), np.minimum(np.arange(n) + half + 1, n)
    means = (total[after] - total[first]) / (after - first)[:, np.newaxis]
    if not has_bands:
        means = np.sqrt(np.maximum(means, 0)) * _noise(frames.shape, np.float64)
    made: Float32 = means.astype(np.float32)
    return made


def quieter(frames: Float32, settings: FrameSettings, *, by_db: float = QUIETER_DB) -> Float32:
    """The same, ``by_db`` down, as an equaliser does it: for ranges of frequencies.

    A hole in the spectrum is nothing that a model has ever heard, and it may say anything of it; a band's mean leaves
    the level where it is, which is what there is to explain.
    """
    return door.amplified(frames, settings=settings, by_db=-by_db)


def _noise(shape: tuple[int, ...], dtype: type[np.floating]) -> NDArray[np.floating]:
    return np.random.default_rng(0).standard_normal(shape, dtype=dtype)


BASELINES: Final[Mapping[str, Baseline]] = {"mean": mean, "silence": silence}
"""What methods are made with, by the name that explanations give."""
JUDGING_BASELINES: Final[Mapping[str, Baseline]] = {**BASELINES, "shuffled": shuffled, "blurred": blurred}
"""What explanations are judged by."""
