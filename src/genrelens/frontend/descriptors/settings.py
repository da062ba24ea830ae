"""The settings of the descriptors' front end: which set, of segments how long."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any

from genrelens.errors import MissingExtraError, RecipeError
from genrelens.frontend.descriptors import MIN_SAMPLES, SETS, FeatureSet


@dataclass(frozen=True, slots=True, kw_only=True)
class DescriptorSettings:
    """How sound becomes rows of descriptors. A bundle carries these, so no value is a hidden default.

    Attributes:
        set: a key of :data:`~genrelens.frontend.descriptors.SETS`.
        segment_s: seconds of sound in a row, 0.2 to 900.

    Raises:
        RecipeError: a set that is not known, or a length out of range.
    """

    set: str
    segment_s: float

    def __post_init__(self) -> None:
        if not isinstance(self.set, str) or self.set not in SETS:
            raise RecipeError(f"descriptors: set should be one of {', '.join(SETS)}, not {self.set!r}")
        seconds = self.segment_s
        is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if not is_number or not 0.2 <= seconds <= 900:
            raise RecipeError(f"descriptors: segment_s should be from 0.2 to 900 seconds, not {seconds!r:.80}")
        object.__setattr__(self, "segment_s", float(seconds))

    @property
    def feature_set(self) -> FeatureSet:
        """The set itself."""
        return SETS[self.set]

    @property
    def n_columns(self) -> int:
        """Numbers in a row."""
        return len(self.feature_set.columns)

    @property
    def sample_rate(self) -> int | None:
        """Hz that the sound must have; None: any of at least :attr:`least_sample_rate`."""
        return self.feature_set.sample_rate

    @property
    def least_sample_rate(self) -> int:
        """Hz: sound of fewer is resampled to so many. No segment may be shorter than one Fourier transform."""
        return max(self.feature_set.least_sample_rate, math.ceil(MIN_SAMPLES / self.segment_s) + 1)

    @property
    def input_name(self) -> str:
        """What a graph calls its input."""
        return "descriptors"

    def check_installed(self) -> None:
        """Raise :class:`MissingExtraError` where librosa, which computes the descriptors, is not installed."""
        if find_spec("librosa") is None:
            raise MissingExtraError("train", needed_for=f"a model that hears the descriptors {self.set}")

    def to_dict(self) -> dict[str, Any]:
        """All settings by name, as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DescriptorSettings:
        """Settings from the form that ``to_dict`` gives; :class:`RecipeError` on an unknown, missing or wrong value."""
        if set(values) != {"set", "segment_s"}:
            raise RecipeError(f"descriptors: expected just set and segment_s, got {', '.join(values) or 'none'}")
        return cls(**values)
