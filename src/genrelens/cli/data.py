"""``genrelens data``: getting data sets, looking after them, and their splits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genrelens.cli.stopping import says_what_is_kept

if TYPE_CHECKING:
    from genrelens.audit.check import Checked
    from genrelens.data.splits.split import Split
    from genrelens.data.track import Track

data = typer.Typer(
    name="data",
    help="Fetch data sets, check them, and list or write their splits.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

FolderArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="DIR", help="Folder of the data set (default: $GENRELENS_DATA).", show_default=False
    ),
]
DatasetOption = Annotated[
    str | None,
    typer.Option(
        "--dataset", metavar="NAME", help="Which data set it is (default: found out).", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
N_SHOWN = 5


@data.command()
@says_what_is_kept
def fetch(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="gtzan, fma_small or fma_metadata.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to unpack it.")] = Path("data"),
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
    from genrelens.cli.transfer import TransferLine
    from genrelens.data.fetch import SOURCES
    from genrelens.data.fetch import fetch as get

    if name in SOURCES:
        typer.echo(f"{name}: {SOURCES[name].size}, licence: {SOURCES[name].licence}", err=True)
    with TransferLine(name) as line:
        got = get(name, out, progress=line.show)
    typer.echo(f"the archive is {got.checked}", err=True)
    typer.echo(f"{got.folder}: {got.n_files:,} files, {got.n_bytes / 1e9:.2f} GB")


@data.command()
@says_what_is_kept
def check(
    folder: FolderArgument = None,
    dataset: DatasetOption = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Open clips without decoding them; compare sizes, not contents.")
    ] = False,
    as_json: JsonOption = False,
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
    from genrelens.cli.pieces import say_passed_over
    from genrelens.cli.progress import CountLine

    with CountLine("checking") as line:
        found = look(folder, dataset=dataset, quick=quick, n_workers=parallel.n_cores(), progress=line.show)
    say_passed_over(found.passed_over)
    typer.echo(json.dumps(found.to_dict(), indent=1) if as_json else _check_text(found))
    if found.problems:
        raise typer.Exit(1)


@data.command()
def splits(folder: FolderArgument = None, dataset: DatasetOption = None, as_json: JsonOption = False) -> None:
    """List the splits of a data set: sizes, how many of each part are here, what leaks, where it comes from.

    A split that cannot be made of this data is named on stderr, with the reason (in JSON: in its row), and the exit
    code is 1.

    \b
    Example:
      genrelens data splits ~/gtzan
    """
    import json

    from genrelens.cli import say
    from genrelens.cli.tracks import load_tracks
    from genrelens.data import registry
    from genrelens.errors import DataError

    name, tracks = load_tracks(folder, dataset=dataset)
    rows: list[dict[str, Any]] = []
    for split_name in registry.splits(name):
        try:
            rows.append(_split_row(registry.split(name, split_name, tracks=tracks), tracks))
        except DataError as error:  # too few artists, or no table that has it
            rows.append({"name": split_name, "error": str(error)})
    made = [row for row in rows if "error" not in row]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
    elif made:
        typer.echo("\n\n".join(_split_text(row) for row in made))
    for row in rows:
        if "error" in row:
            say(f"no split {row['name']}: {row['error']}")
    if len(made) < len(rows):
        raise typer.Exit(1)


@data.command()
@says_what_is_kept
def split(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of the data set.", show_default=False)
    ],
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="See genrelens data splits.", show_default=False)
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE.json", help="Where to write it.", show_default=False)
    ],
    dataset: DatasetOption = None,
) -> None:
    """Write a split as JSON: the ids of each part, what leaks, where it comes from.

    Every command that takes --split takes the file, too.

    \b
    Examples:
      genrelens data split ~/Music hold-out --out mine.json
      genrelens data split ~/gtzan k-fold-10 --out folds.json
    """
    from genrelens.cli.tracks import find_split, load_tracks
    from genrelens.errors import DataError
    from genrelens.files import write_whole

    if out.suffix != ".json" or out.is_dir() or not out.absolute().parent.is_dir():
        raise typer.BadParameter(
            f"--out {out}: expected a file name that ends in .json, in a folder that exists"
        )
    dataset_name, tracks = load_tracks(folder, dataset=dataset)
    made = find_split(name, dataset=dataset_name, tracks=tracks)
    try:
        write_whole(out, made.to_json())
    except OSError as error:
        raise DataError(f"the split {str(out)!r} cannot be written: {error.strerror or error}") from error
    typer.echo(str(out))


def _check_text(found: Checked) -> str:
    from genrelens.pages.wording import visible

    there = ", ".join(f"{n:,} {thing}" for thing, n in found.there.items()) or "nothing"
    how = "every clip decoded" if found.decoded else "clips opened, not decoded"
    lines = [f"{found.dataset or 'fetched files'} in {found.root}: {there}; {how}"]
    for (kind, thing), whats in _grouped(found).items():
        n = len(whats)
        lines.append(f"{kind}: {n:,} {thing}{'' if n == 1 else 's'}")
        lines += [f"  {what}: {message}" for what, message in whats[:N_SHOWN]]
        if n > N_SHOWN:
            lines.append(f"  and {n - N_SHOWN:,} more (--json has all)")
    lines += [f"note: {note}" for note in found.notes]
    if not found.problems:
        lines.append("nothing is missing, altered or unreadable")
    return "\n".join(map(visible, lines))


def _grouped(found: Checked) -> dict[tuple[str, str], list[tuple[str, str]]]:
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for problem in found.problems:
        groups.setdefault((problem.kind, problem.thing), []).append((problem.what, problem.message))
    return groups


def _split_row(split: Split, tracks: tuple[Track, ...]) -> dict[str, Any]:
    here = {track.id for track in tracks}
    pieces = {track.whole for track in tracks}
    of_pieces = "segments" in split.leaks
    return {
        "name": split.name,
        "version": split.version,
        "parts": {
            part: {
                "n": len(ids),
                "n_here": sum(
                    (id_.rpartition(".")[0] in pieces) if of_pieces else (id_ in here) for id_ in ids
                ),
            }
            for part, ids in split.parts.items()
        },
        "leaks": sorted(split.leaks),
        "provenance": split.provenance,
    }


def _split_text(row: dict[str, Any]) -> str:
    import textwrap

    parts = ", ".join(f"{part} {size['n_here']:,} of {size['n']:,}" for part, size in row["parts"].items())
    leaks = f"LEAKS {', '.join(row['leaks'])}" if row["leaks"] else "leaks nothing that is known"
    about = textwrap.fill(
        row["provenance"], 100, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
    )
    return f"{row['name']} (version {row['version']}), {leaks}\n  here: {parts}\n{about}"
