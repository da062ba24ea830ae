"""What stands in a comparison alone: the differences, pair by pair. Draws: import this module inside functions only."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from genrelens.evaluation.build import LEVEL
from genrelens.evaluation.compare import N_RESAMPLES, Pair, Scores, points_interval, verdict
from genrelens.evaluation.runs import Run
from genrelens.pages.figure_style import (
    BLUE,
    GREY,
    INK,
    WIDTH_IN,
    beside_row,
    footnote,
    in_style,
    interval_mark,
    name_rows,
    percent,
    printable,
)
from genrelens.pages.runs import tables as numbers
from genrelens.pages.sections import Section, Shown

_NAME_WIDTH = 34  # characters of a run's name beside its line


def pairs_section(runs: Sequence[Run], pairs: Sequence[Pair]) -> Section:
    """The paired test of every two runs."""
    key, title = "pairs", "Whether they differ"
    tables = {key: numbers.pairs_table(pairs), "tracks": numbers.tracks_table(runs)}
    measured = [(pair, over, scores) for pair in pairs for over, scores in pair.measured]
    notes = [f"{pair.a} and {pair.b}: {note}." for pair in pairs for note in pair.notes]
    if not measured:
        return Section(key, title, ("Not drawn: no two of the runs have tracks in common.", *notes), tables=tables)
    says = [
        f"For each two runs, the difference in accuracy on the tracks that both answered, with its {100 * LEVEL:.0f} % "
        f"interval: both meet the same artists, drawn {N_RESAMPLES:,} times with replacement, so that what makes an "
        "artist hard for both cancels. An interval without 0 shows a difference; one with 0 in it does not show that "
        "there is none. Only one right: tracks that A alone, and that B alone, is right about."
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
            *(str(scores.n_tracks), str(scores.n_artists), percent(scores.accuracy_a), percent(scores.accuracy_b)),
            *(points_interval(scores.difference), f"{scores.n_only_a} / {scores.n_only_b}", verdict(scores)),
        )
        for pair, over, scores in measured
    ]
    head = ("run A", "run B", "over", "tracks", "artists", "A", "B", "A - B, points", "only one right", "shown")
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


@in_style
def differences_figure(pairs: Sequence[tuple[Pair, str, Scores]]) -> Figure:
    """Differences in accuracy on common tracks with their intervals, about the line of no difference."""
    figure = Figure(figsize=(WIDTH_IN, 1.1 + 0.46 * len(pairs)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(0.0, color=INK, linewidth=1.0)
    ends = [0.05]
    for y, (_, _, scores) in enumerate(pairs):
        difference = scores.difference
        colour = BLUE if scores.differs else GREY
        interval_mark(axes, difference, y, colour=colour, sign="o" if scores.differs else "D")
        if not math.isnan(difference.low):
            ends += [abs(difference.low), abs(difference.high)]
        ends.append(abs(difference.value))
        beside_row(axes, y, points_interval(difference))
    labels = []
    for pair, over, scores in pairs:
        a, b = (printable(name, width=_NAME_WIDTH) for name in (pair.a, pair.b))
        which = ", full genres" if over == "full genres" else ""
        labels.append(f"{a}\nminus {b}{which}  ({scores.n_tracks})")
    name_rows(axes, labels)
    axes.set_xlim(-1.12 * max(ends), 1.12 * max(ends))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:+.0f}" if abs(x) > 1e-9 else "0"))
    axes.grid(visible=True, axis="x")
    axes.set_axisbelow(True)
    axes.set_xlabel("difference in accuracy, points of 100 (in brackets: tracks of both)")
    lines = [f"Lines: {100 * LEVEL:.0f} % paired interval over artists. Blue where it leaves 0 out."]
    footnote(figure, lines)
    return figure
