"""From a stream of sound to the windows of frames that a network hears."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from genrelens.audio.resample import Resampler
from genrelens.bundle.heard import Heard
from genrelens.bundle.mn04 import Mn04, Mn04Ear
from genrelens.bundle.reading import Beside
from genrelens.bundle.track_term import MN04
from genrelens.bundle.windows import WindowSettings, iter_windows
from genrelens.frontend.frames import FrameSettings, compress, frame_stream, is_silent


def take_frames(
    chunks: Iterable[NDArray[np.float32]], heard: Heard, *, settings: FrameSettings, windows: WindowSettings
) -> None:
    """Give ``heard`` every window of the frames ``(k, n_bands)``, compressed, in constant memory."""
    seconds_per_frame = settings.hop_length / settings.sample_rate
    for window in iter_windows(chunks, settings=windows):
        heard.add(
            None if is_silent(window.power, settings=settings) else compress(window.power, settings=settings),
            start_s=window.start_frame * seconds_per_frame,
            end_s=window.end_frame * seconds_per_frame,
        )


def frames_of(blocks: Iterable[NDArray[np.float32]], *, settings: FrameSettings) -> Iterator[NDArray[np.float32]]:
    """The frames ``(k, n_bands)`` of a sound whose blocks ``(n,)`` are at the front end's sample rate."""
    frames = frame_stream(settings)
    for block in blocks:
        yield frames.push(block)
    yield frames.finish()


def frames_with_mn04(
    blocks: Iterable[NDArray[np.float32]], *, settings: FrameSettings, sample_rate: int, network: Mn04
) -> Iterator[NDArray[np.float32] | Beside]:
    """As :func:`frames_of` of blocks at any ``sample_rate``, and at the end what mn04 made of the same sound."""
    ear = Mn04Ear(network, sample_rate=sample_rate)
    resampler = Resampler(sample_rate_in=sample_rate, sample_rate=settings.sample_rate)
    frames = frame_stream(settings)
    for block in blocks:
        ear.push(block)
        yield frames.push(resampler.push(block))
    yield frames.push(resampler.finish())
    yield frames.finish()
    yield Beside(MN04, ear.finish())
