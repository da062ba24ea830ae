"""The place of a page that a command is to write, looked at before the work."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import typer


def check_page(page: Path) -> None:
    """Refuse a page that cannot be written, or would take the place of what is no page: ``--html *.mp3``."""
    place = Path(os.path.realpath(page))
    try:
        mode = page.stat().st_mode
    except FileNotFoundError:
        mode = None
    except OSError as error:
        raise typer.BadParameter(f"--html {page}: {error.strerror or error}; give another name") from None
    if (mode is not None and stat.S_ISDIR(mode)) or not place.parent.is_dir():
        raise typer.BadParameter(f"--html {page}: expected a file name in a folder that exists")
    if mode is not None and not (stat.S_ISREG(mode) and page.suffix.lower() in (".html", ".htm")):
        raise typer.BadParameter(
            f"--html {page}: this is there already and is no .html file; give another name"
        )
    from tempfile import TemporaryFile

    try:
        with TemporaryFile(dir=place.parent):  # rights alone do not tell: the disk may be read-only or full
            pass
    except OSError as error:
        raise typer.BadParameter(
            f"--html {page}: no file can be written in that folder ({error.strerror or error}); give another"
        ) from None
