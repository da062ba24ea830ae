"""The rows of descriptors that a recipe learns from: of a table, computed, or from the cache."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from genrelens.data.track import Track
    from genrelens.features import FeatureTable
    from genrelens.recipe import TabularRecipe
    from genrelens.taxonomy import Taxonomy


def descriptor_rows(
    recipe: TabularRecipe, tracks: tuple[Track, ...], *, cache: Path, table: FeatureTable | None
) -> tuple[tuple[Track, ...], NDArray[np.float64]]:
    """Pieces of the tracks with a row each, ``(n, d)``.

    Raises :class:`DataError` naming the tracks that cannot be read or have no row: figures do not leave any out in
    silence.
    """
    from genrelens.errors import DataError
    from genrelens.features import join

    joined = join(_computed(recipe, tracks, cache=cache) if table is None else table, tracks)
    left_out = list(joined.left_out) if table is None else []  # a table may have rows of other tracks
    there = {id_ for piece in joined.tracks for id_ in (piece.id, piece.whole)}
    named = {name for name, _ in left_out}
    left_out += [(track.id, "it has no row") for track in tracks if track.id not in there and not named]
    if left_out:
        name, why = left_out[0]
        raise DataError(
            f"{len(left_out)} rows cannot be used, the first is {name}: {why}; take such tracks out of the data or "
            "mend them"
        )
    return joined.tracks, joined.table.values


def train_descriptors(
    recipe: TabularRecipe,
    tracks: tuple[Track, ...],
    *,
    table: FeatureTable | None,
    taxonomy: Taxonomy,
    dataset: str,
    split: str,
    out: Path,
    cache: Path,
    seed: int,
    progress: Callable[[int, int], None],
) -> Path:
    """A bundle of a classifier of descriptors; returns its path."""
    from genrelens.training.tabular.train import TabularData, train_tabular

    pieces, rows = descriptor_rows(recipe, tracks, cache=cache, table=table)
    return train_tabular(
        recipe,
        TabularData(pieces, rows, frozenset(track.id for track in tracks)),
        taxonomy=taxonomy,
        dataset=dataset,
        split=split,
        out=out,
        seed=seed,
        progress=progress,
    )


def _computed(recipe: TabularRecipe, tracks: tuple[Track, ...], *, cache: Path) -> FeatureTable:
    from genrelens import parallel
    from genrelens.cli.progress import ProgressLine
    from genrelens.features import extract

    # Tracks that are pieces already, of a split by pieces, are not cut again.
    whole = recipe.features.segment_s == 30 or all(track.segment_of is not None for track in tracks)
    with ProgressLine(total=len(tracks)) as line:
        return extract(
            tracks,
            feature_set=recipe.features.set,
            segment_s=None if whole else recipe.features.segment_s,
            cache=cache / "features",
            n_workers=parallel.n_cores(),
            progress=lambda done, total: line.show(f"descriptors, {tracks[done - 1].id}"),
        )
