"""Tracks that sound like another genre than their label, judged by a classifier that has not heard their artist.

Out-of-fold probabilities (folds by artist and recording) of a random forest on the 57 descriptors of Kaggle's tables go
to cleanlab (Northcutt, Jiang & Chuang, "Confident Learning", JAIR 2021), which estimates which labels are wrong. On
artists that it has not heard such a classifier is right about half the time, so most of what confident learning marks
is the classifier's fault: only the worst twentieth of the tracks are named. ``research/audit_labels.py`` measures it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genrelens.audit.duplicates import Duplicate, with_duplicates
from genrelens.audit.finding import SILENT, Finding
from genrelens.audit.listen import Heard
from genrelens.data import Track
from genrelens.data.splits.folds import blocks, grouped_folds
from genrelens.errors import DataError, MissingExtraError

WORST_SHARE: Final = 0.05
"""At most so many of the tracks are suspected."""
N_FOLDS: Final = 5
N_TREES: Final = 500
MIN_TRACKS: Final = 10
"""A track is judged by a classifier that has heard so many of its genre by others; one that has heard fewer takes any
reggae for something else."""

Floats = NDArray[np.float64]


def check_parts() -> None:
    """Raise :class:`MissingExtraError` if something that label suspects need is not installed."""
    for name in ("librosa", "sklearn", "cleanlab"):
        if find_spec(name) is None:
            raise MissingExtraError("train", needed_for="looking for label suspects")


def label_suspects(
    tracks_of: Mapping[str, Sequence[Track]],
    heard: Sequence[Heard],
    duplicates: Sequence[Duplicate],
    *,
    cache: Path | None,
    n_workers: int,
    tell: Callable[[str, int, int], None],
) -> tuple[list[Finding], list[str]]:
    """The suspects, the worst first, and sentences about how far they can be trusted and who was not judged.

    Not judged are silent and unreadable files, and tracks with fewer than :data:`MIN_TRACKS` others of their genre to
    learn it from.
    """
    from genrelens.features import extract

    sound = {one.path for one in heard if one.error is None and one.quiet_share < SILENT}
    path_of = {track.id: path for path, held in tracks_of.items() for track in held}
    all_tracks = with_duplicates(tracks_of, duplicates=duplicates)
    usable, notes = apart([track for track in all_tracks if path_of[track.id] in sound])
    if not usable:
        return [], notes
    table = extract(
        usable, cache=cache, n_workers=n_workers, progress=lambda done, total: tell("features computed:", done, total)
    )
    fine = [i for i, error in enumerate(table.errors) if not error]
    if len(fine) < len(usable):
        notes.append(f"label suspects: {len(usable) - len(fine)} tracks have no features and are not judged")
    kept, again = apart([usable[i] for i in fine])
    row_of = {usable[i].id: i for i in fine}
    if not kept:
        return [], notes + again
    judgement = out_of_fold(kept, table.values[[row_of[track.id] for track in kept]])
    findings, said = suspects(kept, judgement, path_of=path_of)
    return findings, [*notes, *again, *said]


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What classifiers that have not heard a track's artist say: (n, c) ``probabilities`` of the genres ``names``, and
    (n,) ``n_heard``, of how many tracks of its own genre each had learnt.
    """

    names: tuple[str, ...]
    probabilities: Floats
    n_heard: NDArray[np.int64]


def apart(tracks: Sequence[Track]) -> tuple[list[Track], list[str]]:
    """The tracks of genres that can be told apart, and which cannot and why."""
    counts = Counter(track.genre for track in tracks)
    groups = Counter(genre for block in blocks(tracks) for genre in block.n_by_genre)
    thin = sorted(g for g in counts if counts[g] < MIN_TRACKS or groups[g] < 2)
    kept = [track for track in tracks if track.genre not in thin]
    notes = []
    if thin:
        notes.append(f"label suspects: {', '.join(thin)} not judged, with fewer than {MIN_TRACKS} tracks or one artist")
    if len(set(counts) - set(thin)) < 2 or len(blocks(kept)) < 2:
        return [], [*notes, "label suspects: there are no two genres to tell apart"]
    return kept, notes


def out_of_fold(tracks: Sequence[Track], values: Floats) -> Judgement:
    """Each track judged by a random forest that has not heard its artist, nor a duplicate of it.

    ``values`` are (n, d) descriptors. Raises :class:`DataError` when the tracks cannot be parted.
    """
    from sklearn.ensemble import RandomForestClassifier

    if len(tracks) != len(values):
        raise DataError(f"expected a row of descriptors a track, got {len(values)} for {len(tracks)}")
    names = tuple(sorted({track.genre for track in tracks}))
    place = {track.id: i for i, track in enumerate(tracks)}
    labels = np.array([names.index(track.genre) for track in tracks])
    probabilities = np.zeros((len(tracks), len(names)))
    n_heard = np.zeros(len(tracks), np.int64)
    for fold in grouped_folds(tracks, n_folds=min(N_FOLDS, len(blocks(tracks))), seed=0):
        train, test = ([place[id_] for id_ in fold.ids(part)] for part in ("train", "test"))
        forest = RandomForestClassifier(N_TREES, random_state=0, n_jobs=1)
        forest.fit(values[train], labels[train])
        probabilities[np.ix_(test, forest.classes_)] = forest.predict_proba(values[test])
        n_heard[test] = np.bincount(labels[train], minlength=len(names))[labels[test]]
    return Judgement(names, probabilities, n_heard)


def suspects(
    tracks: Sequence[Track], judgement: Judgement, *, path_of: Mapping[str, str]
) -> tuple[list[Finding], list[str]]:
    """Findings about the worst twentieth of the tracks among those that confident learning marks, and how far to trust
    them. The score is 1 - the probability of the label.
    """
    from cleanlab.filter import find_label_issues

    names, probabilities = judgement.names, judgement.probabilities
    labels = np.array([names.index(track.genre) for track in tracks])
    known = judgement.n_heard >= MIN_TRACKS
    marked = find_label_issues(
        labels, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1, verbose=False
    )
    findings = []
    for i in [i for i in marked if known[i]][: int(WORST_SHARE * int(known.sum()))]:
        other = int(probabilities[i].argmax())
        if other == labels[i]:
            continue
        message = (
            f"labelled {names[labels[i]]}, sounds like {names[other]} ({100 * probabilities[i, other]:.0f} % "
            f"against {100 * probabilities[i, labels[i]]:.0f} %)"
        )
        score = float(1.0 - probabilities[i, labels[i]])
        findings.append(Finding("label_suspect", (path_of[tracks[i].id],), score, message, serious=False))
    if not known.any():
        return [], [f"label suspects: no genre has {MIN_TRACKS} tracks by other artists to learn it from"]
    right = float((probabilities.argmax(axis=1) == labels)[known].mean())
    notes = [
        f"label suspects: the classifier agrees with {100 * right:.0f} % of the labels of {known.sum()} tracks by "
        "artists it has not heard; what it suspects is to be listened to, not believed"
    ]
    if not known.all():
        genres = sorted({track.genre for track, is_known in zip(tracks, known, strict=True) if not is_known})
        notes.append(
            f"label suspects: {(~known).sum()} tracks of {', '.join(genres)} are not judged: fewer than {MIN_TRACKS} "
            "tracks of their genre are by other artists"
        )
    return findings, notes
