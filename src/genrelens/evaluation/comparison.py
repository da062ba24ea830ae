"""A comparison of runs in words and in JSON: the main figures of each, then the paired test of every two."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from genrelens.evaluation.build import LEVEL
from genrelens.evaluation.compare import Pair, Scores
from genrelens.evaluation.report import chance
from genrelens.evaluation.report_text import columns, percent, percent_interval
from genrelens.evaluation.runs import Run
from genrelens.metrics import Interval
from genrelens.schema import encode

SCHEMA: Final = "genrelens.comparison/1"


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
