"""A run's folder: what is being trained, how far it has come, and what came of it.

run.json        recipe, seed, ids, versions; "finished" once the bundle is written
history.csv     one row an epoch
checkpoints/    last.ckpt to resume from, best.ckpt with the weights of the lowest stopping loss
bundle/         the model
"""

from __future__ import annotations

import csv
import io
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genrelens import __version__
from genrelens.bundle.manifest import TrainingRecord
from genrelens.data.track import Track
from genrelens.errors import RecipeError, TrainingError
from genrelens.files import contents, write_whole
from genrelens.recipe import AnyRecipe, Recipe
from genrelens.taxonomy import Taxonomy

SCHEMA = "genrelens.run/1"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the tracks of a training come from: the genres they are labelled by, the data set, and the split's name
    with the part that was taken."""

    taxonomy: Taxonomy
    dataset: str
    split: str

    def record(
        self, recipe: AnyRecipe, *, seed: int, trained_on: Sequence[str], stopped_on: Sequence[str] = ()
    ) -> TrainingRecord:
        """What the bundle's manifest says of the training; ``trained_on`` and ``stopped_on`` are ids of tracks."""
        return TrainingRecord(
            recipe=recipe.to_dict(),
            seed=seed,
            dataset=self.dataset,
            split=self.split,
            trained_on=tuple(trained_on),
            stopped_on=tuple(stopped_on),
            genrelens_version=__version__,
        )


@dataclass(frozen=True, slots=True)
class Training:
    """What a training is: two that are equal give the same bundle on the same machine.

    ``learn`` are the tracks to learn from, ``stop`` the validation set, which says when to stop and calibrates;
    ``stop_part`` says in words where that comes from.
    """

    recipe: Recipe
    origin: Origin
    learn: tuple[Track, ...]
    stop: tuple[Track, ...]
    stop_part: str
    seed: int = 0

    @property
    def train_ids(self) -> list[str]:
        """The ids of the tracks to learn from."""
        return [track.id for track in self.learn]

    @property
    def stop_ids(self) -> list[str]:
        """The ids of the validation set."""
        return [track.id for track in self.stop]

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        return {
            "schema": SCHEMA,
            "genrelens_version": __version__,
            "recipe": self.recipe.to_dict(),
            "seed": self.seed,
            "dataset": self.origin.dataset,
            "split": self.origin.split,
            "train_ids": self.train_ids,
            "stop_ids": self.stop_ids,
            "stop_part": self.stop_part,
        }


class RunFolder:
    """A run's folder for a training. :meth:`check` it, then :meth:`start`; nothing is written before that."""

    def __init__(self, folder: Path, training: Training) -> None:
        self.folder, self.training = folder, training

    @property
    def has_started(self) -> bool:
        """Whether the folder holds a run, of whatever training."""
        return (self.folder / "run.json").exists()

    def is_finished(self) -> bool:
        """Whether the folder holds this very training, finished. Raises :class:`TrainingError` where it holds another.

        Recipes are compared as they read, not as they were written.
        """
        if not self.has_started:
            return False
        stored, training = read_run(self.folder), self.training
        table = stored.get("recipe")
        try:
            same = isinstance(table, dict) and Recipe.from_dict(table, where="run.json") == training.recipe
        except RecipeError:
            same = False
        wanted = {"train_ids": training.train_ids, "stop_ids": training.stop_ids, "seed": training.seed}
        if not same or any(stored.get(key) != value for key, value in wanted.items()):
            raise TrainingError(
                f"{self.folder} holds a training of another recipe, seed or other tracks; give another folder, or "
                "delete it"
            )
        return bool(stored.get("finished"))

    def check(self, *, resume: bool) -> None:
        """Accept a new or empty folder, or one that holds the same training half done and is to be resumed.

        Raises :class:`TrainingError` when the folder holds something else, a finished run, or an interrupted one
        without ``resume``.
        """
        folder = self.folder
        if folder.exists() and not folder.is_dir():
            raise TrainingError(f"{folder} is a file; give the name of a new or an empty folder")
        if not self.has_started:
            if folder.exists() and contents(folder):
                raise TrainingError(f"{folder} is not empty and holds no run; give a new or an empty folder")
            if resume:
                raise TrainingError(f"nothing to resume: {folder} holds no run; start one anew", code="missing_run")
            return
        stored = read_run(folder)
        if stored.get("finished"):
            raise TrainingError(f"{folder} holds a finished run; give another folder, or delete this one")
        if not resume:
            raise TrainingError(
                f"{folder} holds an interrupted training; resume it, or give another folder", code="unfinished_run"
            )
        wanted = self.training.to_dict()
        different = [key for key in wanted if stored.get(key) != wanted[key]]
        if different:
            raise TrainingError(
                f"{folder} was started with another {', '.join(different)}; resume with the same, or start anew"
            )

    def start(self) -> None:
        """Make the folder and record the training, unfinished; :class:`TrainingError` when that cannot be written."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._write_record({"finished": False})
        except OSError as error:
            raise TrainingError(f"the run's folder {self.folder} cannot be written: {error}") from error

    @property
    def last_checkpoint(self) -> Path:
        """The checkpoint to resume from; not there before the first epoch is finished."""
        return self.folder / "checkpoints" / "last.ckpt"

    @property
    def best_checkpoint(self) -> Path:
        """The checkpoint with the weights of the lowest loss on the stopping tracks."""
        return self.folder / "checkpoints" / "best.ckpt"

    def write_history(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Write all epochs so far; an interrupted write leaves the old file whole."""
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: f"{value:.6g}" for key, value in row.items()} for row in rows)
        write_whole(self.folder / "history.csv", text.getvalue())

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Record that the bundle stands, and what the training took."""
        self._write_record(
            {"finished": True, "machine": platform.machine(), "python": platform.python_version(), **facts}
        )

    def _write_record(self, facts: Mapping[str, Any]) -> None:
        write_whole(self.folder / "run.json", json.dumps({**self.training.to_dict(), **facts}, indent=1) + "\n")


def check_new(out: Path) -> None:
    """Raise :class:`TrainingError` unless ``out`` is new or an empty folder."""
    if out.exists() and (not out.is_dir() or contents(out)):
        raise TrainingError(f"{out} exists and is not empty; give a new folder, or delete it")


def read_run(folder: Path) -> dict[str, Any]:
    """The record of a run's folder, or :class:`TrainingError` when there is none or it is damaged."""
    path = folder / "run.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path} cannot be read: {error}") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise TrainingError(f"{path} is not the record of a run this version can read (expected schema {SCHEMA})")
    return record
