"""What musicnn makes of people's files: a row a track, computed once, in several processes, whatever the files are."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from genrelens.audio import open_stream
from genrelens.bundle.abstention import SHORTEST_S
from genrelens.data.track import Track
from genrelens.errors import AudioError, DataError
from genrelens.files import write_whole
from genrelens.parallel import map_each

if TYPE_CHECKING:
    from genrelens.models.musicnn import Musicnn

SCHEMA: Final = 3
"""Part of every cache file's name: raise it when the network, the front end's arithmetic or the decoder changes."""
MAX_WINDOWS: Final = 40
"""Fewer than this many windows of a file are looked at, evenly spread: all of 30 s (19), 20 to 39 of a longer one."""
KEPT_WINDOWS: Final = 8
"""So many windows of a file, evenly spread, are kept beside its mean, to say how far from all files a sound is."""

Progress = Callable[[int, int], None]
FloatArray = NDArray[np.float64]
_Heard = tuple[FloatArray, NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """``rows (n, d)`` of ``tracks`` and some ``windows`` (w, d) of each; ``left_out``: tracks without, and why."""

    tracks: tuple[Track, ...]
    rows: FloatArray
    windows: tuple[NDArray[np.float32], ...]
    left_out: tuple[tuple[Track, str], ...]


def embed(tracks: Sequence[Track], *, cache: Path, n_workers: int = 1, progress: Progress | None = None) -> Embedded:
    """The mean embedding of each track's windows, silent ones not counted; of 30 s the row that
    :func:`genrelens.features.musicnn.musicnn_rows` gives.

    A file that cannot be read, is silent throughout or shorter than a second is left out, with the reason; one that
    brings its process down, too. Rows are kept in ``cache``, so that a second run is quick. Raises :class:`DataError`
    where the cache cannot be written.
    """
    folder = cache / "musicnn"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"the cache folder {str(folder)!r} cannot be made: {error.strerror}") from error
    found: list[_Heard | str] = [_kept(folder, track) for track in tracks]
    todo = [i for i, row in enumerate(found) if isinstance(row, str)]
    n_done = len(tracks) - len(todo)
    work = functools.partial(_row, folder=folder, n_threads=1 if n_workers > 1 else None)
    for k, row in map_each(work, [tracks[i] for i in todo], n_workers=n_workers, died=_died):
        found[todo[k]] = row
        n_done += 1
        if progress is not None:
            progress(n_done, len(tracks))
    good = [(track, heard) for track, heard in zip(tracks, found, strict=True) if not isinstance(heard, str)]
    return Embedded(
        tuple(track for track, _ in good),
        np.stack([heard[0] for _, heard in good]) if good else np.zeros((0, 0)),
        tuple(heard[1] for _, heard in good),
        tuple((track, row) for track, row in zip(tracks, found, strict=True) if isinstance(row, str)),
    )


def _row(track: Track, *, folder: Path, n_threads: int | None) -> _Heard | str:
    """A track's row and some of its windows (in whatever process this is), or why it has none."""
    import torch

    from genrelens.bundle.windows import WindowSettings, iter_windows
    from genrelens.frontend.frames import compress, is_silent
    from genrelens.models.musicnn_head import FRONT_END, HOP_FRAMES, N_FRAMES, embedding_of

    if n_threads is not None:
        torch.set_num_threads(n_threads)  # several processes that each use all cores stand in each other's way
    path = _cache_path(folder, track)
    if path is None:
        return f"{str(track.path)!r} is not there any more"
    heard: list[NDArray[np.float32]] = []
    step, n_heard, n_frames = 1, 0, 0
    try:
        settings = WindowSettings(N_FRAMES, HOP_FRAMES)
        for window in iter_windows(_power(track), settings=settings):
            n_frames = window.end_frame
            if is_silent(window.power, settings=FRONT_END):
                continue
            if n_heard % step == 0:
                heard.append(window.power.copy())
            n_heard += 1
            if len(heard) == MAX_WINDOWS:  # every second one goes: still evenly spread, however long the file is
                heard, step = heard[::2], 2 * step
    except AudioError as error:
        return str(error)
    if n_frames * FRONT_END.hop_length < SHORTEST_S * FRONT_END.sample_rate:
        return f"shorter than {SHORTEST_S:g} s"
    if not heard:
        return "silent throughout"
    with torch.inference_mode():
        batches = [
            np.stack([compress(power, settings=FRONT_END) for power in heard[start : start + 8]])
            for start in range(0, len(heard), 8)
        ]
        embedded = np.concatenate([embedding_of(_network()(torch.from_numpy(batch))).numpy() for batch in batches])
    kept = np.unique(np.linspace(0, len(embedded) - 1, KEPT_WINDOWS).round().astype(int))
    row, windows = embedded.mean(axis=0, dtype=np.float64), embedded[kept]
    buffer = io.BytesIO()
    np.savez(buffer, row=row, windows=windows)
    try:
        write_whole(path, buffer.getvalue())
    except OSError as error:
        raise DataError(f"the cache file {str(path)!r} cannot be written: {error.strerror}") from error
    return row, windows


@functools.cache
def _network() -> Musicnn:
    """The network, loaded once a process."""
    from genrelens.models.musicnn import pretrained

    return pretrained()


def _power(track: Track) -> Iterator[NDArray[np.float32]]:
    """The mel frames of a track as they are decoded; of a track with a span those that are centred in it."""
    from genrelens.frontend.mel import MelStream
    from genrelens.models.musicnn_head import FRONT_END

    first, end = 0, math.inf
    if track.span_s is not None:
        hop_s = FRONT_END.hop_length / FRONT_END.sample_rate
        first, end = (math.ceil(round(at_s / hop_s, 6)) for at_s in track.span_s)
    mel, at = MelStream(FRONT_END), 0
    with open_stream(track.path, sample_rate=FRONT_END.sample_rate) as stream:
        for block in stream:
            power = mel.push(block)
            yield power[max(0, first - at) : max(0, int(min(end - at, len(power))))]
            at += len(power)
            if at >= end:
                return
    power = mel.finish()
    yield power[max(0, first - at) : max(0, int(min(end - at, len(power))))]


def _kept(folder: Path, track: Track) -> _Heard | str:
    """What is in the cache, or that there is nothing."""
    path = _cache_path(folder, track)
    try:
        with np.load(io.BytesIO(b"" if path is None else path.read_bytes()), allow_pickle=False) as found:
            row, windows = found["row"], found["windows"]
    except Exception:  # a header of garbage makes numpy raise many things
        return "not heard yet"
    fits = row.ndim == 1 and windows.ndim == 2 and len(windows) and windows.shape[1:] == row.shape
    types = (row.dtype, windows.dtype) == (np.float64, np.float32)
    if not (fits and types and np.isfinite(row).all() and np.isfinite(windows).all()):
        return "not heard yet"
    return row, windows


def _cache_path(folder: Path, track: Track) -> Path | None:
    """Where a track's row is or will be, by all that it depends on; ``None`` where the file is not there."""
    from genrelens.models.musicnn_head import FRONT_END, HOP_FRAMES

    try:
        state = track.path.stat()
    except OSError:
        return None
    key = {
        "schema": SCHEMA,
        "front_end": FRONT_END.to_dict(),
        "hop_frames": HOP_FRAMES,
        "max_windows": MAX_WINDOWS,
        "path": str(track.path.resolve()),
        "size": state.st_size,
        "mtime_ns": state.st_mtime_ns,
        "span_s": track.span_s,
    }
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    return folder / f"{digest[:40]}.npz"


def _died(track: Track) -> _Heard | str:
    return f"{str(track.path)!r} brought down the process that read it"
