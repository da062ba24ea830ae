"""What a pretrained audio encoder makes of tracks: one row each, the mean over its frames and its windows.

Any encoder of transformers' Auto classes that takes sound through its own feature extractor: Wav2Vec2, HuBERT, WavLM,
the Audio Spectrogram Transformer and more. The extractor runs in Python, so that such rows are for scoring an encoder,
and a bundle, which runs without transformers, cannot be made of them.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from genrelens.bundle.windows import WindowSettings, iter_windows
from genrelens.data.track import Track
from genrelens.errors import DataError, TrainingError
from genrelens.features.frame_cache import FrameCache
from genrelens.files import write_whole
from genrelens.frontend.frames import is_silent
from genrelens.frontend.wave import WaveSettings
from genrelens.models.encoder import Pretrained, load_pretrained

Progress = Callable[[int, int], None]

SCHEMA: Final = 1
"""Part of every cached row's name: raise it when the arithmetic here changes."""
WINDOW_S: Final = 3.0
"""Windows of encoders that take any length, as of the recipe wav2vec2; half of one lies between two."""
_BATCH: Final = 8


def encoder_rows(
    tracks: Sequence[Track], *, encoder: str, cache: Path, progress: Progress | None = None
) -> NDArray[np.float64]:
    """``(n, width)``, a row a track: the mean of the last layer over frames, then over windows that are not silent.

    Rows are kept under ``cache``, named after the file and everything that they depend on, the encoder's weights
    included. Raises :class:`TrainingError` naming the tracks that cannot be read or are silent throughout, and where
    the encoder cannot be had or takes no sound.
    """
    pretrained = load_pretrained(encoder)
    settings = WaveSettings(sample_rate=int(pretrained.extractor.sampling_rate))
    n = window_samples(pretrained)
    windows = WindowSettings(n, max(1, n // 2))
    frames = FrameCache(cache, settings)
    key = {"schema": SCHEMA, "encoder": digest(pretrained), "windows": [windows.n_frames, windows.hop_frames]}
    problems = {}
    rows: list[NDArray[np.float64]] = []
    for i, track in enumerate(tracks):
        problems.update(frames.fill([track]))
        if not problems:
            kept = cache / f"{_name(key, frames.path(track), track)}.npy"
            row = _read(kept)
            if row is None:
                row = _row(frames.frames(track), windows, settings, pretrained, source=encoder)
                if len(row):
                    _write(kept, row)
                else:
                    problems[track.id] = "silent throughout"
            rows.append(row)
        if progress is not None:
            progress(i + 1, len(tracks))
    if problems:
        first, message = next(iter(problems.items()))
        raise TrainingError(
            f"{len(problems)} of {len(tracks)} tracks cannot be used, the first is {first}: {message}; "
            "take them out of the data or mend them"
        )
    return np.stack(rows)


def window_samples(pretrained: Pretrained) -> int:
    """How many samples the encoder hears at once: what its extractor pads or cuts to, or else 3 s.

    The Audio Spectrogram Transformer's takes ``max_length`` frames of 400 samples, one every 160.
    """
    extractor = pretrained.extractor
    frames = getattr(extractor, "max_length", None)
    if isinstance(frames, int) and hasattr(extractor, "num_mel_bins"):
        return 400 + 160 * (frames - 1)
    return round(WINDOW_S * int(extractor.sampling_rate))


def digest(pretrained: Pretrained) -> str:
    """SHA-256 of what was loaded: configuration, extractor and every weight, wherever it came from."""
    config = {
        name: value
        for name, value in pretrained.model.config.to_dict().items()
        if name not in ("_name_or_path", "transformers_version")
    }
    said = [config, pretrained.extractor.to_dict()]
    found = hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode())
    for name, value in sorted(pretrained.model.state_dict().items()):
        found.update(f"{name} {tuple(value.shape)}".encode())
        found.update(np.ascontiguousarray(value.numpy()).tobytes())
    return found.hexdigest()


@torch.inference_mode()
def _row(
    frames: NDArray[np.float32],
    windows: WindowSettings,
    settings: WaveSettings,
    pretrained: Pretrained,
    *,
    source: str,
) -> NDArray[np.float64]:
    """``(width,)`` of samples ``(n, 1)``, or ``(0,)`` of silence."""
    heard = [
        window.power[:, 0]
        for window in iter_windows([frames], settings=windows)
        if not is_silent(window.power, settings=settings)
    ]
    means = [
        _means(heard[start : start + _BATCH], pretrained, source=source)
        for start in range(0, len(heard), _BATCH)
    ]
    return np.concatenate(means).mean(axis=0, dtype=np.float64) if means else np.zeros(0)


def _means(windows: list[NDArray[np.float32]], pretrained: Pretrained, *, source: str) -> NDArray[np.float32]:
    """``(w, width)``: the mean over the last layer's frames of each window."""
    model, extractor = pretrained
    try:
        values = extractor(windows, sampling_rate=int(extractor.sampling_rate), return_tensors="pt")
        last: Any = model(values[model.main_input_name]).last_hidden_state
    except Exception as error:  # whatever a model of text, of pictures or of both says to sound
        raise TrainingError(
            f"the encoder {source!r} is a {type(model).__name__}, which cannot be given sound alone: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(last, torch.Tensor) or last.ndim != 3 or not torch.isfinite(last).all():
        raise TrainingError(
            f"the encoder {source!r} is a {type(model).__name__}: expected finite frames (windows, frames, width) "
            "of its last layer"
        )
    means: NDArray[np.float32] = last.mean(dim=1).numpy()
    return means


def _name(key: dict[str, Any], frames: Path, track: Track) -> str:
    text = json.dumps({**key, "frames": frames.name, "span_s": track.span_s}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _read(path: Path) -> NDArray[np.float64] | None:
    """The row in a cache file, or ``None`` when it is missing or not what it should be."""
    try:
        row = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
    except Exception:  # a header of garbage makes numpy raise many things
        return None
    if not isinstance(row, np.ndarray) or row.dtype != np.float64 or row.ndim != 1 or not len(row):
        return None
    return row if np.isfinite(row).all() else None


def _write(path: Path, row: NDArray[np.float64]) -> None:
    buffer = io.BytesIO()
    np.save(buffer, row, allow_pickle=False)
    try:
        write_whole(path, buffer.getvalue())
    except OSError as error:
        raise DataError(f"the cache file {str(path)!r} cannot be written: {error.strerror}") from error
