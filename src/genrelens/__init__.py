"""genrelens: which genre music is, how sure that is, when in the track, and what in the sound makes it so.

    >>> import genrelens
    >>> one = genrelens.predict("song.mp3")             # doctest: +SKIP
    >>> one.genre, one.confidence                       # doctest: +SKIP
    ('disco', 0.93)
    >>> one.top(3)                                      # doctest: +SKIP
    [('disco', 0.93), ('pop', 0.05), ('hiphop', 0.01)]

``one.genre`` is None where the model does not know: ``one.reason`` says why, and ``one.guess`` what it would have said.
``one.window_times_s`` and ``one.window_probabilities`` say when, ``one.tags`` what else it sounds like.

A model is loaded once and used for many files::

    model = genrelens.load("base")                      # or "lite", "plus", a folder, a .zip file
    for found in model.predict(["a.mp3", "b.flac"]):
        print(found.genre or found.reason)

Why that genre, by taking parts of the sound out::

    why = model.explain("song.mp3")
    why.segments[0], why.faithfulness.verdict           # moments with their scores; whether they were found to matter

A model of your own genres, from folders named after them (needs the extra ``[train]``)::

    mine = genrelens.learn("~/Music/sorted", out="my-genres.zip")

Everything that goes wrong raises a :class:`GenrelensError` with a ``code`` and a sentence. Heavy libraries are imported
on first use. The command ``genrelens`` does all of this, and more, from a terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genrelens.errors import GenrelensError

if TYPE_CHECKING:
    from pathlib import Path

    from genrelens.bundle.predict import Source
    from genrelens.model import Explanation, Model, Prediction, learn

__version__ = "0.1.0"
__all__ = ["Explanation", "GenrelensError", "Model", "Prediction", "__version__", "explain", "learn", "load", "predict"]


def load(name_or_path: str | Path = "base") -> Model:
    """Load a model: ``"base"``, ``"lite"`` or ``"plus"``, which come with genrelens, or a folder or .zip file.

    Raises :class:`genrelens.errors.BundleError` when it is missing, damaged or newer than this program.
    """
    from genrelens.model import Model

    return Model.load(name_or_path)


def predict(source: Source, *, sample_rate: int | None = None, model: str | Path | Model = "base") -> Prediction:
    """Say which genre a track is.

    Args:
        source: a path, the bytes of a sound file, a binary file object, or samples ``(n,)`` or ``(n, channels)``.
        sample_rate: of samples, in Hz; a file knows its own.
        model: a model, or the name or path of one, which is loaded once and kept.

    Returns:
        A :class:`Prediction`: ``.genre`` (None where it abstains), ``.guess``, ``.confidence``, ``.top(3)``, ...

    Raises:
        AudioError: no sound can be had from the source.
        BundleError: the model is missing or damaged.
    """
    from genrelens.model import model as loaded

    return loaded(model).predict(source, sample_rate=sample_rate)


def explain(
    source: Source, *, genre: str | None = None, sample_rate: int | None = None, model: str | Path | Model = "base"
) -> Explanation:
    """Say which moments and frequencies speak for a genre: :meth:`Model.explain`, with a model kept as in predict."""
    from genrelens.model import model as loaded

    return loaded(model).explain(source, genre=genre, sample_rate=sample_rate)


def __getattr__(name: str) -> Any:
    if name in ("Explanation", "Model", "Prediction", "learn"):
        if name == "Explanation":
            from genrelens.explanation.explanation import Explanation

            return Explanation
        import genrelens.model

        return getattr(genrelens.model, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
