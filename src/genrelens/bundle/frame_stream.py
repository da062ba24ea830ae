"""From a stream of sound to the windows of frames that a network hears."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext

import numpy as np
from numpy.typing import NDArray

from genrelens.audio import AudioStream
from genrelens.audio.ahead import ahead
from genrelens.bundle.heard import Heard
from genrelens.bundle.windows import WindowSettings, iter_windows
from genrelens.frontend.frames import FrameSettings, compress, frame_stream, is_silent
from genrelens.parallel import n_cores


def hear_frames(
    stream: AudioStream, heard: Heard, *, settings: FrameSettings, windows: WindowSettings
) -> None:
    """Give ``heard`` every window of the stream, compressed ``(n_frames, n_bands)``, in constant memory.

    With more than one core the next blocks are decoded while the network hears what came before.
    """
    with ahead(stream) if n_cores() > 1 else nullcontext(iter(stream)) as blocks:
        take_frames(_frames(blocks, settings), heard, settings=settings, windows=windows)


def take_frames(
    chunks: Iterable[NDArray[np.float32]], heard: Heard, *, settings: FrameSettings, windows: WindowSettings
) -> None:
    """The same of frames ``(k, n_bands)`` that have been computed already."""
    seconds_per_frame = settings.hop_length / settings.sample_rate
    for window in iter_windows(chunks, settings=windows):
        heard.add(
            None if is_silent(window.power, settings=settings) else compress(window.power, settings=settings),
            start_s=window.start_frame * seconds_per_frame,
            end_s=window.end_frame * seconds_per_frame,
        )


def _frames(blocks: Iterable[NDArray[np.float32]], settings: FrameSettings) -> Iterator[NDArray[np.float32]]:
    frames = frame_stream(settings)
    for block in blocks:
        yield frames.push(block)
    yield frames.finish()
