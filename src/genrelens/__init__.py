"""genrelens: which genre a piece of music is, how sure, and when in the piece.

    >>> import genrelens
    >>> genrelens.predict("song.mp3").genre  # doctest: +SKIP
    'disco'

Everything heavy is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from genrelens.errors import GenrelensError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike

    from genrelens.bundle import Bundle, Prediction

__version__ = "0.1.0"
__all__ = ["GenrelensError", "__version__", "load", "predict"]

_default: Bundle | None = None


def load(bundle: str | Path = "base") -> Bundle:
    """Load a model: a folder, a .zip file, or the one that comes with genrelens.

    Raises :class:`genrelens.errors.BundleError` when it is missing, damaged or newer than this program.
    """
    from genrelens.bundle import Bundle

    return Bundle.load(bundle)


def predict(source: str | Path | bytes | ArrayLike, *, sample_rate: int | None = None) -> Prediction:
    """Say which genre a piece is, with the model that comes with genrelens, loaded once.

    Args:
        source: a path, the bytes of a sound file, or samples ``(n,)`` or ``(n, channels)``.
        sample_rate: of samples, in Hz; a file knows its own.

    Returns:
        A :class:`genrelens.bundle.Prediction`: ``.genre``, ``.confidence``, ``.top(3)``, ``.abstained``, ...

    Raises:
        AudioError: no sound can be had from the source.
        BundleError: this installation holds no model.
    """
    global _default
    if _default is None:
        _default = load()
    return _default.predict(source, sample_rate=sample_rate)
