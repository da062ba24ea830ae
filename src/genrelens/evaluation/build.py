"""From the answers to the figures: for an evaluation, a cross-validation or any stored answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genrelens.errors import DataError
from genrelens.evaluation.report import GenreRow, Headline, IntervalMethod, Reliability, Report, Subject, TrackRow
from genrelens.metrics import (
    Interval,
    brier_score,
    confusion_matrix,
    expected_calibration_error,
    grouped_intervals,
    mean_statistic,
    negative_log_likelihood,
    scores_from_confusion,
    top_k_accuracy,
)

FloatArray = NDArray[np.float64]

MIN_ARTISTS = 5
"""A genre with fewer artists here gets no interval: two or three cannot show how artists differ."""
FEW_ARTISTS = 20
"""Below this the percentile interval of a whole report is known to be too narrow, and a note says so."""
LEVEL = 0.95


def build_report(rows: Sequence[TrackRow], of: Subject, *, n_resamples: int = 2000, seed: int = 0) -> Report:
    """The report on ``rows``, one a track, whose genres and guesses are among ``of.names``.

    Every interval comes from the same ``n_resamples`` draws of artists. Raises :class:`DataError` without
    rows or on a row that does not fit the names.
    """
    names = of.names
    _check_rows(rows, names=names)
    answers = _Answers.of([row for row in rows if row.predicted is not None], names=names)
    full = np.array([name not in of.experimental for name in names])
    figures = _measure(answers, full=full, n_resamples=n_resamples, seed=seed)
    confusion = confusion_matrix(answers.guesses, targets=answers.truth, n_classes=len(names))
    bins = expected_calibration_error(answers.probabilities, targets=answers.truth)
    n_artists = len({row.group for row in rows})
    return Report(
        model=of.model,
        model_hash=of.model_hash,
        dataset=of.dataset,
        split=of.split,
        part=of.part,
        leaks=tuple(sorted(of.leaks)),
        seen=of.seen,
        names=names,
        n_tracks=len(rows),
        n_answered=len(answers.truth),
        n_failed=len(rows) - len(answers.truth),
        n_abstained=int((~answers.sure).sum()),
        n_artists=n_artists,
        intervals=IntervalMethod(LEVEL, "artist", n_resamples, seed),
        all_genres=_headline(answers, figures, "all", genres=np.ones(len(names), dtype=bool), names=names),
        full_genres=_headline(answers, figures, "full", genres=full, names=names),
        coverage=float(answers.sure.sum()) / len(rows),
        accuracy_when_sure=figures["sure"],
        top_3_accuracy=top_k_accuracy(answers.probabilities, targets=answers.truth, k=3),
        negative_log_likelihood=negative_log_likelihood(answers.probabilities, targets=answers.truth),
        brier_score=brier_score(answers.probabilities, targets=answers.truth),
        expected_calibration_error=bins.error,
        reliability=Reliability(
            edges=tuple(bins.edges.tolist()),
            counts=tuple(bins.counts.tolist()),
            confidence=tuple(bins.confidence.tolist()),
            accuracy=tuple(bins.accuracy.tolist()),
        ),
        genres=tuple(_genre_row(i, name, answers, figures, bool(full[i])) for i, name in enumerate(names)),
        confusion=tuple(map(tuple, confusion.tolist())),
        notes=(*of.notes, *few_artists(n_artists)),
        tracks=tuple(rows),
    )


def few_artists(n_artists: int) -> tuple[str, ...]:
    """What a report has to say of its intervals where there are few artists: one sentence or none."""
    if n_artists >= FEW_ARTISTS:
        return ()
    few = f"only {n_artists} artists: the intervals are narrower than they should be"
    return (few if n_artists > 1 else "only one artist: no interval can be given",)


def of_genre(interval: Interval, *, n_artists: int) -> Interval:
    """A genre's figure, without its interval where the genre has fewer than :data:`MIN_ARTISTS` artists."""
    return interval if n_artists >= MIN_ARTISTS else Interval(interval.value, math.nan, math.nan, LEVEL)


@dataclass(frozen=True, slots=True)
class _Answers:
    """The answered tracks as columns, all ``(n,)`` but for ``probabilities (n, c)``."""

    truth: NDArray[np.int64]
    guesses: NDArray[np.int64]
    sure: NDArray[np.bool_]
    groups: NDArray[np.str_]
    probabilities: FloatArray

    @classmethod
    def of(cls, rows: Sequence[TrackRow], *, names: tuple[str, ...]) -> _Answers:
        index = {name: i for i, name in enumerate(names)}
        probabilities = np.array([row.probabilities for row in rows], dtype=np.float64)
        return cls(
            truth=np.array([index[row.genre] for row in rows], dtype=np.int64),
            guesses=np.array([index[str(row.predicted)] for row in rows], dtype=np.int64),
            sure=np.array([not row.abstained for row in rows], dtype=np.bool_),
            groups=np.array([row.group for row in rows], dtype=np.str_),
            probabilities=probabilities.reshape(-1, len(names)),
        )

    def n_artists(self, genres: NDArray[np.bool_]) -> int:
        """Artists with a track whose true genre is one of the chosen."""
        return len(np.unique(self.groups[genres[self.truth]])) if len(self.truth) else 0


def _check_rows(rows: Sequence[TrackRow], *, names: tuple[str, ...]) -> None:
    if not rows:
        raise DataError("there is nothing to report: expected at least one track, got none")
    for row in rows:
        for genre in (row.genre, row.predicted):
            if genre is not None and genre not in names:
                raise DataError(f"track {row.id!r} has the genre {genre!r}, expected one of {', '.join(names)}")
        given = 0 if row.probabilities is None else len(row.probabilities)
        expected = 0 if row.predicted is None else len(names)
        if given != expected:
            raise DataError(f"track {row.id!r} should have {expected} probabilities, got {given}")


def _measure(answers: _Answers, *, full: NDArray[np.bool_], n_resamples: int, seed: int) -> dict[str, Interval]:
    """Every figure that has an interval, by name, all from the same draws of artists."""
    n, c = len(answers.truth), len(full)
    cells = np.zeros((n, c * c))
    cells[np.arange(n), answers.truth * c + answers.guesses] = 1.0
    when_sure = mean_statistic(answers.guesses == answers.truth, among=answers.sure)
    everything = np.ones(c, dtype=bool)
    labels = [f"{which} {name}" for which in ("all", "full") for name in ("accuracy", "precision", "recall", "f1")]
    labels += [f"{name} {i}" for name in ("precision", "recall", "f1") for i in range(c)] + ["sure"]

    def statistic(weights: FloatArray) -> FloatArray:
        confusion = (weights @ cells).reshape(-1, c, c)
        columns = [
            _headline_figures(confusion, everything),
            _headline_figures(confusion, full),
            _genre_figures(confusion),
            when_sure(weights)[:, None],
        ]
        return np.concatenate(columns, axis=1)

    if n == 0:
        return dict.fromkeys(labels, Interval(math.nan, math.nan, math.nan, LEVEL))
    found = grouped_intervals(statistic, groups=answers.groups, n_resamples=n_resamples, seed=seed, level=LEVEL)
    return dict(zip(labels, found, strict=True))


def _headline_figures(confusion: FloatArray, genres: NDArray[np.bool_]) -> FloatArray:
    """``(r, 4)`` accuracy, macro precision, recall and F1 over tracks of ``genres``; confusion (r, c, c)."""
    scores = scores_from_confusion(confusion * genres[:, None])
    support = scores.support.sum(axis=1)
    hits = (np.diagonal(confusion, axis1=1, axis2=2) * genres).sum(axis=1)
    measured = scores.support > 0
    n_measured = measured.sum(axis=1).astype(np.float64)
    macro = [(values * measured).sum(axis=1) for values in (scores.precision, scores.recall, scores.f1)]
    pairs = [(hits, support), *((total, n_measured) for total in macro)]
    return np.stack([np.divide(a, b, out=np.full_like(a, np.nan), where=b > 0) for a, b in pairs], axis=1)


def _genre_figures(confusion: FloatArray) -> FloatArray:
    """``(r, 3 c)`` precision, recall and F1 of each genre, NaN where a resample has none of its tracks."""
    scores = scores_from_confusion(confusion)
    columns = [np.where(scores.support > 0, v, np.nan) for v in (scores.precision, scores.recall, scores.f1)]
    return np.concatenate(columns, axis=1)


def _headline(
    answers: _Answers, figures: dict[str, Interval], which: str, *, genres: NDArray[np.bool_], names: tuple[str, ...]
) -> Headline:
    return Headline(
        genres=tuple(name for name, chosen in zip(names, genres, strict=True) if chosen),
        n_tracks=int(genres[answers.truth].sum()),
        n_artists=answers.n_artists(genres),
        accuracy=figures[f"{which} accuracy"],
        macro_precision=figures[f"{which} precision"],
        macro_recall=figures[f"{which} recall"],
        macro_f1=figures[f"{which} f1"],
    )


def _genre_row(i: int, name: str, answers: _Answers, figures: dict[str, Interval], full: bool) -> GenreRow:
    this = np.arange(answers.probabilities.shape[1]) == i
    n_artists = answers.n_artists(this)

    return GenreRow(
        genre=name,
        precision=of_genre(figures[f"precision {i}"], n_artists=n_artists),
        recall=of_genre(figures[f"recall {i}"], n_artists=n_artists),
        f1=of_genre(figures[f"f1 {i}"], n_artists=n_artists),
        support=int((answers.truth == i).sum()),
        n_artists=n_artists,
        experimental=not full,
    )
