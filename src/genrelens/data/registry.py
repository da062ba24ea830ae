"""The data sets that genrelens knows by name. Adding one is a module, a line here and a row in a test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from genrelens.data import fma, gtzan, synthetic
from genrelens.data.levels import levels
from genrelens.data.own_music import folder, table, tags
from genrelens.data.own_music.tracks import OwnMusic, one_genre_note
from genrelens.data.root import VARIABLE, data_root
from genrelens.data.splits import grouped as grouped_splits
from genrelens.data.splits.split import Split
from genrelens.data.track import Track
from genrelens.errors import DataError, SplitError
from genrelens.taxonomy import FMA, FMA_SMALL, GTZAN, Taxonomy


@dataclass(frozen=True, slots=True)
class Loaded:
    """A data set at hand: ``left_out`` are pairs of what is not among ``tracks`` and why, ``notes`` sentences about
    anything else that was odd, ``lost`` genres all of whose files are left out, ``root`` where it lies (at or below the
    folder that was given), ``passed_over`` how many files beside its sound are none, by ending.
    """

    dataset: str
    tracks: tuple[Track, ...]
    taxonomy: Taxonomy
    left_out: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    root: Path = Path()
    passed_over: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dataset:
    """What is to be known of a data set: how it is told and loaded, its genres (``None``: those that its tracks have),
    and its own splits, the first of which is the usual one.
    """

    is_it: Callable[[Path], bool]
    load: Callable[[Path], OwnMusic]
    taxonomy: Taxonomy | None = None
    splits: tuple[str, ...] = ()
    split: Callable[[str, tuple[Track, ...]], Split] | None = None


def _synthetic(root: Path) -> OwnMusic:
    return OwnMusic(synthetic.load(root))


def _gtzan(root: Path) -> OwnMusic:
    data = gtzan.load(root)
    return OwnMusic(data.tracks, data.unreadable, notes=data.notes, passed_over=data.passed_over)


def _fma(root: Path, *, subset: str) -> OwnMusic:
    data = fma.load(root, subset=subset)
    notes = (f"{len(data.missing)} tracks of FMA {subset} have no clip here",) if data.missing else ()
    return OwnMusic(data.tracks, data.left_out, notes=data.notes + notes, passed_over=data.passed_over)


def _fma_dataset(subset: str) -> Dataset:
    return Dataset(
        is_it=partial(fma.is_fma, subset=subset),
        load=partial(_fma, subset=subset),
        taxonomy=FMA_SMALL if subset == "small" else FMA,
        splits=(fma.OFFICIAL,),
        split=lambda name, tracks: fma.split(name, tracks=tracks),
    )


DATASETS: Final[Mapping[str, Dataset]] = {
    synthetic.DATASET: Dataset(
        is_it=synthetic.is_corpus,
        load=_synthetic,
        taxonomy=synthetic.SYNTHETIC,
        splits=(synthetic.BY_TIMBRE,),
        split=lambda name, tracks: synthetic.split(name, tracks=tracks),
    ),
    gtzan.DATASET: Dataset(
        is_it=gtzan.is_gtzan,
        load=_gtzan,
        taxonomy=GTZAN,
        splits=tuple(gtzan.SPLITS),
        split=lambda name, tracks: gtzan.split(name),
    ),
    "fma_small": _fma_dataset("small"),
    "fma_medium": _fma_dataset("medium"),
    "fma_large": _fma_dataset("large"),
    table.DATASET: Dataset(is_it=table.is_table, load=table.load),
    folder.DATASET: Dataset(is_it=folder.is_folder_of_genres, load=folder.load),
    tags.DATASET: Dataset(is_it=tags.holds_music, load=tags.load),
}
"""Name -> data set, in the order in which :func:`detect` asks; the last two take whatever music there is."""

_ANY_MUSIC: Final = (folder.DATASET, tags.DATASET)


def load(root: Path | str | None = None, *, dataset: str | None = None) -> tuple[Track, ...]:
    """The tracks of a data set below ``root`` (``None``: the folder that ``GENRELENS_DATA`` names).

    ``dataset`` is a key of :data:`DATASETS`; ``None`` finds out which it is. Raises :class:`DataError` on an
    unknown name, or a folder that is none of them.
    """
    return open_dataset(root, dataset=dataset).tracks


def open_dataset(root: Path | str | None = None, *, dataset: str | None = None) -> Loaded:
    """As :func:`load`, with the genres, what is left out and why, and what was odd.

    A folder a level too high will do where all its music lies in one folder (:func:`~genrelens.data.levels.levels`).
    """
    given = _place(root)
    notes: list[str] = []
    if dataset is None:
        candidates, place = _detected(given)
        dataset = candidates[0]
        if len(candidates) > 1:
            notes.append(
                f"{str(place)!r} holds {' and '.join(candidates)}: {dataset} is taken; name the other to take that"
            )
    else:
        place = _level(given, _known(dataset))
    if place != given:
        notes.append(f"the data set {dataset} is the one in {str(place)!r}, where all the music is")
    music = DATASETS[dataset].load(place)
    notes += music.notes
    notes += one_genre_note({track.genre for track in music.tracks}, of_folders=dataset in _ANY_MUSIC)
    return Loaded(
        dataset,
        music.tracks,
        taxonomy(dataset, music.tracks),
        tuple(music.left_out),
        tuple(notes),
        music.lost,
        place,
        music.passed_over,
    )


def detect(root: Path | str | None = None) -> str:
    """The name of the data set below a folder, of several the first in the order of :data:`DATASETS`.

    Raises :class:`DataError` when it is none that is known.
    """
    return _detected(_place(root))[0][0]


def taxonomy(dataset: str, tracks: Iterable[Track]) -> Taxonomy:
    """The genres of a data set in class order: its own, or those of ``tracks`` in alphabetical order."""
    own = DATASETS[_known(dataset)].taxonomy
    return own if own is not None else Taxonomy(tuple(sorted({track.genre for track in tracks})))


def split(dataset: str, name: str, *, tracks: Iterable[Track] = ()) -> Split:
    """A split of a data set by name (:func:`splits`); :class:`SplitError` when there is none of that name.

    GTZAN's come with genrelens; the others are computed from ``tracks``, which must be all of them, without those that
    are never to be trained on.
    """
    entry = DATASETS[_known(dataset)]
    if grouped_splits.is_computed(name):
        faulty = never_train(dataset)
        return grouped_splits.split(name, tracks=(track for track in tracks if track.id not in faulty))
    computed = ", ".join(grouped_splits.NAMES)
    if entry.split is None:
        raise SplitError(
            f"the data set {dataset!r} has no split {name!r}; its splits: {computed}, or a .json file",
            code="unknown_split",
        )
    try:
        return entry.split(name, tuple(tracks))
    except SplitError as error:
        if error.code != "unknown_split":
            raise
        raise SplitError(
            f"{error} (and of any data set {computed}, or a .json file)", code="unknown_split"
        ) from error


def splits(dataset: str) -> tuple[str, ...]:
    """The names of a data set's splits, the usual one first."""
    return (*DATASETS[_known(dataset)].splits, *grouped_splits.NAMES)


def never_train(dataset: str) -> frozenset[str]:
    """Ids of a data set that are known to be faulty: for the audit, never for training or calibration."""
    return gtzan.facts().left_out if _known(dataset) == gtzan.DATASET else frozenset()


def _place(root: Path | str | None) -> Path:
    """The folder of a data set, or the file of a table."""
    given = os.environ.get(VARIABLE, "") if root is None else str(root)
    path = Path(given).expanduser()
    return path if given.strip() and table.find_table(path) == path else data_root(root)


def _detected(given: Path) -> tuple[list[str], Path]:
    """The data sets that a folder, or one below that holds all of its music, may be, and that folder."""
    if given.is_file():
        return [table.DATASET], given
    for place in levels(given):
        found = [
            name for name, dataset in DATASETS.items() if name not in _ANY_MUSIC and dataset.is_it(place)
        ]
        if found:
            return found, place
    found = [name for name in _ANY_MUSIC if DATASETS[name].is_it(given)][:1]
    if not found:
        raise DataError(
            f"{str(given)!r} holds none of the data sets that genrelens knows ({', '.join(DATASETS)}): expected "
            "GTZAN's genre folders with files like blues/blues.00000.wav, FMA's fma_small with its fma_metadata, "
            f"folders of genres with music in them, {' or '.join(table.NAMES)}, music with genre tags, or "
            f"{synthetic.MARKER}; give the data set's own folder",
            code="unknown_dataset",
        )
    return found, given


def _level(given: Path, dataset: str) -> Path:
    """The folder, or one below that holds all of its music, that is a data set by name; else what was given."""
    if given.is_file() or dataset in _ANY_MUSIC:
        return given
    return next((place for place in levels(given) if DATASETS[dataset].is_it(place)), given)


def _known(dataset: str) -> str:
    if dataset not in DATASETS:
        raise DataError(
            f"unknown data set {dataset!r}; known data sets: {', '.join(DATASETS)}", code="unknown_dataset"
        )
    return dataset
