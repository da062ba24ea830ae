"""From --data, --dataset and --split to tracks, for every command that works on a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genrelens.data import Split, Track
    from genrelens.data.registry import Loaded

N_SHOWN = 3


def load_tracks(data: Path | None, *, dataset: str | None) -> tuple[str, tuple[Track, ...]]:
    """The data set's name, found out where it is not given, and its tracks; what is odd is said on stderr."""
    from genrelens.data import registry

    loaded = registry.open_dataset(data, dataset=dataset)
    tell(loaded)
    return loaded.dataset, loaded.tracks


def load_pictures(data: Path | None, *, dataset: str | None) -> tuple[str, tuple[Track, ...]]:
    """The pictures of a data set as tracks, for recipes that learn from pictures; only GTZAN has some."""
    from genrelens.data import gtzan
    from genrelens.errors import DataError

    if dataset not in (None, gtzan.DATASET):
        raise DataError(
            f"the recipe learns from pictures, and the data set {dataset!r} has none: only {gtzan.DATASET} has",
            code="no_pictures",
        )
    return gtzan.DATASET, gtzan.picture_tracks(data)


def find_split(split: str | None, *, dataset: str, tracks: tuple[Track, ...]) -> Split:
    """A split by its name in the data set (``None``: its usual one), or from a file whose name ends in .json."""
    from genrelens.data import Split, registry

    if split is None:
        split = registry.splits(dataset)[0]
    return Split.read(split) if split.endswith(".json") else registry.split(dataset, split, tracks=tracks)


def fitting(split: Split, *, dataset: str, tracks: tuple[Track, ...]) -> tuple[Track, ...]:
    """The tracks, or where a split of GTZAN is one of pieces of 3 s (s1-segments) their pieces."""
    from genrelens.data import gtzan

    return gtzan.segments(tracks) if dataset == gtzan.DATASET and "segments" in split.leaks else tracks


def tell(loaded: Loaded) -> None:
    """What a data set passes over and leaves out, and what is odd about it, in a line each on stderr."""
    from genrelens.cli import say
    from genrelens.cli.pieces import say_passed_over
    from genrelens.pages.wording import visible

    say_passed_over(loaded.passed_over)
    for note in loaded.notes:
        say(visible(f"note: {note}"))
    if loaded.left_out:
        n = len(loaded.left_out)
        some = "; ".join(f"{what}: {why}" for what, why in loaded.left_out[:N_SHOWN])
        more = "; ..." if n > N_SHOWN else ""
        say(visible(f"note: {n} {'file is' if n == 1 else 'files are'} left out: {some}{more}"))
