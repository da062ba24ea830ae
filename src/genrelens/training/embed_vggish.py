"""What VGGish makes of tracks: 31 embeddings of each 30 s, kept on disk, and the rows that a classifier learns from.

Windows are those that a prediction looks at, but for one: where a piece goes on after its last whole window, a
prediction also hears the window that ends with the piece. Of a clip of 30 s that one repeats all but some tenths of a
second, and there is nothing to learn from it.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from genrelens.bundle.windows import WindowSettings, iter_windows
from genrelens.data.track import Track
from genrelens.errors import AudioError, DataError, TrainingError
from genrelens.features.frame_cache import FrameCache
from genrelens.files import write_whole
from genrelens.frontend.frames import is_silent
from genrelens.frontend.vggish import EXAMPLE_FRAMES, HOP_LENGTH, SAMPLE_RATE, VggishSettings
from genrelens.models.vggish import EMBEDDING, Vggish, examples_of, with_weights
from genrelens.models.vggish_weights import Weights
from genrelens.training.export import rows_onnx
from genrelens.training.tabular.graph import ROWS
from genrelens.training.tabular.train import RowNetwork, TabularData

Pooling = Literal["flatten", "mean_std"]
Windows = NDArray[np.float32]
"""What VGGish makes of a track: ``(w, 31, 128)``, a window of 30 s each; not a number where a window is silent."""
Progress = Callable[[int, int], None]

N_EXAMPLES: Final = 31
"""Examples of 0.96 s in 30 s."""
WINDOW: Final = WindowSettings(N_EXAMPLES * EXAMPLE_FRAMES, N_EXAMPLES * EXAMPLE_FRAMES)
SCHEMA: Final = 2
"""Part of every cache file's name: raise it when the network, the front end's arithmetic or the decoder changes."""
_SETTINGS = VggishSettings()


def vggish_windows(
    tracks: Sequence[Track],
    *,
    weights: Weights,
    cache: Path,
    n_workers: int = 1,
    progress: Progress | None = None,
) -> tuple[Windows, ...]:
    """``(w, 31, 128)`` for each track, with signs (without the last ReLU); not a number where a window is silent.

    A piece shorter than a window is repeated to one, as a prediction does. What has been computed with these weights
    stays in ``cache``: a second call neither decodes sound nor runs the network. Raises :class:`TrainingError` naming
    the tracks that cannot be read or are silent throughout: a training set does not shrink in silence.
    """
    folder = cache / "vggish"
    found: dict[int, Windows] = {}
    problems: dict[str, str] = {}
    for i, track in enumerate(tracks):
        try:
            stored = _read(_path(track, folder=folder, weights=weights))
        except AudioError as error:
            problems[track.id] = str(error)
            continue
        if stored is not None:
            found[i] = stored
    todo = [(i, track) for i, track in enumerate(tracks) if i not in found and track.id not in problems]
    frames = FrameCache(cache, _SETTINGS)
    problems |= frames.fill([track for _, track in todo], n_workers=n_workers)
    _refuse(problems, n_tracks=len(tracks))
    # What lies in memory filter by filter takes the CPU 1.6 times as long.
    network = with_weights(weights, signed=True).to(memory_format=torch.channels_last) if todo else None  # type: ignore[call-overload]
    for n_done, (i, track) in enumerate(todo, start=len(found) + 1):
        found[i] = _embed(network, frames.frames(track))
        _write(_path(track, folder=folder, weights=weights), found[i])
        if progress is not None:
            progress(n_done, len(tracks))
    _refuse(
        {track.id: "silent throughout" for i, track in enumerate(tracks) if not _heard(found[i]).any()},
        n_tracks=len(tracks),
    )
    return tuple(found[i] for i in range(len(tracks)))


def vggish_data(tracks: Sequence[Track], windows: Sequence[Windows], *, pooling: Pooling) -> TabularData:
    """A row for each window of each track that is not silent.

    A track of one window is its own piece, of others each window is one.
    """
    pieces, heard = [], []
    for track, its in zip(tracks, windows, strict=True):
        numbers = np.flatnonzero(_heard(its))
        pieces += [track] if len(its) == 1 else [_piece(track, int(i)) for i in numbers]
        heard.append(its[numbers])
    ids = frozenset(track.id for track in tracks)
    return TabularData(tuple(pieces), rows_of(np.concatenate(heard), pooling=pooling), ids)


def first_heard(windows: Windows) -> Windows:
    """``(31, 128)``: the first window of a track that is not silent."""
    found: Windows = windows[int(np.argmax(_heard(windows)))]
    return found


def rows_of(windows: Windows, *, pooling: Pooling) -> NDArray[np.float64]:
    """``(w, 31, 128)`` -> ``(w, 3968)``, the embeddings side by side, or ``(w, 256)``, their means and standard
    deviations over time."""
    exact = windows.astype(np.float64)
    if pooling == "flatten":
        return exact.reshape(len(exact), N_EXAMPLES * EMBEDDING)
    return np.concatenate((exact.mean(axis=1), exact.std(axis=1)), axis=1)


def row_network(weights: Weights, *, pooling: Pooling) -> RowNetwork:
    """VGGish and the pooling as a bundle has them."""
    content = rows_onnx(
        _Rows(with_weights(weights, signed=True), pooling),
        input_name=_SETTINGS.input_name,
        output_name=ROWS,
        n_frames=WINDOW.n_frames,
        n_bands=_SETTINGS.n_bands,
    )
    return RowNetwork(
        front_end=_SETTINGS,
        windows=WINDOW,
        onnx=content,
        n_columns=N_EXAMPLES * EMBEDDING if pooling == "flatten" else 2 * EMBEDDING,
        notice=f"VGGish's weights inside: {weights.said}.",
        licence=weights.licence,
    )


class _Rows(nn.Module):
    """:func:`rows_of` behind the network, for the graph."""

    def __init__(self, vggish: Vggish, pooling: Pooling) -> None:
        super().__init__()
        self.vggish, self.pooling = vggish, pooling

    def forward(self, log_mel: Tensor) -> Tensor:
        """Windows (n, 2976, 64) -> rows (n, d), float64."""
        exact: Tensor = self.vggish(examples_of(log_mel)).double().reshape(-1, N_EXAMPLES, EMBEDDING)
        if self.pooling == "flatten":
            return exact.flatten(1)
        mean = exact.mean(dim=1)
        variance = (exact - mean[:, None]).square().mean(dim=1)
        return torch.cat([mean, variance.sqrt()], dim=1)


@torch.inference_mode()
def _embed(network: Vggish | None, frames: NDArray[np.float32]) -> Windows:
    assert network is not None
    embedded = []
    for window in iter_windows([frames], settings=WINDOW):
        if window.start_frame % WINDOW.hop_frames:
            continue  # the one that ends with the piece
        if is_silent(window.power, settings=_SETTINGS):
            embedded.append(np.full((N_EXAMPLES, EMBEDDING), np.nan, np.float32))
        else:
            embedded.append(network(examples_of(torch.from_numpy(np.array(window.power)))).numpy())
    return np.stack(embedded)


def _heard(windows: Windows) -> NDArray[np.bool_]:
    """Which windows ``(w,)`` are not silent."""
    heard: NDArray[np.bool_] = ~np.isnan(windows[:, 0, 0])
    return heard


def _piece(track: Track, i: int) -> Track:
    start_s = 0.0 if track.span_s is None else track.span_s[0]
    window_s = WINDOW.n_frames * HOP_LENGTH / SAMPLE_RATE
    return Track(
        f"{track.id}.{i}",
        track.path,
        track.genre,
        track.artist,
        track.dataset,
        track.recording,
        segment_of=track.whole,
        span_s=(start_s + i * window_s, start_s + (i + 1) * window_s),
    )


def _path(track: Track, *, folder: Path, weights: Weights) -> Path:
    """A name made of the file's path, size and time, the piece of it, and the weights."""
    try:
        state = track.path.stat()
    except OSError as error:
        raise AudioError(f"{str(track.path)!r} cannot be found: {error.strerror}", code="missing") from error
    key = {
        "schema": SCHEMA,
        "path": str(track.path.resolve()),
        "size": state.st_size,
        "mtime_ns": state.st_mtime_ns,
        "span_s": track.span_s,
        "weights": weights.sha256,
    }
    return folder / (hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:40] + ".npy")


def _read(path: Path) -> Windows | None:
    """What a cache file holds, or ``None`` when it is missing, cut short, or not what it should be."""
    try:
        windows = np.load(path, allow_pickle=False)
    except Exception:  # a header of garbage makes numpy raise many things
        return None
    fits = isinstance(windows, np.ndarray) and windows.dtype == np.float32
    return windows if fits and windows.shape[1:] == (N_EXAMPLES, EMBEDDING) else None


def _write(path: Path, windows: Windows) -> None:
    content = io.BytesIO()
    np.save(content, windows, allow_pickle=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content.getvalue())
    except OSError as error:
        raise DataError(f"the cache file {str(path)!r} cannot be written: {error.strerror}") from error


def _refuse(problems: dict[str, str], *, n_tracks: int) -> None:
    if problems:
        first, message = next(iter(problems.items()))
        raise TrainingError(
            f"{len(problems)} of {n_tracks} tracks cannot be used, the first is {first}: {message}; "
            "take them out of the data or mend them"
        )
