"""What musicnn makes of tracks: one row each, the mean over the windows that a prediction looks at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from genrelens.bundle.windows import WindowSettings, is_silent, iter_windows
from genrelens.data.cache import MelCache
from genrelens.data.track import Track
from genrelens.errors import TrainingError
from genrelens.frontend.mel import compress
from genrelens.models.musicnn import pretrained
from genrelens.models.musicnn_head import FRONT_END, HOP_FRAMES, N_FRAMES, embedding_of

Progress = Callable[[int, int], None]

_BATCH = 8

EMBEDDING = 712
"""Numbers a window: maxima, means, and the dense layer's 200."""


@torch.inference_mode()
def musicnn_rows(
    tracks: Sequence[Track], *, cache: Path, n_workers: int = 1, progress: Progress | None = None
) -> NDArray[np.float64]:
    """``(n, 712)``, a row a track. Silent windows do not count.

    Raises :class:`TrainingError` naming the tracks that cannot be read or are silent throughout: a training set does
    not shrink in silence.
    """
    frames = MelCache(cache, FRONT_END)
    problems = frames.fill(tracks, n_workers=n_workers)
    network = pretrained()
    settings = WindowSettings(N_FRAMES, HOP_FRAMES)
    rows = []
    for i, track in enumerate(tracks):
        if track.id in problems:
            continue
        windows = [
            compress(window.power, settings=FRONT_END)
            for window in iter_windows([frames.frames(track)], settings=settings)
            if not is_silent(window.power, settings=FRONT_END)
        ]
        if not windows:
            problems[track.id] = "silent throughout"
            continue
        total = np.zeros(0)
        for start in range(0, len(windows), _BATCH):
            batch = torch.from_numpy(np.stack(windows[start : start + _BATCH]))
            part = embedding_of(network(batch)).double().sum(dim=0).numpy()
            total = total + part if total.size else part
        rows.append(total / len(windows))
        if progress is not None:
            progress(i + 1, len(tracks))
    if problems:
        first, message = next(iter(problems.items()))
        raise TrainingError(
            f"{len(problems)} of {len(tracks)} tracks cannot be used, the first is {first}: {message}; "
            "take them out of the data or mend them"
        )
    return np.stack(rows)


@torch.inference_mode()
def musicnn_windows(
    tracks: Sequence[Track], *, cache: Path, n_workers: int = 1, progress: Progress | None = None
) -> tuple[NDArray[np.float32], ...]:
    """What :func:`musicnn_rows` takes the means of: ``(w, 712)`` for each track, a row a window that is not silent.

    A track that is silent throughout has none. Raises :class:`TrainingError` naming the tracks that cannot be read.
    """
    frames = MelCache(cache, FRONT_END)
    problems = frames.fill(tracks, n_workers=n_workers)
    if problems:
        first, message = next(iter(problems.items()))
        raise TrainingError(
            f"{len(problems)} of {len(tracks)} tracks cannot be read, the first is {first}: {message}; "
            "take them out of the data or mend them"
        )
    network = pretrained()
    settings = WindowSettings(N_FRAMES, HOP_FRAMES)
    pieces = []
    for i, track in enumerate(tracks):
        windows = [
            compress(window.power, settings=FRONT_END)
            for window in iter_windows([frames.frames(track)], settings=settings)
            if not is_silent(window.power, settings=FRONT_END)
        ]
        rows = [
            embedding_of(network(torch.from_numpy(np.stack(windows[start : start + _BATCH])))).numpy()
            for start in range(0, len(windows), _BATCH)
        ]
        pieces.append(np.concatenate(rows) if rows else np.zeros((0, EMBEDDING), dtype=np.float32))
        if progress is not None:
            progress(i + 1, len(tracks))
    return tuple(pieces)
