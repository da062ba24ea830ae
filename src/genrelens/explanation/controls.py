"""Maps that explain nothing: what a method has to beat before anybody should believe it.

They know neither the model nor the class: chance, how loud a part is, how much begins in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.explanation.hearing import Hearing, Part
from genrelens.frontend.vggish import LOG_OFFSET, VggishSettings

Float64 = NDArray[np.float64]

CONTROLS: Final = ("random", "energy", "onset")
_LEAST = 1e-10
_BLOCK_S = 0.01
"""Frames shorter than this, samples for one, are put together before onsets are looked for."""


def control_scores(control: str, hearing: Hearing, parts: Sequence[Part], *, seed: int) -> Float64:
    """``(n,)`` scores of parts: ``random`` by ``seed``; ``energy``, mean power in dB; ``onset``, mean rise in dB.

    Raises ``KeyError`` for another control.
    """
    if control == "random":
        return np.random.default_rng(seed).random(len(parts))
    level_db = _level_db(hearing)
    per_block = len(hearing.frames) / len(level_db)
    rise = np.maximum(np.diff(level_db, axis=0, prepend=level_db[:1]), 0.0)
    of = {"energy": level_db, "onset": rise}[control]
    found = np.empty(len(parts))
    for i, part in enumerate(parts):
        first = int(part.start / per_block)
        after = max(first + 1, round(part.end / per_block))
        found[i] = of[first:after, part.low : part.high].mean()
    return found


def _level_db(hearing: Hearing) -> Float64:
    """``(blocks, bands)``: the power of each band in dB."""
    frames, front_end = hearing.frames.astype(np.float64), hearing.front_end
    if isinstance(front_end, VggishSettings):  # logarithms of magnitude
        power = np.square(np.exp(frames) - LOG_OFFSET)
    else:
        power = np.square(frames) if front_end.n_bands == 1 else frames
    size = max(1, round(_BLOCK_S * front_end.sample_rate / front_end.hop_length))
    whole = max(1, len(power) // size)
    blocks = power[: whole * size].reshape(whole, -1, power.shape[1]).mean(axis=1)
    level: Float64 = 10.0 * np.log10(np.maximum(blocks, _LEAST))
    return level
