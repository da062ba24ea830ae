"""The rows that a classifier learns from, and the model that it becomes, for every command that takes its recipe.

Rows are descriptors, or what a trained network makes of the sound; a new network is a branch in each of the two.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from genrelens.data.track import Track
    from genrelens.evaluation.fold_answers import TabularAnswers
    from genrelens.features import FeatureTable
    from genrelens.models.vggish_weights import Weights
    from genrelens.recipe import TabularRecipe
    from genrelens.taxonomy import Taxonomy
    from genrelens.training.tabular.train import RowNetwork, TabularData


def tabular_answers(
    recipe: TabularRecipe,
    tracks: tuple[Track, ...],
    *,
    taxonomy: Taxonomy,
    cache: Path,
    seed: int,
    table: FeatureTable | None = None,
    weights: Weights | None = None,
) -> TabularAnswers:
    """The recipe with its rows of all tracks, computed, from the cache, or out of a table of descriptors.

    Raises :class:`DataError` or :class:`TrainingError` naming the tracks that cannot be read: figures do not leave any
    out in silence.
    """
    from genrelens.evaluation.fold_answers import TabularAnswers

    if recipe.features.set == "musicnn":
        rows = _embed("musicnn_rows", tracks, cache=cache)
        return TabularAnswers(recipe, tracks, rows, taxonomy=taxonomy, seed=seed)
    if recipe.features.set == "vggish":
        data = vggish_rows(recipe, tracks, weights=weights, cache=cache)
        return TabularAnswers(recipe, data.pieces, data.rows, taxonomy=taxonomy, seed=seed)
    if recipe.features.set == "encoder":
        from genrelens.cli.encoder import rows_of_encoder

        rows = rows_of_encoder(recipe, tracks, cache=cache)
        return TabularAnswers(recipe, tracks, rows, taxonomy=taxonomy, seed=seed)
    from genrelens.cli.descriptor_rows import descriptor_rows

    pieces, rows = descriptor_rows(recipe, tracks, cache=cache, table=table)
    return TabularAnswers(recipe, pieces, rows, taxonomy=taxonomy, seed=seed)


def train_rows(
    recipe: TabularRecipe,
    tracks: tuple[Track, ...],
    *,
    taxonomy: Taxonomy,
    dataset: str,
    split: str,
    out: Path,
    cache: Path,
    seed: int,
    table: FeatureTable | None,
    weights: Weights | None,
    progress: Callable[[int, int], None],
) -> Path:
    """A bundle of the recipe's classifier; returns its path."""
    if recipe.features.set == "encoder":
        from genrelens.cli.encoder import no_bundle

        raise no_bundle(recipe)
    if recipe.features.set == "musicnn":
        from genrelens.features.embedding import mean_rows
        from genrelens.training.train_head import train_head

        windows = musicnn_windows(tracks, cache=cache)
        rows = mean_rows(tracks, windows)
        return train_head(
            recipe,
            tracks,
            rows,
            windows=windows,
            taxonomy=taxonomy,
            dataset=dataset,
            split=split,
            out=out,
            seed=seed,
        )
    if recipe.features.set == "vggish":
        from genrelens.training.tabular.train import train_tabular

        data = vggish_rows(recipe, tracks, weights=weights, cache=cache)
        return train_tabular(
            recipe,
            data,
            network=_vggish_network(recipe, weights),
            taxonomy=taxonomy,
            dataset=dataset,
            split=split,
            out=out,
            seed=seed,
            progress=progress,
        )
    from genrelens.cli.descriptor_rows import train_descriptors

    return train_descriptors(
        recipe,
        tracks,
        table=table,
        taxonomy=taxonomy,
        dataset=dataset,
        split=split,
        out=out,
        cache=cache,
        seed=seed,
        progress=progress,
    )


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
        from genrelens.features import musicnn as embed
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="musicnn's features") from error
    with ProgressLine(total=len(tracks)) as line:
        return getattr(embed, what)(
            tracks,
            cache=cache,
            n_workers=parallel.n_cores(),
            progress=lambda done, total: line.show(tracks[done - 1].id),
        )


def vggish_rows(
    recipe: TabularRecipe, tracks: tuple[Track, ...], *, weights: Weights | None, cache: Path
) -> TabularData:
    """What VGGish makes of each track's windows, a row each."""
    from genrelens.training.embed_vggish import vggish_data

    windows = _vggish_windows(recipe, tracks, weights=weights, cache=cache)
    return vggish_data(tracks, windows, pooling=_pooling(recipe))


def vggish_columns(
    recipe: TabularRecipe, tracks: tuple[Track, ...], *, weights: Weights | None, cache: Path
) -> tuple[tuple[Track, ...], NDArray[np.float64], tuple[str, ...]]:
    """The tracks with a row of both poolings each, and its columns' names; of long tracks the first window alone."""
    import numpy as np

    from genrelens.training import embed_vggish

    windows = _vggish_windows(recipe, tracks, weights=weights, cache=cache)
    first = np.stack([embed_vggish.first_heard(its) for its in windows])
    flat, pooled = (embed_vggish.rows_of(first, pooling=pooling) for pooling in ("flatten", "mean_std"))
    half = pooled.shape[1] // 2
    columns = (
        *(f"embedding_{i}" for i in range(flat.shape[1])),
        *(f"{of}_{i}" for of in ("mean", "std") for i in range(half)),
    )
    return tracks, np.concatenate((flat, pooled), axis=1), columns


def _vggish_windows(
    recipe: TabularRecipe, tracks: tuple[Track, ...], *, weights: Weights | None, cache: Path
) -> tuple[NDArray[np.float32], ...]:
    from genrelens import parallel
    from genrelens.cli.progress import CountLine
    from genrelens.training.embed_vggish import vggish_windows

    with CountLine("VGGish: tracks heard,") as line:
        return vggish_windows(
            tracks,
            weights=_needed(recipe, weights),
            cache=cache,
            n_workers=parallel.n_cores(),
            progress=line.show,
        )


def _vggish_network(recipe: TabularRecipe, weights: Weights | None) -> RowNetwork:
    from genrelens.training import embed_vggish

    return embed_vggish.row_network(_needed(recipe, weights), pooling=_pooling(recipe))


def _needed(recipe: TabularRecipe, weights: Weights | None) -> Weights:
    from genrelens.errors import RecipeError

    if weights is None:
        raise RecipeError(
            f"{recipe.name} begins with weights of VGGish, which train, crossval and grid take by --weights FILE"
        )
    return weights


def _pooling(recipe: TabularRecipe) -> Literal["flatten", "mean_std"]:
    pooling = recipe.features.pooling
    assert pooling != "none"  # the recipe has checked it
    return pooling
