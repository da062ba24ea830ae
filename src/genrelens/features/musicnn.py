"""What musicnn makes of tracks: one row each, the mean over the windows that a prediction looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from genrelens.bundle.windows import WindowSettings, iter_windows
from genrelens.data.track import Track
from genrelens.errors import TrainingError
from genrelens.features.frame_cache import FrameCache
from genrelens.frontend.frames import compress, is_silent
from genrelens.models.musicnn import pretrained
from genrelens.models.musicnn_head import FRONT_END, HOP_FRAMES, N_FRAMES, embedding_of

Progress = Callable[[int, int], None]

_BATCH = 8

EMBEDDING = 712
"""Numbers a window: maxima, means, and the dense layer's 200."""


def musicnn_rows(
    tracks: Sequence[Track], *, cache: Path, n_workers: int = 1, progress: Progress | None = None
) -> NDArray[np.float64]:
    """``(n, 712)``, a row a track: the mean over its windows that are not silent.

    Raises :class:`TrainingError` naming the tracks that cannot be read or are silent throughout: a training set does
    not shrink in silence.
    """
    return _rows(tracks, _each(tracks, cache=cache, n_workers=n_workers, progress=progress))


def musicnn_windows(
    tracks: Sequence[Track], *, cache: Path, n_workers: int = 1, progress: Progress | None = None
) -> tuple[NDArray[np.float32], ...]:
    """What :func:`musicnn_rows` takes the means of: ``(w, 712)`` for each track, 54 KB for 30 s.

    A track that is silent throughout has none. Raises :class:`TrainingError` naming the tracks that cannot be read.
    """
    return tuple(_each(tracks, cache=cache, n_workers=n_workers, progress=progress))


def rows_of(tracks: Sequence[Track], windows: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """``(n, 712)``: the means of each track's windows (w, 712). Raises :class:`TrainingError` where one has none."""
    return _rows(tracks, iter(windows))


def _rows(tracks: Sequence[Track], windows: Iterator[NDArray[np.float32]]) -> NDArray[np.float64]:
    silent, rows = [], []
    for track, found in zip(tracks, windows, strict=True):
        if len(found):
            rows.append(found.mean(axis=0, dtype=np.float64))
        else:
            silent.append(track.id)
    if silent:
        raise TrainingError(
            f"{len(silent)} of {len(tracks)} tracks cannot be used, the first is {silent[0]}: silent throughout; "
            "take them out of the data or mend them"
        )
    return np.stack(rows)


@torch.inference_mode()
def _each(
    tracks: Sequence[Track], *, cache: Path, n_workers: int, progress: Progress | None
) -> Iterator[NDArray[np.float32]]:
    frames = FrameCache(cache, FRONT_END)
    problems = frames.fill(tracks, n_workers=n_workers)
    if problems:
        first, message = next(iter(problems.items()))
        raise TrainingError(
            f"{len(problems)} of {len(tracks)} tracks cannot be used, the first is {first}: {message}; "
            "take them out of the data or mend them"
        )
    network = pretrained()
    settings = WindowSettings(N_FRAMES, HOP_FRAMES)
    for i, track in enumerate(tracks):
        windows = [
            compress(window.power, settings=FRONT_END)
            for window in iter_windows([frames.frames(track)], settings=settings)
            if not is_silent(window.power, settings=FRONT_END)
        ]
        parts = [
            embedding_of(network(torch.from_numpy(np.stack(windows[start : start + _BATCH])))).numpy()
            for start in range(0, len(windows), _BATCH)
        ]
        if progress is not None:
            progress(i + 1, len(tracks))
        yield np.concatenate(parts) if parts else np.zeros((0, EMBEDDING), dtype=np.float32)
