"""One typical track of a genre as a picture wants it: the outline of its wave and its mel spectrogram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genrelens.audio import open_stream
from genrelens.data import Track
from genrelens.frontend.mel import MelSettings, mel_power, power_to_db

EXCERPT_S = 30.0
MEL = MelSettings(
    sample_rate=22_050, n_fft=2048, hop_length=512, n_mels=128, fmin_hz=0.0, fmax_hz=None, htk=False, top_db=80.0
)
N_OUTLINE = 900
"""Points of the wave's outline: more than a page is wide would not be seen."""

Float32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A track, and the excerpt of it that is shown.

    Attributes:
        track: which.
        start_s: where in the file the excerpt begins, s.
        duration_s: how long the excerpt is, s.
        outline: ``(n, 2)`` smallest and largest sample of each of n equal stretches.
        mel_db: ``(n_frames, 128)`` dB relative to the loudest cell, -80 to 0.
        samples: the excerpt itself at 22,050 Hz, mono.
    """

    track: Track
    start_s: float
    duration_s: float
    outline: Float32
    mel_db: Float32
    samples: Float32


def load_example(track: Track) -> Example:
    """The middle 30 s of a track, or all of a shorter one.

    Memory does not grow with the file's length. Raises :class:`~genrelens.errors.AudioError` where it gives no sound.
    """
    start_s, samples = _middle(track)
    power = mel_power(samples, settings=MEL)
    return Example(
        track=track,
        start_s=start_s,
        duration_s=len(samples) / MEL.sample_rate,
        outline=_outline(samples),
        mel_db=power_to_db(power, top_db=80.0),
        samples=samples,
    )


def _middle(track: Track) -> tuple[float, Float32]:
    """Where the excerpt begins, s, and its samples; the file is read once for its length, and again if it is long."""
    rate = MEL.sample_rate
    from_s, to_s = (0.0, float("inf")) if track.span_s is None else track.span_s
    with open_stream(track.path, sample_rate=rate) as stream:
        n_samples = sum(len(block) for block in stream)
    end = min(n_samples, round(min(to_s, n_samples / rate) * rate))
    first = min(round(from_s * rate), end - 1)
    n_wanted = min(end - first, round(EXCERPT_S * rate))
    first += (end - first - n_wanted) // 2
    kept, position = [], 0
    with open_stream(track.path, sample_rate=rate) as stream:
        for block in stream:
            kept.append(block[max(0, first - position) : max(0, first + n_wanted - position)])
            position += len(block)
            if position >= first + n_wanted:
                break
    return first / rate, np.concatenate(kept)


def _outline(samples: Float32) -> Float32:
    stretches = np.array_split(samples, min(N_OUTLINE, len(samples)))
    return np.array([(stretch.min(), stretch.max()) for stretch in stretches], dtype=np.float32)
