"""Small tables and tracks for the tests of explore."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from genrelens.data import Track
from genrelens.data.registry import Loaded
from genrelens.features import FeatureTable
from genrelens.features.description import Described
from genrelens.taxonomy import Taxonomy

COLUMNS = ("rms_mean", "rms_var", "rolloff_mean", "tempo", "mfcc1_mean")
NAMES = ("jazz", "metal", "pop")


def described(sizes: Sequence[int] = (8, 7, 3), *, names: Sequence[str] = NAMES, seed: int = 0) -> Described:
    """Tracks of some genres whose features differ in level, two tracks an artist, tempos from a short list."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    values = rng.standard_normal((len(labels), len(COLUMNS))) + labels[:, None] * [3.0, 0.0, 1.0, 0.0, 0.2]
    values[:, 2] = values[:, 0] * 1000.0  # goes with rms_mean entirely
    values[:, 3] = rng.choice([99.4, 117.5, 123.0], size=len(labels))
    return Described(
        names=tuple(names),
        ids=tuple(f"{names[k]}.{i}" for i, k in enumerate(labels)),
        labels=labels.astype(np.int64),
        artists=tuple(f"{names[k]} artist {i // 2}" for i, k in enumerate(labels)),
        columns=COLUMNS,
        values=values,
    )


def table(rows: Sequence[tuple[str, str, Sequence[float]]], *, columns: Sequence[str] = COLUMNS) -> FeatureTable:
    """A table of (file name, label, numbers); no numbers means that the file could not be read."""
    values = [list(numbers) or [np.nan] * len(columns) for _, _, numbers in rows]
    return FeatureTable(
        columns=tuple(columns),
        filenames=tuple(name for name, _, _ in rows),
        lengths=np.ones(len(rows), np.int64),
        values=np.array(values, dtype=np.float64).reshape(len(rows), len(columns)),
        labels=tuple(label for _, label, _ in rows),
        errors=tuple("" if numbers else "it is no sound" for _, _, numbers in rows),
    )


def loaded(
    *tracks: tuple[str, str, str | None],
    dataset: str = "folder",
    left_out: Sequence[tuple[str, str]] = (),
    folder: Path = Path("/nowhere"),
) -> Loaded:
    """A data set of (id, genre, artist)."""
    made = tuple(Track(id_, folder / id_, genre, artist, dataset) for id_, genre, artist in tracks)
    genres = tuple(sorted({track.genre for track in made})) or NAMES
    return Loaded(made, tuple(left_out), dataset=dataset, taxonomy=Taxonomy(genres))
