"""Sound as it is: the front end of networks that read samples, such as Wav2Vec2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from genrelens.errors import AudioError, RecipeError
from genrelens.frontend.settings import MAX_SAMPLE_RATE

_Float32 = npt.NDArray[np.float32]

SILENCE_RMS: Final = 1e-4
"""Root mean square below which a window holds nothing to listen to (full scale is 1): -80 dB. Dither of 16 bit has
about 1e-5, the quietest music that is kept some 1e-3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveSettings:
    """Samples at ``sample_rate`` Hz: a frame is one sample, ``(k, 1)``, so a window is counted in samples.

    Raises :class:`RecipeError` where the rate is no whole number from 1 to 768,000.
    """

    sample_rate: int

    def __post_init__(self) -> None:
        if (
            not isinstance(self.sample_rate, int)
            or isinstance(self.sample_rate, bool)
            or not 1 <= self.sample_rate <= MAX_SAMPLE_RATE
        ):
            raise RecipeError(
                f"waveform: sample_rate should be a whole number from 1 to {MAX_SAMPLE_RATE} Hz, "
                f"not {self.sample_rate!r:.80}"
            )

    @property
    def hop_length(self) -> int:
        """Samples from one frame to the next: 1."""
        return 1

    @property
    def n_bands(self) -> int:
        """Numbers in a frame: 1."""
        return 1

    @property
    def band_edges_hz(self) -> None:
        """Samples are no frequencies: None."""

    @property
    def silent_input(self) -> float:
        """What a graph is given of silence: 0."""
        return 0.0

    @property
    def input_name(self) -> str:
        """What a graph calls its input of such windows."""
        return "samples"

    def to_dict(self) -> dict[str, Any]:
        """All settings by name, as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> WaveSettings:
        """Settings from the form that ``to_dict`` gives; :class:`RecipeError` on an unknown, missing or wrong value."""
        if set(values) != {"sample_rate"}:
            raise RecipeError(f"waveform: expected just sample_rate, got {', '.join(values) or 'nothing'}")
        return cls(**values)


class WaveStream:
    """Samples as frames ``(k, 1)``, as they come."""

    def __init__(self, settings: WaveSettings) -> None:
        self.settings = settings

    def push(self, block: npt.NDArray[np.floating[Any]]) -> _Float32:
        """The samples ``(k,)`` as ``(k, 1)``. Raises :class:`AudioError` on NaN and infinity."""
        if not np.isfinite(block).all():
            raise AudioError(
                "the sound holds NaN or infinity; expected finite samples between about -1 and 1", code="not_finite"
            )
        return block.astype(np.float32, copy=False)[:, np.newaxis]

    def finish(self) -> _Float32:
        """Nothing waits: ``(0, 1)``."""
        return np.zeros((0, 1), np.float32)


def as_they_are(samples: _Float32, *, settings: WaveSettings) -> _Float32:
    """Windows of samples go into the graph unchanged; what scaling a network wants is in its graph."""
    return samples


def wave_is_silent(samples: _Float32, *, settings: WaveSettings) -> bool:
    """Whether a window ``(n, 1)`` holds nothing but silence, dither or a constant."""
    return bool(samples.std(dtype=np.float64) < SILENCE_RMS)
