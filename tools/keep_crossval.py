"""Keep a finished cross-validation in docs/results: report and logs, no weights.

    python tools/keep_crossval.py runs/cnn-5s

The folder is ``genrelens crossval``'s --out. Writes docs/results/RECIPE/crossval.json and
history-fold-K.csv of each fold; ``tools/results_page.py --figures`` draws them.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from genrelens.evaluation.report import Report, TrackRow
from genrelens.files import write_whole

RESULTS = Path(__file__).resolve().parents[1] / "docs/results"
WITH_ROWS = ("genrelens-base", "mel-transformer", "cnn-plus", "cnn-plus-cqt", "cnn-plus-mfcc")
"""Recipes whose pages compare models track by track. Of all others the figures are kept, without a row a track."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, nargs="+", help="folder of a cross-validation")
    for run in parser.parse_args().run:
        if not (run / "report.json").exists():
            sys.exit(f"{run} has no report.json: the cross-validation has not come to its end")
        print(keep(run))


def keep(run: Path) -> Path:
    """The folder of docs/results that the run's figures went to."""
    report = Report.read(run / "report.json")
    folder = RESULTS / report.model
    folder.mkdir(parents=True, exist_ok=True)
    write_kept(report, folder / "crossval.json")
    for k, log in enumerate(sorted(run.glob("fold-*/history.csv"))):
        write_whole(folder / f"history-fold-{k}.csv", log.read_text("utf-8"))
    return folder


def write_kept(report: Report, path: Path) -> None:
    """Write a report as docs/results keeps all of them: every figure as it is, and rows of tracks only for the first
    seed of :data:`WITH_ROWS`, their probabilities with four significant digits.
    """
    rows = report.tracks if path.parent.name in WITH_ROWS and "-seed-" not in path.name else ()
    write_whole(path, replace(report, tracks=tuple(map(_rounded, rows))).to_json())


def _rounded(row: TrackRow) -> TrackRow:
    if row.probabilities is None:
        return row
    return replace(row, probabilities=tuple(float(f"{p:.4g}") for p in row.probabilities))


if __name__ == "__main__":
    main()
