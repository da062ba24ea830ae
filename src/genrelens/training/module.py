"""The learning loop's step, loss, optimiser and schedule, as a Lightning module."""

from __future__ import annotations

import math
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.nn import functional

from genrelens.bundle.pooling import pool_logits
from genrelens.models.network import Network
from genrelens.recipe import TrainingRecipe
from genrelens.training.batches import TrackWindows, TrainingBatches

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
