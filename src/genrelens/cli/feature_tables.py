"""Training and scoring on a table of descriptors in the place of sound: ``--table``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from genrelens.data.track import Track
    from genrelens.features import FeatureTable
    from genrelens.recipe import AnyRecipe, TabularRecipe

TableOption = Annotated[
    Path | None,
    typer.Option(
        "--table",
        metavar="FILE",
        help="Rows of descriptors (.csv, .parquet; see genrelens features) in the place of sound.",
        show_default=False,
    ),
]


def open_table(path: Path | None, *, recipe: AnyRecipe) -> FeatureTable | None:
    """The table of ``--table``, None without; refused where the recipe does not learn from such rows."""
    if path is None:
        return None
    from genrelens.features import read_table
    from genrelens.recipe import TabularRecipe
    from genrelens.recipe.tabular import DESCRIPTORS

    if not isinstance(recipe, TabularRecipe) or recipe.features.set not in DESCRIPTORS:
        raise typer.BadParameter(
            f"--table holds descriptors, of which {recipe.name} learns nothing; leave it out"
        )
    table = read_table(path)
    _check_fits(recipe, table)
    return table


def with_rows(dataset: str, tracks: tuple[Track, ...], table: FeatureTable | None) -> tuple[Track, ...]:
    """The tracks that have a row, and of GTZAN also the clips that have a row and no sound here.

    Tracks without a row are left out, and said to be.
    """
    if table is None:
        return tracks
    from genrelens.cli import say
    from genrelens.data import gtzan

    wholes = set(table.wholes)
    here = tuple(track for track in tracks if track.id in wholes)
    if len(here) < len(tracks):
        say(
            f"note: {len(tracks) - len(here)} of {len(tracks)} tracks have no row in the table and are left out"
        )
    if dataset == gtzan.DATASET:
        here += gtzan.clips_of_rows(wholes - {track.id for track in here})
    return here


def _check_fits(recipe: TabularRecipe, table: FeatureTable) -> None:
    """Refuse a table of another set of descriptors, or of pieces of another length, than the recipe learns from."""
    from genrelens.errors import DataError
    from genrelens.frontend.descriptors import SETS

    features = recipe.features
    if table.columns != SETS[features.set].columns:
        raise DataError(
            f"the recipe {recipe.name!r} learns from the descriptors {features.set}, the table holds others: "
            f"{len(table.columns)} columns from {table.columns[0]!r} on"
        )
    pieces = {segment is not None for segment in table.segments}
    if pieces != {features.segment_s == 3}:
        wanted = "pieces of 3 s" if features.segment_s == 3 else "whole tracks"
        there = " and ".join("pieces" if cut else "whole tracks" for cut in sorted(pieces))
        raise DataError(
            f"the recipe {recipe.name!r} learns from rows of {wanted}, the table holds rows of {there}"
        )
