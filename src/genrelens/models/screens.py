"""Two numbers a window that say when not to answer: how little it sounds like music, how far it is from the training's.

Both are made from musicnn's embedding alone, in matrix products, so that they sit inside a bundle's graph. A track's
are the means over its windows, as its logits are.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

NOT_MUSIC = "not-music.npz"


@dataclass(frozen=True, slots=True, eq=False)
class NotMusic:
    """A linear detector of sounds that are no music: ``weight`` (d,) and ``bias`` () give a logit, the higher the
    less like music.

    ``limit`` is the logit that little of the music exceeds which was left out. ``heard`` are the ids of the music that
    it was fitted to, of the data set ``dataset``, and ``out_of_fold`` (m,) what detectors that had not heard a track's
    artist say of it: its own answers to these would be too good.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    limit: float
    dataset: str
    heard: tuple[str, ...]
    out_of_fold: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Unlikeness:
    """Distance from a training set's music: ``projection`` (d, k) brings an embedding less ``mean`` (d,) to ``k``
    directions, in each of which that music has mean 0 and deviation 1."""

    mean: NDArray[np.float32]
    projection: NDArray[np.float32]


def read_not_music() -> NotMusic:
    """The detector that comes with genrelens; ``tools/choose_screens.py`` made it."""
    with (resources.files("genrelens.models") / "weights" / NOT_MUSIC).open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        return NotMusic(
            weight=arrays["weight"],
            bias=arrays["bias"],
            limit=float(arrays["limit"]),
            dataset=str(arrays["dataset"]),
            heard=tuple(str(id_) for id_ in arrays["heard"]),
            out_of_fold=arrays["out_of_fold"],
        )


class Screens(nn.Module):
    """Embedding (n, d) -> (n, 2): ``not_music``, a logit, and ``unlikeness``, the root mean square over the ``k``
    whitened directions (Mahalanobis' distance by ``sqrt(k)``): about 1 for the training's own music.
    """

    def __init__(self, unlikeness: Unlikeness, *, not_music: NotMusic | None = None) -> None:
        super().__init__()
        detector = read_not_music() if not_music is None else not_music
        self.not_music = nn.Linear(len(detector.weight), 1)
        self.whiten = nn.Linear(*unlikeness.projection.shape)
        with torch.no_grad():
            self.not_music.weight.copy_(torch.from_numpy(detector.weight)[None])
            self.not_music.bias.copy_(torch.from_numpy(np.atleast_1d(detector.bias)))
            self.whiten.weight.copy_(torch.from_numpy(unlikeness.projection.T))
            # In float64: the mean's own part is large beside what is left of it.
            shift = unlikeness.mean.astype(np.float64) @ unlikeness.projection.astype(np.float64)
            self.whiten.bias.copy_(torch.from_numpy(-shift))

    def forward(self, embedding: Tensor) -> Tensor:
        """Both scores of each window."""
        apart = self.whiten(embedding).square().mean(dim=1, keepdim=True).sqrt()
        return torch.cat([self.not_music(embedding), apart], dim=1)
