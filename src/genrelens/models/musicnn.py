"""musicnn: a small convolutional tagger whose filters are shaped after timbre and rhythm, and its trained weights.

Pons et al. 2018 (arXiv 1711.02520, section 3) describe the front end, Pons & Serra 2019 (arXiv 1909.06654) the whole
network as it was trained on the Million Song Dataset. This is an implementation of its own; the weights come out of
the wheel ``musicnn`` 0.1.0 (ISC licence, notice beside them) by ``tools/convert_musicnn.py``.

What that training left of the network is small: of the 561 filters of the front end 497 have been decayed to nothing
(their weights sum up to less than 2e-5, and what they give is 0 to within 4e-6 whatever is played). The converter
leaves them out, which changes no activation by 1e-4 and makes the network about nine times as fast. Sizes are
therefore read from the weights: 64 features of the front end and three times 64 of the middle where the paper counts
753.

Input is ``log10(1 + 10000 power)`` of mel power at 16 kHz: 512 samples a frame, 256 to the next, 96 bands on Slaney's
scale up to 8 kHz.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from genrelens.models.toom_cook import transforms

N_MELS = 96
PATCH_FRAMES = 187
"""Frames of the patches that the weights were trained on: 3 s."""

WEIGHTS = "musicnn-msd.npz"

_EPSILON = 1e-3
_MOMENTUM = 0.01
"""TensorFlow's defaults for batch normalisation, in PyTorch's terms; torch's own epsilon is 1e-5."""

_TIMBRAL = ((7, 38), (7, 67))
"""Frames and bands of the timbral filters: 0.4 and 0.7 of the bands, and a bit of time."""
_TEMPORAL = (128, 64, 32)
"""Frames of the temporal filters, which see a single band."""
_MID_FRAMES = 7
_TOGETHER = 16
"""Neighbouring responses to a filter that are computed together."""
_TILE = 4
"""Frames whose responses to a timbral filter are computed together."""


class Activations(NamedTuple):
    """What the network makes of patches; ``d`` is ``n_features``.

    ``frames`` (n, t, d); ``max_pool`` and ``mean_pool`` over time (n, d); ``penultimate`` (n, 200);
    ``logits`` (n, n_tags), whose sigmoid is the probability of a tag.
    """

    frames: Tensor
    max_pool: Tensor
    mean_pool: Tensor
    penultimate: Tensor
    logits: Tensor


@dataclass(frozen=True, slots=True)
class Sizes:
    """Filters of each kind, width of the middle, of the dense layer, and tags; the defaults are the paper's."""

    timbral: tuple[int, int] = (204, 204)
    temporal: tuple[int, int, int] = (51, 51, 51)
    mid: int = 64
    dense: int = 200
    tags: int = 50

    @property
    def front(self) -> int:
        """Features that the front end gives a frame."""
        return sum(self.timbral) + sum(self.temporal)

    @property
    def features(self) -> int:
        """Features a frame of front end and middle together."""
        return self.front + 3 * self.mid


class _Filters(nn.Module):
    """Filters that are slid over time and bands; each frame keeps every filter's loudest band.

    ReLU, then normalisation, then the maximum. "Same" length: zeros before and after the patch, one more after it
    where the filter has an even length.

    ReLU and normalisation are monotone, so they are left for the maximum alone, a sixtieth of the numbers; where the
    normalisation turns a filter's sign it is the filter's smallest response that becomes the largest.
    """

    def __init__(self, n_filters: int, n_frames: int, n_bands: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, n_filters, (n_frames, n_bands))
        self.norm = nn.BatchNorm1d(n_filters, eps=_EPSILON, momentum=_MOMENTUM)
        self.padding = ((n_frames - 1) // 2, n_frames // 2)

    def forward(self, x: Tensor) -> Tensor:
        """(n, 1, t, n_mels) -> (n, n_filters, t)."""
        sign = torch.where(self.norm.weight < 0, -1.0, 1.0)
        weight = self.conv.weight * sign[:, None, None, None]
        assert self.conv.bias is not None
        loudest = self._loudest(functional.pad(x, (0, 0, *self.padding)), weight)
        out: Tensor = self.norm(functional.relu(loudest * sign[:, None] + self.conv.bias[:, None]))
        return out

    def _loudest(self, padded: Tensor, weight: Tensor) -> Tensor:
        """The largest of ``conv2d(padded, weight)`` over bands, (n, n_filters, t)."""
        raise NotImplementedError


class _Timbral(_Filters):
    """Filters over a few frames and many bands, as products of matrices.

    In time by :mod:`~genrelens.models.toom_cook`, four frames at a time: 10 products in the place of 28. In frequency
    neighbouring responses are one product: the bands that they meet with the taps shifted from one to the next.
    """

    def _loudest(self, padded: Tensor, weight: Tensor) -> Tensor:
        n_filters, _, n_frames, n_bands = weight.shape
        to_outputs, of_taps, of_inputs = (torch.from_numpy(m).to(weight) for m in transforms(_TILE, n_frames))
        n, t = padded.shape[0], padded.shape[2] - n_frames + 1
        n_tiles = -(-t // _TILE)
        n_inputs = _TILE + n_frames - 1
        # Frame 4 k + r of a clip is (r, k): tiles are cut without a copy for each.
        by_rest = functional.pad(padded[:, 0], (0, 0, 0, (n_tiles + 3) * _TILE - padded.shape[2]))
        by_rest = by_rest.reshape(n, n_tiles + 3, _TILE, -1).transpose(1, 2)
        tiles = [by_rest[:, : n_inputs - k, k // _TILE :][:, :_TILE, :n_tiles] for k in range(0, n_inputs, _TILE)]
        inputs = of_inputs @ torch.cat(tiles, dim=1).reshape(n, n_inputs, -1)
        inputs = inputs.reshape(n, n_inputs, n_tiles, -1)

        n_positions = padded.shape[3] - n_bands + 1
        n_groups = -(-n_positions // _TOGETHER)
        n_together = -(-n_positions // n_groups)
        width = n_bands + n_together - 1
        # The last group ends at the last band and may repeat positions of the one before: the maximum is the same.
        starts = [min(g * n_together, n_positions - n_together) for g in range(n_groups)]
        stacked = torch.stack([inputs[..., start : start + width] for start in starts], dim=3)
        taps = shifted(of_taps @ weight[:, 0], n_together)  # (filters, inputs, positions, width)
        products = stacked.reshape(n, n_inputs, -1, width) @ taps.permute(1, 3, 2, 0).reshape(n_inputs, width, -1)
        outputs = to_outputs @ products.reshape(n, n_inputs, -1)
        loudest = outputs.reshape(n, _TILE, n_tiles, n_groups * n_together, n_filters).amax(dim=3)
        return loudest.permute(0, 3, 2, 1).reshape(n, n_filters, -1)[:, :, :t]


class _Temporal(_Filters):
    """Filters of a single band: neighbouring responses are one product of matrices.

    A convolution with one channel in and few out leaves most of a processor's lanes empty.
    """

    def _loudest(self, padded: Tensor, weight: Tensor) -> Tensor:
        n_filters, _, n_frames, _ = weight.shape
        t = padded.shape[2] - n_frames + 1
        n_groups = -(-t // _TOGETHER)
        width = n_frames + _TOGETHER - 1  # frames that sixteen responses need
        by_band = functional.pad(padded[:, 0].transpose(1, 2), (0, n_groups * _TOGETHER - t))
        tiles = [by_band[:, :, g * _TOGETHER : g * _TOGETHER + width] for g in range(n_groups)]
        taps = shifted(weight[:, 0, :, 0], _TOGETHER).reshape(-1, width)
        loudest = (torch.stack(tiles, dim=2) @ taps.T).amax(dim=1)  # of (n, bands, groups, filters * 16)
        loudest = loudest.reshape(-1, n_groups, n_filters, _TOGETHER).transpose(1, 2)
        return loudest.reshape(-1, n_filters, n_groups * _TOGETHER)[:, :, :t]


def shifted(taps: Tensor, n: int) -> Tensor:
    """Taps (..., k) -> (..., n, k + n - 1): row p holds them p places later, zero elsewhere.

    Rows cut from a repetition that is one longer than they are begin one place earlier each.
    """
    width = taps.shape[-1] + n - 1
    repeated = functional.pad(taps, (0, n)).repeat(*(1,) * (taps.ndim - 1), n)
    return repeated[..., : n * width].reshape(*taps.shape[:-1], n, width)


class _Layer(nn.Module):
    """A convolution over time of "same" length, ReLU, then normalisation."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(n_in, n_out, _MID_FRAMES, padding=_MID_FRAMES // 2)
        self.norm = nn.BatchNorm1d(n_out, eps=_EPSILON, momentum=_MOMENTUM)

    def forward(self, x: Tensor) -> Tensor:
        """(n, n_in, t) -> (n, n_out, t)."""
        out: Tensor = self.norm(functional.relu(self.conv(x)))
        return out


class Front(nn.Module):
    """Front end and middle: log mel (n, t, 96) -> features of each frame (n, t, d), for any number t of frames.

    A feature sees 72 frames before its own and 73 after it (63 and 64 for the longest temporal filter, 9 for the
    middle); nearer to an edge than that it depends on the padding there. Padding is zero *after* the normalisation of
    the input, as in the original: a log mel of 2.57, the level of ordinary music and not of silence.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.norm = nn.BatchNorm2d(1, eps=_EPSILON, momentum=_MOMENTUM)
        self.timbral = nn.ModuleList(_Timbral(n, *shape) for n, shape in zip(sizes.timbral, _TIMBRAL, strict=True))
        self.temporal = nn.ModuleList(
            _Temporal(n, length, 1) for n, length in zip(sizes.temporal, _TEMPORAL, strict=True)
        )
        self.mid = nn.ModuleList(_Layer(n, sizes.mid) for n in (sizes.front, sizes.mid, sizes.mid))

    def forward(self, log_mel: Tensor) -> Tensor:
        """Timbral, temporal, then the three layers of the middle, side by side."""
        x = self.norm(log_mel[:, None])
        front = torch.cat([filters(x) for filters in (*self.timbral, *self.temporal)], dim=1)
        first = self.mid[0](front)
        second = first + self.mid[1](first)
        third = second + self.mid[2](second)
        return torch.cat([front, first, second, third], dim=1).transpose(1, 2)


class Musicnn(nn.Module):
    """The tagger: log mel (n, t, 96) -> :class:`Activations`."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.front = Front(sizes)
        self.norm_pool = nn.BatchNorm1d(2 * sizes.features, eps=_EPSILON, momentum=_MOMENTUM)
        self.dense = nn.Linear(2 * sizes.features, sizes.dense)
        self.norm_dense = nn.BatchNorm1d(sizes.dense, eps=_EPSILON, momentum=_MOMENTUM)
        self.tags = nn.Linear(sizes.dense, sizes.tags)
        self.dropout = nn.Dropout(0.5)

    def forward(self, log_mel: Tensor) -> Activations:
        """Features of each frame, pooled over the patch, and tags."""
        frames = self.front(log_mel)
        max_pool, mean_pool = frames.amax(dim=1), frames.mean(dim=1)
        pooled = self.dropout(self.norm_pool(torch.cat([max_pool, mean_pool], dim=1)))
        penultimate = self.norm_dense(functional.relu(self.dense(pooled)))
        return Activations(frames, max_pool, mean_pool, penultimate, self.tags(self.dropout(penultimate)))


@dataclass(frozen=True, slots=True)
class Weights:
    """A file of weights: arrays by the names that :class:`Musicnn` gives them, and what comes with them.

    ``tags`` are the names of the tags; ``kept`` (d,) says which of the paper's 753 features the network still has;
    ``notice`` is the licence that has to go with every copy.
    """

    arrays: Mapping[str, NDArray[np.float32]]
    tags: tuple[str, ...]
    kept: NDArray[np.int64]
    notice: str

    @property
    def sizes(self) -> Sizes:
        """The sizes of the network that the arrays fit."""
        return Sizes(
            timbral=(self._n_filters("timbral", 0), self._n_filters("timbral", 1)),
            temporal=(self._n_filters("temporal", 0), self._n_filters("temporal", 1), self._n_filters("temporal", 2)),
            mid=self._n_filters("mid", 0),
            dense=len(self.arrays["dense.bias"]),
            tags=len(self.tags),
        )

    def _n_filters(self, kind: str, number: int) -> int:
        return len(self.arrays[f"front.{kind}.{number}.conv.bias"])


def read_weights() -> Weights:
    """The weights that come with genrelens, trained on the Million Song Dataset."""
    with (resources.files("genrelens.models") / "weights" / WEIGHTS).open("rb") as file:
        return weights_from(np.load(file, allow_pickle=False))


def weights_from(entries: Mapping[str, NDArray[Any]]) -> Weights:
    """Weights from the entries of an ``.npz`` file."""
    beside = ("tag_names", "kept", "notice")
    return Weights(
        arrays={name: entries[name] for name in entries if name not in beside},
        tags=tuple(str(name) for name in entries["tag_names"]),
        kept=entries["kept"].astype(np.int64),
        notice=str(entries["notice"]),
    )


def pretrained(weights: Weights | None = None) -> Musicnn:
    """The tagger with trained weights, in evaluation mode: those of ``weights``, or those that come with genrelens."""
    weights = weights or read_weights()
    network = Musicnn(weights.sizes)
    network.load_state_dict(
        {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in weights.arrays.items()}
    )
    return network.eval()
