"""The rows that a classifier learns from: descriptors, or what a trained network makes of the sound.

A new network is a branch in :func:`rows_for`, and one in :func:`genrelens.training.any_recipe.train_recipe` where a
model can be made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from genrelens.data.track import Track
from genrelens.errors import DataError, MissingExtraError, RecipeError
from genrelens.features import FeatureTable, extract, join
from genrelens.parallel import n_cores
from genrelens.recipe import TabularRecipe
from genrelens.training.tabular.train import TabularData

if TYPE_CHECKING:
    from genrelens.models.vggish_weights import Weights

Counted = Callable[[str, int, int], None]
"""Is told what is counted, how many are done and how many there are."""


@dataclass(frozen=True, slots=True)
class RowSource:
    """Where rows come from: computed and kept in ``cache``; descriptors also out of a ``table``, VGGish's with
    ``weights``. ``counted`` is told how far it is.
    """

    cache: Path
    table: FeatureTable | None = None
    weights: Weights | None = None
    counted: Counted = lambda what, done, total: None


def rows_for(recipe: TabularRecipe, tracks: Sequence[Track], source: RowSource) -> TabularData:
    """The recipe's rows of all tracks.

    Raises :class:`DataError` or :class:`TrainingError` naming the tracks that cannot be read: figures do not leave any
    out in silence.
    """
    ids = frozenset(track.id for track in tracks)
    match recipe.features.set:
        case "musicnn":
            windows = musicnn_windows_of(tracks, source)
            from genrelens.features.embedding import mean_rows

            return TabularData(tuple(tracks), mean_rows(tracks, windows), ids)
        case "vggish":
            from genrelens.training.embed_vggish import vggish_data

            windows = _vggish_windows(recipe, tracks, source)
            return vggish_data(tracks, windows, pooling=pooling_of(recipe))
        case "encoder":
            return TabularData(tuple(tracks), _encoder_rows(recipe, tracks, source), ids)
        case _:
            return _descriptors(recipe, tracks, source, ids)


def survey_rows(
    recipe: TabularRecipe, tracks: tuple[Track, ...], source: RowSource
) -> tuple[TabularData, tuple[str, ...]]:
    """Rows of whole tracks for a survey of classifiers, and their columns' names.

    Of VGGish they are both poolings side by side, of long tracks the first window that is not silent.
    """
    if recipe.features.set != "vggish":
        from genrelens.frontend.descriptors import SETS

        return rows_for(recipe, tracks, source), SETS[recipe.features.set].columns
    from genrelens.training import embed_vggish

    windows = _vggish_windows(recipe, tracks, source)
    first = np.stack([embed_vggish.first_heard(its) for its in windows])
    flat, pooled = (embed_vggish.rows_of(first, pooling=pooling) for pooling in ("flatten", "mean_std"))
    half = pooled.shape[1] // 2
    columns = (
        *(f"embedding_{i}" for i in range(flat.shape[1])),
        *(f"{of}_{i}" for of in ("mean", "std") for i in range(half)),
    )
    ids = frozenset(track.id for track in tracks)
    return TabularData(tracks, np.concatenate((flat, pooled), axis=1), ids), columns


def musicnn_windows_of(tracks: Sequence[Track], source: RowSource) -> tuple[NDArray[np.float32], ...]:
    """What musicnn makes of each track's windows, ``(w, 712)`` a track."""
    try:
        from genrelens.features.musicnn import musicnn_windows
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="musicnn's features") from error
    return musicnn_windows(
        tracks,
        cache=source.cache,
        n_workers=n_cores(),
        progress=lambda done, total: source.counted("musicnn: tracks heard", done, total),
    )


def needed_weights(recipe: TabularRecipe, weights: Weights | None) -> Weights:
    """VGGish's weights; :class:`RecipeError` where none are given."""
    if weights is None:
        raise RecipeError(f"{recipe.name} begins with weights of VGGish, and none are given", code="needs_weights")
    return weights


def pooling_of(recipe: TabularRecipe) -> Literal["flatten", "mean_std"]:
    """How the recipe makes a row of VGGish's embeddings."""
    pooling = recipe.features.pooling
    assert pooling != "none"  # the recipe has checked it
    return pooling


def _vggish_windows(
    recipe: TabularRecipe, tracks: Sequence[Track], source: RowSource
) -> tuple[NDArray[np.float32], ...]:
    from genrelens.training.embed_vggish import vggish_windows

    return vggish_windows(
        tracks,
        weights=needed_weights(recipe, source.weights),
        cache=source.cache,
        n_workers=n_cores(),
        progress=lambda done, total: source.counted("VGGish: tracks heard", done, total),
    )


def _encoder_rows(recipe: TabularRecipe, tracks: Sequence[Track], source: RowSource) -> NDArray[np.float64]:
    try:
        from genrelens.features.encoder import encoder_rows
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="a pretrained audio encoder") from error
    return encoder_rows(
        tracks,
        encoder=recipe.features.encoder,
        cache=source.cache,
        progress=lambda done, total: source.counted("encoder: tracks heard", done, total),
    )


def _descriptors(recipe: TabularRecipe, tracks: Sequence[Track], source: RowSource, ids: frozenset[str]) -> TabularData:
    table = source.table
    if table is None:
        # Tracks that are segments already, of a split by segments, are not cut again.
        whole = recipe.features.segment_s == 30 or all(track.segment_of is not None for track in tracks)
        table = extract(
            tracks,
            feature_set=recipe.features.set,
            segment_s=None if whole else recipe.features.segment_s,
            cache=source.cache / "features",
            n_workers=n_cores(),
            progress=lambda done, total: source.counted("descriptors: tracks heard", done, total),
        )
    joined = join(table, tracks)
    # A table may have rows of other tracks, and of others than these nobody needs to hear.
    left_out = list(joined.left_out) if source.table is None else []
    there = {id_ for row in joined.tracks for id_ in (row.id, row.whole)}
    if not left_out:
        left_out = [(track.id, "it has no row") for track in tracks if track.id not in there]
    if left_out:
        name, why = left_out[0]
        raise DataError(
            f"{len(left_out)} rows cannot be used, the first is {name}: {why}; take such tracks out of the data or "
            "mend them"
        )
    return TabularData(joined.tracks, joined.table.values, ids)
