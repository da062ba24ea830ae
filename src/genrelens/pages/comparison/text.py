"""A comparison as plain text: the main figures of each run, then the paired test of every two."""

from __future__ import annotations

import math
from collections.abc import Sequence

from genrelens.evaluation.build import LEVEL
from genrelens.evaluation.chance import chance
from genrelens.evaluation.compare import Pair, Scores
from genrelens.evaluation.report_text import columns, percent, percent_interval
from genrelens.metrics import Interval
from genrelens.pages.runs.files import Run
from genrelens.pages.runs.numbers import headlines, pair_scores


def comparison_text(runs: Sequence[Run], pairs: Sequence[Pair]) -> str:
    """The comparison in aligned columns, for a terminal or a pipe."""
    rows: list[tuple[str, ...]] = [
        ("run", "over", "tracks", "artists", "accuracy", "macro F1", "majority", "by lot")
    ]
    for run in runs:
        for over, head in headlines(run.report):
            levels = chance(run.report, head)
            sizes = (str(head.n_tracks), str(head.n_artists))
            figures = (percent_interval(head.accuracy), percent_interval(head.macro_f1))
            rows.append((run.name, over, *sizes, *figures, percent(levels.majority), percent(levels.uniform)))
    lines = [
        f"Figures in %, with their {100 * LEVEL:.0f} % interval over artists",
        *columns(rows, left=(0, 1)),
    ]
    for run in runs:
        if run.report.seen:
            lines.append(f"{run.name}: THE MODEL WAS TRAINED ON SOME OF THESE TRACKS")
        if run.report.leaks:
            lines.append(f"{run.name}: THE SPLIT LEAKS {', '.join(run.report.leaks)}")
    rows = [("A", "B", "over", "tracks", "artists", "A - B", "only A right", "only B right", "shown")]
    for pair in pairs:
        for over, scores in pair_scores(pair):
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
