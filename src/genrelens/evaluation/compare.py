"""Several models on the same tracks: how far apart they are, two by two, in words and in JSON.

Only tracks that both of a pair have answered count. Both models meet the same drawn artists in each resample, so that
what makes an artist hard for both cancels (:func:`~genrelens.metrics.paired_bootstrap`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np

from genrelens.errors import DataError
from genrelens.evaluation.build import FEW_ARTISTS, LEVEL
from genrelens.evaluation.report import Report, TrackRow, chance
from genrelens.evaluation.report_text import columns, percent, percent_interval
from genrelens.evaluation.runs import Run
from genrelens.metrics import Interval, paired_bootstrap
from genrelens.schema import encode

SCHEMA: Final = "genrelens.comparison/1"
N_RESAMPLES = 2000
SEED = 0
_N_NAMED = 3


@dataclass(frozen=True, slots=True)
class Scores:
    """Two models over the same tracks.

    Attributes:
        genres: the true genres of the tracks that count.
        n_tracks: the tracks.
        n_artists: their artists, one each where nobody knows.
        accuracy_a: of the first, 0 to 1.
        accuracy_b: of the second.
        difference: ``accuracy_a - accuracy_b`` with its paired interval over artists.
        n_only_a: tracks that only the first is right about.
        n_only_b: tracks that only the second is right about.
    """

    genres: tuple[str, ...]
    n_tracks: int
    n_artists: int
    accuracy_a: float
    accuracy_b: float
    difference: Interval
    n_only_a: int
    n_only_b: int

    @property
    def differs(self) -> bool | None:
        """Whether the interval leaves 0 out; None where there is no interval."""
        if np.isnan(self.difference.low):
            return None
        return not self.difference.low <= 0.0 <= self.difference.high


@dataclass(frozen=True, slots=True)
class Pair:
    """What two models do on the tracks that both answered.

    Attributes:
        a: name of the first.
        b: name of the second.
        all_genres: over all of these tracks; None where there are none.
        full_genres: over those whose genre is experimental in neither; None where that is all or none of them.
        notes: what does not count, and why, and what the interval rests on.
    """

    a: str
    b: str
    all_genres: Scores | None
    full_genres: Scores | None
    notes: tuple[str, ...]

    @property
    def measured(self) -> tuple[tuple[str, Scores], ...]:
        """What was measured, each with what it is over: "all genres", "full genres"."""
        found = (("all genres", self.all_genres), ("full genres", self.full_genres))
        return tuple((over, scores) for over, scores in found if scores is not None)


def check_comparable(reports: Mapping[str, Report]) -> None:
    """Raise :class:`DataError` where models answer with other genres, or labels differ, or a track comes twice."""
    for name, report in reports.items():
        twice = [id_ for id_, n in Counter(row.id for row in report.tracks).items() if n > 1]
        if twice:
            raise DataError(f"{name} answers {_some(twice)} more than once: expected one row for each track")
    (first, reference), *others = reports.items()
    for name, report in others:
        if set(report.names) != set(reference.names):
            only_first = [genre for genre in reference.names if genre not in report.names]
            only_here = [genre for genre in report.names if genre not in reference.names]
            said = [
                f"only {which} knows {_some(genres)}"
                for which, genres in ((first, only_first), (name, only_here))
                if genres
            ]
            raise DataError(
                f"{first} and {name} have different genres ({'; '.join(said)}), so that their figures cannot stand "
                "side by side: evaluate models of the same genres, or give each a report of its own (genrelens report)",
                code="other_genres",
            )
    for (a, left), (b, right) in combinations(reports.items(), 2):
        if left.dataset != right.dataset:
            continue
        there = {row.id: row for row in right.tracks}
        for row in left.tracks:
            other = there.get(row.id)
            if other is not None and other.genre != row.genre:
                raise DataError(
                    f"the track {row.id!r} is {row.genre!r} in {a} and {other.genre!r} in {b}: they were measured "
                    "against different labels; evaluate both on the same data set",
                    code="label_conflict",
                )


def compare(reports: Mapping[str, Report]) -> tuple[Pair, ...]:
    """Every pair of the reports, by name, in the order given. Raises as :func:`check_comparable` does."""
    check_comparable(reports)
    return tuple(_pair(a, b, reports[a], reports[b]) for a, b in combinations(reports, 2))


def _pair(a: str, b: str, left: Report, right: Report) -> Pair:
    if left.dataset != right.dataset:
        note = f"not the same tracks: {a} was measured on {left.dataset}, {b} on {right.dataset}"
        return Pair(a, b, None, None, (note,))
    there = {row.id: row for row in right.tracks}
    common = [(row, there[row.id]) for row in left.tracks if row.id in there]
    both = [(x, y) for x, y in common if x.predicted is not None and y.predicted is not None]
    notes = [
        f"{name} keeps its figures without a row for each track: nothing to compare by track"
        for name, report in ((a, left), (b, right))
        if not report.tracks
    ]
    if notes:
        return Pair(a, b, None, None, tuple(notes))
    if not common:
        notes.append(f"no track is in both: {a} has {_where(left)}, {b} has {_where(right)}")
    elif len(common) < max(len(left.tracks), len(right.tracks)):
        notes.append(
            f"only the {len(common)} tracks that are in both count: {len(left.tracks) - len(common)} are in {a} alone, "
            f"{len(right.tracks) - len(common)} in {b} alone"
        )
    if len(both) < len(common):
        notes.append(f"{len(common) - len(both)} of them have no answer from one or both, and do not count")
    if not both:
        return Pair(a, b, None, None, tuple(notes))
    experimental = set(left.experimental) | set(right.experimental)
    everything = _scores(both, left.names)
    full = [(x, y) for x, y in both if x.genre not in experimental]
    few = everything.n_artists < FEW_ARTISTS
    if few:
        notes.append(f"only {everything.n_artists} artists: the interval is narrower than it should be")
    return Pair(
        a,
        b,
        everything,
        _scores(full, tuple(name for name in left.names if name not in experimental))
        if 0 < len(full) < len(both)
        else None,
        tuple(notes),
    )


def _scores(both: list[tuple[TrackRow, TrackRow]], genres: tuple[str, ...]) -> Scores:
    right_a = np.array([x.predicted == x.genre for x, _ in both], dtype=np.float64)
    right_b = np.array([y.predicted == y.genre for _, y in both], dtype=np.float64)
    groups = [_group(x, y) for x, y in both]
    difference = paired_bootstrap(
        right_a, correct_b=right_b, groups=groups, n_resamples=N_RESAMPLES, seed=SEED, level=LEVEL
    )
    return Scores(
        genres=genres,
        n_tracks=len(both),
        n_artists=len(set(groups)),
        accuracy_a=float(right_a.mean()),
        accuracy_b=float(right_b.mean()),
        difference=difference,
        n_only_a=int((right_a > right_b).sum()),
        n_only_b=int((right_b > right_a).sum()),
    )


def _group(x: TrackRow, y: TrackRow) -> str:
    """The artist, who may be known to one report only."""
    return x.group if x.artist is not None else y.group


def _where(report: Report) -> str:
    cut = [word for word in (report.split, report.part) if word]
    return f"{len(report.tracks)} tracks of {report.dataset}" + (f" ({', '.join(cut)})" if cut else "")


def _some(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:_N_NAMED]))
    return shown + (f" and {len(names) - _N_NAMED} more" if len(names) > _N_NAMED else "")


def comparison_text(runs: Sequence[Run], pairs: Sequence[Pair]) -> str:
    """The comparison in aligned columns, for a terminal or a pipe."""
    rows: list[tuple[str, ...]] = [("run", "over", "tracks", "artists", "accuracy", "macro F1", "majority", "by lot")]
    for run in runs:
        for over, head in run.report.headlines:
            levels = chance(run.report, head)
            sizes = (str(head.n_tracks), str(head.n_artists))
            figures = (percent_interval(head.accuracy), percent_interval(head.macro_f1))
            rows.append((run.name, over, *sizes, *figures, percent(levels.majority), percent(levels.uniform)))
    lines = [f"Figures in %, with their {100 * LEVEL:.0f} % interval over artists", *columns(rows, left=(0, 1))]
    for run in runs:
        if run.report.seen:
            lines.append(f"{run.name}: THE MODEL WAS TRAINED ON SOME OF THESE TRACKS")
        if run.report.leaks:
            lines.append(f"{run.name}: THE SPLIT LEAKS {', '.join(run.report.leaks)}")
    rows = [("A", "B", "over", "tracks", "artists", "A - B", "only A right", "only B right", "shown")]
    for pair in pairs:
        for over, scores in pair.measured:
            sizes = (str(scores.n_tracks), str(scores.n_artists))
            counts = (str(scores.n_only_a), str(scores.n_only_b))
            said = points_interval(scores.difference)
            rows.append((pair.a, pair.b, over, *sizes, said, *counts, verdict(scores)))
    if len(rows) > 1:
        lines += ["", "Paired, on the tracks that both answered: difference in accuracy, in points of 100"]
        lines += columns(rows, left=(0, 1, 2, 8))
    notes = [f"{pair.a} and {pair.b}: {note}" for pair in pairs for note in pair.notes]
    if notes:
        lines += ["", *notes]
    return "\n".join(lines) + "\n"


def comparison_document(runs: Sequence[Run], pairs: Sequence[Pair]) -> dict[str, Any]:
    """All numbers of a comparison in JSON types, under ``"schema": "genrelens.comparison/1"``."""
    return {"schema": SCHEMA, "runs": [_run_document(run) for run in runs], "pairs": encode(tuple(pairs))}


def _run_document(run: Run) -> dict[str, Any]:
    report: Mapping[str, Any] = encode(run.report)
    rest = {key: value for key, value in report.items() if key != "tracks"}
    levels = {over.replace(" ", "_"): encode(chance(run.report, head)) for over, head in run.report.headlines}
    return {"name": run.name, **rest, "chance": levels, "trainings": encode(run.costs)}


def verdict(scores: Scores) -> str:
    """What the interval shows: which of the two is better, that it does not tell, or that there is none."""
    if scores.differs is None:
        return "no interval"
    if not scores.differs:
        return "not told apart"
    return "A is better" if scores.difference.value > 0 else "B is better"


def points_interval(difference: Interval) -> str:
    """A difference of accuracies in points of 100: ``"+8.1 [+3.0, +13.2]"``."""
    if math.isnan(difference.value) or math.isnan(difference.low):
        return "-" if math.isnan(difference.value) else f"{100 * difference.value:+.1f}"
    return f"{100 * difference.value:+.1f} [{100 * difference.low:+.1f}, {100 * difference.high:+.1f}]"
