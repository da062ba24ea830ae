"""The command line: parsing, progress and exit codes; what it does lives in the other rooms.

Exit codes: 0 all well; 1 something failed, for ``predict`` some of the paths; 2 wrong usage, or a model or
recipe that cannot be used; 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Any

from genrelens.errors import BundleError, GenrelensError, MissingExtraError, RecipeError, TaxonomyError

_USAGE_ERRORS = (BundleError, RecipeError, TaxonomyError, MissingExtraError)


def main(args: Sequence[str] | None = None) -> None:
    """Run the program and exit. No traceback reaches a user, unless ``GENRELENS_DEBUG`` is set."""
    _replace_closed_streams()
    try:
        sys.exit(_run(args))
    except GenrelensError as error:
        from genrelens.cli.usage import error_text

        say(error_text(error))
        sys.exit(2 if isinstance(error, _USAGE_ERRORS) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # who reads has read enough
        _drop_output()
        sys.exit(1)
    except OSError as error:  # a full disk, a folder that may not be read: the system says what it is
        if os.environ.get("GENRELENS_DEBUG"):
            raise
        _drop_output()
        say(f"{error.strerror or error}" + (f": {error.filename!r}" if error.filename else ""))
        sys.exit(1)
    except Exception as error:
        if os.environ.get("GENRELENS_DEBUG"):
            raise
        say(
            f"internal error: {type(error).__name__}: {error} (this is a fault of genrelens; "
            "set GENRELENS_DEBUG=1 to see where, and please report it)"
        )
        sys.exit(1)


def _run(args: Sequence[str] | None) -> int:
    """Run the command; its exit code. Wrong usage is told in our own words."""
    import typer

    from genrelens.cli.app import app

    wrong_usage: Any = typer.BadParameter.__mro__[1]  # typer has no name for it
    try:
        return int(app(args=None if args is None else list(args), prog_name="genrelens", standalone_mode=False) or 0)
    except wrong_usage as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()
        else:
            from genrelens.cli.usage import usage_text

            say(usage_text(error))
        return 2
    finally:
        sys.stdout.flush()  # what is still waiting may find the disk full: better here than while Python ends


def say(message: str) -> None:
    """One line on stderr, beginning with the program's name."""
    from genrelens.cli.terminal import say

    say(message)


def _replace_closed_streams() -> None:
    """What is printed where nobody listens (``>&-``, pythonw) goes nowhere, and the work is done all the same.

    The numbers 0 to 2 are taken, too: a file would get the first that is free, and with it all that C code prints.
    """
    nowhere = os.open(os.devnull, os.O_RDWR)
    while nowhere < 3:
        os.set_inheritable(nowhere, True)  # a process that this one starts has none of its own either
        nowhere = os.open(os.devnull, os.O_RDWR)
    os.close(nowhere)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or stream.closed:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  (open to the end)


def _drop_output() -> None:
    """Send what could not be written nowhere: Python would try again at its end, with a traceback and exit 120."""
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    with contextlib.suppress(OSError, ValueError):  # a stdout of a test or a notebook has no number
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
