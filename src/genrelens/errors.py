"""Every error that genrelens raises on purpose.

    GenrelensError
    ├── AudioError          sound that cannot be read
    ├── TaxonomyError       a genre name nobody knows
    ├── DataError           a data set, a split or a table that is not as it should be
    │   └── SplitError      a split that overlaps where it says it does not
    ├── RecipeError         a recipe with an unknown key or a wrong value
    ├── BundleError         a saved model that is damaged, missing or newer than this program
    │   └── SeenTracksError an evaluation on tracks the model was trained on
    ├── TrainingError       a run that cannot start, go on or be resumed
    └── MissingExtraError   an optional part that is not installed

Each message says what was expected and what came; ``hint`` says what to do. Neither names a command-line option: the
command line adds its own, by the error's ``code``.
"""

from __future__ import annotations

from collections.abc import Collection
from importlib.util import find_spec


class GenrelensError(Exception):
    """Root of the tree; as text it is ``'source': message; hint``, with what there is of them.

    Attributes:
        code: a short machine-readable word.
        message: a sentence for people.
        source: the file, folder or name that it is about, for messages that do not name it themselves.
        hint: what to do about it.
    """

    code: str = "error"

    def __init__(
        self, message: str, *, code: str | None = None, source: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message, self.source, self.hint = message, source, hint
        if code is not None:
            self.code = code

    @property
    def sentence(self) -> str:
        """``message`` and ``hint``, without ``source``: for where that is named already, or nobody's business."""
        return self.message if self.hint is None else f"{self.message}; {self.hint}"

    def __str__(self) -> str:
        return self.sentence if self.source is None else f"{self.source!r}: {self.sentence}"

    def __reduce__(self) -> tuple[object, ...]:
        """Errors come back from worker processes whole, whatever their own ``__init__`` takes."""
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[GenrelensError], args: tuple[object, ...], state: dict[str, object]) -> GenrelensError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class AudioError(GenrelensError):
    """Sound that cannot be read.

    Codes: ``missing``, ``not_a_file``, ``permission``, ``empty``, ``not_audio``, ``no_sound``, ``damaged``,
    ``protected``, ``not_finite``, ``bad_samples``, of descriptors ``too_short``, ``too_long``, and of a picture in the
    place of sound ``bad_picture``.
    """

    code = "not_audio"


class TaxonomyError(GenrelensError):
    """A genre name that the taxonomy does not know."""

    code = "unknown_genre"


class DataError(GenrelensError):
    """A data set, split or table that is not as it should be."""

    code = "bad_data"


class SplitError(DataError):
    """A split whose parts overlap in a way that it does not declare, or that does not fit the tracks."""

    code = "bad_split"


class RecipeError(GenrelensError):
    """A recipe with an unknown key, a wrong type or values that do not fit each other."""

    code = "bad_recipe"


class BundleError(GenrelensError):
    """A saved model that is missing, damaged, or written by a newer genrelens."""

    code = "bad_bundle"


class SeenTracksError(BundleError):
    """An evaluation on tracks that the model has been trained on."""

    code = "seen_tracks"


class TrainingError(GenrelensError):
    """A training that cannot start, go on or be resumed."""

    code = "bad_run"


class MissingExtraError(GenrelensError):
    """An optional part of genrelens that is not installed."""

    code = "missing_extra"

    def __init__(self, extra: str, *, needed_for: str) -> None:
        super().__init__(
            f"{needed_for} needs an optional part that is not installed: pip install '.[{extra}]' "
            "in a checkout of genrelens"
        )
        self.extra = extra


def check_extra(*modules: str, needed_for: str, extra: str = "train") -> None:
    """Raise :class:`MissingExtraError` where one of the modules is not installed; none is imported.

    It is asked before the work, which a missing part should not cost.
    """
    for module in modules:
        try:
            missing = find_spec(module) is None
        except ValueError:  # what Python says of a module that was taken away
            missing = True
        if missing:
            raise MissingExtraError(extra, needed_for=needed_for)


def did_you_mean(name: str, names: Collection[str]) -> str:
    """``"; did you mean 'jazz'?"`` where one of ``names`` is much like ``name``, else nothing."""
    from difflib import get_close_matches

    spelt = {one.lower(): one for one in names}
    near = get_close_matches(name.lower(), spelt, n=1)
    return f"; did you mean {spelt[near[0]]!r}?" if near else ""
