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
from genrelens.frontend.mel import MelStream
from genrelens.frontend.settings import MelSettings
from genrelens.frontend.silence import mel_is_silent
from genrelens.frontend.vggish import VggishSettings, VggishStream, vggish_is_silent
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
    def input_name(self) -> str:
        """What a graph calls its input of such windows."""

    def to_dict(self) -> dict[str, Any]:
        """All settings by name, as JSON values."""


class FrameStream(Protocol):
    """The frames of a piece that arrives bit by bit, the same however it was cut, in memory that does not grow."""

    def push(self, block: npt.NDArray[np.floating[Any]]) -> _Float32:
        """Take the next samples ``(k,)`` and give the frames ``(n, n_bands)`` that are complete, often none."""

    def finish(self) -> _Float32:
        """End the piece and give the frames that are left; a piece of one sample or more has one frame at least."""


@dataclass(frozen=True, slots=True)
class FrameKind:
    """A front end: ``settings`` with ``from_dict``, ``stream(settings)``, and of windows ``(..., n_frames, n_bands)``
    and ``settings=`` what the graph takes and whether one is silent."""

    settings: Any
    stream: Callable[[Any], FrameStream]
    compress: Callable[..., _Float32]
    is_silent: Callable[..., bool]


KINDS: Final[Mapping[str, FrameKind]] = {
    "mel": FrameKind(MelSettings, MelStream, mel.compress, mel_is_silent),
    "vggish": FrameKind(VggishSettings, VggishStream, as_they_are, vggish_is_silent),
    "waveform": FrameKind(WaveSettings, WaveStream, as_they_are, wave_is_silent),
}
"""Front ends by the ``kind`` that a manifest or a recipe names."""


def kind_of(settings: FrameSettings) -> str:
    """The key of the settings in :data:`KINDS`. Raises :class:`RecipeError` for settings of no front end here."""
    for name, kind in KINDS.items():
        if isinstance(settings, kind.settings):
            return name
    raise RecipeError(f"expected the settings of a front end ({', '.join(KINDS)}), got {settings!r:.80}")


def frame_stream(settings: FrameSettings) -> FrameStream:
    """A stream for one piece."""
    return KINDS[kind_of(settings)].stream(settings)


def compress(frames: _Float32, *, settings: FrameSettings) -> _Float32:
    """Windows ``(..., n_frames, n_bands)`` as a graph takes them."""
    return KINDS[kind_of(settings)].compress(frames, settings=settings)


def is_silent(frames: _Float32, *, settings: FrameSettings) -> bool:
    """Whether a window ``(n_frames, n_bands)`` holds nothing to listen to."""
    return KINDS[kind_of(settings)].is_silent(frames, settings=settings)
