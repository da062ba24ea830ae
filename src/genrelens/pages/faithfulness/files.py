"""The folder that ``genrelens faithfulness`` writes: every number, and the figure of the curves."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from genrelens.explanation.faithfulness.report import SCHEMA, FaithfulnessReport
from genrelens.pages import figure_style
from genrelens.pages.faithfulness import figure as faithfulness_figure
from genrelens.pages.own_folder import OwnFolder

REPORT: Final = "faithfulness.json"
PICTURE: Final = "faithfulness.png"
FOLDER: Final = OwnFolder(
    what="faithfulness report", marker=REPORT, schema=SCHEMA, known=frozenset({PICTURE})
)


def write(report: FaithfulnessReport, *, out: Path) -> None:
    """Write both into a folder that was claimed; an earlier run's are replaced."""
    picture = figure_style.to_png(faithfulness_figure.curves_figure(report))
    FOLDER.replace(out, {PICTURE: picture, REPORT: report.to_json().encode()})
