"""The whole audit: hear every file once, then look at them together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from genrelens.audit.collection import Collection
from genrelens.audit.faults import file_faults, imbalance
from genrelens.audit.finding import AuditReport, Finding
from genrelens.audit.listen import Heard, died, listen
from genrelens.audit.overlaps import overlaps
from genrelens.audit.repeats import Repeat, find_repeats
from genrelens.errors import SplitError
from genrelens.parallel import map_each

if TYPE_CHECKING:
    from genrelens.data import Split

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
    repeats = find_repeats(
        heard,
        n_workers=n_workers,
        progress=lambda done, total: tell("possible repeats compared:", done, total),
    )
    findings = [
        *(Finding("unreadable", (path,), 1.0, why, serious=True) for path, why in collection.refused),
        *file_faults(heard),
        *_repeats(repeats),
        *_conflicts(repeats, collection),
        *imbalance(collection.tracks),
    ]
    notes = list(collection.notes)
    if split is not None:
        findings += overlaps(split, collection.tracks_of, repeats=repeats)
    if labels:
        suspects, said = label_suspects(
            collection.tracks_of, heard, repeats, cache=cache, n_workers=n_workers, tell=tell
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


def _repeats(repeats: Sequence[Repeat]) -> Iterator[Finding]:
    for repeat in repeats:
        n = len(repeat.paths)
        if repeat.exact:
            message = f"the same samples in {n} files"
        elif repeat.lag_s is None or repeat.overlap_s is None:
            message = f"one recording in {n} files"
        else:
            message = f"one recording, {repeat.overlap_s:.1f} s of it in both files"
            if abs(repeat.lag_s) >= 0.1:
                later = "second" if repeat.lag_s > 0 else "first"
                message += f"; the {later} begins {abs(repeat.lag_s):.1f} s later in it"
        kind = "exact_repeat" if repeat.exact else "near_repeat"
        yield Finding(kind, repeat.paths, repeat.correlation, message, serious=True)


def _conflicts(repeats: Sequence[Repeat], collection: Collection) -> Iterator[Finding]:
    for repeat in repeats:
        genres = {path: collection.genres(path) for path in repeat.paths}
        labelled = {path: held for path, held in genres.items() if held}
        distinct = sorted({genre for held in labelled.values() for genre in held})
        if len(distinct) > 1:
            message = f"one recording is called {' and '.join(distinct)}"
            yield Finding("label_conflict", tuple(labelled), repeat.correlation, message, serious=True)
