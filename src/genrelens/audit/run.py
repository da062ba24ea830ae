"""The whole audit of a folder: what is in it, every file heard once, then all of them looked at together."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from genrelens.audio.walk import walk
from genrelens.audit.duplicates import Duplicate, find_duplicates
from genrelens.audit.finding import AuditReport, Finding, file_faults, imbalance, overlaps
from genrelens.audit.listen import Heard, died, listen
from genrelens.data import Split, Track, registry
from genrelens.errors import AudioError, DataError, SplitError
from genrelens.parallel import map_each


@dataclass(frozen=True, slots=True)
class Collection:
    """The files below ``root``, in order, with the tracks that each holds (none: nobody knows its genre).

    ``dataset`` is what the folder was taken for, ``None`` if it has no labels; ``why_unlabelled`` says then why.
    ``refused`` are folders that could not be looked into, with the reason.
    """

    root: str
    paths: tuple[str, ...]
    tracks_of: dict[str, tuple[Track, ...]]
    dataset: str | None
    notes: tuple[str, ...] = ()
    why_unlabelled: str = ""
    refused: tuple[tuple[str, str], ...] = ()

    def require_labels(self) -> None:
        """Raise :class:`DataError` if there is no labelled track."""
        if not self.tracks:
            raise DataError(
                f"{self.root!r} has no labelled tracks, which a split and label suspects are about: "
                f"{self.why_unlabelled or 'none of its files is one'}",
                code="no_labels",
            )

    @property
    def tracks(self) -> tuple[Track, ...]:
        """All tracks that have a file here."""
        return tuple(track for path in self.paths for track in self.tracks_of.get(path, ()))

    def genres(self, path: str) -> tuple[str, ...]:
        """The genres that a file has, mostly one."""
        return tuple(dict.fromkeys(track.genre for track in self.tracks_of.get(path, ())))


def collect(root: str | Path, *, passed_over: Counter[str] | None = None) -> Collection:
    """The sound files below a folder and their tracks; files that are no sound are counted in ``passed_over``.

    Labels are those of the data set that the folder is taken for (:mod:`genrelens.data.registry`): GTZAN, FMA, folders
    of genres, a table, or genre tags. Files that the data set does not use are audited without. Raises
    :class:`DataError` when there is no sound file.
    """
    found: list[str] = []
    refused: list[tuple[str, str]] = []
    for item in walk(root, passed_over=passed_over):
        if item.error is None:
            found.append(item.path)
        else:
            refused.append((item.path, f"this folder cannot be read: {item.error.strerror or item.error}"))
    tracks: tuple[Track, ...] = ()
    notes: tuple[str, ...] = ()
    dataset, why = None, ""
    try:
        loaded = registry.open_dataset(root)
    except (DataError, AudioError) as error:
        why = str(error)
    else:
        dataset, tracks, notes = loaded.dataset, loaded.tracks, loaded.notes
    by_place: dict[str, list[Track]] = defaultdict(list)
    for track in tracks:
        by_place[_place(track.path)].append(track)
    places = {_place(path): path for path in found}
    # A table may name files in other folders; they belong to the data set as much as those below the root.
    found += [str(held[0].path) for place, held in by_place.items() if place not in places]
    if not found and not (refused and Path(root).is_dir()):
        raise DataError(
            f"expected music, found no sound file in {str(root)!r}; give the folder of a data set", code="no_music"
        )
    tracks_of = {path: tuple(by_place[_place(path)]) for path in found if _place(path) in by_place}
    return Collection(str(root), tuple(dict.fromkeys(found)), tracks_of, dataset, notes, why, tuple(refused))


def _place(path: str | Path) -> str:
    """One spelling of a path, links as they are: a link is a second file of the same sound."""
    return os.path.normpath(Path(path).absolute())


Progress = Callable[[str, int, int], None]


def audit(
    collection: Collection,
    *,
    split: Split | None = None,
    labels: bool = False,
    cache: Path | None = None,
    n_workers: int = 1,
    progress: Progress | None = None,
) -> AuditReport:
    """All faults of a collection (:func:`~genrelens.audit.collection.collect`).

    Args:
        collection: the files and what is known about them.
        split: also say what stands on both sides of it.
        labels: also say which tracks sound like another genre; needs the ``train`` extra and minutes.
        cache: a folder to keep the descriptors in that ``labels`` needs; ``None`` keeps nothing.
        n_workers: processes; above 1 they are spawned, so the calling script needs the usual
            ``if __name__ == "__main__"``.
        progress: is called with what is being counted, how many are done, and of how many.

    Raises:
        DataError: ``split`` or ``labels`` was asked for, and there are no labelled tracks.
        MissingExtraError: ``labels``, without scikit-learn, librosa or cleanlab.
    """
    tell = progress or (lambda what, done, total: None)
    if split is not None or labels:
        collection.require_labels()
    if split is not None:
        _check_ids(split, collection)
    if labels:
        from genrelens.audit.labels import check_parts, label_suspects

        check_parts()
    heard = _hear(collection.paths, n_workers=n_workers, tell=tell)
    duplicates = find_duplicates(
        heard, n_workers=n_workers, progress=lambda done, total: tell("possible duplicates compared:", done, total)
    )
    findings = _findings(collection, heard, duplicates)
    notes = list(collection.notes)
    if split is not None:
        findings += overlaps(split, collection.tracks_of, duplicates=duplicates)
    if labels:
        suspects, said = label_suspects(
            collection.tracks_of, heard, duplicates, cache=cache, n_workers=n_workers, tell=tell
        )
        findings += suspects
        notes += said
    if not collection.tracks:
        notes.append(f"no labels, so nothing is said about them: {collection.why_unlabelled}")
    return AuditReport(
        root=collection.root,
        dataset=collection.dataset,
        n_files=len(collection.paths),
        n_tracks=len(collection.tracks),
        findings=tuple(findings),
        notes=tuple(notes),
    )


def _findings(collection: Collection, heard: Sequence[Heard], duplicates: Sequence[Duplicate]) -> list[Finding]:
    """What is found without a split and without listening for labels."""
    return [
        *(Finding("unreadable", (path,), 1.0, why, serious=True) for path, why in collection.refused),
        *file_faults(heard),
        *_duplicates(duplicates),
        *_conflicts(duplicates, collection),
        *imbalance(collection.tracks),
    ]


def _hear(paths: Sequence[str], *, n_workers: int, tell: Progress) -> list[Heard]:
    answers: dict[int, Heard] = {}
    tell("files heard:", 0, len(paths))
    for i, one in map_each(listen, paths, n_workers=n_workers, died=died):
        answers[i] = one
        tell("files heard:", len(answers), len(paths))
    return [answers[i] for i in range(len(paths))]


def _check_ids(split: Split, collection: Collection) -> None:
    known = {track.id for track in collection.tracks}
    ids = [id_ for part in split.parts.values() for id_ in part]
    if not known.intersection(ids):
        raise SplitError(
            f"split {split.name!r} is about other tracks: none of its {len(ids)} ids "
            f"({', '.join(map(repr, ids[:2]))}, ...) is in {collection.root!r}, which has ids such as {min(known)!r}"
        )


def _duplicates(duplicates: Sequence[Duplicate]) -> Iterator[Finding]:
    for duplicate in duplicates:
        n = len(duplicate.paths)
        if duplicate.exact:
            message = f"the same samples in {n} files"
        elif duplicate.lag_s is None or duplicate.overlap_s is None:
            message = f"one recording in {n} files"
        else:
            message = f"one recording, {duplicate.overlap_s:.1f} s of it in both files"
            if abs(duplicate.lag_s) >= 0.1:
                later = "second" if duplicate.lag_s > 0 else "first"
                message += f"; the {later} begins {abs(duplicate.lag_s):.1f} s later in it"
        kind = "exact_repeat" if duplicate.exact else "near_repeat"
        yield Finding(kind, duplicate.paths, duplicate.correlation, message, serious=True)


def _conflicts(duplicates: Sequence[Duplicate], collection: Collection) -> Iterator[Finding]:
    for duplicate in duplicates:
        genres = {path: collection.genres(path) for path in duplicate.paths}
        labelled = {path: held for path, held in genres.items() if held}
        distinct = sorted({genre for held in labelled.values() for genre in held})
        if len(distinct) > 1:
            message = f"one recording is called {' and '.join(distinct)}"
            yield Finding("label_conflict", tuple(labelled), duplicate.correlation, message, serious=True)
