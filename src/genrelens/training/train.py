"""One training: recipe + tracks + seed -> run folder with a bundle."""

from __future__ import annotations

import logging
import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, Checkpoint, EarlyStopping, WeightAveraging
from lightning.pytorch.utilities import rank_zero_only
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from genrelens import models
from genrelens.bundle.manifest import Manifest
from genrelens.bundle.store import write_bundle
from genrelens.bundle.windows import WindowSettings
from genrelens.data.track import Track, classes_of, under_supported
from genrelens.errors import TrainingError
from genrelens.features.frame_cache import CachedFrames, FrameCache
from genrelens.metrics import fit_temperature
from genrelens.models.network import Network
from genrelens.recipe import Recipe
from genrelens.training.card import model_card
from genrelens.training.checkpoints import WholeCheckpoints, check_weights, damaged, network_weights, read_checkpoint
from genrelens.training.export import attention_onnx, predict_onnx
from genrelens.training.module import STOP_METRIC, GenreModule, TrainingBatches, WholeTracks, track_logits
from genrelens.training.run import RunFolder, Training

Progress = Callable[[int, int, dict[str, float]], None]
"""Called after every epoch with (epochs done, epochs at most, that epoch's row of history.csv)."""


def train_once(training: Training, *, out: Path, cache: Path, progress: Progress | None = None) -> Path:
    """The bundle of ``training`` in ``out``: taken where it is finished, resumed where it was interrupted.

    Raises :class:`TrainingError` where ``out`` holds another training, and as :func:`train` does.
    """
    run = RunFolder(out, training)
    if run.is_finished():
        return out / "bundle"
    return train(training, out=out, cache=cache, resume=run.has_started, progress=progress)


def train(
    training: Training, *, out: Path, cache: Path, resume: bool = False, progress: Progress | None = None
) -> Path:
    """Train, keep the best weights by loss on the validation set, calibrate on it, and write ``out/bundle``.

    Tracks whose sound cannot be read raise :class:`TrainingError` with their names: a training set does not shrink in
    silence. ``resume`` goes on from the last finished epoch and ends with the same weights as an uninterrupted
    training. Ctrl-C raises ``KeyboardInterrupt`` and leaves a run that can be resumed. Where Lightning starts a process
    for each device, the first one alone writes the run and the bundle. Returns the bundle's path.
    """
    recipe, origin, n_train = training.recipe, training.origin, len(training.learn)
    if not training.learn or not training.stop:
        raise TrainingError(
            f"a training needs tracks to learn from and tracks to stop on, got {n_train} and {len(training.stop)}"
        )
    run = RunFolder(out, training)
    is_first = getattr(rank_zero_only, "rank", 0) == 0
    if is_first:
        run.check(resume=resume)
    tracks, taxonomy = [*training.learn, *training.stop], origin.taxonomy
    classes = classes_of(tracks, taxonomy=taxonomy)
    pl.seed_everything(training.seed, verbose=False)
    network = _network(recipe, run, n_classes=len(taxonomy))
    frames = _cached_frames(recipe, tracks, cache)
    if is_first:
        run.start()
    batches = TrainingBatches(recipe, frames[:n_train], classes[:n_train], n_classes=len(taxonomy), seed=training.seed)
    whole = WholeTracks(recipe, frames[n_train:], classes[n_train:])
    started = time.monotonic()
    history = _fit(GenreModule(network, recipe.training, batches), whole, run, progress)
    if not is_first:
        return out / "bundle"
    best_epoch = _best_epoch(history.rows)
    if best_epoch is None:
        raise TrainingError(
            f"the training in {out} came apart: its loss is not a number from the first epoch on; "
            "a lower learning_rate or a longer warm-up in the recipe may help"
        )
    _load_best(network, run)
    logits = stop_logits(network, whole)
    temperature = fit_temperature(logits, targets=classes[n_train:])
    bundle = _write_bundle(network, training, temperature=temperature, out=out)
    run.finish(
        {
            "best_epoch": best_epoch,
            "n_epochs": len(history.rows),
            "training_s": round(history.seconds_before + time.monotonic() - started, 1),
            "n_parameters": sum(parameter.numel() for parameter in network.parameters()),
            "torch": torch.__version__,
            "temperature": temperature,
        }
    )
    return bundle


def _network(recipe: Recipe, run: RunFolder, *, n_classes: int) -> Network:
    """The recipe's network with first weights, which the run's checkpoints have been seen to fit."""
    network = models.build(
        recipe.model.architecture,
        recipe.model.options,
        n_frames=recipe.windows.n_frames,
        n_mels=recipe.front_end.n_bands,
        n_classes=n_classes,
    )
    for checkpoint in (run.last_checkpoint, run.best_checkpoint):
        if checkpoint.exists():  # before the sound is read
            check_weights(checkpoint, network)
    return network


def _write_bundle(network: Network, training: Training, *, temperature: float, out: Path) -> Path:
    recipe, origin = training.recipe, training.origin
    manifest = Manifest(
        name=recipe.name,
        taxonomy=origin.taxonomy,
        front_end=recipe.front_end,
        windows=WindowSettings(recipe.windows.n_frames, recipe.windows.hop_frames),
        temperature=temperature,
        licence=network.licence,
        experimental=under_supported(origin.taxonomy, training.learn),
        training=origin.record(recipe, seed=training.seed, trained_on=training.train_ids, stopped_on=training.stop_ids),
    )
    shape: dict[str, Any] = {
        "input_name": recipe.front_end.input_name,
        "n_frames": recipe.windows.n_frames,
        "n_mels": recipe.front_end.n_bands,
    }
    return write_bundle(
        out / "bundle",
        manifest=manifest,
        predict_onnx=predict_onnx(network, **shape),
        attention_onnx=attention_onnx(network, **shape),
        card=model_card(manifest, notice=network.notice),
    )


@torch.no_grad()
def stop_logits(network: Network, whole: WholeTracks) -> NDArray[np.float32]:
    """Pooled logits (n_tracks, n_classes) of whole tracks, in float32 and evaluation mode."""
    network.eval()
    rows = [track_logits(network, whole[i]).numpy() for i in range(len(whole))]
    return np.stack(rows)


def _cached_frames(recipe: Recipe, tracks: Sequence[Track], folder: Path) -> CachedFrames:
    cache = FrameCache(folder, recipe.front_end)
    errors = cache.fill(tracks)
    if errors:
        first, message = next(iter(errors.items()))
        raise TrainingError(
            f"{len(errors)} of {len(tracks)} tracks cannot be read, the first is {first}: {message}; "
            "take them out of the data or mend them"
        )
    return CachedFrames(cache, tracks)


def _best_epoch(rows: Sequence[Mapping[str, float]]) -> int | None:
    """The epoch, from 1, with the lowest loss on the stopping tracks, the first of equals; None if none is finite."""
    losses = [row[STOP_METRIC] if math.isfinite(row[STOP_METRIC]) else math.inf for row in rows]
    lowest = min(losses, default=math.inf)
    return losses.index(lowest) + 1 if math.isfinite(lowest) else None


class _History(Checkpoint):
    """Keeps one row an epoch and writes, after each, history.csv and the checkpoints, in which the rows are too.

    Lightning's own ModelCheckpoint writes last.ckpt only along with a new best, and forgets the best when a run's
    folder has been moved. As a ``Checkpoint`` this is called after early stopping has had its say.
    """

    def __init__(self, run: RunFolder, progress: Progress | None) -> None:
        self.run, self.progress = run, progress
        self.rows: list[dict[str, float]] = []
        self.seconds_before = 0.0
        self.has_begun = False
        self._epoch_started = self._started = time.monotonic()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # A training that had ended early and was killed before its bundle stood is not to go on when resumed.
        stopper = trainer.early_stopping_callback
        patient = stopper is None or stopper.wait_count < stopper.patience
        if self.rows and not (patient and math.isfinite(self.rows[-1][STOP_METRIC])):
            trainer.should_stop = True
        self.has_begun = True

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._epoch_started = time.monotonic()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        values = {key: float(value) for key, value in trainer.callback_metrics.items()}
        row = {
            "epoch": trainer.current_epoch + 1,
            "learning_rate": trainer.optimizers[0].param_groups[0]["lr"],
            **{key: values[key] for key in ("train_loss", "train_accuracy", STOP_METRIC, "stop_accuracy")},
            "seconds": time.monotonic() - self._epoch_started,
        }
        self.rows.append(row)
        if trainer.is_global_zero:
            self.run.write_history(self.rows)
        if _best_epoch(self.rows) == len(self.rows):
            trainer.save_checkpoint(self.run.best_checkpoint)
        trainer.save_checkpoint(self.run.last_checkpoint)
        if trainer.is_global_zero and self.progress is not None:
            self.progress(len(self.rows), int(trainer.max_epochs or 0), row)

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows, "seconds": self.seconds_before + time.monotonic() - self._started}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rows = [{**row, STOP_METRIC: float(row[STOP_METRIC])} for row in state_dict["rows"]]
        self.seconds_before = float(state_dict["seconds"])


class _Average(WeightAveraging):
    """Exponential running average of weights and batch-norm statistics, short-sighted in its first steps.

    The decay grows as (1 + n) / (10 + n) up to the recipe's, so that the random first weights are soon forgotten.
    """

    def __init__(self, decay: float) -> None:
        def average(averaged: Tensor, current: Tensor, n_averaged: Tensor | int) -> Tensor:
            if not averaged.is_floating_point():
                return current  # batch norm's count of batches
            n = int(n_averaged)
            return torch.lerp(averaged, current, 1 - min(decay, (1 + n) / (10 + n)))

        super().__init__(avg_fn=average, use_buffers=True)


def _fit(module: GenreModule, whole: WholeTracks, run: RunFolder, progress: Progress | None) -> _History:
    recipe = module.training_recipe
    history = _History(run, progress)
    callbacks: list[Callback] = [EarlyStopping(STOP_METRIC, patience=recipe.patience, mode="min"), history]
    if recipe.average_decay:
        callbacks.insert(0, _Average(recipe.average_decay))
    # Our users asked for a model, not for advice on Lightning's data loaders.
    for name in ("lightning.pytorch", "lightning.pytorch.utilities.rank_zero", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = pl.Trainer(
            accelerator="auto",
            devices="auto" if torch.cuda.is_available() else 1,
            max_epochs=recipe.max_epochs,
            precision=recipe.precision,
            gradient_clip_val=1.0,
            callbacks=callbacks,
            plugins=[WholeCheckpoints()],
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            deterministic="warn",
        )
        try:
            trainer.fit(
                module,
                # Generators of their own: a loader draws a seed, and Lightning makes loaders at other moments of a
                # first epoch than of a later one, so that a resumed training would see other dropout.
                DataLoader(module.batches, batch_size=None, generator=torch.Generator()),
                DataLoader(whole, batch_size=None, generator=torch.Generator()),
                ckpt_path=run.last_checkpoint if run.last_checkpoint.exists() else None,
                weights_only=True,
            )
        except Exception as error:
            # Whatever is wrong with a checkpoint of another kind shows while the training is made what it was.
            if history.has_begun or not run.last_checkpoint.exists() or isinstance(error, TrainingError):
                raise
            why = f"it is of another kind: {type(error).__name__}: {error}"
            raise damaged(run.last_checkpoint, why) from error
        except SystemExit:  # Lightning answers Ctrl-C by leaving the program with code 1
            if not trainer.interrupted:
                raise
            raise KeyboardInterrupt from None
    return history


def _load_best(network: Network, run: RunFolder) -> None:
    """The weights of the epoch with the lowest stopping loss, read back from disk: no reference to live tensors."""
    network.load_state_dict(network_weights(read_checkpoint(run.best_checkpoint)))
