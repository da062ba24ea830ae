"""``genrelens explain``: why a track got its genre, to see, to hear and to check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from genrelens.cli import options
from genrelens.cli.terminal import Progress, wrote

if TYPE_CHECKING:
    from genrelens.explanation.explain import Explained


def explain(
    file: Annotated[str, options.argument("FILE", "One sound file.")],
    out: options.OutFolder,
    genre: Annotated[
        str | None, options.option("--class", "GENRE", "Explain this genre instead of the likeliest; any spelling.")
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="METHOD",
            help="occlusion-in-turn, occlusion-both, occlusion, occlusion-silence; of models with attention also "
            "attention, rollout, attention-layer1-head1; with the extra [train] also integrated-gradients, "
            "attention-gradient.",
        ),
    ] = "occlusion-in-turn",
    model: options.Model = "base",
) -> None:
    """Say why a file got its genre: which moments and which frequencies count, and whether that is so.

    Writes into DIR: report.html, a page to look at and listen to; explanation.json, all numbers; explanation.png; and
    the reasons as sound: reasons.flac, only what counted, and without.flac, the rest. Prints the reasons in words.
    Every explanation is checked: how far the genre falls when the moments it points at are taken out, against
    moments picked by chance. A file longer than 3 minutes is explained over its most decisive 3.

    \b
    Examples:
      genrelens explain song.mp3 --out why
      genrelens explain song.mp3 --class disco --out why-not-disco
      genrelens explain song.mp3 --method rollout --model my-transformer.zip --out why
    """
    from genrelens.bundle import Bundle
    from genrelens.bundle.find import find_bundle
    from genrelens.explanation.explain import explain as explained_by
    from genrelens.pages.explanation.files import FOLDER, write_explanation

    bundle = Bundle.load(find_bundle(model))
    with FOLDER.claimed(out):
        with Progress("listening without part") as progress:
            found = explained_by(file, bundle=bundle, genre=genre, method=method, progress=progress.show)
            progress.show(0, None, what="writing")
        written = write_explanation(out, path=file, explained=found, bundle=bundle)
    _say(file, found)
    wrote(*written, then=f"open {out / 'report.html'}")


def _say(path: str, found: Explained) -> None:
    from genrelens.pages.explanation import words
    from genrelens.pages.explanation.check import truth
    from genrelens.pages.explanation.files import NOTHING
    from genrelens.pages.wording import visible

    explanation, prediction = found.explanation, found.prediction
    if explanation is None:
        typer.echo(f"{visible(path)}: {NOTHING}")
        return
    typer.echo(visible(f"{path}: {words.answer(explanation, prediction)}"))
    lines = [
        ("when", words.moments(explanation)),
        ("where", words.frequencies(explanation)),
        ("tempo", words.beat(explanation)),
        ("sounds", words.sounds_like(prediction)),
        ("change", words.change(explanation, prediction)),
        ("check", truth(explanation)),
        *(("note", note) for note in words.notes(explanation)),
    ]
    for what, sentence in lines:
        if sentence:
            typer.echo(visible(f"  {what:<7} {sentence}"))
