"""VGGish with few filters: its tests need no 72 million weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from genrelens.models import vggish
from genrelens.models.vggish_weights import write_weights

TINY = vggish.Sizes(filters=(3, 4, 5, 4, 6, 8), dense=16)


def shrink(patch: pytest.MonkeyPatch) -> None:
    """From here on VGGish is tiny; its embeddings still have 128 numbers."""
    patch.setattr(vggish, "SIZES", TINY)


def write_random(path: Path, *, seed: int = 0) -> Path:
    """A file of random weights of the network as it is now."""
    return write_weights(path, vggish.random_weights(seed=seed), origin=f"random weights, seed {seed}")
