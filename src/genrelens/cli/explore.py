"""``genrelens explore``: look at a data set before believing any number about it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genrelens.cli.extras import check_extra

if TYPE_CHECKING:
    from genrelens.data.registry import Loaded
    from genrelens.features import FeatureTable

DEFAULT_CACHE = Path("runs/cache")
_TITLES = {"gtzan": "GTZAN", "fma_small": "FMA small", "fma_medium": "FMA medium", "fma_large": "FMA large"}


def explore(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Folder of the data set.", show_default=False)],
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Where to write; a new folder, or that of an earlier run.", show_default=False
        ),
    ],
    features: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Table of features, .csv or .parquet, such as Kaggle's features_30_sec.csv (default: computed).",
            show_default=False,
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Which data set it is (default: found out).", show_default=False),
    ] = None,
    model: Annotated[
        str, typer.Option(metavar="RUN_OR_BUNDLE", help="Model whose embeddings are mapped.")
    ] = "base",
    sound: Annotated[
        bool,
        typer.Option(
            "--sound", help="Let the page play the typical tracks: for yourself, not for publishing."
        ),
    ] = False,
    cache: Annotated[
        Path, typer.Option("--cache", metavar="DIR", help="Where computed features are kept between runs.")
    ] = DEFAULT_CACHE,
) -> None:
    """Draw what a data set holds: a page, its pictures, and the numbers behind each.

    How many tracks and artists each genre has, which features go together, tempo (one a track) and the most telling
    features by genre, the wave and spectrum of a typical track of each genre, and t-SNE maps of features and of a
    model's embeddings. Tracks known to be faulty are left out, unreadable ones, too, and both are listed. Without
    --features the 57 of Kaggle's tables are computed and kept in --cache.

    \b
    Examples:
      genrelens explore ~/gtzan --features ~/gtzan/features_30_sec.csv --out look
      genrelens explore ~/my-music --out look --sound
    """
    if out.exists() and not out.is_dir():
        raise typer.BadParameter(f"--out {out}: expected a folder, there is a file of that name")
    check_extra(
        "matplotlib", "sklearn", *(["librosa"] if features is None else []), needed_for="genrelens explore"
    )

    from genrelens.bundle import Bundle
    from genrelens.cli.evaluate import find_bundle
    from genrelens.cli.progress import ProgressLine
    from genrelens.cli.tracks import tell
    from genrelens.data import registry
    from genrelens.features import read_table
    from genrelens.pages.exploration.explore import claim, write_exploration
    from genrelens.pages.exploration.gather import embed, gather

    bundle = Bundle.load(find_bundle(model))
    loaded = registry.open_dataset(data, dataset=dataset)
    tell(loaded)
    table = None if features is None else read_table(features, taxonomy=loaded.taxonomy)
    claim(out)
    gathered = gather(loaded, _compute(loaded, cache=cache) if table is None else table)
    with ProgressLine(total=len(gathered.with_sound)) as line:
        embedded, left_out = embed(bundle, gathered, progress=line.show)
    if sys.stderr is not None and sys.stderr.isatty():
        typer.echo("drawing", err=True)
    files = write_exploration(
        gathered,
        out=out,
        name=_TITLES.get(loaded.dataset) or f"\u201c{data.resolve().name}\u201d",
        features_from=_whence(features),
        bundle=bundle,
        embedded=embedded,
        left_out=left_out,
        sound=sound,
    )
    typer.echo(files[-1])


def _compute(loaded: Loaded, *, cache: Path) -> FeatureTable:
    from genrelens.cli.progress import ProgressLine
    from genrelens.data import registry
    from genrelens.features import extract
    from genrelens.parallel import n_cores

    faulty = registry.never_train(loaded.dataset)
    wanted = [track for track in loaded.tracks if track.id not in faulty]
    with ProgressLine(total=len(wanted)) as line:
        return extract(
            wanted,
            cache=cache / "features",  # where genrelens features keeps them
            n_workers=n_cores(),
            progress=lambda done, total: line.show("features"),
        )


def _whence(features: Path | None) -> str:
    if features is None:
        return (
            "The features were computed from the sound: the 57 of Kaggle's tables, each over the whole track."
        )
    return f"The features were read from {features.name}."
