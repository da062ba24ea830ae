"""``genrelens fingerprint``: what defines a genre to a model."""

from __future__ import annotations

from typing import Annotated

import typer

from genrelens.cli import options
from genrelens.cli.terminal import Progress, wrote
from genrelens.errors import check_extra


def fingerprint(
    bundle: options.ModelArgument,
    out: options.OutFolder,
    data: options.Data = None,
    dataset: options.Dataset = None,
    split: options.SplitName = None,
    part: Annotated[
        str | None,
        options.option("--part", "PART", 'Part of the split; "train+valid" joins two (default: all but test).'),
    ] = None,
    per_genre: Annotated[int, typer.Option("--per-genre", min=1, metavar="N", help="Tracks of a genre, at most.")] = 25,
    seed: Annotated[int, typer.Option(min=0, metavar="S", help="Another seed draws other tracks.")] = 0,
    sounds: options.Sounds = False,
    workers: options.Workers = None,
) -> None:
    """Say what defines each genre to a model: frequencies, sound, typical and mistaken tracks, heads, the map's axis.

    Every track is explained for its own genre. Per genre: which ranges of frequencies speak for it, how the seconds
    that counted differ from the rest of their track, and how the genre differs from the others, over artists and
    corrected for many tests. Writes into DIR: fingerprint.html, a page for people; fingerprint.json, fingerprint.md,
    tables and figures. Prints the sentences. Takes some 3 s a track and core for the shipped model.

    \b
    Examples:
      genrelens fingerprint base --data ~/gtzan --out prints
      genrelens fingerprint runs/t44 --data ~/gtzan --part valid --per-genre 10 --out prints
    """
    check_extra("matplotlib", "sklearn", "librosa", needed_for="genrelens fingerprint")
    from genrelens import parallel
    from genrelens.bundle import Bundle
    from genrelens.bundle.find import find_bundle
    from genrelens.explanation.sound import check_several
    from genrelens.pages.profile import files as fingerprint_files
    from genrelens.pages.profile import words as fingerprint_words
    from genrelens.pages.wording import visible
    from genrelens.profile.build import Asked, build
    from genrelens.profile.track import choose, collect, tagger_of

    model = Bundle.load(find_bundle(bundle))
    check_several(model)
    tagger = tagger_of(model)
    selection = options.selected(data, dataset, split, part)
    there = selection.selected.tracks
    chosen = choose(there, per_genre=per_genre, seed=seed)
    fingerprint_files.FOLDER.claim(out)
    with Progress("listening") as line:
        heard, left_out = collect(
            model, chosen, tagger=tagger, n_workers=workers or parallel.n_cores(), progress=line.show
        )
        found = build(
            model,
            tagger=tagger,
            tracks=heard,
            left_out=left_out,
            asked=Asked(
                f"{selection.dataset}, split {selection.split.name}, {_parts(selection.part)}",
                len(there),
                per_genre,
                seed,
            ),
            stage=lambda what: line.show(len(heard), len(chosen), what=what),
        )
        written = fingerprint_files.write(found, out=out, tracks=chosen, sounds=sounds)
    for sentence in fingerprint_words.lead(found):
        typer.echo(visible(sentence))
    for genre in found.genres:
        sentences = fingerprint_words.genre_sentences(found, genre)
        typer.echo("\n" + visible(f"{genre.genre}: {' '.join(sentences)}"))
    wrote(*written, then=f"open {out / 'fingerprint.html'}")


def _parts(part: str) -> str:
    return f"part{'s' if '+' in part else ''} {part.replace('+', ' and ')}"
