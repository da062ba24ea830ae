"""A map of a run's tracks by what its model makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from genrelens.bundle import Bundle
from genrelens.data import Track, gtzan
from genrelens.errors import DataError
from genrelens.evaluation.report import Report
from genrelens.pages.exploration.data import Described, GenreMap, make_map
from genrelens.pages.exploration.gather import Progress, embed_tracks


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """The map of a run's tracks, or the reason why there is none.

    ``n_missing`` answered tracks are not on it: their sound is not here, or can no longer be read, or is silence.
    """

    found: GenreMap | str
    n_missing: int = 0


def map_run(
    report: Report, bundle: Bundle, tracks: Sequence[Track], *, progress: Progress | None = None
) -> Embedded:
    """The t-SNE map of the tracks that a report has answers for, by their labels in it; ``tracks`` are the data set's.

    Imports scikit-learn.
    """
    if report.dataset == gtzan.DATASET and "segments" in report.leaks:
        tracks = gtzan.segments(tracks)
    rows = {row.id: row for row in report.tracks if row.predicted is not None}
    wanted = [track for track in tracks if track.id in rows]
    vectors, _ = embed_tracks(bundle, wanted, progress=progress)
    if not vectors:
        return Embedded("none of the report's tracks has its sound here.")
    there = {rows[id_].genre for id_ in vectors}
    names = tuple(name for name in report.names if name in there)
    values = np.stack(list(vectors.values()))
    described = Described(
        names=names,
        ids=tuple(vectors),
        labels=np.array([names.index(rows[id_].genre) for id_ in vectors], dtype=np.int64),
        artists=tuple(rows[id_].artist for id_ in vectors),
        columns=tuple(f"embedding{k}" for k in range(values.shape[1])),
        values=values,
    )
    what = f"the embeddings of {report.model}"
    try:
        found = make_map(described, what=what, seen=frozenset(bundle.manifest.training.trained_on))
    except DataError as error:
        return Embedded(f"{error}.")
    return Embedded(found, len(rows) - len(vectors))
