"""When a model says "I don't know", and why."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from genrelens.errors import BundleError

SHORTEST_S = 1.0
"""Sound shorter than this is answered with a guess only, never with a genre."""


@dataclass(frozen=True, slots=True)
class Abstention:
    """The limits of a model; one that is None is not looked at.

    ``min_confidence``: below it the genres are too close to call. ``max_not_music`` and ``max_unlikeness`` are for the
    two columns of the graph's output ``screens``, averaged over the heard windows: how little it sounds like music,
    and how far it lies from the music that the model learnt from. Raises :class:`BundleError` on a limit that is not
    finite.
    """

    min_confidence: float | None = None
    max_not_music: float | None = None
    max_unlikeness: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            limit = getattr(self, field.name)
            if limit is not None and not math.isfinite(limit):
                raise BundleError(f"the limit {field.name} should be a finite number, got {limit}")

    @property
    def needs_screens(self) -> bool:
        """Whether the graph should have the output ``screens``."""
        return self.max_not_music is not None or self.max_unlikeness is not None

    def reason(
        self, *, silent: bool, duration_s: float, confidence: float, not_music: float, unlikeness: float
    ) -> str | None:
        """Why there is no answer, the gravest reason first; None where there is one."""
        if silent:
            return "silence"
        if duration_s < SHORTEST_S:
            return "too_short"
        if self.max_not_music is not None and not_music > self.max_not_music:
            return "not_music"
        if self.max_unlikeness is not None and unlikeness > self.max_unlikeness:
            return "unlike_training"
        if self.min_confidence is not None and confidence < self.min_confidence:
            return "undecided"
        return None
