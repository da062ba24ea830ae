"""``genrelens features``: the tables of descriptors that everybody uses, of any music."""

from __future__ import annotations

import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from genrelens.cli.progress import ProgressLine
    from genrelens.features import FeatureTable, Source

DEFAULT_CACHE = Path("runs/cache")


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
        Path,
        typer.Argument(
            metavar="PATH",
            help="A sound file, a folder of music, or a data set's folder.",
            show_default=False,
        ),
    ],
    set_name: Annotated[
        SetName,
        typer.Option("--set", help="57 as in Kaggle's GTZAN tables, or 518 as in FMA's."),
    ] = SetName.kaggle57,
    segments: Annotated[
        Segments,
        typer.Option(
            help="A row for every 3 seconds, or (30) one for all of a file, as Kaggle's 30-s table."
        ),
    ] = Segments.thirty,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where to write: .csv or .parquet (default: CSV on stdout).",
            show_default=False,
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Which data set it is (default: found out).", show_default=False),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Processes (default: as many as cores).", show_default=False),
    ] = None,
    cache: Annotated[
        Path, typer.Option("--cache", metavar="DIR", help="Where the rows of files are kept between runs.")
    ] = DEFAULT_CACHE,
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
    if out is not None:
        _check_out(out)
    if not path.exists():
        raise typer.BadParameter(f"{path}: there is no such file or folder")

    from genrelens.cli.progress import ProgressLine
    from genrelens.features import extract_files, table_to_csv, write_table
    from genrelens.parallel import n_cores

    sources, notes = _sources(path, dataset=dataset)
    with ProgressLine(total=len(sources)) as line:
        table = extract_files(
            sources,
            feature_set=set_name.value,
            segment_s=3.0 if segments is Segments.three else None,
            cache=None if path.is_file() else cache / "features",
            n_workers=workers or n_cores(),
            progress=_progress(line, path),
        )
    for note in (*notes, *table.notes):
        _say(note)
    if out is None:
        _print(table_to_csv(table))
    else:
        write_table(table, out)
        _say(f"wrote {out}: {_counted(table)}")
    failed = [(name, error) for name, error in zip(table.filenames, table.errors, strict=True) if error]
    for name, error in failed[:5]:
        _say(f"{name} has no numbers: {error}")
    if len(failed) > 5:
        _say(f"and {len(failed) - 5} more; the column error says why")
    if failed:
        raise typer.Exit(1)


def _sources(path: Path, *, dataset: str | None) -> tuple[list[Source], tuple[str, ...]]:
    """The files to compute, and sentences about what was odd."""
    from genrelens.cli.pieces import say_passed_over
    from genrelens.data import registry
    from genrelens.errors import DataError
    from genrelens.features import Source, track_source

    if dataset is None:
        dataset = _known_dataset(path)
    if dataset is None:
        return _files(path)
    music = registry.open_dataset(path, dataset=dataset)
    sources = [track_source(track) for track in music.tracks]
    for id_, reason in music.left_out:
        name, label = (f"{id_}.wav", id_.split(".")[0]) if dataset == "gtzan" else (id_, "")
        sources.append(Source(name, Path(id_), label, error=reason))
    if not sources:
        raise DataError(f"the data set {dataset!r} in {str(path)!r} has no tracks")
    say_passed_over(music.passed_over)
    return sorted(sources, key=lambda source: source.filename), music.notes


def _known_dataset(path: Path) -> str | None:
    """The name of the data set with labels of its own in a folder, if it is one."""
    from genrelens.data import registry
    from genrelens.errors import DataError

    if not path.is_dir():
        return None
    try:
        name = registry.detect(path)
    except DataError:
        return None
    return None if name in ("folder", "tags") else name


def _files(path: Path) -> tuple[list[Source], tuple[str, ...]]:
    """Whatever music is there, and what is odd about its labels: named by its path below ``path`` (or below the folder
    of folders of genres in it), labelled by the first folder on it.
    """
    from collections import Counter

    from genrelens.cli.pieces import find_pieces, say_passed_over
    from genrelens.data.own_music.folder import labels_of
    from genrelens.errors import DataError
    from genrelens.features import Source

    passed_over: Counter[str] = Counter()
    pieces = list(find_pieces([str(path)], passed_over=passed_over))
    say_passed_over(passed_over)
    for piece in pieces:
        if piece.code is not None and Path(piece.path) == path:  # nothing in it, or nobody may look
            raise DataError(str(piece.message), code=piece.code)
    if not path.is_dir():
        return [Source(path.name, path, "")], ()
    found = labels_of(path, [Path(piece.path) for piece in pieces])
    sources = [
        Source(name, Path(piece.path), label, error=piece.message or "")
        for piece, name, label in zip(pieces, found.names, found.labels, strict=True)
    ]
    return sources, found.notes


def _progress(line: ProgressLine, path: Path) -> Callable[[int, int], None]:
    """Shows how long it will still take, once a few files say how fast it goes."""
    start = time.monotonic()

    def show(n_done: int, n: int) -> None:
        left_s = (time.monotonic() - start) / n_done * (n - n_done)
        about = f"about {left_s / 60:.0f} min left" if left_s >= 90 else f"about {left_s:.0f} s left"
        line.show(f"{path}, {about}" if n_done >= 5 else str(path))

    return show


def _check_out(out: Path) -> None:
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise typer.BadParameter(f"--out {out}: expected a file name in a folder that exists")
    if out.suffix.lower() not in (".csv", ".parquet"):
        raise typer.BadParameter(f"--out {out}: expected a name that ends in .csv or .parquet")
    if out.suffix.lower() == ".parquet":
        from importlib.util import find_spec

        from genrelens.errors import MissingExtraError

        if find_spec("pyarrow") is None:
            raise MissingExtraError("train", needed_for="writing Parquet tables")


def _counted(table: FeatureTable) -> str:
    n_failed = sum(bool(error) for error in table.errors)
    failed = f", and {n_failed} without (see the column error)" if n_failed else ""
    return f"{len(table) - n_failed} rows of {len(table.columns)} numbers{failed}"


def _say(sentence: str) -> None:
    """One line on stderr, whatever it holds and whatever the terminal can show."""
    from genrelens.pages.wording import visible

    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    typer.echo(visible(sentence).encode(encoding, "backslashreplace").decode(encoding), err=True)


def _print(text: str) -> None:
    """Data for programs: UTF-8 whatever the locale. Streams that tests put in place may not know how."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", newline="")
    sys.stdout.write(text)
    sys.stdout.flush()
