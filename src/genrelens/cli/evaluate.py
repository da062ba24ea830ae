"""``genrelens evaluate``: how often a model is right about tracks whose genres are known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genrelens.cli import options
from genrelens.cli.terminal import Progress, check_file, print_text, wrote

if TYPE_CHECKING:
    from collections.abc import Callable

    from genrelens.evaluation import Report


def evaluate(
    model: options.ModelArgument,
    data: options.Data = None,
    dataset: options.Dataset = None,
    split: Annotated[
        str | None, options.option("--split", "NAME", "Split of the data set, or a .json file (default: all tracks).")
    ] = None,
    part: Annotated[str | None, options.option("--part", "PART", 'Part of the split; "train+valid" joins two.')] = None,
    as_json: options.Json = False,
    out: Annotated[Path | None, options.option("--out", "FILE", "Also write the report as JSON to a file.")] = None,
    figure: Annotated[
        Path | None, options.option("--figure", "FILE", "Also draw the confusion matrix: .png, .svg or .pdf.")
    ] = None,
    seen: Annotated[bool, typer.Option("--seen", help="Measure tracks that the model was trained on, too.")] = False,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Ask with the data set's pictures in the place of sound (cnn-png).")
    ] = False,
) -> None:
    """Measure a model on one part of a data set: accuracy, each genre, what is taken for what.

    Intervals are over artists. Tracks that the model was trained on are refused, unless told --seen. A
    track that cannot be read, or is nothing but silence, is counted and listed, never dropped. Exit code: 0
    when there is a report, 1 when the data or the split is not as expected, 2 for wrong usage or an
    unusable model.

    \b
    Examples:
      genrelens evaluate runs/mine --data ~/gtzan --split fault-filtered --part valid
      genrelens evaluate runs/other/bundle --data ~/gtzan --split fault-filtered --part valid --figure confusion.png
      genrelens evaluate runs/mine --data ~/gtzan --split fault-filtered --part valid --json > report.json
      genrelens evaluate runs/png --data ~/gtzan --split s4 --part test --pictures
    """
    if (split is None) != (part is None):
        raise typer.BadParameter("give --split and --part together, or neither to take all tracks")
    for flag, path in (("--out", out), ("--figure", figure)):
        if path is not None:
            check_file(flag, path)
    draw = None if figure is None else _drawer(figure)  # before the work: a missing part should not cost it

    from genrelens.bundle import Bundle
    from genrelens.bundle.find import find_bundle
    from genrelens.data.registry import find_split, segments
    from genrelens.evaluation import evaluate as measure
    from genrelens.evaluation.evaluate import evaluate_multi_label

    bundle = Bundle.load(find_bundle(model))
    bundle.check_extra()
    if draw is not None and bundle.manifest.multi_label:
        raise typer.BadParameter(
            "--figure draws which genre is taken for which; this model gives a track several genres"
        )
    loaded = options.opened(data, dataset, pictures=pictures)
    name, tracks = loaded.dataset, loaded.tracks
    chosen = None if split is None else find_split(split, dataset=name, tracks=tracks)
    if chosen is not None and part is not None:
        tracks = chosen.part(segments(name, tracks, leaks=chosen.leaks), part)
    with Progress("tracks answered") as line:
        if bundle.manifest.multi_label:
            labelled = evaluate_multi_label(bundle, tracks, split=chosen, part=part, seen=seen, progress=line.show)
            answer_json, answer_text = labelled.to_json(), labelled.to_text()
        else:
            report = measure(bundle, tracks, split=chosen, part=part, seen=seen, progress=line.show)
            answer_json, answer_text = report.to_json(), report.to_text()
    if out is not None:
        _write(out, answer_json)
    if draw is not None:
        draw(report)
    print_text(answer_json if as_json else answer_text)


def _drawer(path: Path) -> Callable[[Report], None]:
    """What draws the confusion matrix to a file, or :class:`MissingExtraError`."""
    from genrelens.errors import check_extra

    check_extra("matplotlib", needed_for="--figure")
    from genrelens.pages.figure_style import check_suffix, save
    from genrelens.pages.runs.report_figures import confusion_figure

    check_suffix(path)

    def draw(report: Report) -> None:
        save(confusion_figure(report), path)
        wrote(path)

    return draw


def _write(path: Path, text: str) -> None:
    from genrelens.errors import DataError
    from genrelens.files import write_whole

    try:
        write_whole(path, text)
    except OSError as error:
        raise DataError(f"the report {str(path)!r} cannot be written: {error.strerror or error}") from error
    wrote(path, then=f"genrelens report {path} --out look draws it")
