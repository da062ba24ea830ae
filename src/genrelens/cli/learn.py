"""``genrelens learn``: a model of somebody's own genres, from music that they have labelled."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genrelens.cli import options
from genrelens.cli.options import DEFAULT_CACHE, option
from genrelens.cli.terminal import Progress, notes, print_text, tell, wrote


def learn(
    music: Annotated[Path, options.argument("MUSIC", "A folder of music, or a table (.csv, .parquet).")],
    out: Annotated[Path, option("--out", "MODEL", "Where the model goes: a folder, or one file if it ends in .zip.")],
    genres_from: Annotated[
        str | None, option("--genres-from", "WHAT", "folders, tags or table (default: found out).")
    ] = None,
    multi_label: Annotated[
        bool | None,
        typer.Option(
            "--multi-label/--single-label",
            help="Several genres a track, or one (default: several if a tenth of the tracks have several).",
            show_default=False,
        ),
    ] = None,
    leave_out: Annotated[
        list[str] | None, option("--leave-out", "GENRE", "A genre not to learn; may be given again.")
    ] = None,
    leave_out_thin: Annotated[
        bool, typer.Option("--leave-out-thin", help="Leave out all genres that have too little.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, metavar="S", help="Seed of the folds.")] = 0,
    as_json: options.Json = False,
    cache: options.Cache = DEFAULT_CACHE,
) -> None:
    """Learn your own genres from your own labelled music, and say how well that will work.

    Genres are the names of folders, the column genre of a table (paths and genres, and best also artists), or the genre
    tags of the files. A genre needs at least 5 tracks of at least 2 artists. What is printed is measured on artists
    that the answering model had not heard; MODEL itself learns from everything. A file that gives no sound is left out
    and listed. Exit code: 0 when there is a model, 1 when the music will not do, 2 for wrong usage.

    \b
    Examples:
      genrelens learn ~/Music/by-genre --out my.bundle
      genrelens learn ~/Music --genres-from tags --leave-out-thin --out my.bundle
      genrelens learn labels.csv --out my.zip --json > my.json
      genrelens predict song.mp3 --model my.bundle
    """
    from genrelens.library.music import SOURCES, labelled_music

    if genres_from is not None and genres_from not in SOURCES:
        raise typer.BadParameter(f"--genres-from {genres_from}: expected {', '.join(SOURCES)}")
    if not music.expanduser().exists():
        raise typer.BadParameter(f"MUSIC {music}: there is no such folder or table")
    from genrelens import parallel
    from genrelens.library.learn import check_extra, check_out
    from genrelens.library.learn import learn as run
    from genrelens.library.task import task_of

    check_extra()
    check_out(out)
    loaded = labelled_music(music, genres_from=genres_from)
    tell(loaded)
    task = task_of(loaded, multi_label=multi_label, leave_out=leave_out or (), leave_out_thin=leave_out_thin)
    notes(task.notes[len(loaded.notes) :])
    with Progress("listened to") as line:
        learned = run(
            task,
            out=out,
            cache=cache,
            seed=seed,
            leave_out_thin=leave_out_thin,
            n_workers=parallel.n_cores(),
            progress=line.show,
        )
    print_text(learned.to_json() if as_json else learned.to_text())
    wrote(out, then=f"genrelens predict song.mp3 --model {out}")
