"""What trained networks make of tracks, computed once and kept: one call for every network.

A network is described by an :class:`Embedding`. Adding one is a module that makes its description, a line in
:data:`EMBEDDINGS` and a row in a contract test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle.track_term import spread_of
from genrelens.bundle.windows import WindowSettings, iter_windows
from genrelens.data.track import Track
from genrelens.errors import AudioError, TrainingError
from genrelens.features.frame_cache import FrameCache, Frames
from genrelens.features.store import ArrayStore
from genrelens.frontend.frames import FrameSettings, is_silent

Progress = Callable[[int, int], None]
Windows = NDArray[np.float32]
"""What a network makes of a track: ``(w, ...)``, a window each; not a number where a window is silent."""

EMBEDDINGS: Final[Mapping[str, str]] = {
    "musicnn": "genrelens.features.musicnn",
    "vggish": "genrelens.features.vggish",
    "encoder": "genrelens.features.encoder",
    "mn04": "genrelens.features.mn04",
}
"""Name -> the module whose ``embedding(source)`` describes the network (imported when it is asked for: torch is
heavy). ``source`` are its weights, where these do not come with genrelens."""

BATCH: Final = 8
"""Windows that a network is given at once, at most."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """How a network turns the windows of a track into numbers.

    Attributes:
        front_end: what it hears.
        windows: which stretches of it.
        shape: of the numbers of one window; ``None``: what the network gives.
        made_by: all that the numbers depend on beside these three (weights, versions), as JSON values.
        network: makes the function from windows' frames ``(b, n_frames, n_bands)`` to ``(b, *shape)``; called only
            when something has to be computed.
        closing_from: how many frames no window would hear, for one that ends with the track to be added.
    """

    front_end: FrameSettings
    windows: WindowSettings
    shape: tuple[int, ...] | None
    made_by: Mapping[str, object]
    network: Callable[[], Callable[[Frames], Windows]]
    closing_from: int = 1


def embed(
    what: str | Embedding,
    tracks: Sequence[Track],
    *,
    cache: Path,
    source: Any = None,
    n_workers: int = 1,
    progress: Progress | None = None,
) -> tuple[Windows, ...]:
    """``(w, *shape)`` for each track: what a network makes of its windows, not a number where one is silent.

    Args:
        what: a key of :data:`EMBEDDINGS`, or a network's description.
        tracks: a track shorter than a window is repeated to one, as in prediction.
        cache: a folder; what it holds is neither decoded nor computed again.
        source: the weights, where the network of that name has none of its own.
        n_workers: processes that decode sound.
        progress: is called with the numbers of tracks done and of all.

    Raises:
        TrainingError: with the name of the first track that cannot be read, as a training set does not shrink in
            silence; or the network's own.
    """
    network = import_module(EMBEDDINGS[what]).embedding(source) if isinstance(what, str) else what
    store = ArrayStore(cache)
    found: dict[int, Windows] = {}
    paths: dict[int, Path] = {}
    problems: dict[str, str] = {}
    made_by = {
        **network.made_by,
        "front_end": network.front_end.to_dict(),
        "windows": [network.windows.n_frames, network.windows.hop_frames],
    }
    for i, track in enumerate(tracks):
        try:
            paths[i] = store.path(track.path, made_by=made_by, span_s=track.span_s)
        except AudioError as error:
            problems[track.id] = str(error)
            continue
        if (kept := store.read(paths[i], shape=network.shape, dtype=np.float32)) is not None:
            found[i] = np.array(kept.array)
    todo = [i for i in paths if i not in found]
    frames = FrameCache(cache, network.front_end)
    refuse(problems | frames.fill([tracks[i] for i in todo], n_workers=n_workers), n_tracks=len(tracks))
    run = network.network() if todo else None
    for i in range(len(tracks)):
        if run is not None and i not in found:
            found[i] = _computed(frames.frames(tracks[i]), network, run)
            store.write(paths[i], [found[i]], shape=found[i].shape[1:], dtype=np.float32)
        if progress is not None:
            progress(i + 1, len(tracks))
    return tuple(found[i] for i in range(len(tracks)))


def heard(windows: Windows) -> Windows:
    """Those windows ``(w, ...)`` that are not silent."""
    return windows[is_heard(windows)]


def is_heard(windows: Windows) -> NDArray[np.bool_]:
    """Which windows ``(w,)`` are not silent."""
    silent = np.isnan(windows).all(axis=tuple(range(1, windows.ndim)))
    return np.asarray(~silent, dtype=np.bool_)


def mean_rows(tracks: Sequence[Track], windows: Sequence[Windows]) -> NDArray[np.float64]:
    """``(n, d)``: for each track the mean of its windows ``(w, d)`` that are not silent.

    Raises :class:`TrainingError` naming the tracks that are silent throughout.
    """
    kept = [heard(one) for one in windows]
    refuse_silent(tracks, kept)
    return np.stack([one.mean(axis=0, dtype=np.float64) for one in kept])


def spread_rows(windows: Sequence[Windows]) -> NDArray[np.float64]:
    """``(n, d)``: for each track the standard deviation over its windows ``(w, d)`` that are not silent, not a number
    where they are fewer than a model asks for."""
    return np.stack([spread_of(heard(one)) for one in windows])


def refuse_silent(tracks: Sequence[Track], windows: Sequence[Windows]) -> None:
    """Raise :class:`TrainingError` where a track has no window that is not silent."""
    problems = {
        track.id: "silent throughout" for track, one in zip(tracks, windows, strict=True) if not is_heard(one).any()
    }
    refuse(problems, n_tracks=len(tracks))


def refuse(problems: Mapping[str, str], *, n_tracks: int) -> None:
    """Raise :class:`TrainingError` if there are problems, by the ids of tracks, with the first of them."""
    if problems:
        first, message = next(iter(problems.items()))
        raise TrainingError(
            f"{len(problems)} of {n_tracks} tracks cannot be used, the first is {first}: {message}; "
            "take them out of the data or mend them"
        )


def _computed(frames: Frames, network: Embedding, run: Callable[[Frames], Windows]) -> Windows:
    """``(w, *shape)`` of a track's frames; windows that are silent are not given to the network."""
    found = iter_windows([frames], settings=network.windows, closing_from=network.closing_from)
    windows = [window.power for window in found]
    loud = [i for i, power in enumerate(windows) if not is_silent(power, settings=network.front_end)]
    batches = (loud[start : start + BATCH] for start in range(0, len(loud), BATCH))
    parts = [run(np.stack([windows[i] for i in these])) for these in batches]
    shape = parts[0].shape[1:] if parts else network.shape or (1,)
    made = np.full((len(windows), *shape), np.nan, np.float32)
    if parts:
        made[loud] = np.concatenate(parts)
    if not np.isfinite(made[loud]).all():
        raise TrainingError("the network gave numbers that are not finite; look at its weights")
    return made
