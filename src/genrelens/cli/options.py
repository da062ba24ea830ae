"""Options that several commands take, said once; and how the data set and the model that they name are opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from genrelens.data.registry import Loaded, Selection
    from genrelens.features import FeatureTable
    from genrelens.recipe import AnyRecipe

DEFAULT_CACHE = Path("runs/cache")


def option(name: str, metavar: str, help: str, **more: Any) -> Any:
    """An option without a default to show: what happens without it is part of its help."""
    return typer.Option(name, metavar=metavar, help=help, show_default=False, **more)


def argument(metavar: str, help: str) -> Any:
    """An argument; its help says what it may be."""
    return typer.Argument(metavar=metavar, help=help, show_default=False)


Data = Annotated[Path | None, option("--data", "DIR", "Folder of the data set (default: $GENRELENS_DATA).")]
DataPosition = Annotated[Path | None, argument("DATA", "Folder of the data set (default: $GENRELENS_DATA).")]
HiddenData = Annotated[Path | None, option("--data", "DIR", "The same as DATA.", hidden=True)]
Dataset = Annotated[str | None, option("--dataset", "NAME", "Which data set it is (default: found out).")]
SplitName = Annotated[
    str | None,
    option(
        "--split", "NAME", "Split of the data set, or a .json file (default: its usual one, see genrelens data splits)."
    ),
]
FoldPart = Annotated[str, typer.Option("--part", metavar="PART", help="Tracks to make folds of.")]
Folds = Annotated[int, typer.Option("--folds", min=2, metavar="K", help="Number of folds.")]
Seed = Annotated[int, typer.Option("--seed", min=0, metavar="S", help="Seed of the folds and of the trainings.")]
RecipeName = Annotated[str, argument("RECIPE", "A recipe's name (see genrelens recipes) or a .toml file.")]
Table = Annotated[
    Path | None,
    option("--table", "FILE", "Descriptors (.csv, .parquet; see genrelens features) in the place of sound."),
]
Weights = Annotated[
    Path | None,
    option(
        "--weights",
        "FILE",
        "Weights of VGGish (.safetensors; see genrelens weights) for the recipes that begin with them.",
    ),
]
Encoder = Annotated[
    str | None,
    option(
        "--encoder",
        "DIR_OR_ID",
        "Pretrained audio encoder: a folder in the Hugging Face format or a hub id (default: the recipe's).",
    ),
]
ModelArgument = Annotated[str, argument("MODEL", "A run's folder, a saved model (folder or .zip), base, lite or plus.")]
Model = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="base, lite (faster), plus (fetch its weights first), a run's folder, or a saved model (folder or .zip).",
    ),
]
Workers = Annotated[int | None, option("--workers", "N", "Processes (default: one a core).", min=1)]
Cache = Annotated[
    Path, typer.Option("--cache", metavar="DIR", help="Folder where what is computed of sound is kept between runs.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
OutFolder = Annotated[Path, option("--out", "DIR", "Folder to write to: a new one, or that of an earlier run.")]
OutFolderOrNone = Annotated[
    Path | None, option("--out", "DIR", "Folder to write to: a new one, or that of an earlier run.")
]
Sounds = Annotated[
    bool, typer.Option("--sounds", help="Let the page play the typical tracks: for yourself, not for publishing.")
]


def one_data(position: Path | None, named: Path | None) -> Path | None:
    """A data set's folder, given by its position or by ``--data``."""
    if position is not None and named is not None:
        raise typer.BadParameter("give the data set's folder once")
    return position or named


def opened(data: Path | None, dataset: str | None, *, pictures: bool = False) -> Loaded:
    """The data set; what is odd about it is said on stderr."""
    from genrelens.cli.terminal import tell
    from genrelens.data import registry
    from genrelens.data.registry import open_pictures

    if pictures:
        return open_pictures(data, dataset=dataset)
    loaded = registry.open_dataset(data, dataset=dataset)
    tell(loaded)
    return loaded


def selected(
    data: Path | None,
    dataset: str | None,
    split: str | None,
    part: str | None,
    *,
    table: FeatureTable | None = None,
    pictures: bool = False,
) -> Selection:
    """The part of a split (``None``: all but test) of the data set's tracks, without those that are known to be faulty.

    With a table they are the tracks that have a row in it, with ``pictures`` the data set's pictures.
    """
    from genrelens.cli.terminal import notes
    from genrelens.data import registry
    from genrelens.data.registry import Selection, find_split, segments, trainable

    loaded = opened(data, dataset, pictures=pictures)
    name, tracks = loaded.dataset, loaded.tracks
    if table is not None:
        from genrelens.features.for_recipe import with_rows

        tracks, said = with_rows(name, tracks, table)
        notes(said)
    chosen = find_split(split, dataset=name, tracks=tracks)
    tracks = segments(name, trainable(name, tracks), leaks=chosen.leaks)
    return Selection(name, tracks, registry.taxonomy(name, tracks), chosen, part or chosen.all_but_test)


def table_of(path: Path | None, *, recipe: AnyRecipe) -> FeatureTable | None:
    """The table of ``--table``, ``None`` without; refused where the recipe does not learn from such rows."""
    if path is None:
        return None
    from genrelens.features.for_recipe import table_for

    return table_for(recipe, path)
