"""``genrelens fingerprint``: what defines a genre to a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genrelens.cli.extras import check_extra
from genrelens.cli.train import DataOption, DatasetOption, SplitOption

if TYPE_CHECKING:
    from genrelens.data import Split


def fingerprint(
    bundle: Annotated[
        str,
        typer.Argument(
            metavar="BUNDLE", help="A model: a run, a bundle's path, or base.", show_default=False
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder to write to; new, or that of an earlier run.",
            show_default=False,
        ),
    ],
    data: DataOption = None,
    dataset: DatasetOption = None,
    split: SplitOption = None,
    part: Annotated[
        str | None,
        typer.Option(
            "--part",
            metavar="PART",
            help='Part of the split; "train+valid" joins two (default: all but test).',
            show_default=False,
        ),
    ] = None,
    per_genre: Annotated[
        int, typer.Option("--per-genre", min=1, metavar="N", help="Tracks of a genre, at most.")
    ] = 25,
    seed: Annotated[int, typer.Option(min=0, metavar="S", help="Another seed draws other tracks.")] = 0,
    sounds: Annotated[
        bool,
        typer.Option(
            "--sounds", help="Let the page play the typical tracks: for yourself, not for publishing."
        ),
    ] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, metavar="K", help="Processes (default: one a core).")
    ] = None,
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
    from genrelens.cli.evaluate import find_bundle
    from genrelens.cli.progress import CountLine
    from genrelens.cli.tracks import find_split, load_tracks
    from genrelens.data import registry
    from genrelens.explanation.sound import check_several
    from genrelens.pages.profile import files as fingerprint_files
    from genrelens.pages.profile import words as fingerprint_words
    from genrelens.pages.profile.fingerprint import Asked, build
    from genrelens.pages.wording import visible
    from genrelens.profile.track import choose, collect, tagger_of

    model = Bundle.load(find_bundle(bundle))
    check_several(model)
    tagger = tagger_of(model)
    name, tracks = load_tracks(data, dataset=dataset)
    named_split = find_split(split, dataset=name, tracks=tracks)
    asked_part = part or _all_but_test(named_split)
    faulty = registry.never_train(name)
    there = [track for track in named_split.part(tracks, asked_part) if track.id not in faulty]
    chosen = choose(there, per_genre=per_genre, seed=seed)
    fingerprint_files.FOLDER.claim(out)
    with CountLine("listening") as line:
        heard, left_out = collect(
            model,
            chosen,
            tagger=tagger,
            n_workers=workers or parallel.n_cores(),
            progress=line.show,
        )
        found = build(
            model,
            tagger=tagger,
            tracks=heard,
            left_out=left_out,
            asked=Asked(
                f"{name}, split {named_split.name}, {_parts(asked_part)}", len(there), per_genre, seed
            ),
            stage=lambda what: line.show(len(heard), len(chosen), what=what),
        )
        written = fingerprint_files.write(found, out=out, tracks=chosen, sounds=sounds)
    for sentence in fingerprint_words.lead(found):
        typer.echo(visible(sentence))
    for genre in found.genres:
        sentences = fingerprint_words.genre_sentences(found, genre)
        typer.echo("\n" + visible(f"{genre.genre}: {' '.join(sentences)}"))
    typer.echo(f"wrote {', '.join(str(path) for path in written)}", err=True)


def _all_but_test(split: Split) -> str:
    parts = [name for name in split.parts if name != "test" and split.parts[name]]
    return "+".join(parts or list(split.parts))


def _parts(part: str) -> str:
    return f"part{'s' if '+' in part else ''} {part.replace('+', ' and ')}"
