"""ffmpeg's many small frames gathered to few large blocks, of one sample format, before NumPy sees them.

A 30 s mp3 comes in 1,150 frames. Handling each in Python took as long as decoding it; ffmpeg's own queue takes a
twentieth of that. ffmpeg converts, too: PyAV's ``to_ndarray`` reads beyond planar frames of 8 and more channels, which
can end the process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from genrelens.audio.downmix import Channels

if TYPE_CHECKING:
    import av

_BLOCK_S = 3.0
"""Shorter blocks cost more: what comes after the decoder finds the caches empty, block for block (twelve mp3s: blocks
of 0.7 s took 2 ms of 35 more)."""
_BLOCK_VALUES = 1 << 18  # at most, of all channels: 3 s of 44.1 kHz stereo
_LEAST_FRAMES = 1 << 13  # of many channels: enough to compare them
_SAFE_PLANES = 7

# glibc gives freed memory of a megabyte back to the system and fetches each page of the next block anew, which took a
# tenth of the time of twelve mp3s. It keeps what is smaller than the largest block that was ever freed: this one, which
# nobody touches.
np.empty(8 << 20, np.uint8)


def gathered(frames: Iterable[av.AudioFrame]) -> Iterator[Channels]:
    """Yield blocks of (n,) float32 a channel, full scale 1, of decoded frames of any sample format.

    A block holds the frames of one number of channels: where that changes within a file, the next block begins. The
    frames' time stamps are erased, since ffmpeg's queue refuses gaps.
    """
    import av

    name, n_channels = "", 0
    fifo, resampler = av.AudioFifo(), None
    n_waiting = n_full = 0
    for frame in frames:  # a thousand times for each 30 s of an mp3
        if frame.layout.nb_channels != n_channels or frame.format.name != name:
            if n_waiting:
                yield _taken(fifo, resampler, n_channels)
            name, n_channels = frame.format.name, frame.layout.nb_channels
            n_waiting, n_full = (
                0,
                max(_LEAST_FRAMES, min(round(_BLOCK_S * frame.sample_rate), _BLOCK_VALUES // n_channels)),
            )
            is_ready = name == "flt" or (name == "fltp" and n_channels <= _SAFE_PLANES)
            fifo, resampler = av.AudioFifo(), None if is_ready else av.AudioResampler(format="flt")
        frame.pts = None
        fifo.write(frame)
        n_waiting += frame.samples
        if n_waiting >= n_full:
            yield _taken(fifo, resampler, n_channels)
            n_waiting = 0
    if n_waiting:
        yield _taken(fifo, resampler, n_channels)


def _taken(fifo: av.AudioFifo, resampler: av.AudioResampler | None, n_channels: int) -> Channels:
    """All that waits."""
    frame = fifo.read()
    assert frame is not None
    if resampler is None and frame.format.is_planar:
        return tuple(np.frombuffer(memoryview(plane), np.float32, frame.samples) for plane in frame.planes)  # no copy
    frame.pts = None
    packed = [frame] if resampler is None else resampler.resample(frame)
    parts = [cast(NDArray[np.float32], part.to_ndarray()).reshape(-1, n_channels).T for part in packed]
    return tuple(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1))
