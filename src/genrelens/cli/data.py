"""``genrelens data``: getting data sets, looking after them, and their splits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from genrelens.cli import options
from genrelens.cli.options import HiddenData, one_data, opened, option
from genrelens.cli.terminal import Progress, check_file, line, print_text, say, tell_passed_over, wrote


def fetch(
    name: Annotated[str, options.argument("NAME", "What to fetch; an unknown name lists all.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to unpack it to.")] = Path("data"),
) -> None:
    """Download a public data set, check it and unpack it.

    A download that was cut short goes on where it stopped: run the same command again. Where a source is dead, the
    message says what to do by hand. The archive is deleted after unpacking, and the SHA-256 of every file is kept for
    genrelens data check.

    \b
    Examples:
      genrelens data fetch fma_metadata --out ~/fma
      genrelens data fetch fma_small --out ~/fma
      genrelens data fetch gtzan --out ~/gtzan
    """
    from genrelens.data.fetch import SOURCES
    from genrelens.data.fetch import fetch as get

    if name in SOURCES:
        line(f"{name}: {SOURCES[name].size}, licence: {SOURCES[name].licence}")
    with Progress(name, unit="bytes") as progress:
        got = get(name, out, progress=lambda stage, done, total: progress.show(done, total, what=f"{name}: {stage}"))
    line(f"the archive is {got.checked}")
    typer.echo(f"{got.folder}: {got.n_files:,} files, {got.n_bytes / 1e9:.2f} GB")
    wrote(got.folder, then=f"genrelens data check {out}")


def check(
    folder: options.DataPosition = None,
    dataset: options.Dataset = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Open clips without decoding them; compare sizes, not contents.")
    ] = False,
    as_json: options.Json = False,
    data: HiddenData = None,
) -> None:
    """Say what of a data set is there, missing, altered or unreadable.

    Every clip is decoded, pictures and tables are looked at, and files that genrelens fetched are compared with what
    they were. Exit code: 0 when all is well, 1 when something is not.

    \b
    Examples:
      genrelens data check ~/gtzan
      genrelens data check ~/fma --quick --json
    """
    import json

    from genrelens import parallel
    from genrelens.audit.check import check as look

    folder = one_data(folder, data)
    with Progress("checked") as progress:
        found = look(folder, dataset=dataset, quick=quick, n_workers=parallel.n_cores(), progress=progress.show)
    tell_passed_over(found.passed_over)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=1))
    else:
        print_text(found.to_text())
    if found.problems:
        raise typer.Exit(1)


def splits(
    folder: options.DataPosition = None,
    dataset: options.Dataset = None,
    as_json: options.Json = False,
    data: HiddenData = None,
) -> None:
    """List the splits of a data set: sizes, how many of each part are here, what leaks, where it comes from.

    A split that cannot be made of this data is named on stderr, with the reason (in JSON: in its row), and the exit
    code is 1.

    \b
    Example:
      genrelens data splits ~/gtzan
    """
    import json

    from genrelens.data import registry
    from genrelens.data.splits.split import summary, summary_text
    from genrelens.errors import DataError

    loaded = opened(one_data(folder, data), dataset)
    name, tracks = loaded.dataset, loaded.tracks
    rows: list[dict[str, Any]] = []
    for split_name in registry.splits(name):
        try:
            rows.append(summary(registry.split(name, split_name, tracks=tracks), tracks))
        except DataError as error:  # too few artists, or no table that has it
            rows.append({"name": split_name, "error": str(error)})
    made = [row for row in rows if "error" not in row]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
    elif made:
        typer.echo("\n\n".join(summary_text(row) for row in made))
    for row in rows:
        if "error" in row:
            say(f"no split {row['name']}: {row['error']}")
    if len(made) < len(rows):
        raise typer.Exit(1)


def split(
    folder: Annotated[Path, options.argument("DIR", "Folder of the data set.")],
    name: Annotated[str, options.argument("NAME", "See genrelens data splits.")],
    out: Annotated[Path, option("--out", "FILE.json", "File to write.")],
    dataset: options.Dataset = None,
) -> None:
    """Write a split as JSON: the ids of each part, what leaks, where it comes from.

    Every command that takes --split takes the file, too.

    \b
    Examples:
      genrelens data split ~/Music hold-out --out mine.json
      genrelens data split ~/gtzan k-fold-10 --out folds.json
    """
    from genrelens.data.registry import find_split
    from genrelens.errors import DataError
    from genrelens.files import write_whole

    check_file("--out", out, ".json")
    loaded = opened(folder, dataset)
    made = find_split(name, dataset=loaded.dataset, tracks=loaded.tracks)
    try:
        write_whole(out, made.to_json())
    except OSError as error:
        raise DataError(f"the split {str(out)!r} cannot be written: {error.strerror or error}") from error
    wrote(out, then=f"genrelens train RECIPE --data {folder} --split {out} --out RUN", for_scripts=True)
