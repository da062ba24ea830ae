"""A data set and one of its splits, by the names that a person gives."""

from __future__ import annotations

from pathlib import Path

from genrelens.data import gtzan, registry
from genrelens.data.registry import Loaded
from genrelens.data.splits.split import Split
from genrelens.data.track import Track
from genrelens.errors import DataError, SplitError, did_you_mean


def open_pictures(root: Path | None, *, dataset: str | None) -> Loaded:
    """The pictures of a data set as tracks, for recipes that learn from pictures; only GTZAN has some."""
    if dataset not in (None, gtzan.DATASET):
        raise DataError(
            f"the recipe learns from pictures, and the data set {dataset!r} has none: only {gtzan.DATASET} has",
            code="no_pictures",
        )
    tracks = gtzan.picture_tracks(root)
    return Loaded(gtzan.DATASET, tracks, registry.taxonomy(gtzan.DATASET, tracks))


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
    """The tracks, or where a split of GTZAN is one of segments of 3 s (s1-segments) their segments."""
    return gtzan.segments(tracks) if dataset == gtzan.DATASET and "segments" in split.leaks else tracks
