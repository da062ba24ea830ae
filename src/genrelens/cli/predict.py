"""``genrelens predict``: the genre of files and folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def predict(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH", help="Sound files and folders, or pictures (cnn-png).", show_default=False
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values with a header.")] = False,
    top: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Show the N likeliest genres.", show_default=False)
    ] = None,
    timeline: Annotated[
        bool, typer.Option("--timeline", help="Say what each part of a piece sounds like.")
    ] = False,
    coverage: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            help="Name as many genres as it takes to hold the right one this often, such as 0.9.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            metavar="BUNDLE",
            help="One that comes with genrelens, base or lite (faster), or a folder or .zip file.",
        ),
    ] = "base",
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write a page with the timelines.", show_default=False),
    ] = None,
) -> None:
    """Say which genre each file is, and each file in each folder.

    Prints a table, or one JSON object a line, or CSV. Sound that tells nothing gets "-" and the reason:
    silence, less than a second, no music, music unlike all that the model knows, or too close to call.
    Exit code: 0 when every path was answered, 1 when some could not be read (the others are answered all
    the same), 2 for wrong usage.

    \b
    Examples:
      genrelens predict song.mp3
      genrelens predict ~/Music --top 3
      genrelens predict ~/Music --coverage 0.9
      genrelens predict ~/Music --html music.html
      genrelens predict mix.m4a --json --timeline | jq '.windows'
      genrelens predict spectrogram.png --model runs/cnn-png/bundle
    """
    if as_json and as_csv:
        raise typer.BadParameter("give --json or --csv, not both")
    if timeline and as_csv:
        raise typer.BadParameter("a table of values cannot hold timelines: give --timeline with --json")
    if html is not None:
        check_page(html)
    if coverage is not None and not 0 < coverage < 1:
        raise typer.BadParameter(f"--coverage should be above 0 and below 1, such as 0.9, got {coverage:g}")

    from collections import Counter

    from genrelens.bundle import Bundle
    from genrelens.bundle.coverage import COVERAGE
    from genrelens.cli.answers import answer, to_row
    from genrelens.cli.pieces import find_pieces, say_passed_over
    from genrelens.cli.progress import ProgressLine
    from genrelens.cli.writers import open_writer

    bundle = Bundle.load(model)
    bundle.check_extra()
    if coverage is not None and bundle.manifest.conformal is None:
        raise typer.BadParameter(
            f"--coverage: the model {bundle.name!r} promises none, it was not calibrated for it; leave it out"
        )
    passed_over: Counter[str] = Counter()
    pieces = list(find_pieces(paths, passed_over=passed_over))
    say_passed_over(passed_over)
    writer = open_writer(
        "json" if as_json else "csv" if as_csv else "table",
        bundle=bundle,
        paths=[piece.path for piece in pieces],
        timeline=timeline,
        top=top,
        sets=coverage is not None,
    )
    page_rows: list[dict[str, Any]] = []
    any_failed = False
    with ProgressLine(total=len(pieces)) as progress:
        for piece in pieces:
            progress.show(piece.path)
            found = answer(piece, bundle=bundle, coverage=coverage or COVERAGE)
            any_failed = any_failed or found.failed
            progress.clear()
            writer.write(found)
            if html is not None:
                page_rows.append(to_row(found, bundle=bundle, timeline=True, top=None))
    writer.finish()
    if html is not None:
        from genrelens.report.timeline import write_timeline_page

        write_timeline_page(html, rows=page_rows, experimental=bundle.manifest.experimental)
        typer.echo(f"wrote {html}", err=True)
    if any_failed:
        raise typer.Exit(1)


def check_page(page: Path) -> None:
    """Refuse a page that cannot be written, or would take the place of what is no page: ``--html *.mp3``."""
    if page.is_dir() or not page.absolute().parent.is_dir():
        raise typer.BadParameter(f"--html {page}: expected a file name in a folder that exists")
    if page.exists() and not (page.is_file() and page.suffix.lower() in (".html", ".htm")):
        raise typer.BadParameter(
            f"--html {page}: this is there already and is no .html file; give another name"
        )
