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

Each message says what was expected, what came, and what to do.
"""

from __future__ import annotations


class GenrelensError(Exception):
    """Root of the tree; ``code`` is a short machine-readable word, the message a sentence for people."""

    code: str = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


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
