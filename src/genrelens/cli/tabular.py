"""The rows that a classifier of descriptors learns from, for every command that takes its recipe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from genrelens.data.features import FeatureTable
    from genrelens.data.track import Track
    from genrelens.evaluation.fold_answers import TabularAnswers
    from genrelens.recipe import TabularRecipe
    from genrelens.taxonomy import Taxonomy


def tabular_answers(
    recipe: TabularRecipe,
    tracks: tuple[Track, ...],
    *,
    taxonomy: Taxonomy,
    cache: Path,
    seed: int,
    table: FeatureTable | None = None,
) -> TabularAnswers:
    """The recipe with its rows of all tracks, computed, from the cache, or out of a table of descriptors.

    Raises :class:`DataError` naming the tracks that cannot be read: figures do not leave any out in silence.
    """
    from genrelens.evaluation.fold_answers import TabularAnswers

    if recipe.features.set == "musicnn":
        rows = _embed("musicnn_rows", tracks, cache=cache)
        return TabularAnswers(recipe, tracks, rows, taxonomy=taxonomy, seed=seed)
    from genrelens.cli.descriptor_rows import descriptor_rows

    pieces, rows = descriptor_rows(recipe, tracks, cache=cache, table=table)
    return TabularAnswers(recipe, pieces, rows, taxonomy=taxonomy, seed=seed)


def musicnn_windows(tracks: tuple[Track, ...], *, cache: Path) -> tuple[NDArray[np.float32], ...]:
    """What musicnn makes of each track's windows, with progress."""
    found: tuple[NDArray[np.float32], ...] = _embed("musicnn_windows", tracks, cache=cache)
    return found


def _embed(
    what: Literal["musicnn_rows", "musicnn_windows"], tracks: tuple[Track, ...], *, cache: Path
) -> Any:
    from genrelens import parallel
    from genrelens.cli.progress import ProgressLine
    from genrelens.errors import MissingExtraError

    try:
        from genrelens.training import embed
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="musicnn's features") from error
    with ProgressLine(total=len(tracks)) as line:
        return getattr(embed, what)(
            tracks,
            cache=cache,
            n_workers=parallel.n_cores(),
            progress=lambda done, total: line.show(tracks[done - 1].id),
        )
