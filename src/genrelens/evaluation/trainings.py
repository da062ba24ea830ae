"""What trainings leave in their folders: learning curves, the model, and what it took."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from genrelens.errors import DataError

COLUMNS: Final = ("epoch", "train_loss", "train_accuracy", "stop_loss", "stop_accuracy")
_MANIFESTS: Final = ("bundle/manifest.json", "model.bundle/manifest.json")


@dataclass(frozen=True, slots=True)
class Epoch:
    """A row of history.csv: losses in nats, accuracies 0 to 1; NaN where a training came apart."""

    epoch: int
    train_loss: float
    train_accuracy: float
    stop_loss: float
    stop_accuracy: float


@dataclass(frozen=True, slots=True)
class History:
    """The learning curve of one training; ``fold`` is the folder's name in a cross-validation, else empty."""

    fold: str
    epochs: tuple[Epoch, ...]

    @property
    def kept(self) -> Epoch | None:
        """The epoch whose weights were kept: the first with the lowest loss on the validation set."""
        finite = [epoch for epoch in self.epochs if math.isfinite(epoch.stop_loss)]
        return min(finite, key=lambda epoch: epoch.stop_loss, default=None)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one training took, as far as it is known: seconds, epochs, weights, bytes of the model's files."""

    fold: str
    training_s: float | None
    n_epochs: int | None
    n_parameters: int | None
    model_bytes: int | None


def find_trainings(folder: Path) -> list[Path]:
    """The folders of the trainings behind a report: this one, or the folds below it."""
    if (folder / "history.csv").is_file() or (folder / "run.json").is_file() or find_bundle(folder) is not None:
        return [folder]
    return find_folds(folder)


def find_folds(folder: Path) -> list[Path]:
    """The folders fold-0, fold-1, ... that hold a training, by number."""
    numbers = {
        int(digits): path
        for path in folder.glob("fold-*")
        if (digits := path.name.removeprefix("fold-")).isdecimal() and (path / "run.json").is_file()
    }
    return [numbers[k] for k in sorted(numbers)]


def find_bundle(training: Path) -> Path | None:
    """The model that a training wrote into its folder."""
    for manifest in _MANIFESTS:
        if (training / manifest).is_file():
            return (training / manifest).parent
    return None


def history_of(training: Path, folder: Path) -> History | None:
    """A training's learning curve; None where there is none, or no epoch in it yet."""
    file = training / "history.csv"
    epochs = read_history(file) if file.is_file() else ()
    return History("" if training == folder else training.name, epochs) if epochs else None


def read_history(file: Path) -> tuple[Epoch, ...]:
    """The rows of a history.csv. Raises :class:`DataError` where it cannot be read or is none."""
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            return tuple(
                Epoch(round(float(row["epoch"])), *(float(row[name]) for name in COLUMNS[1:]))
                for row in csv.DictReader(lines)
            )
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the history {str(file)!r} cannot be read: {error}") from error
    except (csv.Error, KeyError, TypeError, ValueError, OverflowError) as error:
        keys = ", ".join(COLUMNS)
        raise DataError(f"{str(file)!r} is no history of a run: expected numbers in the columns {keys}") from error


def cost_of(training: Path, folder: Path) -> Cost | None:
    """What a training took, from its run.json and its model; None where nothing is known."""
    from genrelens.training.run import read_run

    record: dict[str, Any] = read_run(training) if (training / "run.json").is_file() else {}
    bundle = find_bundle(training)
    size = None
    if bundle is not None:
        size = sum(file.stat().st_size for file in bundle.iterdir() if file.suffix == ".onnx")
    cost = Cost(
        fold="" if training == folder else training.name,
        training_s=_number(record, "training_s"),
        n_epochs=None if (n := _number(record, "n_epochs")) is None else round(n),
        n_parameters=None if (n := _number(record, "n_parameters")) is None else round(n),
        model_bytes=size,
    )
    known = (cost.training_s, cost.n_epochs, cost.n_parameters, cost.model_bytes)
    return cost if any(value is not None for value in known) else None


def _number(record: dict[str, Any], key: str) -> float | None:
    value = record.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # a whole number of 400 digits
        return None
