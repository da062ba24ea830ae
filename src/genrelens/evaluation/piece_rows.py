"""From a recipe that answers folds to the rows of a report: one a piece, and one a track by its pieces' vote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle.pooling import pool_logits, softmax
from genrelens.data.splits.protocols import Protocol
from genrelens.data.track import Track
from genrelens.evaluation.fold_answers import FoldAnswers
from genrelens.evaluation.report import TrackRow
from genrelens.taxonomy import Taxonomy

Progress = Callable[[str, int, int], None]
"""Called with (protocol, folds done, folds) before each fold."""


def piece_rows(
    answers: FoldAnswers, cut: Protocol, *, taxonomy: Taxonomy, seed: int, progress: Progress | None = None
) -> list[TrackRow]:
    """Every piece that ``cut`` tests, answered by a model of the fold's training part.

    The row's artist is the piece's group: pieces of a track whose artist nobody knows belong together. Raises
    :class:`SplitError` where a split leaks what it does not declare.
    """
    rows = []
    for k, split in enumerate(cut.splits):
        if progress is not None:
            progress(cut.name, k, len(cut.splits))
        train, test = split.part(answers.pieces, "train"), split.part(answers.pieces, cut.tested)
        learn, stop = cut.hold_out(train, fraction=answers.stop_share, seed=seed)
        probabilities = answers.answer(learn, stop, test, fold=split.name)
        for piece, p in zip(test, probabilities, strict=True):
            genre = taxonomy.canonical(piece.genre)
            rows.append(_row(piece.id, piece.group, genre, p, taxonomy))
    return rows


def track_rows(
    rows: Sequence[TrackRow], pieces: Sequence[Track], *, taxonomy: Taxonomy, pooled: bool = False
) -> list[TrackRow]:
    """One row a track, with the mean of its pieces' probabilities; ``pooled``: of their logits, as a prediction pools
    its windows."""
    whole_of = {piece.id: piece.whole for piece in pieces}
    of_track: dict[str, list[TrackRow]] = defaultdict(list)
    for row in rows:
        of_track[whole_of[row.id]].append(row)
    return [
        _row(
            id_,
            its[0].artist,
            its[0].genre,
            _vote(np.array([row.probabilities for row in its], dtype=np.float64), pooled=pooled),
            taxonomy,
        )
        for id_, its in of_track.items()
    ]


def _vote(probabilities: NDArray[np.float64], *, pooled: bool) -> NDArray[np.float64]:
    """``(n, c)`` of the pieces -> ``(c,)`` of the whole."""
    if len(probabilities) == 1 or not pooled:
        mean: NDArray[np.float64] = probabilities.mean(axis=0)
        return mean
    logits = np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
    return softmax(pool_logits(logits, weights=np.ones(len(logits))))


def _row(
    id_: str, artist: str | None, genre: str, probabilities: NDArray[np.float64], taxonomy: Taxonomy
) -> TrackRow:
    return TrackRow(
        id=id_,
        artist=artist,
        genre=genre,
        predicted=taxonomy.names[int(np.argmax(probabilities))],
        probabilities=tuple(probabilities.tolist()),
        abstained=False,
        reason=None,
        failure=None,
    )
