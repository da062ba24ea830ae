"""Styles: more words for music than a model has genres, from the network's tags.

A tag's probability says little by itself: "rock" is common and "folk" is not. So a style's score is the share of real
music for which its tag has a smaller logit, and the scores of styles can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.errors import BundleError
from genrelens.taxonomy import Taxonomy

LISTED_FROM: Final = 0.8
"""A style with a smaller score is not named, unless nothing else is asked for."""
MOST: Final = 5
STRONG: Final = 0.9
"""From this score on a style is an answer where the genres have none."""
OUTSIDE: Final = 0.99
"""From this score on a style that no genre covers stands against a genre that is not likely."""
OUTSIDE_CONFIDENCE: Final = 0.7

PARENTS: Final[Mapping[str, str]] = {
    "alternative": "rock",
    "indie": "rock",
    "alternative rock": "rock",
    "classic rock": "rock",
    "indie rock": "rock",
    "hard rock": "rock",
    "progressive rock": "rock",
    "punk": "rock",
    "heavy metal": "metal",
    "indie pop": "pop",
    "easy listening": "pop",
    "electronica": "electronic",
    "dance": "electronic",
    "electro": "electronic",
    "house": "electronic",
    "ambient": "electronic",
    "chillout": "electronic",
    "funk": "soul",
    "r&b": "soul",
}
"""Style -> the wider style that it is a kind of."""


@dataclass(frozen=True, slots=True)
class Style:
    """``tag`` is its name among the model's tags; ``logits`` are quantiles of that tag over real music, ascending, at
    :attr:`Styles.levels`."""

    name: str
    tag: str
    logits: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Styles:
    """The styles of a model. ``levels`` (k,) from 0 to 1, ascending, are those of each style's ``logits`` (k,).

    Raises :class:`BundleError` where they do not fit each other.
    """

    levels: tuple[float, ...]
    styles: tuple[Style, ...]

    def __post_init__(self) -> None:
        levels = np.array(self.levels)
        if len(levels) < 2 or levels[0] != 0 or levels[-1] != 1 or not (np.diff(levels) > 0).all():
            raise BundleError("the levels of styles should ascend from 0 to 1")
        for style in self.styles:
            if len(style.logits) != len(levels) or not (np.diff(style.logits) >= 0).all():
                raise BundleError(f"the style {style.name!r} should have {len(levels)} ascending logits")

    def listed(self, tags: Mapping[str, float], *, at_least: float = LISTED_FROM) -> tuple[tuple[str, float], ...]:
        """At most :data:`MOST` styles with their scores, the best first, of the tags' logits by name.

        Those of tags that are not among them are passed over.
        Only those of ``at_least`` this score, but always the best one. At equal scores the one comes first whose logit
        lies further above what a tenth of the music exceeds, in units of the middle half's width. A style is left out
        where a kind of it is listed with at least its score.
        """
        found = []
        for style in self.styles:
            if style.tag not in tags:
                continue
            logit, known = tags[style.tag], np.array(style.logits)
            low, high, top = np.interp([0.25, 0.75, 0.9], self.levels, known)
            found.append((self._score(logit, known), (logit - top) / max(high - low, 1e-6), style.name))
        found.sort(key=lambda item: (-item[0], -item[1]))
        kept = [(name, score) for score, _, name in found if score >= at_least] or [(n, s) for s, _, n in found[:1]]
        narrower = {PARENTS[name]: score for name, score in reversed(kept) if name in PARENTS}
        kept = [(name, score) for name, score in kept if narrower.get(name, -1.0) < score]
        return tuple(kept[:MOST])

    def _score(self, logit: float, known: NDArray[np.float64]) -> float:
        # Ties among the quantiles would make interpolation jump; the first of equal ones counts.
        return float(np.interp(logit, known, self.levels))


def is_covered(style: str, taxonomy: Taxonomy) -> bool:
    """Whether a style, or the wider one that it is a kind of, has a genre's name: punk is rock, folk is none of ten."""
    return style in taxonomy or PARENTS.get(style, style) in taxonomy or (style == "dance" and "disco" in taxonomy)


def is_outside(
    styles: Sequence[tuple[str, float]], *, reason: str | None, confidence: float, taxonomy: Taxonomy
) -> bool:
    """Whether a track is better named by its styles than by a genre, by the rule of docs/other-music.md.

    Either the genres have no answer (``reason`` is ``undecided`` or ``unlike_training``) and a style is strong, or the
    best style, which no genre covers, is stronger than in nearly all music and the genre is not sure.
    """
    if not styles:
        return False
    best, score = styles[0]
    if reason in ("undecided", "unlike_training"):
        return score >= STRONG
    return reason is None and score >= OUTSIDE and confidence < OUTSIDE_CONFIDENCE and not is_covered(best, taxonomy)
