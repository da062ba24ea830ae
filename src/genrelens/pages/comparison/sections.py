"""What stands in a comparison alone: the differences, pair by pair. Draws: import this module inside functions only."""

from __future__ import annotations

from collections.abc import Sequence

from genrelens.evaluation.build import LEVEL
from genrelens.evaluation.compare import N_RESAMPLES, Pair
from genrelens.pages.comparison.text import points_interval, verdict
from genrelens.pages.figure_style import percent
from genrelens.pages.runs import numbers
from genrelens.pages.runs.figures import differences_figure
from genrelens.pages.runs.files import Run
from genrelens.pages.sections import Section, Shown


def pairs_section(runs: Sequence[Run], pairs: Sequence[Pair]) -> Section:
    """The paired test of every two runs."""
    key, title = "pairs", "Whether they differ"
    tables = {key: numbers.pairs_table(pairs), "tracks": numbers.tracks_table(runs)}
    measured = [(pair, over, scores) for pair in pairs for over, scores in numbers.pair_scores(pair)]
    notes = [f"{pair.a} and {pair.b}: {note}." for pair in pairs for note in pair.notes]
    if not measured:
        return Section(
            key, title, ("Not drawn: no two of the runs have tracks in common.", *notes), tables=tables
        )
    says = [
        f"For each two runs, the difference in accuracy on the tracks that both answered, with its {100 * LEVEL:.0f} % "
        f"interval: both meet the same artists, drawn {N_RESAMPLES:,} times with replacement, so that what makes an "
        "artist hard for both cancels. An interval without 0 shows a difference; one with 0 in it does not show that "
        "there is none. Only one right: tracks that A alone, and that B alone, is right about.",
    ]
    if len(pairs) > 1:
        says.append(
            f"There are {len(pairs)} pairs, and each interval speaks for its own only: of twenty pairs that do not "
            "differ, one is to be expected to look as if it did."
        )
    several = any(pair.full_genres is not None for pair in pairs)
    rows = [
        (
            *(pair.a, pair.b, over if several else f"{len(scores.genres)} genres"),
            *(
                str(scores.n_tracks),
                str(scores.n_artists),
                percent(scores.accuracy_a),
                percent(scores.accuracy_b),
            ),
            *(
                points_interval(scores.difference),
                f"{scores.n_only_a} / {scores.n_only_b}",
                verdict(scores),
            ),
        )
        for pair, over, scores in measured
    ]
    head = (
        "run A",
        "run B",
        "over",
        "tracks",
        "artists",
        "A",
        "B",
        "A - B, points",
        "only one right",
        "shown",
    )
    apart = frozenset(k for k, (_, _, scores) in enumerate(measured) if scores.differs)
    said = "; ".join(f"{pair.a} minus {pair.b} {points_interval(s.difference)}" for pair, _, s in measured)
    return Section(
        key,
        title,
        (*says, *notes),
        differences_figure(measured),
        f"Differences in accuracy, in points of 100: {said}.",
        tables,
        shown=Shown(head, rows, n_text_columns=3, notable=apart),
    )
