"""Reports of one figure: faithfulness, leakage, ablation, and the folders that hold report and figure.

Draws with matplotlib: import this module inside functions only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure

from genrelens.evaluation.ablation import AblationReport
from genrelens.evaluation.leakage import LeakageReport
from genrelens.explanation.faithfulness import report as faithfulness
from genrelens.explanation.faithfulness.judging import CONTROLS, N_STEPS
from genrelens.explanation.faithfulness.report import FaithfulnessReport
from genrelens.explanation.faithfulness.sample import OWN_BASELINES, judging_baselines, shared_baselines
from genrelens.pages.figure_style import (
    BLUE,
    COLOURS,
    GREY,
    ORANGE,
    WIDTH_IN,
    footnote,
    in_style,
    interval_mark,
    name_rows,
    percent,
    printable,
    put,
    share_axis,
    to_png,
)
from genrelens.pages.own_folder import OwnFolder

RUNS: Final = "runs"
"""The folder of the trainings beside a report, which stay from run to run."""
_GREYS = ("0.45", "0.6", "0.75")
_DASHES = ("--", ":", "-.")


@dataclass(frozen=True, slots=True)
class Pictured:
    """A report's folder, the name of its figure there, and what draws it."""

    folder: OwnFolder
    picture: str
    draw: Callable[[Any], Figure]

    def write(self, report: FaithfulnessReport | LeakageReport | AblationReport, *, out: Path) -> tuple[Path, Path]:
        """Write report and figure into a claimed folder, in the place of an earlier run's; where the two now are."""
        marker = self.folder.marker
        self.folder.replace(out, {self.picture: to_png(self.draw(report)), marker: report.to_json().encode()})
        return out / marker, out / self.picture


@in_style
def curves_figure(report: FaithfulnessReport) -> Figure:
    """A row a domain: deletion and insertion, means over tracks and the perturbation baselines that may judge all.

    With other baselines than its neighbours' a curve would lie higher or lower for no merit of its own.
    """
    domains = list(dict.fromkeys(row.domain for row in report.rows))
    figure = Figure(figsize=(9.6, 3.6 * len(domains)), layout="constrained")
    axes = figure.subplots(len(domains), 2, squeeze=False, sharey=True, sharex=True)
    shares = np.linspace(0, 100, N_STEPS + 1)
    methods = [row.method for row in report.rows]
    judges = judging_baselines(methods)
    explaining = [m for m in dict.fromkeys(methods) if m not in CONTROLS]
    common = shared_baselines(methods)
    for domain, (left, right) in zip(domains, axes, strict=True):
        for method in dict.fromkeys(row.method for row in report.rows if row.domain == domain):
            baselines = common or [one for one in judges if one not in OWN_BASELINES.get(method, ())]
            its = [row.curves[method, domain, one] for row in report.judged for one in baselines]
            if method in CONTROLS:
                at = CONTROLS.index(method)
                style: dict[str, Any] = {"color": _GREYS[at], "linestyle": _DASHES[at]}
            else:
                style = {"color": COLOURS[explaining.index(method) % len(COLOURS)], "linewidth": 1.8}
            left.plot(shares, np.mean([c.deletion for c in its], axis=0), **style)
            right.plot(shares, np.mean([c.insertion for c in its], axis=0), label=method, **style)
        left.set_title(f"{domain}: highest parts taken out (low is true)", loc="left", fontsize=10)
        right.set_title(f"{domain}: highest parts put in (high is true)", loc="left", fontsize=10)
        left.set_ylabel("probability of the class")
        right.legend(frameon=False, fontsize=8, loc="lower right")
        for ax in (left, right):
            ax.set_ylim(0, 1)
            ax.grid(alpha=0.25)
    axes[-1][0].set_xlabel("% of the parts that are gone")
    axes[-1][1].set_xlabel("% of the parts that are there")
    by = f", by {' and '.join(common)}" if common else ""
    figure.suptitle(f"{report.model}: {len(report.judged)} tracks ({report.sample}){by}", fontsize=11)
    return figure


@in_style
def leakage_figure(report: LeakageReport) -> Figure:
    """A row a protocol: accuracy of clips (filled) and of tracks (hollow) with their intervals over artists."""
    figure = Figure(figsize=(WIDTH_IN, 1.5 + 0.75 * len(report.results)), layout="constrained")
    axes = figure.subplots()
    chance = 1 / len(report.genres)
    axes.axvline(chance, color=GREY, linestyle=":", linewidth=1.2)
    put(axes, "chance", (chance, 0), (3, 3), xycoords=("data", "axes fraction"), color=GREY, fontsize=7.5)
    for y, result in enumerate(report.results):
        colour = ORANGE if result.leaks else BLUE
        for offset, figure_of, filled in ((-0.14, result.of_pieces, True), (0.14, result.of_tracks, False)):
            interval_mark(axes, figure_of, y + offset, colour=colour, hollow=not filled)
            put(axes, percent(figure_of.value), (figure_of.high, y + offset), (6, 0), fontsize=8)
    labels = [
        f"{result.protocol}\n({'leaks ' + ', '.join(result.leaks) if result.leaks else 'leaks nothing'})"
        for result in report.results
    ]
    name_rows(axes, labels)
    share_axis(axes, "x", "accuracy")
    axes.grid(visible=False, axis="y")
    axes.set_title(f"{report.recipe} on {report.dataset}: what the split alone does to the accuracy")
    first = report.results[0]
    footnote(
        figure,
        [
            f"Filled: {report.piece}; hollow: tracks, by the mean of their parts. Orange: the split leaks.",
            f"Lines: 95 % interval over artists. {len(report.genres)} genres, {first.n_tracks} tracks of "
            f"{first.n_artists} artists in the top rows; {report.n_folds} folds, seed {report.seed}.",
        ],
    )
    return figure


@in_style
def ablation_figure(report: AblationReport) -> Figure:
    """A row a variant: its accuracy on the left, what it has above r = 0 on the right, with intervals over artists."""
    figure = Figure(figsize=(WIDTH_IN, 1.4 + 0.5 * len(report.results)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    right.axvline(0.0, color=GREY, linestyle=":", linewidth=1.2)
    for y, result in enumerate(report.results):
        for axes, shown in ((left, result.accuracy), (right, result.above_plain)):
            if shown is None:
                continue
            interval_mark(axes, shown, y, colour=BLUE)
            said = percent(shown.value) if axes is left else f"{100 * shown.value:+.1f}"
            put(axes, said, (shown.value, y), (0, 6), fontsize=8)
    for axes in (left, right):
        name_rows(axes, [result.variant for result in report.results])
    share_axis(left, "x", "accuracy")
    right.set_xlabel("accuracy above r = 0, points")
    right.xaxis.set_major_formatter(lambda share, _: f"{100 * share:+.0f}" if share else "0")
    right.grid(visible=True, axis="x")
    left.set_title(printable(f"{report.recipe} on {report.dataset}", width=48))
    first = report.results[0]
    footnote(
        figure,
        [
            f"Out of fold: {report.n_folds} folds by artist, seed {report.seed}. Lines: 95 % interval over artists.",
            f"{len(report.genres)} genres, {first.n_tracks} tracks of {first.n_artists} artists; encoder "
            f"{printable(report.encoder, width=60)}.",
        ],
    )
    return figure


def _pictured(
    what: str, marker: str, schema: str, picture: str, draw: Callable[[Any], Figure], *keeps: str
) -> Pictured:
    folder = OwnFolder(what=what, marker=marker, schema=schema, known=frozenset({picture}), keeps=frozenset(keeps))
    return Pictured(folder, picture, draw)


FAITHFULNESS: Final = _pictured(
    "faithfulness report", "faithfulness.json", faithfulness.SCHEMA, "faithfulness.png", curves_figure
)
LEAKAGE: Final = _pictured("leakage report", "report.json", LeakageReport.SCHEMA, "leakage.png", leakage_figure, RUNS)
ABLATION: Final = _pictured("ablation", "report.json", AblationReport.SCHEMA, "ablation.png", ablation_figure, RUNS)
