"""A model of any recipe: a network that stops on a validation set, or a classifier of rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from genrelens.data.registry import Selection
from genrelens.data.splits.folds import hold_out
from genrelens.data.track import Track
from genrelens.errors import RecipeError, TrainingError
from genrelens.recipe import AnyRecipe, Recipe, TabularRecipe
from genrelens.training.rows import RowSource, musicnn_windows_of, needed_weights, pooling_of, rows_for
from genrelens.training.run import Origin, Training

EpochDone = Callable[[int, int, dict[str, float]], None]


def origin_of(selection: Selection) -> Origin:
    """What a model says of the tracks that it learnt from."""
    split = selection.split
    leaks = f" (leaks {', '.join(sorted(split.leaks))})" if split.leaks else ""
    return Origin(selection.taxonomy, selection.dataset, f"{split.name}{leaks}, part {selection.part}")


def train_recipe(
    recipe: AnyRecipe,
    selection: Selection,
    source: RowSource,
    *,
    out: Path,
    seed: int,
    resume: bool,
    say: Callable[[str], None],
    epoch: EpochDone,
) -> Path:
    """Train, and return the path of ``out/bundle``. ``say`` is told what is done, ``epoch`` of each epoch of a network.

    A network keeps the weights of the epoch with the lowest loss on the validation set, which is the split's part valid
    or, where the recipe says so or valid is learnt from, whole artists taken out of the training part. Raises
    :class:`TrainingError` where ``resume`` is asked of a classifier, which learns in one go.
    """
    learn = selection.selected.tracks
    if isinstance(recipe, TabularRecipe):
        if resume:
            raise TrainingError(f"{recipe.name} learns in one go; give a new folder", code="not_resumable")
        say(f"{recipe.name}: learning from {len(learn)} tracks")
        return _train_rows(recipe, learn, selection, source, out=out, seed=seed, say=say)
    from genrelens.training.train import train

    learn, stop, stop_part = stopping(recipe, selection, seed=seed)
    say(f"{recipe.name}: learning from {len(learn)} tracks, validation set: {len(stop)} ({stop_part})")
    training = Training(recipe, origin_of(selection), learn=learn, stop=stop, stop_part=stop_part, seed=seed)
    return train(training, out=out, cache=source.cache, resume=resume, progress=epoch)


def stopping(recipe: Recipe, selection: Selection, *, seed: int) -> tuple[tuple[Track, ...], tuple[Track, ...], str]:
    """Tracks to learn from, the validation set, and what that is in words."""
    learn, share = selection.selected.tracks, recipe.training.stop_share
    if recipe.training.stop_on == "valid" and "valid" not in selection.part.split("+"):
        return learn, selection.split.part(selection.tracks, "valid"), "the split's valid part"
    kept, held = hold_out(learn, fraction=share, seed=seed)
    return kept, held, f"{share:.0%} of the training part, by artist"


def _train_rows(
    recipe: TabularRecipe,
    learn: tuple[Track, ...],
    selection: Selection,
    source: RowSource,
    *,
    out: Path,
    seed: int,
    say: Callable[[str], None],
) -> Path:
    if recipe.features.set == "encoder":
        raise RecipeError(
            f"{recipe.name} scores an encoder (genrelens crossval {recipe.name}) and makes no model: a bundle runs "
            "without transformers, whose feature extractor prepares the encoder's input; for encoders of raw sound "
            'train wav2vec2 with freeze = "full"'
        )
    if recipe.features.set == "musicnn":
        from genrelens.features.embedding import mean_rows
        from genrelens.training.heads import HeadData, train_head

        windows = musicnn_windows_of(learn, source)
        return train_head(
            recipe, HeadData(learn, mean_rows(learn, windows), windows), origin_of(selection), out=out, seed=seed
        )
    from genrelens.training.tabular.train import train_tabular

    data = rows_for(recipe, learn, source)
    network = None
    if recipe.features.set == "vggish":
        from genrelens.training import embed_vggish

        network = embed_vggish.row_network(needed_weights(recipe, source.weights), pooling=pooling_of(recipe))
    return train_tabular(
        recipe,
        data,
        origin_of(selection),
        network=network,
        out=out,
        seed=seed,
        progress=lambda k, n: say(f"calibrating, fold {k + 1}/{n}"),
    )
