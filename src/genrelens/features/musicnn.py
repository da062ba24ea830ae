"""What musicnn makes of tracks: 712 numbers a window of 3 s, and the means over the windows that a prediction hears."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from genrelens.bundle.windows import WindowSettings
from genrelens.data.track import Track
from genrelens.features.embedding import Embedding, Progress, Windows, embed, heard, mean_rows
from genrelens.frontend.frames import compress
from genrelens.models.musicnn import WEIGHTS, pretrained
from genrelens.models.musicnn_head import EMBEDDING, FRONT_END, HOP_FRAMES, N_FRAMES, embedding_of

SCHEMA: Final = 2
"""Part of every kept window's name: raise it when the network's arithmetic changes."""


def embedding(source: None = None) -> Embedding:
    """musicnn with the weights that come with genrelens."""
    weights = (resources.files("genrelens.models") / "weights" / WEIGHTS).read_bytes()
    return Embedding(
        front_end=FRONT_END,
        windows=WindowSettings(N_FRAMES, HOP_FRAMES),
        shape=(EMBEDDING,),
        made_by={"musicnn": SCHEMA, "weights": hashlib.sha256(weights).hexdigest()},
        network=_network,
    )


def musicnn_windows(
    tracks: Sequence[Track], *, cache: Path, n_workers: int = 1, progress: Progress | None = None
) -> tuple[Windows, ...]:
    """``(w, 712)`` for each track, without the windows that are silent; a track that is silent throughout has none.

    Raises :class:`TrainingError` naming the tracks that cannot be read.
    """
    made = embed("musicnn", tracks, cache=cache, n_workers=n_workers, progress=progress)
    return tuple(map(heard, made))


def musicnn_rows(
    tracks: Sequence[Track], *, cache: Path, n_workers: int = 1, progress: Progress | None = None
) -> NDArray[np.float64]:
    """``(n, 712)``: the means of :func:`musicnn_windows`; tracks that are silent throughout raise, too."""
    return mean_rows(tracks, musicnn_windows(tracks, cache=cache, n_workers=n_workers, progress=progress))


def _network() -> Callable[[NDArray[np.float32]], Windows]:
    network = pretrained()

    @torch.inference_mode()
    def run(windows: NDArray[np.float32]) -> Windows:
        log_mel = np.stack([compress(power, settings=FRONT_END) for power in windows])
        made: Windows = embedding_of(network(torch.from_numpy(log_mel))).numpy()
        return made

    return run
