"""Frames of a front end on disk: computed once a file, mapped into memory ever after."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, overload

import numpy as np
import numpy.typing as npt

from genrelens.audio import open_stream
from genrelens.data.pictures import is_png, picture_frames
from genrelens.data.track import Track
from genrelens.errors import AudioError, DataError
from genrelens.features.store import ArrayStore
from genrelens.frontend.frames import FrameSettings, frame_stream, kind_of
from genrelens.parallel import map_each

SCHEMA: Final = 1
"""Part of every entry's name: raise it when a front end's arithmetic changes."""

Frames = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]


class FrameCache:
    """Frames of tracks at one front-end setting, kept in a folder (made when missing)."""

    def __init__(self, folder: Path | str, settings: FrameSettings) -> None:
        self.settings = settings
        self._store = ArrayStore(folder)

    def path(self, track: Track) -> Path:
        """Where the frames of the track's file are or will be.

        ``top_db``, ``log_factor`` and how large a ``level`` is do not matter: power is kept, and compressed when
        windows are cut. Whether there is a ``level`` does: with one, power is without each frame's constant.
        Raises :class:`AudioError` (code "missing") when the file is not there.
        """
        settings = self.settings.to_dict()
        made_by = {
            "schema": SCHEMA,
            "frames": kind_of(self.settings),
            "settings": {
                name: value for name, value in settings.items() if name not in ("top_db", "log_factor", "level")
            },
            "without_constant": settings.get("level") is not None,
        }
        return self._store.path(track.path, made_by=made_by)

    def frames(self, track: Track) -> Frames:
        """The track's frames ``(n_frames, n_bands)``, mel power for most, float32, read-only and mapped from disk.

        Computed first if it is not there; of a track with a span, the frames that are centred in it. A PNG picture
        stands for its clip where the front end is the picture's (``frontend.image``). Raises
        :class:`AudioError` when the sound cannot be read and :class:`DataError` when the cache cannot be written.
        """
        path = self.path(track)
        frames = self._read(path)
        if frames is None:
            shape = (self.settings.n_bands,)
            self._store.write(path, _computed(track.path, self.settings), shape=shape, dtype=np.float32)
            frames = self._read(path)
            if frames is None:
                raise DataError(f"the cache file {str(path)!r} cannot be read back; is the disk full or failing?")
        if track.span_s is None:
            return frames
        hop_s = self.settings.hop_length / self.settings.sample_rate
        first, end = (math.ceil(round(at_s / hop_s, 6)) for at_s in track.span_s)
        return frames[first:end]

    def fill(self, tracks: Iterable[Track], *, n_workers: int = 1, progress: Progress | None = None) -> dict[str, str]:
        """Compute what is not there yet; return why not, by id, for the tracks that cannot be read.

        With ``n_workers`` above 1 that many processes are spawned (so the calling script needs the usual
        ``if __name__ == "__main__"``). ``progress(n_done, n_tracks)`` is called after each track. A track
        that even brings its process down costs only itself. Raises :class:`DataError` when the cache cannot
        be written.
        """
        everything = tuple(tracks)
        errors: dict[str, str] = {}
        todo: list[Track] = []
        n_done = 0

        def done(track: Track, error: str | None) -> None:
            nonlocal n_done
            n_done += 1
            if error is not None:
                errors[track.id] = error
            if progress is not None:
                progress(n_done, len(everything))

        for track in everything:
            try:
                is_there = self._read(self.path(track)) is not None
            except AudioError as error:
                done(track, str(error))
                continue
            if is_there:
                done(track, None)
            else:
                todo.append(track)
        for i, why in map_each(partial(_fill_one, self), todo, n_workers=n_workers, died=_brought_down):
            done(todo[i], why)
        return errors

    def _read(self, path: Path) -> Frames | None:
        kept = self._store.read(path, shape=(self.settings.n_bands,), dtype=np.float32)
        return None if kept is None else kept.array


def _fill_one(cache: FrameCache, track: Track) -> str | None:
    """Compute one track's frames (in whatever process this is); the reason when its sound cannot be read."""
    try:
        cache.frames(track)
    except AudioError as error:
        return str(error)
    return None


def _brought_down(track: Track) -> str:
    return f"{str(track.path)!r} brought down the process that read it"


def _computed(path: Path, settings: FrameSettings) -> Iterator[Frames]:
    """The frames of a file, block by block."""
    if is_png(path):
        yield picture_frames(path, settings=settings)
        return
    with open_stream(path, sample_rate=settings.sample_rate) as stream:
        frames = frame_stream(settings)
        for block in stream:
            yield frames.push(block)
        yield frames.finish()


class CachedFrames(Sequence[Frames]):
    """The frames of tracks, each mapped when it is asked for: thousands of tracks need no thousands of open files."""

    def __init__(self, cache: FrameCache, tracks: Sequence[Track]) -> None:
        self._cache, self._tracks = cache, tuple(tracks)

    def __len__(self) -> int:
        return len(self._tracks)

    @overload
    def __getitem__(self, i: int) -> Frames: ...
    @overload
    def __getitem__(self, i: slice) -> CachedFrames: ...
    def __getitem__(self, i: int | slice) -> Frames | CachedFrames:
        """Frames ``(n_frames, n_bands)`` of track ``i``, as :meth:`FrameCache.frames` gives them."""
        if isinstance(i, slice):
            return CachedFrames(self._cache, self._tracks[i])
        return self._cache.frames(self._tracks[i])
