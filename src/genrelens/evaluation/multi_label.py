"""How well a model does that gives a track several genres: every figure with its interval over artists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from genrelens.bundle.heard import MULTI_LABEL_FROM
from genrelens.data.track import Track
from genrelens.errors import DataError
from genrelens.evaluation.build import LEVEL, few_artists, of_genre
from genrelens.evaluation.report import IntervalMethod, Subject
from genrelens.evaluation.report_text import N_FAILED_SHOWN, columns, counted, percent, percent_interval
from genrelens.metrics import Interval, grouped_intervals
from genrelens.metrics.bootstrap import Statistic
from genrelens.metrics.classification import average_precision, subset_matches
from genrelens.schema import Document

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One genre: figures at the threshold, and ``average_precision`` over all of them, whose chance level is ``share``.

    Intervals are NaN below :data:`~genrelens.evaluation.build.MIN_ARTISTS` artists.
    """

    genre: str
    average_precision: Interval
    share: float
    precision: Interval
    recall: Interval
    f1: Interval
    n_tracks: int
    n_artists: int
    experimental: bool


@dataclass(frozen=True, slots=True)
class LabelledTrack:
    """One track: what it is, and what is said of it with probabilities in the report's order of ``names``."""

    id: str
    artist: str | None
    genres: tuple[str, ...]
    said: tuple[str, ...]
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class MultiLabelReport(Document):
    """Figures over tracks of several genres.

    ``micro_f1`` counts every pair of track and genre alike, ``macro_f1`` and ``mean_average_precision`` every genre;
    ``subset_accuracy`` is the share of tracks of which exactly the true genres are said, ``undecided`` that of which
    none is. ``n_failed`` more tracks have no answer and are in no figure; ``failed`` are their ids and why.
    ``share`` is the mean of the genres' shares: the mean average precision of knowing nothing.
    """

    SCHEMA: ClassVar[str] = "genrelens.multi-label-report/1"
    WHAT: ClassVar[str] = "multi-label report"

    model: str
    model_hash: str
    dataset: str
    part: str
    names: tuple[str, ...]
    n_tracks: int
    n_failed: int
    n_artists: int
    intervals: IntervalMethod
    mean_average_precision: Interval
    share: float
    micro_f1: Interval
    macro_f1: Interval
    subset_accuracy: Interval
    undecided: float
    n_genres_a_track: float
    n_said_a_track: float
    genres: tuple[LabelRow, ...]
    notes: tuple[str, ...]
    tracks: tuple[LabelledTrack, ...]
    failed: tuple[tuple[str, str], ...]

    def to_text(self) -> str:
        """The report as plain text in aligned columns."""
        return _text(self)


def build_multi_label_report(
    probabilities: FloatArray,
    *,
    labels: NDArray[np.bool_],
    tracks: Sequence[Track],
    of: Subject,
    failed: Sequence[tuple[str, str]] = (),
    n_resamples: int = 2000,
    seed: int = 0,
) -> MultiLabelReport:
    """The report on ``probabilities (n, c)`` of tracks that truly have the genres ``labels (n, c)``.

    A track without an artist is a group of its own; every interval comes from the same draws of artists. ``failed``:
    ids of tracks without an answer, and why. Raises :class:`DataError` without tracks.
    """
    names, (n, c) = of.names, labels.shape
    if not n or probabilities.shape != (n, c):
        raise DataError(
            f"expected probabilities of {c} genres for each of {n} tracks, one at least; got {probabilities.shape}"
        )
    said = probabilities >= MULTI_LABEL_FROM
    groups = np.array([track.group for track in tracks])
    statistic = _statistic(probabilities, labels, said)
    figures = grouped_intervals(statistic, groups=groups, n_resamples=n_resamples, seed=seed, level=LEVEL)
    by_genre = [_label_row(k, labels=labels, groups=groups, figures=figures[4:], of=of) for k in range(c)]
    n_artists = len(np.unique(groups))
    return MultiLabelReport(
        model=of.model,
        model_hash=of.model_hash,
        dataset=of.dataset,
        part=of.part or "all tracks",
        names=names,
        n_tracks=n,
        n_failed=len(failed),
        n_artists=n_artists,
        intervals=IntervalMethod(LEVEL, "artist", n_resamples, seed),
        mean_average_precision=figures[0],
        share=float(labels.mean()),
        micro_f1=figures[1],
        macro_f1=figures[2],
        subset_accuracy=figures[3],
        undecided=float((~said.any(axis=1)).mean()),
        n_genres_a_track=float(labels.sum(axis=1).mean()),
        n_said_a_track=float(said.sum(axis=1).mean()),
        genres=tuple(by_genre),
        notes=(*of.notes, *few_artists(n_artists)),
        tracks=tuple(
            LabelledTrack(track.id, track.artist, _named(names, true), _named(names, guess), tuple(p.tolist()))
            for track, true, guess, p in zip(tracks, labels, said, probabilities, strict=True)
        ),
        failed=tuple(failed),
    )


def _statistic(probabilities: FloatArray, labels: NDArray[np.bool_], said: NDArray[np.bool_]) -> Statistic:
    """``(r, 4 + 4 c)``: mean average precision, micro F1, macro F1 and subset accuracy; then of each genre its average
    precision, of each its precision, of each its recall, of each its F1."""
    exact = subset_matches(said, targets=labels).astype(np.float64)
    hits, named, true = (said & labels).astype(float), said.astype(float), labels.astype(float)

    def statistic(weights: FloatArray) -> FloatArray:
        by_genre = zip(probabilities.T, labels.T, strict=True)
        ap = np.stack([average_precision(p, targets=targets, weights=weights) for p, targets in by_genre], axis=1)
        h, s, t = weights @ hits, weights @ named, weights @ true
        there = t > 0
        precision, recall = _ratio(h, s, there), _ratio(h, t, there)
        f1 = _ratio(2 * h, s + t, there)
        micro = _ratio(2 * h.sum(axis=1), (s + t).sum(axis=1), t.sum(axis=1) > 0)
        subset = weights @ exact / weights.sum(axis=1)
        heads = np.stack([_mean(ap), micro, _mean(f1), subset], axis=1)
        return np.concatenate([heads, ap, precision, recall, f1], axis=1)

    return statistic


def _label_row(
    k: int, *, labels: NDArray[np.bool_], groups: NDArray[np.str_], figures: Sequence[Interval], of: Subject
) -> LabelRow:
    """The row of genre ``k``, from its ``figures``: every c-th, as :func:`_statistic` gives them."""
    its = labels[:, k]
    n_artists = len(np.unique(groups[its]))
    average, precision, recall, f1 = (of_genre(one, n_artists=n_artists) for one in figures[k :: labels.shape[1]])
    return LabelRow(
        genre=of.names[k],
        average_precision=average,
        share=float(its.mean()),
        precision=precision,
        recall=recall,
        f1=f1,
        n_tracks=int(its.sum()),
        n_artists=n_artists,
        experimental=of.names[k] in of.experimental,
    )


def _ratio(a: FloatArray, b: FloatArray, there: NDArray[np.bool_]) -> FloatArray:
    """``a / b``, 0 where b is 0, NaN where nothing is there to be found."""
    ratio = np.divide(a, b, out=np.zeros_like(a), where=b > 0)
    return np.where(there, ratio, np.nan)


def _mean(figures: FloatArray) -> FloatArray:
    """Means over the columns ``(r, c)`` that are measured."""
    there = ~np.isnan(figures)
    n = there.sum(axis=1)
    total = np.where(there, figures, 0.0).sum(axis=1)
    mean: FloatArray = np.divide(total, n, out=np.full_like(total, np.nan), where=n > 0)
    return mean


def _named(names: tuple[str, ...], chosen: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(name for name, is_it in zip(names, chosen, strict=True) if is_it)


def _text(report: MultiLabelReport) -> str:
    size = f"{counted(report.n_tracks, 'track')} of {counted(report.n_artists, 'artist')}"
    head = [
        f"{report.model} ({report.model_hash}) on {report.dataset}, {report.part}",
        f"{size}, {report.n_genres_a_track:.2f} genres a track; {report.n_said_a_track:.2f} are said",
    ]
    level = 100 * report.intervals.level
    main = [
        f"Figures in %, with their {level:.0f} % interval over artists; a genre is said from {MULTI_LABEL_FROM:g} on",
        f"Mean average precision {percent_interval(report.mean_average_precision)} (knowing nothing: "
        f"{percent(report.share)})",
        f"F1 micro {percent_interval(report.micro_f1)}, macro {percent_interval(report.macro_f1)}",
        f"Exactly the true genres said: {percent_interval(report.subset_accuracy)}; none said: "
        f"{percent(report.undecided)}",
    ]
    rows: list[tuple[str, ...]] = [
        ("genre", "average precision", "share", "precision", "recall", "F1", "tracks", "artists")
    ]
    for row in report.genres:
        label = row.genre + (" *" if row.experimental else "")
        figures = (percent_interval(f) for f in (row.precision, row.recall, row.f1))
        average = percent_interval(row.average_precision)
        rows.append((label, average, percent(row.share), *figures, str(row.n_tracks), str(row.n_artists)))
    table = columns(rows, left=(0,))
    if any(row.experimental for row in report.genres):
        table.append("* experimental: too few tracks to learn it from; its figures cannot be relied on yet")
    parts = ["\n".join(head), "\n".join(main), "\n".join(table)]
    if report.notes:
        parts.append("Notes\n" + "\n".join(f"- {note}" for note in report.notes))
    if report.failed:
        lines = [f"Without an answer ({report.n_failed})"]
        lines += [f"- {id_}: {why}" for id_, why in report.failed[:N_FAILED_SHOWN]]
        if report.n_failed > N_FAILED_SHOWN:
            lines.append(f"- ... and {report.n_failed - N_FAILED_SHOWN} more (all of them are in the JSON)")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"
