"""Frames of a front end on disk: computed once a file, mapped into memory ever after.

A cache file is named after everything that its numbers depend on, so nothing in it can be out of date; one
that cannot be read is computed again. Plain ``.npy`` without objects, written aside and renamed, so that a
killed run leaves no half of a file under a good name, and several processes may fill one folder.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Final, overload

import numpy as np
import numpy.typing as npt

from genrelens.audio import open_stream
from genrelens.data.pictures.frames import picture_frames
from genrelens.data.pictures.png import is_png
from genrelens.data.track import Track
from genrelens.errors import AudioError, DataError
from genrelens.files import written_aside
from genrelens.frontend.frames import FrameSettings, frame_stream, kind_of
from genrelens.parallel import map_each

SCHEMA: Final = 2
"""Part of every cache file's name: raise it when the front end's arithmetic or the decoder changes."""

Frames = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]


class FrameCache:
    """Frames of tracks at one front-end setting, kept in a folder (made when missing)."""

    def __init__(self, folder: Path | str, settings: FrameSettings) -> None:
        self.folder = Path(folder)
        self.settings = settings
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"the cache folder {str(folder)!r} cannot be made: {error.strerror}") from error

    def path(self, track: Track) -> Path:
        """Where the track's frames are or will be: a name made of the settings and the file's path, size and
        time.

        ``top_db``, ``log_factor`` and how large a ``level`` is are not in it: power is kept, and compressed when
        windows are cut. Whether there is a ``level`` is: with one, power is without each frame's constant.
        Raises :class:`AudioError` (code "missing") when the track's file is not there.
        """
        try:
            state = track.path.stat()
        except OSError as error:
            raise AudioError(
                f"{str(track.path)!r} cannot be found: {error.strerror}", code="missing"
            ) from error
        kind, settings = kind_of(self.settings), self.settings.to_dict()
        key = {
            "schema": SCHEMA,
            "settings": {
                name: value
                for name, value in settings.items()
                if name not in ("top_db", "log_factor", "level")
            },
            "without_constant": settings.get("level") is not None,
            **({} if kind == "mel" else {"kind": kind}),
            "path": str(track.path.resolve()),
            "size": state.st_size,
            "mtime_ns": state.st_mtime_ns,
        }
        return self.folder / (
            hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:40] + ".npy"
        )

    def frames(self, track: Track) -> Frames:
        """The track's frames ``(n_frames, n_bands)``, mel power for most, float32, read-only and mapped from disk.

        Computed first if it is not there; of a track with a span, the frames that are centred in it. A PNG picture
        stands for its clip where the front end is the picture's (``frontend.image``). Raises
        :class:`AudioError` when the sound cannot be read and :class:`DataError` when the cache cannot be written.
        """
        path = self.path(track)
        frames = self._read(path)
        if frames is None:
            self._write(path, track)
            frames = self._read(path)
            if frames is None:
                raise DataError(
                    f"the cache file {str(path)!r} cannot be read back; is the disk full or failing?"
                )
        if track.span_s is None:
            return frames
        hop_s = self.settings.hop_length / self.settings.sample_rate
        first, end = (math.ceil(round(at_s / hop_s, 6)) for at_s in track.span_s)
        return frames[first:end]

    def fill(
        self, tracks: Iterable[Track], *, n_workers: int = 1, progress: Progress | None = None
    ) -> dict[str, str]:
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
        """The frames in a cache file, or ``None`` when it is missing, cut short, or not what it should be."""
        try:
            frames = np.load(path, mmap_mode="r", allow_pickle=False)
            size = path.stat().st_size
        except Exception:  # a header of garbage makes numpy raise many things, tokenize.TokenError for one
            return None
        if not isinstance(frames, np.memmap) or frames.dtype != np.float32 or frames.ndim != 2:
            return None
        if frames.shape[1] != self.settings.n_bands or size != frames.offset + frames.nbytes:
            return None
        return frames

    def _write(self, path: Path, track: Track) -> None:
        """Stream the file through the front end into the cache, whole or not at all."""
        with _opened(track.path, self.settings) as blocks:
            try:
                with written_aside(path) as aside, aside.open("wb") as file:
                    _stream_frames(file, blocks, n_bands=self.settings.n_bands)
            except OSError as error:
                # Windows refuses where another process has just made and mapped the same file
                if isinstance(error, PermissionError) and self._read(path) is not None:
                    return
                raise DataError(
                    f"the cache file {str(path)!r} cannot be written: {error.strerror}"
                ) from error


def _fill_one(cache: FrameCache, track: Track) -> str | None:
    """Compute one track's frames (in whatever process this is); the reason when its sound cannot be read."""
    try:
        cache.frames(track)
    except AudioError as error:
        return str(error)
    return None


def _brought_down(track: Track) -> str:
    return f"{str(track.path)!r} brought down the process that read it"


@contextmanager
def _opened(path: Path, settings: FrameSettings) -> Iterator[Iterable[Frames]]:
    """The frames of a file, block by block."""
    if is_png(path):
        yield [picture_frames(path, settings=settings)]
        return
    with open_stream(path, sample_rate=settings.sample_rate) as stream:
        yield _frame_blocks(stream, settings)


def _frame_blocks(stream: Iterable[npt.NDArray[np.float32]], settings: FrameSettings) -> Iterator[Frames]:
    frames = frame_stream(settings)
    for block in stream:
        yield frames.push(block)
    yield frames.finish()


def _stream_frames(file: IO[bytes], blocks: Iterable[Frames], *, n_bands: int) -> None:
    """Write blocks of frames as ``.npy``; memory does not grow with their number."""
    _write_header(file, 0, n_bands)
    n_frames = sum(_append(file, block) for block in blocks)
    file.seek(0)
    _write_header(file, n_frames, n_bands)


def _write_header(file: IO[bytes], n_frames: int, n_bands: int) -> None:
    """NumPy pads headers so that the first axis can grow in place: 0 frames take as many bytes as many."""
    header = {"descr": "<f4", "fortran_order": False, "shape": (n_frames, n_bands)}
    np.lib.format.write_array_header_1_0(file, header)


def _append(file: IO[bytes], frames: npt.NDArray[np.float32]) -> int:
    file.write(np.ascontiguousarray(frames, dtype="<f4").tobytes())
    return len(frames)


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
