"""From a stream of sound to the mel windows that a network hears."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from genrelens.audio import AudioStream
from genrelens.bundle.heard import Heard
from genrelens.bundle.windows import WindowSettings, is_silent, iter_windows
from genrelens.frontend.mel import MelSettings, MelStream, compress


def hear_mel(stream: AudioStream, heard: Heard, *, settings: MelSettings, windows: WindowSettings) -> None:
    """Give ``heard`` every window of the stream, compressed ``(n_frames, n_mels)``, in constant memory."""
    mel = MelStream(settings)
    seconds_per_frame = settings.hop_length / settings.sample_rate
    for window in iter_windows(_frames(stream, mel), settings=windows):
        heard.add(
            None if is_silent(window.power, settings=settings) else compress(window.power, settings=settings),
            start_s=window.start_frame * seconds_per_frame,
            end_s=window.end_frame * seconds_per_frame,
        )


def _frames(stream: AudioStream, mel: MelStream) -> Iterator[NDArray[np.float32]]:
    for block in stream:
        yield mel.push(block)
    yield mel.finish()
