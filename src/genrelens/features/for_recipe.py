"""A table of descriptors that a recipe is to learn from, in the place of sound."""

from __future__ import annotations

from pathlib import Path

from genrelens.data import registry
from genrelens.data.track import Track
from genrelens.errors import DataError, RecipeError
from genrelens.features.files import read_table
from genrelens.features.table import FeatureTable
from genrelens.frontend.descriptors import SETS
from genrelens.recipe import AnyRecipe, TabularRecipe
from genrelens.recipe.tabular import DESCRIPTORS


def table_for(recipe: AnyRecipe, path: Path) -> FeatureTable:
    """The table in a file. Raises :class:`RecipeError` where the recipe learns nothing from descriptors, and
    :class:`DataError` where it learns from another set of them, or from rows of another length.
    """
    if not isinstance(recipe, TabularRecipe) or recipe.features.set not in DESCRIPTORS:
        raise RecipeError(
            f"the table holds descriptors, of which {recipe.name} learns nothing", code="no_table", hint="leave it out"
        )
    table, features = read_table(path), recipe.features
    if table.columns != SETS[features.set].columns:
        raise DataError(
            f"the recipe {recipe.name!r} learns from the descriptors {features.set}, the table holds others: "
            f"{len(table.columns)} columns from {table.columns[0]!r} on"
        )
    cuts = {segment is not None for segment in table.segments}
    if cuts != {features.segment_s == 3}:
        wanted = "segments of 3 s" if features.segment_s == 3 else "whole tracks"
        there = " and ".join("segments" if cut else "whole tracks" for cut in sorted(cuts))
        raise DataError(f"the recipe {recipe.name!r} learns from rows of {wanted}, the table holds rows of {there}")
    return table


def with_rows(
    dataset: str, tracks: tuple[Track, ...], table: FeatureTable
) -> tuple[tuple[Track, ...], tuple[str, ...]]:
    """The tracks that have a row, and those of the data set that have a row and no sound here.

    Also sentences about tracks that are left out because they have none.
    """
    wholes = set(table.wholes)
    here = tuple(track for track in tracks if track.id in wholes)
    n_without = len(tracks) - len(here)
    notes = (f"{n_without} of {len(tracks)} tracks have no row in the table and are left out",)
    here += registry.clips_of_rows(dataset, wholes - {track.id for track in here})
    return here, notes if n_without else ()
