"""``genrelens evaluate``: how often a model is right about tracks whose genres are known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genrelens.cli.text import print_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from genrelens.evaluation import Report


def evaluate(
    model: Annotated[
        str,
        typer.Argument(
            metavar="RUN_OR_BUNDLE",
            help="A run's folder, a saved model (folder or .zip), base or lite.",
            show_default=False,
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of the data set (default: $GENRELENS_DATA).", show_default=False
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Which data set it is (default: found out).", show_default=False),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Split of the data set, or a .json file (default: all tracks).",
            show_default=False,
        ),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(metavar="PART", help='Part of the split; "train+valid" joins two.', show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write the report as JSON to a file.", show_default=False),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also draw the confusion matrix: .png, .svg or .pdf.", show_default=False
        ),
    ] = None,
    seen: Annotated[
        bool, typer.Option("--seen", help="Measure tracks that the model was trained on, too.")
    ] = False,
    pictures: Annotated[
        bool,
        typer.Option("--pictures", help="Ask with the data set's pictures in the place of sound (cnn-png)."),
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
    for option, path in (("--out", out), ("--figure", figure)):
        if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
            raise typer.BadParameter(f"{option} {path}: expected a file name in a folder that exists")
    draw = None if figure is None else _drawer(figure)  # before the work: a missing part should not cost it

    from genrelens.bundle import Bundle
    from genrelens.cli.progress import ProgressLine
    from genrelens.cli.tracks import find_split, fitting, load_pictures, load_tracks
    from genrelens.evaluation import evaluate as measure
    from genrelens.evaluation.evaluate_multi_label import evaluate_multi_label

    bundle = Bundle.load(find_bundle(model))
    bundle.check_extra()
    if draw is not None and bundle.manifest.multi_label:
        raise typer.BadParameter(
            "--figure draws which genre is taken for which; this model gives a piece several genres"
        )
    name, tracks = (load_pictures if pictures else load_tracks)(data, dataset=dataset)
    chosen = None if split is None else find_split(split, dataset=name, tracks=tracks)
    if chosen is not None and part is not None:
        tracks = chosen.part(fitting(chosen, dataset=name, tracks=tracks), part)
    with ProgressLine(total=len(tracks)) as line:

        def show(done: int, total: int) -> None:
            if done < total:
                line.show(tracks[done].id)

        if bundle.manifest.multi_label:
            labelled = evaluate_multi_label(bundle, tracks, split=chosen, part=part, seen=seen, progress=show)
            answer_json, answer_text = labelled.to_json(), labelled.to_text()
        else:
            report = measure(bundle, tracks, split=chosen, part=part, seen=seen, progress=show)
            answer_json, answer_text = report.to_json(), report.to_text()
    if out is not None:
        _write(out, answer_json)
    if draw is not None:
        draw(report)
    print_text(answer_json if as_json else answer_text)


def find_bundle(model: str) -> str:
    """The bundle that a path means: itself, or the one inside a run's folder. Raises :class:`BundleError`."""
    from genrelens.bundle.predict import SHIPPED
    from genrelens.errors import BundleError

    folder = Path(model)
    if model in SHIPPED or not folder.is_dir() or (folder / "manifest.json").is_file():
        return model  # a .zip file, a bundle, or nothing at all: loading it will tell
    for name in ("bundle", "model.bundle"):
        if (folder / name / "manifest.json").is_file():
            return str(folder / name)
    if (folder / "run.json").is_file():
        raise BundleError(
            f"{model} is a run that has no model yet: let the training finish, or resume it with --resume"
        )
    raise BundleError(
        f"{model} is neither a saved model (it has no manifest.json) nor a run (it has no bundle folder); "
        "give the folder that genrelens train wrote, or a model"
    )


def _drawer(path: Path) -> Callable[[Report], None]:
    """What draws the confusion matrix to a file, or :class:`MissingExtraError`."""
    from genrelens.errors import MissingExtraError

    try:
        from genrelens.pages.figure_style import check_suffix, save
        from genrelens.pages.runs.report_figures import confusion_figure
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != "matplotlib":
            raise
        raise MissingExtraError("train", needed_for="--figure") from error
    check_suffix(path)

    def draw(report: Report) -> None:
        save(confusion_figure(report), path)
        typer.echo(f"wrote {path}", err=True)

    return draw


def _write(path: Path, text: str) -> None:
    from genrelens.errors import DataError
    from genrelens.files import write_whole

    try:
        write_whole(path, text)
    except OSError as error:
        raise DataError(f"the report {str(path)!r} cannot be written: {error.strerror or error}") from error
    typer.echo(f"wrote {path}", err=True)
