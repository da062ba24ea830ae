"""Deletion and insertion curves of a model's explanations beside those of maps that explain nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure

from genrelens.explanation.faithfulness.judging import CONTROLS, N_STEPS
from genrelens.explanation.faithfulness.report import SCHEMA, FaithfulnessReport
from genrelens.explanation.faithfulness.sample import OWN_BASELINES, judging_baselines, shared_baselines
from genrelens.pages import figure_style
from genrelens.pages.own_folder import OwnFolder

REPORT: Final = "faithfulness.json"
PICTURE: Final = "faithfulness.png"
FOLDER: Final = OwnFolder(what="faithfulness report", marker=REPORT, schema=SCHEMA, known=frozenset({PICTURE}))
_COLOURS = (figure_style.BLUE, figure_style.ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_GREYS = ("0.45", "0.6", "0.75")
_DASHES = ("--", ":", "-.")


@figure_style.in_style
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
                style = {"color": _COLOURS[explaining.index(method) % len(_COLOURS)], "linewidth": 1.8}
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


def write(report: FaithfulnessReport, *, out: Path) -> None:
    """Write both into a folder that was claimed; an earlier run's are replaced."""
    picture = figure_style.to_png(curves_figure(report))
    FOLDER.replace(out, {PICTURE: picture, REPORT: report.to_json().encode()})
