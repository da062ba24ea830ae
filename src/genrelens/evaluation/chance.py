"""What guessing would get: the lines below which a model has learnt nothing."""

from __future__ import annotations

from dataclasses import dataclass

from genrelens.evaluation.report import Headline, Report


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
