"""Which of musicnn's tags are styles, and how much of each there is in real music."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle.styles import Style, Styles

FILE: Final = "tag-styles.json"
TAGS: Final = {
    **{
        tag: tag
        for tag in (
            *("rock", "pop", "alternative", "indie", "electronic", "dance", "alternative rock", "jazz", "metal"),
            *("classic rock", "soul", "indie rock", "electronica", "folk", "punk", "blues", "hard rock", "ambient"),
            *("experimental", "country", "easy listening", "funk", "electro", "heavy metal", "indie pop", "chillout"),
        )
    },
    "hip-hop": "Hip-Hop",
    "progressive rock": "Progressive rock",
    "r&b": "rnb",
    "house": "House",
}
"""Style -> musicnn's tag: thirty of the fifty; the others name moods, decades and instruments."""
LEVELS: Final = (*np.round(np.arange(0.0, 0.8, 0.05), 2).tolist(), *np.round(np.arange(0.8, 1.001, 0.01), 2).tolist())
"""Finer where styles are told apart."""


def fit_styles(logits: NDArray[np.float32], tags: Sequence[str]) -> Styles:
    """The styles whose scores are shares of the music with these ``logits (n, t)`` of the ``tags (t,)``."""
    quantiles = np.quantile(logits, LEVELS, axis=0)
    return Styles(
        LEVELS,
        tuple(
            Style(style, tag, tuple(np.round(quantiles[:, tags.index(tag)], 4).tolist())) for style, tag in TAGS.items()
        ),
    )


def to_json(styles: Styles) -> str:
    """What :func:`read_styles` reads."""
    return json.dumps(dataclasses.asdict(styles), indent=1) + "\n"


@cache
def read_styles() -> Styles:
    """The styles that come with genrelens; ``tools/fit_styles.py`` made them."""
    found = json.loads((resources.files("genrelens.training") / FILE).read_text("utf-8"))
    return Styles(
        tuple(found["levels"]), tuple(Style(one["name"], one["tag"], tuple(one["logits"])) for one in found["styles"])
    )
