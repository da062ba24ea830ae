"""Keep a finished cross-validation of a network in docs/results: report and logs, no weights.

    python tools/keep_crossval.py runs/cnn-5s

The folder is ``genrelens crossval``'s --out. Writes docs/results/RECIPE/crossval.json and
history-fold-K.csv of each fold; ``tools/results_page.py --figures`` draws them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from genrelens.evaluation.report import Report
from genrelens.files import write_whole

RESULTS = Path(__file__).resolve().parents[1] / "docs/results"


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
    write_whole(folder / "crossval.json", report.to_json())
    for k, log in enumerate(sorted(run.glob("fold-*/history.csv"))):
        write_whole(folder / f"history-fold-{k}.csv", log.read_text("utf-8"))
    return folder


if __name__ == "__main__":
    main()
