"""``genrelens report`` and ``compare``: what runs amount to, drawn, with the numbers behind every figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genrelens.cli import options
from genrelens.cli.terminal import Progress, check_folder, print_text, wrote
from genrelens.errors import check_extra

if TYPE_CHECKING:
    from genrelens.evaluation.runs import Embedded, Run


def report(
    run: Annotated[Path, options.argument("RUN", "Folder of a training or a cross-validation, or a report in JSON.")],
    out: options.OutFolder,
    data: Annotated[
        Path | None,
        options.option("--data", "DIR", "Folder of the data set, for the map of embeddings (default: no map)."),
    ] = None,
    dataset: options.Dataset = None,
) -> None:
    """Draw one run: a page, its pictures, and the numbers behind each.

    Accuracy with its interval beside what guessing gets, precision, recall and F1 of each genre, the confusion matrix,
    the surest mistakes, learning curves, a t-SNE map of the model's embeddings (with --data), whether its confidence
    can be trusted, time and size. RUN is a folder that genrelens train or crossval wrote, or the JSON of genrelens
    evaluate; a training's folder needs a report in it, which genrelens evaluate --out RUN/report.json makes.

    \b
    Examples:
      genrelens report runs/cv --out look
      genrelens report runs/mine --data ~/gtzan --out look
      genrelens report valid.json --out look
    """
    check_folder("--out", out)
    check_extra("matplotlib", "sklearn", needed_for="drawing runs")
    from genrelens.evaluation.runs import open_run
    from genrelens.pages.runs.report import REPORT_FOLDER, write_report

    found = open_run(run)
    embedded = _map(found, data=data, dataset=dataset)
    REPORT_FOLDER.claim(out)
    files = write_report(found, out=out, embedded=embedded)
    wrote(files[-1], then=f"open {files[-1]}", for_scripts=True)


def compare(
    runs: Annotated[
        list[Path],
        options.argument("RUN", "Two or more: folders of trainings or cross-validations, or reports in JSON."),
    ],
    out: options.OutFolderOrNone = None,
    as_json: options.Json = False,
) -> None:
    """Put runs of the same genres side by side, and test every two on the tracks that both answered.

    Without --out a table is printed. With it, a page is drawn: accuracy with intervals beside what guessing gets, the
    differences, each genre, confusion matrices, learning curves, reliability, time and size, with the numbers behind
    each figure. The paired test draws artists, not tracks; tracks that only one run answered do not count, and how
    many is said.

    \b
    Examples:
      genrelens compare runs/ours runs/theirs
      genrelens compare runs/cv-a runs/cv-b runs/cv-c --out look
      genrelens compare a.json b.json --json > comparison.json
    """
    if len(runs) < 2:
        raise typer.BadParameter(f"expected two runs or more, got {len(runs)}; genrelens report draws a single one")
    if out is not None:
        check_folder("--out", out)
        check_extra("matplotlib", "sklearn", needed_for="drawing runs")
    from genrelens.evaluation.compare import compare as compare_reports
    from genrelens.evaluation.compare import comparison_document, comparison_text
    from genrelens.evaluation.runs import open_runs
    from genrelens.pages.runs.report import COMPARISON_FOLDER, write_comparison
    from genrelens.schema import json_text

    found = open_runs(runs)
    pairs = compare_reports({run.name: run.report for run in found})
    if out is not None:
        COMPARISON_FOLDER.claim(out)
        page = write_comparison(found, pairs, out=out)[-1]
        wrote(page, then=f"open {page}", for_scripts=not as_json)
    if as_json:
        print_text(json_text(comparison_document(found, pairs)))
    elif out is None:
        print_text(comparison_text(found, pairs))


def _map(run: Run, *, data: Path | None, dataset: str | None) -> Embedded:
    """The map of the run's tracks, or why there is none."""
    from genrelens.evaluation.runs import Embedded, map_run

    if run.bundle is None:
        return Embedded(f"{run.missing['bundle']}.")
    if data is None:
        return Embedded("it takes the sound of the tracks; give their folder with --data.")
    from genrelens.bundle import Bundle
    from genrelens.errors import DataError

    loaded = options.opened(data, dataset)
    name, tracks = loaded.dataset, loaded.tracks
    if name != run.report.dataset:
        raise DataError(
            f"the run was measured on {run.report.dataset!r}, but {str(data)!r} is {name!r}; give the "
            "folder of that data set"
        )
    bundle = Bundle.load(run.bundle)
    with Progress("listening", total=run.report.n_answered) as line:
        return map_run(run.report, bundle, tracks, progress=line.step)
