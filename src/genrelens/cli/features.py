"""``genrelens features``: the tables of descriptors that everybody uses, of any music."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genrelens.cli import options
from genrelens.cli.options import DEFAULT_CACHE
from genrelens.cli.terminal import Progress, check_file, data_on_stdout, line, tell_passed_over, wrote

if TYPE_CHECKING:
    from genrelens.features import FeatureTable


class SetName(StrEnum):
    """The feature sets by name."""

    kaggle57 = "kaggle57"
    fma518 = "fma518"


class Segments(StrEnum):
    """What a row is: 3 seconds, or a file (Kaggle's clips have 30 seconds)."""

    three = "3"
    thirty = "30"


def features(
    path: Annotated[
        Path | None, options.argument("PATH", "A sound file, a folder of music, or a data set's folder.")
    ] = None,
    set_name: Annotated[
        SetName, typer.Option("--set", help="57 as in Kaggle's GTZAN tables, or 518 as in FMA's.")
    ] = SetName.kaggle57,
    segments: Annotated[
        Segments, typer.Option(help="A row for every 3 seconds, or (30) one for all of a file, as Kaggle's 30-s table.")
    ] = Segments.thirty,
    out: Annotated[
        Path | None, options.option("--out", "FILE", "Where to write: .csv or .parquet (default: CSV on stdout).")
    ] = None,
    dataset: options.Dataset = None,
    workers: options.Workers = None,
    cache: options.Cache = DEFAULT_CACHE,
    data: options.HiddenData = None,
) -> None:
    """Compute the descriptors of music: one row a file, or one for every 3 seconds.

    The columns of kaggle57 are those of features_30_sec.csv and features_3_sec.csv, in name, order and number; fma518
    has FMA's, with the three rows of its header in one (chroma_cens_kurtosis_01). The label is the genre in a data
    set, the first folder's name in a folder of folders, and empty for other files. A file that cannot be read has a
    row without numbers; only then is there a last column, error, that says why. A run that was stopped goes on where
    it was when the same command is given again. Exit code: 0 when every file has its numbers, 1 when some have not, 2
    for wrong usage.

    \b
    Examples:
      genrelens features song.mp3
      genrelens features ~/gtzan --out features_30_sec.csv
      genrelens features ~/gtzan --segments 3 --out features_3_sec.csv
      genrelens features ~/Music --set fma518 --out music.parquet
    """
    path = options.one_data(path, data)
    if path is None:
        raise typer.BadParameter("give what to compute: genrelens features PATH")
    if out is not None:
        check_file("--out", out, ".csv", ".parquet")
        if out.suffix.lower() == ".parquet":
            from genrelens.errors import check_extra

            check_extra("pyarrow", needed_for="writing Parquet tables")
    if not path.exists():
        raise typer.BadParameter(f"{path}: there is no such file or folder")

    from genrelens.features import extract_files, table_to_csv, write_table
    from genrelens.features.sources import sources_of
    from genrelens.parallel import n_cores

    sources = sources_of(path, dataset=dataset)
    tell_passed_over(sources.passed_over)
    with Progress(f"descriptors of {path}") as progress:
        table = extract_files(
            sources.files,
            feature_set=set_name.value,
            segment_s=3.0 if segments is Segments.three else None,
            cache=None if path.is_file() else cache / "features",
            n_workers=workers or n_cores(),
            progress=progress.show,
        )
    for note in (*sources.notes, *table.notes):
        line(note)
    if out is None:
        data_on_stdout(newline="")
        typer.echo(table_to_csv(table), nl=False)
    else:
        write_table(table, out)
        wrote(f"{out}: {_counted(table)}", then=f"genrelens grid --data {path} --table {out}")
    failed = [(name, error) for name, error in zip(table.filenames, table.errors, strict=True) if error]
    for name, error in failed[:5]:
        line(f"{name} has no numbers: {error}")
    if len(failed) > 5:
        line(f"and {len(failed) - 5} more; the column error says why")
    if failed:
        raise typer.Exit(1)


def _counted(table: FeatureTable) -> str:
    n_failed = sum(bool(error) for error in table.errors)
    failed = f", and {n_failed} without (see the column error)" if n_failed else ""
    return f"{len(table) - n_failed} rows of {len(table.columns)} numbers{failed}"
