"""The sound that is explained: a stretch of the file at the model's rate, as the frames that the model hears."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genrelens.audio import AudioStream, open_stream, stream_array
from genrelens.bundle import Bundle, Prediction
from genrelens.errors import AudioError, BundleError
from genrelens.frontend.descriptors.settings import DescriptorSettings
from genrelens.frontend.frames import FrameSettings, frames_of

Float32 = NDArray[np.float32]
Source = str | Path | bytes | ArrayLike
"""A path, the bytes of a file, or samples ``(n,)`` or ``(n, channels)``."""

LONGEST_S = 180.0
"""A longer file is explained over its most decisive stretch of this length: every part that is taken out is scored
anew, and what comes out should still be looked at by a person."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Sound that is explained.

    Attributes:
        samples: ``(n,)`` float32, mono, at the model's rate.
        frames: ``(k, bands)`` float32 of the model's front end, before they are compressed.
        start_s, end_s: where it lies in the file, s.
    """

    samples: Float32
    frames: Float32
    start_s: float
    end_s: float


def front_end_of(bundle: Bundle) -> FrameSettings:
    """The front end, or :class:`BundleError` where the model hears no frames that could be taken out."""
    front_end = bundle.manifest.front_end
    if isinstance(front_end, DescriptorSettings):
        raise BundleError(
            f"{bundle.name} hears descriptors of {front_end.segment_s:g} s of sound, not frames, which explain "
            "does not take apart; give a model that hears sound by frames, such as base",
            code="no_frames",
        )
    return front_end


def check_several(bundle: Bundle) -> None:
    """Raise :class:`BundleError` (code ``one_class``) where the model knows one genre, so that nothing could speak for
    it, and ``no_frames`` as :func:`front_end_of`."""
    front_end_of(bundle)
    if len(bundle.names) == 1 and not bundle.manifest.multi_label:
        raise BundleError(
            f"{bundle.name} knows one genre only, which it gives to everything: nothing could be its reason",
            code="one_class",
        )


def stretch(
    source: Source,
    *,
    bundle: Bundle,
    prediction: Prediction,
    genre: int,
    sample_rate: int | None = None,
    longest_s: float = LONGEST_S,
) -> Stretch:
    """The whole track, or where that is longer than ``longest_s`` the stretch in which the model finds most of a genre.

    ``prediction`` is what the bundle says of the same source, ``genre`` the number of a class, ``sample_rate`` in Hz is
    that of a source that is an array.
    """
    front_end = front_end_of(bundle)
    start_s, end_s = 0.0, prediction.duration_s
    if prediction.duration_s > longest_s:
        start_s = most_decisive(prediction, genre=genre, longest_s=longest_s)
        end_s = min(start_s + longest_s, prediction.duration_s)
    samples = read(source, start_s=start_s, end_s=end_s, sample_rate=front_end.sample_rate, own_rate=sample_rate)
    frames = frames_of(samples, settings=front_end)
    return Stretch(samples, frames, start_s, start_s + len(samples) / front_end.sample_rate)


def likeliest(path: Path, *, bundle: Bundle) -> tuple[int, Stretch] | None:
    """The number of a file's likeliest class, and the stretch in which the model finds most of it; None of silence."""
    prediction = bundle.predict(path)
    if prediction.guess is None:
        return None
    genre = bundle.names.index(prediction.guess)
    return genre, stretch(path, bundle=bundle, prediction=prediction, genre=genre)


def most_decisive(prediction: Prediction, *, genre: int, longest_s: float) -> float:
    """Where the stretch of ``longest_s`` begins in which the windows give a genre most probability, s.

    Silent windows give none. The first of equal stretches is taken. A stretch begins where a window does, or ends where
    the track ends.
    """
    given = np.nan_to_num(prediction.window_probabilities[:, genre])
    total = np.concatenate([[0.0], np.cumsum(given)])
    starts, ends = prediction.window_times_s.T
    best, best_sum = 0.0, -1.0
    for first, start_s in enumerate(starts):
        if start_s + longest_s > prediction.duration_s and first > 0:
            break
        after = int(np.searchsorted(ends, start_s + longest_s, side="right"))
        found = float(total[max(after, first)] - total[first])
        if found > best_sum + 1e-12:
            best, best_sum = float(start_s), found
    last_s = prediction.duration_s - longest_s
    if last_s > 0 and total[-1] - total[int(np.searchsorted(starts, last_s))] > best_sum + 1e-12:
        return last_s
    return best


def read(
    source: Source, *, start_s: float, end_s: float, sample_rate: int | None, own_rate: int | None = None
) -> Float32:
    """Samples ``(n,)`` from ``start_s`` to ``end_s`` at ``sample_rate`` (None: the file's own), mono.

    Reads by blocks and keeps only what is asked for. ``own_rate`` is the rate of samples given as an array. Raises
    :class:`AudioError` where there is no sound.
    """
    return read_with_rate(source, start_s=start_s, end_s=end_s, sample_rate=sample_rate, own_rate=own_rate)[0]


def read_with_rate(
    source: Source, *, start_s: float, end_s: float, sample_rate: int | None, own_rate: int | None = None
) -> tuple[Float32, int]:
    """As :func:`read`, and the rate that the samples have, Hz."""
    with _opened(source, sample_rate=sample_rate, own_rate=own_rate) as stream:
        rate = stream.sample_rate
        first, after = round(start_s * rate), round(end_s * rate)
        blocks = [block for block in _between(stream, first=first, after=after) if block.size]
    if not blocks:
        raise AudioError("the file holds no sound: 0 samples", code="no_sound")
    return (blocks[0] if len(blocks) == 1 else np.concatenate(blocks)), rate


def _between(blocks: AudioStream, *, first: int, after: int) -> Iterator[Float32]:
    at = 0
    for block in blocks:
        yield block[max(0, first - at) : max(0, after - at)]
        at += len(block)
        if at >= after:
            return


def _opened(source: Source, *, sample_rate: int | None, own_rate: int | None) -> AudioStream:
    if isinstance(source, str | Path | bytes):
        return open_stream(source, sample_rate=sample_rate)
    if own_rate is None:
        raise AudioError("expected a path, the bytes of a file, or samples with their rate in Hz", code="bad_samples")
    return stream_array(source, sample_rate_in=own_rate, sample_rate=sample_rate or own_rate)
