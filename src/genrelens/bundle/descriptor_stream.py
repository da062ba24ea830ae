"""From a stream of sound to the rows of descriptors that a classifier hears."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle.heard import Heard
from genrelens.frontend.descriptors import MIN_SAMPLES
from genrelens.frontend.descriptors.settings import DescriptorSettings
from genrelens.frontend.mel import MelSettings, mel_is_silent, mel_power

Samples = NDArray[np.float32]
AT_ENDS = 2
"""Frames of 2,048 samples every 512 that reach over each end of a segment."""


def hear_descriptors(
    blocks: Iterable[Samples], heard: Heard, *, sample_rate: int, settings: DescriptorSettings
) -> None:
    """Give ``heard`` the row ``(d,)`` of every segment of the sound; one segment and one block are held at a time.

    Sound shorter than one Fourier transform is repeated to that length. Raises :class:`AudioError` on sound that has
    no descriptors (samples beyond any scale) and :class:`MissingExtraError` where librosa is missing.
    """
    rate = sample_rate
    for start, samples in segments(blocks, sample_rate=rate, segment_s=settings.segment_s):
        end = start + len(samples)
        row = None
        if not is_silent_sound(samples, sample_rate=rate):
            whole = np.resize(samples, MIN_SAMPLES) if len(samples) < MIN_SAMPLES else samples
            row = settings.feature_set.compute(whole, sample_rate=rate)
        heard.add(row, start_s=start / rate, end_s=end / rate)


def segments(blocks: Iterable[Samples], *, sample_rate: int, segment_s: float) -> Iterator[tuple[int, Samples]]:
    """Pairs of first sample and samples: the segments of the tables, and what is left after them.

    Where the tables have a segment, this one has the same samples
    (:func:`~genrelens.frontend.descriptors.spans`: one short of ``segment_s``). What is left at the end is heard where
    it is half a segment or more, or all that there is; the tables leave it out.
    """
    step = round(segment_s * sample_rate)
    waiting = np.zeros(0, np.float32)
    start = 0
    for block in blocks:
        waiting = np.concatenate((waiting, block))
        while waiting.size > step:
            yield start, waiting[: step - 1]
            waiting, start = waiting[step:], start + step
    if waiting.size >= step / 2 or (start == 0 and waiting.size):
        yield start, waiting[: step - 1]


def is_silent_sound(samples: Samples, *, sample_rate: int) -> bool:
    """Whether samples (n,) hold nothing but silence, dither or a constant, by the measure of mel windows."""
    settings = _listening(sample_rate)
    power = mel_power(samples, settings=settings)
    if len(power) > 4 * AT_ENDS:
        # A segment is cut out of the sound: what a constant does at its ends is no sound, either.
        power = power[AT_ENDS:-AT_ENDS]
    return mel_is_silent(power, settings=settings)


@functools.lru_cache(maxsize=8)
def _listening(sample_rate: int) -> MelSettings:
    """Frames of 2,048 samples, as the descriptors have; few bands, so that none is empty at any rate."""
    return MelSettings(
        sample_rate=sample_rate,
        n_fft=2048,
        hop_length=512,
        n_mels=32,
        fmin_hz=0.0,
        fmax_hz=None,
        htk=False,
        top_db=None,
    )
