"""The command line: parsing, progress and exit codes; what it does lives in the other rooms.

Exit codes: 0 all well; 1 something failed, for ``predict`` some of the paths; 2 wrong usage, or a model or
recipe that cannot be used; 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

from genrelens.errors import BundleError, GenrelensError, MissingExtraError, RecipeError, TaxonomyError

_USAGE_ERRORS = (BundleError, RecipeError, TaxonomyError, MissingExtraError)


def main(args: Sequence[str] | None = None) -> None:
    """Run the program and exit. No traceback reaches a user, unless ``GENRELENS_DEBUG`` is set."""
    _replace_closed_streams()
    try:
        from genrelens.cli.app import app

        try:
            app(args=None if args is None else list(args), prog_name="genrelens")
        finally:
            sys.stdout.flush()  # what is still waiting may find the disk full: better here than while Python ends
    except GenrelensError as error:
        say(str(error))
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


def say(message: str) -> None:
    """One line on stderr, whatever the message holds and whatever the terminal can show."""
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    from genrelens.pages.wording import visible

    # Names from tags, tables and models may stand in a message: they must not steer the terminal.
    line = visible(" ".join(message.splitlines()))
    with contextlib.suppress(OSError):  # who reads errors is gone: the exit code still tells
        print("genrelens:", line.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr)
