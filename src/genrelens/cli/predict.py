"""``genrelens predict``: the genre of files and folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genrelens.cli import options
from genrelens.cli.terminal import Progress, check_page, line, tell_passed_over

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from genrelens.audio.walk import Named
    from genrelens.bundle import Bundle
    from genrelens.bundle.answer import Answer
    from genrelens.cli.writers import Writer


def predict(
    paths: Annotated[list[str], options.argument("PATH", "Sound files and folders, or pictures (cnn-png).")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values with a header.")] = False,
    top: Annotated[int | None, options.option("--top", "N", "Show the N likeliest genres.", min=1)] = None,
    timeline: Annotated[bool, typer.Option("--timeline", help="Say what each part of a track sounds like.")] = False,
    coverage: Annotated[
        float | None,
        options.option(
            "--coverage", "P", "Name as many genres as it takes to hold the right one this often, such as 0.9."
        ),
    ] = None,
    model: options.Model = "base",
    html: Annotated[Path | None, options.option("--html", "FILE", "Also write a page with the timelines.")] = None,
    labels: Annotated[
        Path | None,
        options.option(
            "--labels",
            "FILE",
            "Also write one file's parts as labels for Audacity, or as a cue sheet where the name ends in .cue.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        options.option(
            "--workers",
            "N",
            "Processes that share the files; 0 does without. Unless told, as many as pay: none for one file.",
            min=0,
        ),
    ] = None,
) -> None:
    """Say which genre each file is, and each file in each folder.

    Prints a table, or one JSON object a line, or CSV. Sound that tells nothing gets "-" and the reason:
    silence, less than a second, no music, music unlike all that the model knows, or too close to call.
    From two files on, worker processes do the work: a file that crashes its decoder costs its own row only.
    Exit code: 0 when every path was answered, 1 when some could not be read (the others are answered all
    the same), 2 for wrong usage, 130 when stopped with Ctrl-C: what was answered by then stands, in the page, too.

    \b
    Examples:
      genrelens predict song.mp3
      genrelens predict ~/Music --top 3
      genrelens predict ~/Music --coverage 0.9
      genrelens predict ~/Music --html music.html
      genrelens predict ~/Music --workers 2
      genrelens predict mix.mp3 --labels mix.txt
      genrelens predict mix.m4a --json --timeline | jq '.windows'
      genrelens predict spectrogram.png --model runs/cnn-png
    """
    if as_json and as_csv:
        raise typer.BadParameter("give --json or --csv, not both")
    if timeline and as_csv:
        raise typer.BadParameter("a table of values cannot hold timelines: give --timeline with --json")
    if html is not None:
        check_page(html)
    if labels is not None:
        check_page(labels, option="--labels", endings=(".cue",) if labels.suffix.lower() == ".cue" else (".txt",))
    if coverage is not None and not 0 < coverage < 1:
        raise typer.BadParameter(f"--coverage should be above 0 and below 1, such as 0.9, got {coverage:g}")

    from collections import Counter

    from genrelens.audio.walk import named
    from genrelens.bundle import Bundle
    from genrelens.bundle.answer import answer_named
    from genrelens.bundle.coverage import COVERAGE
    from genrelens.bundle.find import find_bundle
    from genrelens.cli.writers import open_writer

    bundle = Bundle.load(find_bundle(model))
    bundle.check_extra()
    if coverage is not None and bundle.manifest.conformal is None:
        raise typer.BadParameter(
            f"--coverage: the model {bundle.name!r} promises none, it was not calibrated for it; leave it out"
        )
    if labels is not None and bundle.manifest.multi_label:
        raise typer.BadParameter(
            f"--labels: the model {bundle.name!r} gives several genres a track and parts none; leave it out"
        )
    passed_over: Counter[str] = Counter()
    files = list(named(paths, passed_over=passed_over))
    tell_passed_over(passed_over)
    if labels is not None and len(files) != 1:
        raise typer.BadParameter(
            f"--labels takes the parts of one file, and there are {len(files):,}; give one PATH, and call genrelens "
            "once for each"
        )
    writer = open_writer(
        "json" if as_json else "csv" if as_csv else "table",
        bundle=bundle,
        paths=[file.path for file in files],
        timeline=timeline,
        top=top,
        sets=coverage is not None,
    )
    answers = answer_named(files, bundle=bundle, coverage=coverage or COVERAGE, n_workers=workers)
    if any(_print(answers, files, writer=writer, bundle=bundle, html=html, labels=labels)):
        raise typer.Exit(1)


def _print(
    answers: Generator[Answer, None, None],
    files: Sequence[Named],
    *,
    writer: Writer,
    bundle: Bundle,
    html: Path | None,
    labels: Path | None,
) -> list[bool]:
    """Print each answer as it comes, then write the page; whether each failed. Ctrl-C keeps what is there by then."""
    from contextlib import closing

    from genrelens.bundle.answer import to_row

    page = None
    if html is not None:
        from genrelens.pages.timeline.page import TimelinePage

        page = TimelinePage(experimental=bundle.manifest.experimental)
    failed: list[bool] = []
    said: list[str] = []
    stopped: KeyboardInterrupt | None = None
    try:
        with closing(answers), Progress("files answered", total=len(files)) as progress:
            for file in files:
                progress.step(file.path)
                found = next(answers)
                failed.append(found.failed)
                if page is not None:
                    page.add(to_row(found, bundle=bundle, timeline=True, top=None))
                progress.clear()
                writer.write(found)
                if labels is not None and found.prediction is not None:
                    from genrelens.pages.labels import write_labels

                    segments = found.prediction.segments
                    if segments:
                        write_labels(labels, segments, sound=file.path)
                    said.append(f"wrote {labels}" if segments else f"nothing to write to {labels}: there are no parts")
        writer.finish()
    except KeyboardInterrupt as error:
        stopped = error
    if stopped is not None:
        said.insert(0, f"stopped: {len(failed)} of {len(files)} files answered")
    if html is not None and page is not None and (stopped is None or len(page)):
        page.write(html)
        said.append(f"wrote {html}; open it in a browser")
    if said:
        line("; ".join(said))
    if stopped is not None:
        raise stopped
    return failed
