"""The front ends that turn sound into frames, by kind: one door for prediction, training, the cache and explanation.

Frames belong to the file: frame i lies at sample ``i * hop_length``, and windows are slices of frames. What a graph is
given of a window is its frames, compressed: that may depend on the window, frames may not. Adding a front end is a file
with these four and a line in :data:`KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from genrelens.errors import RecipeError
from genrelens.frontend import mel
from genrelens.frontend.mel import MelStream, mel_is_silent
from genrelens.frontend.mn04 import Mn04Settings, Mn04Stream, log_mel, mn04_is_silent
from genrelens.frontend.settings import MelSettings
from genrelens.frontend.vggish import VggishSettings, VggishStream, from_magnitude, to_magnitude, vggish_is_silent
from genrelens.frontend.wave import WaveSettings, WaveStream, as_they_are, wave_is_silent

_Float32 = npt.NDArray[np.float32]


class FrameSettings(Protocol):
    """What the settings of every such front end tell; they are frozen dataclasses, checked when made."""

    @property
    def sample_rate(self) -> int:
        """Samples a second that the sound must have, Hz."""

    @property
    def hop_length(self) -> int:
        """Samples from one frame to the next."""

    @property
    def n_bands(self) -> int:
        """Numbers in a frame."""

    @property
    def band_edges_hz(self) -> npt.NDArray[np.float64] | None:
        """Edges of the bands, Hz, ``(n_bands + 1,)`` ascending; None where the numbers are no frequencies."""

    @property
    def silent_input(self) -> float | None:
        """What a graph is given of silence; None where that is no number."""

    @property
    def input_name(self) -> str:
        """What a graph calls its input of such windows."""

    def to_dict(self) -> dict[str, Any]:
        """All settings by name, as JSON values."""


class FrameStream(Protocol):
    """The frames of a clip that arrives bit by bit, the same however it was cut, in memory that does not grow."""

    def push(self, block: npt.NDArray[np.floating[Any]]) -> _Float32:
        """Take the next samples ``(k,)`` and give the frames ``(n, n_bands)`` that are complete, often none."""

    def finish(self) -> _Float32:
        """End the clip and give the frames that are left; a clip of one sample or more has one frame at least."""


@dataclass(frozen=True, slots=True)
class FrameKind:
    """A front end: ``settings`` with ``from_dict``, ``stream(settings)``, and of windows ``(..., n_frames, n_bands)``
    and ``settings=`` what the graph takes and whether one is silent.

    ``to_level`` turns frames into what grows with how loud they are, 0 for silence, ``from_level`` turns it back, and
    ``exponent`` of it is power: 1 where the level is power itself, 2 for magnitudes and samples.
    """

    settings: Any
    stream: Callable[[Any], FrameStream]
    compress: Callable[..., _Float32]
    is_silent: Callable[..., bool]
    exponent: int
    to_level: Callable[[npt.NDArray[Any]], npt.NDArray[Any]] = np.asarray
    from_level: Callable[[npt.NDArray[Any]], npt.NDArray[Any]] = np.asarray


KINDS: Final[Mapping[str, FrameKind]] = {
    "mel": FrameKind(MelSettings, MelStream, mel.compress, mel_is_silent, 1),
    "vggish": FrameKind(VggishSettings, VggishStream, as_they_are, vggish_is_silent, 2, to_magnitude, from_magnitude),
    "mn04": FrameKind(Mn04Settings, Mn04Stream, log_mel, mn04_is_silent, 1),
    "waveform": FrameKind(WaveSettings, WaveStream, as_they_are, wave_is_silent, 2),
}
"""Front ends by the ``kind`` that a manifest or a recipe names."""


def kind_of(settings: FrameSettings) -> str:
    """The key of the settings in :data:`KINDS`. Raises :class:`RecipeError` for settings of no front end here."""
    for name, kind in KINDS.items():
        if isinstance(settings, kind.settings):
            return name
    raise RecipeError(f"expected the settings of a front end ({', '.join(KINDS)}), got {settings!r:.80}")


def frame_stream(settings: FrameSettings) -> FrameStream:
    """A stream for one clip."""
    return KINDS[kind_of(settings)].stream(settings)


def frames_of(samples: npt.NDArray[np.floating[Any]], *, settings: FrameSettings) -> _Float32:
    """The frames ``(n, n_bands)`` of a whole clip of samples ``(k,)``."""
    stream = frame_stream(settings)
    return np.concatenate([stream.push(samples), stream.finish()])


def compress(frames: _Float32, *, settings: FrameSettings) -> _Float32:
    """Windows ``(..., n_frames, n_bands)`` as a graph takes them."""
    return KINDS[kind_of(settings)].compress(frames, settings=settings)


def is_silent(frames: _Float32, *, settings: FrameSettings) -> bool:
    """Whether a window ``(n_frames, n_bands)`` holds nothing to listen to."""
    return KINDS[kind_of(settings)].is_silent(frames, settings=settings)


def power(frames: _Float32, *, settings: FrameSettings) -> npt.NDArray[np.float64]:
    """Power of each number of frames ``(..., n_bands)``, same shape; full scale is 1."""
    kind = KINDS[kind_of(settings)]
    level: npt.NDArray[np.float64] = kind.to_level(frames).astype(np.float64) ** kind.exponent
    return level


def amplified(frames: _Float32, *, settings: FrameSettings, by_db: float) -> _Float32:
    """The same sound, ``by_db`` louder or, below 0, softer: frames ``(..., n_bands)``."""
    kind = KINDS[kind_of(settings)]
    factor = 10 ** (by_db / (10 * kind.exponent))
    return kind.from_level(kind.to_level(frames) * factor).astype(np.float32)


def steady(frames: _Float32, *, settings: FrameSettings) -> _Float32:
    """One frame ``(n_bands,)`` as loud in each band as frames ``(k, n_bands)`` are on average; samples have none."""
    kind = KINDS[kind_of(settings)]
    return kind.from_level(kind.to_level(frames).mean(axis=0, dtype=np.float64)).astype(np.float32)


def silence(settings: FrameSettings) -> float:
    """The number that frames of silence are full of."""
    return float(KINDS[kind_of(settings)].from_level(np.zeros(1))[0])
