"""Whether an optional part is installed, asked before the work: a missing part should not cost it."""

from __future__ import annotations

from importlib.util import find_spec


def check_extra(*modules: str, needed_for: str, extra: str = "train") -> None:
    """Raise :class:`MissingExtraError` naming the extra where one of the modules is not there; none is imported."""
    from genrelens.errors import MissingExtraError

    for module in modules:
        try:
            missing = find_spec(module) is None
        except ValueError:  # what Python says of a module that was taken away
            missing = True
        if missing:
            raise MissingExtraError(extra, needed_for=needed_for)
