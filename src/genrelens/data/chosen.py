"""A data set and one of its splits, by the names that a person gives."""

from __future__ import annotations

from pathlib import Path

from genrelens.data import registry
from genrelens.data.registry import Loaded
from genrelens.data.splits.split import Split
from genrelens.data.track import Track
from genrelens.errors import DataError, SplitError, did_you_mean


def open_pictures(root: Path | None, *, dataset: str | None) -> Loaded:
    """The pictures of a data set as tracks, for recipes that learn from pictures; ``None``: the first that has some."""
    with_pictures = [name for name, entry in registry.DATASETS.items() if entry.pictures is not None]
    name = with_pictures[0] if dataset is None else dataset
    if name not in with_pictures:
        raise DataError(
            f"the recipe learns from pictures, and the data set {dataset!r} has none: only {', '.join(with_pictures)} "
            "has",
            code="no_pictures",
        )
    pictures = registry.DATASETS[name].pictures
    assert pictures is not None
    tracks = pictures(root)
    return Loaded(name, tracks, registry.taxonomy(name, tracks))


def find_split(split: str | None, *, dataset: str, tracks: tuple[Track, ...]) -> Split:
    """A split by its name in the data set (``None``: its usual one), or from a file whose name ends in .json."""
    if split is None:
        split = registry.splits(dataset)[0]
    if split.endswith(".json"):
        return Split.read(split)
    try:
        return registry.split(dataset, split, tracks=tracks)
    except SplitError as error:
        meant = did_you_mean(split, registry.splits(dataset))
        if error.code != "unknown_split" or not meant:
            raise
        raise SplitError(f"{error}{meant}", code=error.code) from error


def trainable(dataset: str, tracks: tuple[Track, ...]) -> tuple[Track, ...]:
    """The tracks without those that are known to be faulty."""
    faulty = registry.never_train(dataset)
    return tuple(track for track in tracks if track.id not in faulty)


def as_split(split: Split, tracks: tuple[Track, ...], *, dataset: str) -> tuple[Track, ...]:
    """The tracks, or where the split is one of their segments these."""
    return registry.segments(dataset, tracks, leaks=split.leaks)
