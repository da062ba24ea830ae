"""Rows of what VGGish makes of tracks (:mod:`genrelens.features.vggish`), and the same rows as part of a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from genrelens.data.track import Track
from genrelens.features.embedding import Windows, is_heard
from genrelens.features.vggish import N_EXAMPLES, SETTINGS, WINDOW, first_heard, vggish_windows
from genrelens.frontend.vggish import HOP_LENGTH, SAMPLE_RATE
from genrelens.models.vggish import EMBEDDING, Vggish, examples_of, with_weights
from genrelens.models.vggish_weights import Weights
from genrelens.training.export import rows_onnx
from genrelens.training.tabular.graph import ROWS
from genrelens.training.tabular.train import RowNetwork, TabularData

__all__ = ["WINDOW", "Windows", "first_heard", "row_network", "rows_of", "vggish_data", "vggish_windows"]

Pooling = Literal["flatten", "mean_std"]


def vggish_data(tracks: Sequence[Track], windows: Sequence[Windows], *, pooling: Pooling) -> TabularData:
    """A row for each window of each track that is not silent.

    A track of one window is its own piece, of others each window is one.
    """
    pieces, heard = [], []
    for track, its in zip(tracks, windows, strict=True):
        numbers = np.flatnonzero(is_heard(its))
        pieces += [track] if len(its) == 1 else [_piece(track, int(i)) for i in numbers]
        heard.append(its[numbers])
    ids = frozenset(track.id for track in tracks)
    return TabularData(tuple(pieces), rows_of(np.concatenate(heard), pooling=pooling), ids)


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
        input_name=SETTINGS.input_name,
        output_name=ROWS,
        n_frames=WINDOW.n_frames,
        n_bands=SETTINGS.n_bands,
    )
    return RowNetwork(
        front_end=SETTINGS,
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
