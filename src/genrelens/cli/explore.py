"""``genrelens explore``: look at a data set before believing any number about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genrelens.cli import options
from genrelens.cli.options import DEFAULT_CACHE
from genrelens.cli.terminal import Progress, check_folder, tell, wrote
from genrelens.errors import check_extra

if TYPE_CHECKING:
    from genrelens.data.registry import Loaded
    from genrelens.features import FeatureTable


def explore(
    out: options.OutFolder,
    data: options.DataPosition = None,
    table: Annotated[
        Path | None,
        options.option(
            "--table",
            "FILE",
            "Table of features, .csv or .parquet, such as Kaggle's features_30_sec.csv (default: computed).",
        ),
    ] = None,
    dataset: options.Dataset = None,
    model: options.Model = "base",
    sounds: options.Sounds = False,
    cache: options.Cache = DEFAULT_CACHE,
    named_data: options.HiddenData = None,
    features: Annotated[Path | None, options.option("--features", "FILE", "The same as --table.", hidden=True)] = None,
    sound: Annotated[bool, typer.Option("--sound", help="The same as --sounds.", hidden=True)] = False,
) -> None:
    """Draw what a data set holds: a page, its pictures, and the numbers behind each.

    How many tracks and artists each genre has, which features go together, tempo (one a track) and the most telling
    features by genre, the wave and spectrum of a typical track of each genre, and t-SNE maps of features and of a
    model's embeddings. Tracks known to be faulty are left out, unreadable ones, too, and both are listed. Without
    --table the 57 of Kaggle's tables are computed and kept in --cache.

    \b
    Examples:
      genrelens explore ~/gtzan --table ~/gtzan/features_30_sec.csv --out look
      genrelens explore ~/my-music --out look --sounds
    """
    check_folder("--out", out)
    data, table = options.one_data(data, named_data), table or features
    needed = ["matplotlib", "sklearn", *(["librosa"] if table is None else [])]
    check_extra(*needed, needed_for="genrelens explore")

    from genrelens.bundle import Bundle
    from genrelens.bundle.find import find_bundle
    from genrelens.data import registry
    from genrelens.features import read_table
    from genrelens.features.gather import embed_tracks, gather
    from genrelens.pages.exploration.page import FOLDER, write_exploration

    bundle = Bundle.load(find_bundle(model))
    loaded = registry.open_dataset(data, dataset=dataset)
    tell(loaded)
    given = None if table is None else read_table(table, taxonomy=loaded.taxonomy)
    FOLDER.claim(out)
    gathered = gather(loaded, _compute(loaded, cache=cache) if given is None else given)
    with Progress("listening", total=len(gathered.with_sound)) as line:
        embedded, left_out = embed_tracks(
            bundle,
            gathered.with_sound,
            names=gathered.names,
            genres=gathered.genres,
            artists=gathered.artists,
            progress=line.step,
        )
        line.show(0, None, what="drawing")
        files = write_exploration(
            gathered,
            out=out,
            name=registry.DATASETS[loaded.dataset].title or f"\u201c{(data or loaded.root).resolve().name}\u201d",
            features_from=_whence(table),
            bundle=bundle,
            embedded=embedded,
            left_out=left_out,
            sound=sound or sounds,
        )
    wrote(files[-1], then=f"open {files[-1]}", for_scripts=True)


def _compute(loaded: Loaded, *, cache: Path) -> FeatureTable:
    from genrelens.data.registry import trainable
    from genrelens.features import extract
    from genrelens.parallel import n_cores

    wanted = trainable(loaded.dataset, loaded.tracks)
    with Progress("descriptors: tracks heard") as line:
        return extract(
            wanted,
            cache=cache / "features",  # where genrelens features keeps them
            n_workers=n_cores(),
            progress=line.show,
        )


def _whence(table: Path | None) -> str:
    if table is None:
        return "The features were computed from the sound: the 57 of Kaggle's tables, each over the whole track."
    return f"The features were read from {table.name}."
