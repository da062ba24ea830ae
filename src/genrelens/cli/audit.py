"""``genrelens audit``: what cannot be trusted in a collection of music."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer


def audit(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Folder of a data set, or of any music.", show_default=False),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write a page with the findings.", show_default=False),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Also look for artists on both sides of a split of the data set, or of a .json file.",
            show_default=False,
        ),
    ] = None,
    labels: Annotated[
        bool,
        typer.Option("--labels", help="Also look for tracks that sound like another genre (some minutes)."),
    ] = False,
    cache: Annotated[
        Path,
        typer.Option("--cache", metavar="DIR", help="Where --labels keeps features between runs."),
    ] = Path("runs/cache"),
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Processes (default: one a core).", show_default=False),
    ] = None,
) -> None:
    """Find the faults of a collection: unreadable and silent files, repeats, wrong lengths and labels.

    Every file is heard once. Repeats are found although they were encoded, made louder or cut differently, but not
    in another pitch or tempo. Labels are those of the data set that the folder holds, or of folders of genres, a
    table (labels.csv) or genre tags; without any, what concerns labels is left out. A "!" marks what is serious.
    Exit code: 0 when nothing serious was found, 1 when something was or the folder cannot be used, 2 for wrong usage.

    \b
    Examples:
      genrelens audit ~/gtzan
      genrelens audit ~/gtzan --split s4 --labels --html audit.html
      genrelens audit ~/Music --json | jq -r '.findings[] | select(.kind == "exact_repeat") | .tracks[]'
    """
    if not folder.is_dir():
        came = "that is a file" if folder.exists() else "there is none of that name"
        raise typer.BadParameter(f"{folder}: expected a folder of music, {came}")
    if html is not None:
        from genrelens.cli.page import check_page

        check_page(html)

    from collections import Counter

    from genrelens.audit import audit as look
    from genrelens.audit import collect
    from genrelens.cli.pieces import find_pieces, say_passed_over
    from genrelens.cli.progress import CountLine
    from genrelens.cli.tracks import find_split
    from genrelens.pages.audit.text import audit_text
    from genrelens.parallel import n_cores

    passed_over: Counter[str] = Counter()
    pieces = list(find_pieces([str(folder)], passed_over=passed_over))
    say_passed_over(passed_over)
    collection = collect(
        folder,
        paths=[piece.path for piece in pieces if piece.code is None],
        refused=[(p.path, p.message or p.code) for p in pieces if p.code not in (None, "no_music")],
    )
    if split is not None or labels:
        collection.require_labels()
    chosen = None
    if split is not None:
        chosen = find_split(split, dataset=collection.dataset or "", tracks=collection.tracks)
    with CountLine("files heard:") as line:
        report = look(
            collection,
            split=chosen,
            labels=labels,
            cache=cache if labels else None,
            n_workers=workers or n_cores(),
            progress=lambda what, done, total: line.show(done, total, what=what),
        )
    if html is not None:
        from genrelens.pages.audit.page import write_audit_page

        write_audit_page(html, report)
        typer.echo(f"wrote {html}", err=True)
    if as_json:
        _print(json.dumps(report.to_json(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        _print(audit_text(report))
    if report.n_serious:
        raise typer.Exit(1)


def _print(text: str) -> None:
    """Print to stdout whatever the terminal can show of it; in JSON what it cannot is an escape that JSON knows."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    typer.echo(text.encode(encoding, "backslashreplace").decode(encoding))
