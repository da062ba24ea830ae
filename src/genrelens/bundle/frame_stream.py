"""From a stream of sound to the windows of frames that a network hears."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle.heard import Heard
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
