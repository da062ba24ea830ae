"""What a pretrained audio encoder makes of tracks: one row each, the mean over its frames and its windows.

Any encoder of transformers' Auto classes that takes sound through its own feature extractor: Wav2Vec2, HuBERT, WavLM,
the Audio Spectrogram Transformer and more. The extractor runs in Python, so that such rows are for scoring an encoder,
and a bundle, which runs without transformers, cannot be made of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from genrelens.bundle.windows import WindowSettings
from genrelens.data.track import Track
from genrelens.errors import TrainingError
from genrelens.features.embedding import Embedding, Progress, Windows, embed, mean_rows
from genrelens.frontend.wave import WaveSettings
from genrelens.models.encoder import Pretrained, load_pretrained

SCHEMA: Final = 2
"""Part of every kept window's name: raise it when the arithmetic here changes."""
WINDOW_S: Final = 3.0
"""Windows of encoders that take any length, as of the recipe wav2vec2; half of one lies between two."""


def embedding(source: str) -> Embedding:
    """An encoder from a folder or by its hub id (:func:`~genrelens.models.encoder.load_pretrained`).

    Raises :class:`TrainingError` where it cannot be had.
    """
    pretrained = load_pretrained(source)
    n = window_samples(pretrained)
    return Embedding(
        front_end=WaveSettings(sample_rate=int(pretrained.extractor.sampling_rate)),
        windows=WindowSettings(n, max(1, n // 2)),
        shape=None,
        made_by={"encoder": SCHEMA, "weights": digest(pretrained)},
        network=lambda: partial(_means, pretrained=pretrained, source=source),
    )


def encoder_rows(
    tracks: Sequence[Track], *, encoder: str, cache: Path, progress: Progress | None = None
) -> NDArray[np.float64]:
    """``(n, width)``, a row a track: the mean of the last layer over frames, then over windows that are not silent.

    Raises :class:`TrainingError` naming the tracks that cannot be read or are silent throughout, and where the encoder
    cannot be had or takes no sound.
    """
    return mean_rows(tracks, embed("encoder", tracks, source=encoder, cache=cache, progress=progress))


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
def _means(windows: NDArray[np.float32], *, pretrained: Pretrained, source: str) -> Windows:
    """Samples ``(w, n, 1)`` -> ``(w, width)``: the mean over the last layer's frames of each window."""
    model, extractor = pretrained
    try:
        values = extractor(list(windows[..., 0]), sampling_rate=int(extractor.sampling_rate), return_tensors="pt")
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
    means: Windows = last.mean(dim=1).numpy()
    return means
