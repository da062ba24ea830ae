"""``genrelens audit``: what cannot be trusted in a collection of music."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from genrelens.cli import options
from genrelens.cli.options import DEFAULT_CACHE
from genrelens.cli.terminal import Progress, check_page, print_lines, tell_passed_over, wrote


def audit(
    folder: Annotated[Path | None, options.argument("DIR", "Folder of a data set, or of any music.")] = None,
    as_json: options.Json = False,
    html: Annotated[Path | None, options.option("--html", "FILE", "Also write a page with the findings.")] = None,
    split: Annotated[
        str | None,
        options.option(
            "--split", "NAME", "Also look for artists on both sides of a split of the data set, or of a .json file."
        ),
    ] = None,
    labels: Annotated[
        bool, typer.Option("--labels", help="Also look for tracks that sound like another genre (some minutes).")
    ] = False,
    cache: options.Cache = DEFAULT_CACHE,
    workers: options.Workers = None,
    data: options.HiddenData = None,
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
    folder = options.one_data(folder, data)
    if folder is None:
        raise typer.BadParameter("give the folder to look through: genrelens audit DIR")
    if not folder.is_dir():
        came = "that is a file" if folder.exists() else "there is none of that name"
        raise typer.BadParameter(f"{folder}: expected a folder of music, {came}")
    if html is not None:
        check_page(html)

    from collections import Counter

    from genrelens.audit import audit as look
    from genrelens.audit import collect
    from genrelens.data.registry import find_split
    from genrelens.pages.audit import audit_text
    from genrelens.parallel import n_cores

    passed_over: Counter[str] = Counter()
    try:
        collection = collect(folder, passed_over=passed_over)
    finally:
        tell_passed_over(passed_over)
    if split is not None or labels:
        collection.require_labels()
    chosen = None
    if split is not None:
        chosen = find_split(split, dataset=collection.dataset or "", tracks=collection.tracks)
    with Progress("files heard") as line:
        report = look(
            collection,
            split=chosen,
            labels=labels,
            cache=cache if labels else None,
            n_workers=workers or n_cores(),
            progress=line.count,
        )
    if html is not None:
        from genrelens.pages.audit import write_audit_page

        write_audit_page(html, report)
        wrote(html, then=f"open {html}")
    if as_json:
        text = json.dumps(report.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
    else:
        text = audit_text(report)
    print_lines(text)
    if report.n_serious:
        raise typer.Exit(1)
