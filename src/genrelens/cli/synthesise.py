"""``genrelens synthesise``: music made by the program, to try it and to test it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from genrelens.cli import options
from genrelens.cli.terminal import check_folder, line


class AudioFormat(StrEnum):
    """Formats that clips can be written in."""

    wav = "wav"


def synthesise(
    folder: Annotated[Path, options.argument("DIR", "Folder to write to; made if absent.")],
    per_style: Annotated[int, typer.Option("--per-style", min=1, metavar="N", help="Clips of each style.")] = 1,
    seed: Annotated[int, typer.Option(min=0, metavar="S", help="Another seed makes other clips.")] = 0,
    duration: Annotated[float, typer.Option(min=1.0, max=3600.0, metavar="S", help="Seconds of each clip.")] = 30.0,
    file_format: Annotated[AudioFormat, typer.Option("--format", help="File format.")] = AudioFormat.wav,
) -> None:
    """Make a few clips of synthetic music to try the program with.

    Ten styles, one folder each; the same seed gives the same files. The clips are made by simple rules: they
    are no real music, and what a model says about them says little about the model.

    \b
    Example:
      genrelens synthesise demo/music --per-style 2 --duration 12
    """
    check_folder("DIR", folder)

    from genrelens.data import synthetic

    tracks = synthetic.write_corpus(folder, n_per_style=per_style, seed=seed, duration_s=duration)
    typer.echo(f"wrote {len(tracks)} clips in {len({track.genre for track in tracks})} styles to {folder}")
    line(f"next: genrelens predict {folder}")
