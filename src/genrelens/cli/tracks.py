"""From --data, --dataset and --split to tracks, for every command that works on a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genrelens.data import Split, Track


def load_tracks(data: Path | None, *, dataset: str | None) -> tuple[str, tuple[Track, ...]]:
    """The data set's name, found out where it is not given, and its tracks."""
    from genrelens.data import registry

    name = registry.detect(data) if dataset is None else dataset
    return name, registry.load(data, dataset=name)


def find_split(split: str, *, dataset: str, tracks: tuple[Track, ...]) -> Split:
    """A split by its name in the data set, or from a file whose name ends in .json."""
    from genrelens.data import Split, registry

    return Split.read(split) if split.endswith(".json") else registry.split(dataset, split, tracks=tracks)
