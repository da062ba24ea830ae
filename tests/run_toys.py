"""Runs of few tracks as they lie on a disk: what train, crossval and evaluate leave, without training anything."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from genrelens.evaluation import Failure, Report, Subject, TrackRow, build_report

NAMES = ("blues", "disco", "jazz")


def report(
    *,
    seed: int = 0,
    n: int = 60,
    names: tuple[str, ...] = NAMES,
    model: str = "mel-transformer",
    skill: float = 0.6,
    failed: bool = True,
    **more: object,
) -> Report:
    """Tracks of twenty artists, the same for every seed; which of them are answered right differs."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        genre = sorted(names)[i % len(names)]
        shares = rng.dirichlet(np.ones(len(names)))
        order = np.argsort(-shares)
        if rng.random() < skill:
            place = int(np.flatnonzero(order == names.index(genre))[0])
            order[[0, place]] = order[[place, 0]]
        sorted_shares = np.empty(len(names))
        sorted_shares[order] = np.sort(shares)[::-1]
        guess = names[int(sorted_shares.argmax())]
        artist = f"artist {i % 20}"
        rows.append(
            TrackRow(f"{genre}.{i:05d}", artist, genre, guess, tuple(sorted_shares.tolist()), False, None, None)
        )
    if failed:
        rows.append(TrackRow("x", None, names[0], None, None, False, None, Failure("not_audio", "it is text")))
    given = {"model_hash": "0" * 12, "dataset": "toys", "split": "halves", "part": "test", **more}
    n_resamples = given.pop("n_resamples", 50)
    return build_report(rows, Subject(names=names, model=model, **given), n_resamples=n_resamples)  # type: ignore[arg-type]


def write(path: Path, found: Report) -> Path:
    """A report's file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(found.to_json(), "utf-8")
    return path


def history(folder: Path, losses: Sequence[float]) -> None:
    """A history.csv as a training writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    head = "epoch,learning_rate,train_loss,train_accuracy,stop_loss,stop_accuracy,seconds\n"
    rows = [f"{e + 1},0.1,{v + 0.5},0.{e},{v},0.{e + 1},1\n" for e, v in enumerate(losses)]
    (folder / "history.csv").write_text(head + "".join(rows))


def training(folder: Path, *, losses: Sequence[float] = (2.0, 1.0, 1.5), finished: bool = True) -> Path:
    """The folder of a training, without its model."""
    history(folder, losses)
    record: dict[str, object] = {"schema": "genrelens.run/1", "finished": finished}
    if finished:
        record |= {"training_s": 90.0, "n_epochs": len(losses), "n_parameters": 1234}
    (folder / "run.json").write_text(json.dumps(record))
    return folder


def crossval(folder: Path, *, n_folds: int = 2, finished: bool = True, **more: object) -> Path:
    """The folder of a cross-validation."""
    for k in range(n_folds):
        training(folder / f"fold-{k}", losses=[2.0, 1.0 + k, 0.5 * k])
    write(folder / "fold-0" / "report.json", report())
    if finished:
        write(folder / "report.json", report(**more))  # type: ignore[arg-type]
    return folder
