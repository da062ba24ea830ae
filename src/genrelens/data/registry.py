"""The data sets that genrelens knows by name. Adding one is a module, a line here and a row in a test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from genrelens.data import gtzan, synthetic
from genrelens.data.root import data_root
from genrelens.data.split import Split
from genrelens.data.track import Track
from genrelens.errors import DataError
from genrelens.taxonomy import GTZAN, Taxonomy


def _gtzan_tracks(root: Path) -> tuple[Track, ...]:
    return gtzan.load(root).tracks


DATASETS: Final[Mapping[str, Callable[[Path], tuple[Track, ...]]]] = {
    gtzan.DATASET: _gtzan_tracks,
    synthetic.DATASET: synthetic.load,
}
"""Name -> loader of the tracks below a folder."""

TAXONOMIES: Final[Mapping[str, Taxonomy]] = {gtzan.DATASET: GTZAN, synthetic.DATASET: synthetic.SYNTHETIC}
"""Name -> the genres, in class order."""

_DETECTORS: Final[Mapping[str, Callable[[Path], bool]]] = {
    synthetic.DATASET: synthetic.is_corpus,
    gtzan.DATASET: gtzan.is_gtzan,
}


def load(root: Path | str | None = None, *, dataset: str | None = None) -> tuple[Track, ...]:
    """The tracks of a data set below ``root`` (``None``: the folder that ``GENRELENS_DATA`` names).

    ``dataset`` is a key of :data:`DATASETS`; ``None`` finds out which it is. Raises :class:`DataError` on an
    unknown name, or a folder that is none of them.
    """
    folder = data_root(root)
    return DATASETS[detect(folder) if dataset is None else _known(dataset)](folder)


def detect(root: Path | str | None = None) -> str:
    """The name of the data set below a folder. Raises :class:`DataError` when it is none that is known."""
    folder = data_root(root)
    for name, is_it in _DETECTORS.items():
        if is_it(folder):
            return name
    raise DataError(
        f"{str(folder)!r} holds none of the data sets that genrelens knows ({', '.join(DATASETS)}): expected "
        f"GTZAN's genre folders with files like blues/blues.00000.wav, or {synthetic.MARKER}; give the data "
        "set's own folder",
        code="unknown_dataset",
    )


def split(dataset: str, name: str, *, tracks: Iterable[Track] = ()) -> Split:
    """A split of a data set by name; :class:`SplitError` when there is none of that name.

    GTZAN's come with genrelens; those of the synthetic corpus are computed from ``tracks``, which must be all of them.
    """
    if _known(dataset) == gtzan.DATASET:
        return gtzan.split(name)
    return synthetic.split(name, tracks=tracks)


def never_train(dataset: str) -> frozenset[str]:
    """Ids of a data set that are known to be faulty: for the audit, never for training or calibration."""
    return gtzan.facts().left_out if _known(dataset) == gtzan.DATASET else frozenset()


def _known(dataset: str) -> str:
    if dataset not in DATASETS:
        raise DataError(
            f"unknown data set {dataset!r}; known data sets: {', '.join(DATASETS)}", code="unknown_dataset"
        )
    return dataset
