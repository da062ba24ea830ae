"""What VGGish makes of tracks: 31 embeddings of each 30 s.

Windows are those that a prediction looks at, but for one: where a track goes on after its last whole window, a
prediction also hears the window that ends with the track. Of a clip of 30 s that one repeats all but some tenths of a
second, and there is nothing to learn from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from genrelens.bundle.windows import WindowSettings
from genrelens.data.track import Track
from genrelens.features.embedding import Embedding, Progress, Windows, embed, is_heard, refuse_silent
from genrelens.frontend.vggish import EXAMPLE_FRAMES, VggishSettings
from genrelens.models.vggish import EMBEDDING, examples_of, with_weights
from genrelens.models.vggish_weights import Weights

N_EXAMPLES: Final = 31
"""Examples of 0.96 s in 30 s."""
SETTINGS: Final = VggishSettings()
WINDOW: Final = WindowSettings(N_EXAMPLES * EXAMPLE_FRAMES, N_EXAMPLES * EXAMPLE_FRAMES)

SCHEMA: Final = 1
"""Part of every kept window's name: raise it when the network's arithmetic changes."""


def embedding(source: Weights) -> Embedding:
    """VGGish with weights from a file, without its last ReLU, so that embeddings have signs."""
    return Embedding(
        front_end=SETTINGS,
        windows=WINDOW,
        shape=(N_EXAMPLES, EMBEDDING),
        made_by={"vggish": SCHEMA, "weights": source.sha256},
        network=partial(_network, source),
        closing_from=WINDOW.hop_frames,  # never: fewer are always left
    )


def vggish_windows(
    tracks: Sequence[Track], *, weights: Weights, cache: Path, n_workers: int = 1, progress: Progress | None = None
) -> tuple[Windows, ...]:
    """``(w, 31, 128)`` for each track; not a number where a window is silent.

    Raises :class:`TrainingError` naming the tracks that cannot be read or are silent throughout.
    """
    found = embed("vggish", tracks, source=weights, cache=cache, n_workers=n_workers, progress=progress)
    refuse_silent(tracks, found)
    return found


def first_heard(windows: Windows) -> Windows:
    """``(31, 128)``: the first window of a track that is not silent."""
    found: Windows = windows[int(np.argmax(is_heard(windows)))]
    return found


def _network(weights: Weights) -> Callable[[NDArray[np.float32]], Windows]:
    # What lies in memory filter by filter takes the CPU 1.6 times as long.
    network = with_weights(weights, signed=True).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.inference_mode()
    def run(windows: NDArray[np.float32]) -> Windows:
        return np.stack([network(examples_of(torch.from_numpy(power))).numpy() for power in windows])

    return run
