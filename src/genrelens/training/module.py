"""What the network sees while it learns, and the learning step: augmented batches to train on, whole tracks to stop on.

Every number drawn depends only on (seed, epoch, batch): a resumed training sees what an uninterrupted one would.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import lightning.pytorch as pl
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from genrelens.bundle.pooling import pool_logits
from genrelens.bundle.windows import WindowSettings, iter_windows
from genrelens.data import augment
from genrelens.frontend.frames import compress, is_silent
from genrelens.models.network import Network
from genrelens.recipe import Recipe, TrainingRecipe

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
        self, recipe: Recipe, frames: Sequence[Frames], targets: NDArray[np.int64], *, n_classes: int, seed: int
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
            [augment.crop(self.frames[i], n_frames=n_frames, time_stretch=time_stretch, rng=rng) for i in chosen]
        )
        mel, targets = augmented(self.recipe, power, self.targets[chosen], rng=rng)
        return torch.from_numpy(mel), torch.from_numpy(targets)


def augmented(recipe: Recipe, power: Frames, targets: Frames, *, rng: np.random.Generator) -> tuple[Frames, Frames]:
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
            mel, n_masks=settings.n_masks, time_mask=settings.time_mask, band_mask=settings.band_mask, rng=rng
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
        return TrackWindows(torch.from_numpy(mel), torch.from_numpy(weights), torch.tensor(int(self.targets[i])))


STOP_METRIC = "stop_loss"
"""Mean negative log likelihood of the stopping tracks, nats: what early stopping looks at."""


class GenreModule(pl.LightningModule):
    """Trains a :class:`Network` on soft targets and watches whole tracks, pooled as in prediction.

    Logs ``train_loss``, ``train_accuracy`` (on augmented windows, against the heavier of two mixed genres),
    ``stop_loss`` and ``stop_accuracy`` once an epoch.
    """

    def __init__(self, network: Network, training: TrainingRecipe, batches: TrainingBatches) -> None:
        super().__init__()
        self.network, self.training_recipe, self.batches = network, training, batches

    def on_train_epoch_start(self) -> None:
        """Tie every random number of an epoch to (seed, epoch): dropout here, crops in the batches."""
        self.batches.set_epoch(self.current_epoch)
        torch.manual_seed(self.batches.seed * 100_003 + self.current_epoch)
        if self.current_epoch:
            torch.empty((), dtype=torch.int64).random_()  # keeps the numbers of the first trained models

    def training_step(self, batch: tuple[Tensor, Tensor], batch_index: int) -> Tensor:
        """The network's loss against soft targets of one batch of windows."""
        windows, targets = batch
        loss, logits = self.network.loss(windows, targets)
        hits = (logits.argmax(1) == targets.argmax(1)).float().mean()
        self.log("train_loss", loss, on_step=False, on_epoch=True, sync_dist=True)
        self.log("train_accuracy", hits, on_step=False, on_epoch=True, sync_dist=True)
        return loss

    def validation_step(self, track: TrackWindows, index: int) -> None:
        """Loss and hit of one whole track."""
        pooled = track_logits(self.network, track)[None]
        target = track.target[None].cpu()
        loss = functional.cross_entropy(pooled, target)
        hit = (pooled.argmax(1) == target).float().mean()
        self.log(STOP_METRIC, loss, on_epoch=True, batch_size=1, sync_dist=True)
        self.log("stop_accuracy", hit, on_epoch=True, batch_size=1, sync_dist=True)

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip by norm, each of the network's :meth:`~Network.learners` for itself."""
        learners = self.network.learners()
        if len(learners) == 1:
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)
            return
        if gradient_clip_val:
            for learner in learners:
                nn.utils.clip_grad_norm_(learner.parameters(), gradient_clip_val)

    def configure_optimizers(self) -> Any:
        """AdamW; weight decay on matrices only. Linear warm-up, then the recipe's schedule, a step at a time."""
        recipe = self.training_recipe
        parameters = [p for p in self.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=recipe.learning_rate)
        n_batches = -(-len(self.batches) // self.trainer.world_size)  # of an epoch, on each device
        n_steps = n_batches * recipe.max_epochs
        n_warmup = n_batches * recipe.warmup_epochs

        def factor(step: int) -> float:
            warmup = min(1.0, (step + 1) / n_warmup) if n_warmup else 1.0
            if recipe.schedule == "constant":
                return warmup
            return warmup * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / n_steps))))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def track_logits(network: nn.Module, track: TrackWindows) -> Tensor:
    """Pooled logits (n_classes,), float32 on the CPU, of all windows of a track; a silent track gives zeros."""
    logits = torch.cat([network(part).logits.float() for part in torch.split(track.mel, 16)])
    weights = track.weights.cpu().numpy()
    if not weights.any():
        return torch.zeros(logits.shape[1])
    return torch.from_numpy(pool_logits(logits.detach().cpu().numpy(), weights=weights)).float()
