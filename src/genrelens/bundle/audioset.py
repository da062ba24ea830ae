"""AudioSet's names for kinds of music, and how strongly mn04 hears them (names: CC BY 4.0, Gemmeke et al. 2017)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle.mn04 import WIDTHS

GENRES: Final = (
    *("Pop music", "Hip hop music", "Beatboxing", "Rock music", "Heavy metal", "Punk rock", "Grunge"),
    *("Progressive rock", "Rock and roll", "Psychedelic rock", "Rhythm and blues", "Soul music", "Reggae", "Country"),
    *("Swing music", "Bluegrass", "Funk", "Folk music", "Middle Eastern music", "Jazz", "Disco", "Classical music"),
    *("Opera", "Electronic music", "House music", "Techno", "Dubstep", "Drum and bass", "Electronica"),
    *("Electronic dance music", "Ambient music", "Trance music", "Music of Latin America", "Salsa music", "Flamenco"),
    "Blues",
)
_FIRST: Final = WIDTHS["features"] + 216
"""Where they begin among mn04's numbers: they are the classes 216 to 251."""


def genre_logits(numbers: NDArray[np.float64]) -> dict[str, float]:
    """The logit of each of :data:`GENRES` among mn04's ``numbers (911,)``; none where these are unknown."""
    logits = numbers[_FIRST : _FIRST + len(GENRES)]
    return dict(zip(GENRES, logits.tolist(), strict=True)) if np.isfinite(logits).all() else {}
