"""What an evaluation found: every figure with its interval, and the answer to every track behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from genrelens.evaluation.report_text import report_text
from genrelens.metrics import Interval
from genrelens.schema import Document


@dataclass(frozen=True, slots=True)
class Subject:
    """What a report is about.

    Attributes:
        model: its name.
        model_hash: twelve hex digits, or ``"-"`` where no one model gave the answers.
        dataset: name of the data set.
        names: the genres, in the order of the model's answers.
        split: name of the split; None without one.
        part: the part of it.
        leaks: what the split leaks, each a key of :data:`~genrelens.data.splits.split.LEAKS`.
        experimental: genres that the model had too few tracks to learn from.
        seen: whether the model was trained on some of the tracks.
        notes: sentences for the reader.
    """

    model: str
    model_hash: str
    dataset: str
    names: tuple[str, ...]
    split: str | None = None
    part: str | None = None
    leaks: tuple[str, ...] = ()
    experimental: tuple[str, ...] = ()
    seen: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a track has no answer: the error's ``code`` and its sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class TrackRow:
    """One track and its answer.

    ``predicted`` is the best guess and ``probabilities (c,)`` are in the report's order of ``names``; both
    are ``None`` when there is no guess, and then ``failure`` or ``reason`` says why. ``abstained``: the model
    held its guess back.
    """

    id: str
    artist: str | None
    genre: str
    predicted: str | None
    probabilities: tuple[float, ...] | None
    abstained: bool
    reason: str | None
    failure: Failure | None

    @classmethod
    def answered(
        cls, id_: str, artist: str | None, genre: str, probabilities: NDArray[np.float64], *, names: Sequence[str]
    ) -> TrackRow:
        """The row of a track whose ``probabilities (c,)``, in the order of ``names``, are known; none is held back."""
        return cls(
            id=id_,
            artist=artist,
            genre=genre,
            predicted=names[int(np.argmax(probabilities))],
            probabilities=tuple(probabilities.tolist()),
            abstained=False,
            reason=None,
            failure=None,
        )

    @property
    def group(self) -> str:
        """The artist, or ``"?" + id`` where nobody knows: what the bootstrap draws."""
        return self.artist if self.artist is not None else "?" + self.id

    @property
    def confidence(self) -> float:
        """The probability of the best guess, 0 to 1; NaN without one."""
        return max(self.probabilities) if self.probabilities else float("nan")


@dataclass(frozen=True, slots=True)
class Headline:
    """The main figures over the answered tracks whose true genre is one of ``genres``.

    A guess may be any genre of the model. Precision, recall and F1 are means over those of the genres that
    have tracks.
    """

    genres: tuple[str, ...]
    n_tracks: int
    n_artists: int
    accuracy: Interval
    macro_precision: Interval
    macro_recall: Interval
    macro_f1: Interval


@dataclass(frozen=True, slots=True)
class GenreRow:
    """One genre's figures, over the answered tracks of all genres.

    ``support`` and ``n_artists`` count the tracks that truly are of this genre; with ``support`` 0 nothing
    was measured. Intervals are NaN below :data:`~genrelens.evaluation.build.MIN_ARTISTS` artists.
    ``experimental``: the model had too few tracks to learn this genre from.
    """

    genre: str
    precision: Interval
    recall: Interval
    f1: Interval
    support: int
    n_artists: int
    experimental: bool


@dataclass(frozen=True, slots=True)
class Reliability:
    """The bins of the calibration error: ``edges (b + 1,)``, the rest ``(b,)``; NaN in empty bins."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    confidence: tuple[float, ...]
    accuracy: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class IntervalMethod:
    """How all intervals of a report were made: percentiles over artists drawn with replacement."""

    level: float
    unit: str
    n_resamples: int
    seed: int


@dataclass(frozen=True, slots=True)
class Report(Document):
    """An evaluation of one model on one set of tracks.

    ``n_tracks = n_answered + n_failed``; every figure is over the answered tracks, with an abstained one
    counted by the guess it held back, and ``n_failed`` tracks, which no figure can count, are listed with
    their reasons. ``coverage`` is the share of all tracks that the model answers without abstaining,
    ``accuracy_when_sure`` its accuracy on them. ``all_genres`` is over every track, ``full_genres`` leaves
    the tracks of experimental genres out. ``confusion[i][j]`` counts the tracks of genre ``names[i]`` that
    were called ``names[j]``. A figure that cannot be measured is NaN here and null in JSON.
    """

    SCHEMA: ClassVar[str] = "genrelens.report/1"
    WHAT: ClassVar[str] = "report"

    model: str
    model_hash: str
    dataset: str
    split: str | None
    part: str | None
    leaks: tuple[str, ...]
    seen: bool
    names: tuple[str, ...]
    n_tracks: int
    n_answered: int
    n_failed: int
    n_abstained: int
    n_artists: int
    intervals: IntervalMethod
    all_genres: Headline
    full_genres: Headline
    coverage: float
    accuracy_when_sure: Interval
    top_3_accuracy: float
    negative_log_likelihood: float
    brier_score: float
    expected_calibration_error: float
    reliability: Reliability
    genres: tuple[GenreRow, ...]
    confusion: tuple[tuple[int, ...], ...]
    notes: tuple[str, ...]
    tracks: tuple[TrackRow, ...]

    @property
    def subject(self) -> Subject:
        """What it is about, to build another report of it."""
        return Subject(**{field.name: getattr(self, field.name) for field in fields(Subject)})

    @property
    def experimental(self) -> tuple[str, ...]:
        """Genres whose figures cannot be relied on yet."""
        return tuple(row.genre for row in self.genres if row.experimental)

    @property
    def failed(self) -> tuple[TrackRow, ...]:
        """The tracks without an answer."""
        return tuple(row for row in self.tracks if row.predicted is None)

    @property
    def headlines(self) -> tuple[tuple[str, Headline], ...]:
        """The main figures and what they are over: all genres, and the full ones where some are experimental."""
        every = ("all genres", self.all_genres)
        return (every, ("full genres", self.full_genres)) if self.experimental else (every,)

    def surest_mistakes(self, n: int) -> tuple[TrackRow, ...]:
        """The ``n`` wrong answers that the model was surest of, the surest first; those it held back are none."""
        wrong = [row for row in self.tracks if row.predicted not in (None, row.genre) and not row.abstained]
        return tuple(sorted(wrong, key=lambda row: (-row.confidence, row.id))[:n])

    def to_text(self) -> str:
        """The report as plain text in aligned columns, for a terminal or a pipe."""
        return report_text(self)


@dataclass(frozen=True, slots=True)
class Chance:
    """The accuracy of guessing on the tracks of a :class:`~genrelens.evaluation.report.Headline`.

    ``majority`` is that of always saying ``majority_genre``, the most frequent genre of these very tracks (the first in
    class order of equals): no constant answer gets more. ``uniform`` is what drawing one of the model's ``c`` genres
    gets on average, ``1 / c``, however the genres are shared out. NaN and None over no tracks.
    """

    majority: float
    majority_genre: str | None
    uniform: float


def chance(report: Report, headline: Headline) -> Chance:
    """The chance levels beside ``headline``, which is one of the report's two."""
    supports = {row.genre: row.support for row in report.genres if row.genre in headline.genres}
    n = sum(supports.values())
    if not n:
        return Chance(float("nan"), None, float("nan"))
    genre = max(supports, key=lambda name: supports[name])
    return Chance(supports[genre] / n, genre, 1.0 / len(report.names))
