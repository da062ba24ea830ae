"""The data sets that genrelens knows by name. Adding one is its page, a line here and a row in a test."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from genrelens.data import fma, gtzan, synthetic
from genrelens.data.dataset import Dataset, Music
from genrelens.data.own_music import folder, table, tags
from genrelens.data.own_music.tracks import one_genre_note
from genrelens.data.places import VARIABLE, data_root, levels
from genrelens.data.splits import folds
from genrelens.data.splits.split import Split
from genrelens.data.track import Track
from genrelens.errors import DataError, SplitError, did_you_mean
from genrelens.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded(Music):
    """A data set at hand: what its folder holds, its name, its genres in class order, and where it lies (``root``, at
    or below the folder that was given).
    """

    dataset: str
    taxonomy: Taxonomy
    root: Path = Path()


@dataclass(frozen=True, slots=True)
class Selection:
    """A ``part`` of a split of a data set's ``tracks``, such as ``"train+valid"``, and the genres in class order."""

    dataset: str
    tracks: tuple[Track, ...]
    taxonomy: Taxonomy
    split: Split
    part: str

    @property
    def selected(self) -> Loaded:
        """The tracks of the part. Raises :class:`SplitError` where the split has no such part, or nothing of it is
        there."""
        tracks = self.split.part(self.tracks, self.part)
        return Loaded(dataset=self.dataset, tracks=tracks, taxonomy=self.taxonomy)


DATASETS: Final[Mapping[str, Dataset]] = {
    synthetic.DATASET: synthetic.ENTRY,
    gtzan.DATASET: gtzan.ENTRY,
    **fma.ENTRIES,
    table.DATASET: table.ENTRY,
    folder.DATASET: folder.ENTRY,
    tags.DATASET: tags.ENTRY,
}
"""Name -> data set, in the order in which :func:`detect` asks; those that take any music are asked last."""


def load(root: Path | str | None = None, *, dataset: str | None = None) -> tuple[Track, ...]:
    """The tracks of a data set below ``root`` (``None``: the folder that ``GENRELENS_DATA`` names).

    ``dataset`` is a key of :data:`DATASETS`; ``None`` finds out which it is. Raises :class:`DataError` on an
    unknown name, or a folder that is none of them.
    """
    return open_dataset(root, dataset=dataset).tracks


def open_dataset(root: Path | str | None = None, *, dataset: str | None = None) -> Loaded:
    """As :func:`load`, with the genres, what is left out and why, and what was odd.

    A folder a level too high will do where all its music lies in one folder (:func:`~genrelens.data.places.levels`).
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
    notes += one_genre_note({track.genre for track in music.tracks}, of_folders=DATASETS[dataset].any_music)
    held = {each.name: getattr(music, each.name) for each in fields(music)} | {"notes": tuple(notes)}
    return Loaded(**held, dataset=dataset, taxonomy=taxonomy(dataset, music.tracks), root=place)


def open_pictures(root: Path | None, *, dataset: str | None) -> Loaded:
    """The pictures of a data set as tracks, for recipes that learn from pictures; ``None``: the first that has some."""
    with_pictures = [name for name, entry in DATASETS.items() if entry.pictures is not None]
    name = with_pictures[0] if dataset is None else dataset
    if name not in with_pictures:
        raise DataError(
            f"the recipe learns from pictures, and the data set {dataset!r} has none: only {', '.join(with_pictures)} "
            "has",
            code="no_pictures",
        )
    pictures = DATASETS[name].pictures
    assert pictures is not None
    tracks = pictures(root)
    return Loaded(tracks, dataset=name, taxonomy=taxonomy(name, tracks))


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
    if folds.is_computed(name):
        faulty = never_train(dataset)
        return folds.computed_split(name, tracks=(track for track in tracks if track.id not in faulty))
    computed = ", ".join(folds.NAMES)
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
        raise SplitError(f"{error} (and of any data set {computed}, or a .json file)", code="unknown_split") from error


def splits(dataset: str) -> tuple[str, ...]:
    """The names of a data set's splits, the usual one first."""
    return (*DATASETS[_known(dataset)].splits, *folds.NAMES)


def find_split(name: str | None, *, dataset: str, tracks: tuple[Track, ...]) -> Split:
    """A split by its name in the data set (``None``: its usual one), or from a file whose name ends in .json."""
    if name is None:
        name = splits(dataset)[0]
    if name.endswith(".json"):
        return Split.read(name)
    try:
        return split(dataset, name, tracks=tracks)
    except SplitError as error:
        meant = did_you_mean(name, splits(dataset))
        if error.code != "unknown_split" or not meant:
            raise
        raise SplitError(f"{error}{meant}", code=error.code) from error


def never_train(dataset: str) -> frozenset[str]:
    """Ids of a data set that are known to be faulty: for the audit, never for training or calibration."""
    return DATASETS[_known(dataset)].never_train()


def trainable(dataset: str, tracks: tuple[Track, ...]) -> tuple[Track, ...]:
    """The tracks without those that are known to be faulty."""
    faulty = never_train(dataset)
    return tuple(track for track in tracks if track.id not in faulty)


def segments(dataset: str | None, tracks: tuple[Track, ...], *, leaks: Iterable[str]) -> tuple[Track, ...]:
    """The tracks that a split or a report is about: where its ``leaks`` say that segments of one track stand on both
    sides, and the data set has segments of its own, those of ``tracks``.
    """
    entry = DATASETS.get(dataset or "")
    if entry is None or entry.segments is None or "segments" not in leaks:
        return tracks
    return entry.segments(tracks)


def clips_of_rows(dataset: str, ids: Iterable[str]) -> tuple[Track, ...]:
    """Tracks of a published table's rows where their sound is not needed; none where the data set has no table."""
    entry = DATASETS[_known(dataset)]
    return () if entry.clips_of_rows is None else entry.clips_of_rows(ids)


def clip_id(file_name: str) -> str | None:
    """The id of a clip by the published name of its file, in whatever data set; ``None`` for any other name."""
    return next((id_ for entry in DATASETS.values() if (id_ := entry.clip_id(file_name)) is not None), None)


def file_name(dataset: str, id_: str) -> str:
    """What a table of descriptors calls a track: its id, or what the data set's published tables call it."""
    entry = DATASETS.get(dataset)
    return id_ if entry is None else entry.file_name(id_)


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
        found = [name for name, entry in DATASETS.items() if not entry.any_music and entry.is_it(place)]
        if found:
            return found, place
    found = [name for name, entry in DATASETS.items() if entry.any_music and entry.is_it(given)][:1]
    if not found:
        *most, last = dict.fromkeys(entry.expects for entry in DATASETS.values())
        raise DataError(
            f"{str(given)!r} holds none of the data sets that genrelens knows ({', '.join(DATASETS)}): expected "
            f"{', '.join(most)}, or {last}; give the data set's own folder",
            code="unknown_dataset",
        )
    return found, given


def _level(given: Path, dataset: str) -> Path:
    """The folder, or one below that holds all of its music, that is a data set by name; else what was given."""
    if given.is_file() or DATASETS[dataset].any_music:
        return given
    return next((place for place in levels(given) if DATASETS[dataset].is_it(place)), given)


def _known(dataset: str) -> str:
    if dataset not in DATASETS:
        raise DataError(f"unknown data set {dataset!r}; known data sets: {', '.join(DATASETS)}", code="unknown_dataset")
    return dataset
