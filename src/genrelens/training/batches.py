"""What the network sees while it learns: augmented batches to train on, whole tracks to stop on.

Every number drawn depends only on (seed, epoch, batch): a resumed training sees what an uninterrupted one would.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from genrelens.bundle.windows import WindowSettings, iter_windows
from genrelens.data import augment
from genrelens.frontend.frames import compress, is_silent
from genrelens.recipe import Recipe

Frames = NDArray[np.float32]


class TrackWindows(NamedTuple):
    """All windows of one track: ``mel`` (w, n_frames, n_mels), ``weights`` (w,), 0 where silent, and its class."""

    mel: Tensor
    weights: Tensor
    target: Tensor


class TrainingBatches(Dataset[tuple[Tensor, Tensor]]):
    """Item ``b`` is batch ``b`` of the current epoch: mel (batch, n_frames, n_mels), targets (batch, n_classes).

    Each epoch takes one random window of each track, in an order of its own. Call :meth:`set_epoch` before an epoch.
    The last batch is as large as the others: it is filled with tracks from the front of the order.
    """

    def __init__(
        self,
        recipe: Recipe,
        frames: Sequence[Frames],
        targets: NDArray[np.int64],
        *,
        n_classes: int,
        seed: int,
    ) -> None:
        self.recipe, self.frames, self.seed = recipe, frames, seed
        self.targets = np.eye(n_classes, dtype=np.float32)[targets]
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose batches the items are."""
        self.epoch = epoch

    def __deepcopy__(self, memo: dict[int, Any]) -> TrainingBatches:
        """Itself: weight averaging copies the module that holds the batches, which would read all music into memory."""
        return self

    def __len__(self) -> int:
        return -(-len(self.frames) // self.recipe.training.batch_size)

    def __getitem__(self, batch: int) -> tuple[Tensor, Tensor]:
        if not 0 <= batch < len(self):
            raise IndexError(batch)
        size = self.recipe.training.batch_size
        order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.frames))
        chosen = np.resize(order, len(self) * size)[batch * size : (batch + 1) * size]
        rng = np.random.default_rng([self.seed, self.epoch, batch])
        n_frames, time_stretch = self.recipe.windows.n_frames, self.recipe.augment.time_stretch
        power = np.stack(
            [
                augment.crop(self.frames[i], n_frames=n_frames, time_stretch=time_stretch, rng=rng)
                for i in chosen
            ]
        )
        mel, targets = augmented(self.recipe, power, self.targets[chosen], rng=rng)
        return torch.from_numpy(mel), torch.from_numpy(targets)


def augmented(
    recipe: Recipe, power: Frames, targets: Frames, *, rng: np.random.Generator
) -> tuple[Frames, Frames]:
    """Power (batch, n_frames, n_mels) -> the same compressed, and soft targets, by the recipe's augmentation."""
    settings = recipe.augment
    if settings.band_shift:
        power = augment.shift_bands(power, band_shift=settings.band_shift, rng=rng)
    if settings.eq_db:
        power = augment.equalise(power, eq_db=settings.eq_db, rng=rng)
    mel = compress(power, settings=recipe.front_end)
    if settings.mixup_alpha:
        mel, targets = augment.mixup(mel, targets, alpha=settings.mixup_alpha, rng=rng)
    if settings.n_masks:
        mel = augment.mask(
            mel,
            n_masks=settings.n_masks,
            time_mask=settings.time_mask,
            band_mask=settings.band_mask,
            rng=rng,
        )
    smoothing = recipe.training.label_smoothing
    return mel, targets * (1 - smoothing) + np.float32(smoothing / targets.shape[1])


class WholeTracks(Dataset[TrackWindows]):
    """Item ``i`` is every window of track ``i``, cut by the code that prediction uses."""

    def __init__(self, recipe: Recipe, frames: Sequence[Frames], targets: NDArray[np.int64]) -> None:
        self.recipe, self.frames, self.targets = recipe, frames, targets

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, i: int) -> TrackWindows:
        if not 0 <= i < len(self):
            raise IndexError(i)
        settings = WindowSettings(self.recipe.windows.n_frames, self.recipe.windows.hop_frames)
        power = [window.power for window in iter_windows([self.frames[i]], settings=settings)]
        front_end = self.recipe.front_end
        weights = np.array([0.0 if is_silent(window, settings=front_end) else 1.0 for window in power])
        mel = compress(np.stack(power), settings=front_end)
        return TrackWindows(
            torch.from_numpy(mel), torch.from_numpy(weights), torch.tensor(int(self.targets[i]))
        )
