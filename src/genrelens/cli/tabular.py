"""The rows that a classifier of descriptors learns from, for every command that takes its recipe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genrelens.data.track import Track
    from genrelens.evaluation.fold_answers import TabularAnswers
    from genrelens.recipe import TabularRecipe
    from genrelens.taxonomy import Taxonomy


def tabular_answers(
    recipe: TabularRecipe, tracks: tuple[Track, ...], *, taxonomy: Taxonomy, cache: Path, seed: int
) -> TabularAnswers:
    """Compute the recipe's descriptors of all tracks, or take them from the cache.

    Raises :class:`DataError` naming the tracks that cannot be read: figures do not leave any out in silence.
    """
    from genrelens import parallel
    from genrelens.cli.progress import ProgressLine
    from genrelens.data.features import extract, join
    from genrelens.errors import DataError
    from genrelens.evaluation.fold_answers import TabularAnswers

    whole = recipe.features.segment_s == 30
    with ProgressLine(total=len(tracks)) as line:
        table = extract(
            tracks,
            feature_set=recipe.features.set,
            segment_s=None if whole else recipe.features.segment_s,
            cache=cache,
            n_workers=parallel.n_cores(),
            progress=lambda done, total: line.show(f"descriptors, {tracks[done - 1].id}"),
        )
    joined = join(table, tracks)
    if joined.left_out:
        name, why = joined.left_out[0]
        raise DataError(
            f"{len(joined.left_out)} of {len(table)} rows cannot be used, the first is {name}: {why}; take such "
            "tracks out of the data or mend them"
        )
    return TabularAnswers(recipe, joined.tracks, joined.table.values, taxonomy=taxonomy, seed=seed)
