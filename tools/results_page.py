"""Write docs/results.md and the README's table from the reports under docs/results, and draw their figures.

    python tools/results_page.py                          # write the page and the table
    python tools/results_page.py --check                  # exit 1 when a page is not what the reports say
    python tools/results_page.py --figures runs/figures   # draw learning curves and confusion matrices

No number of ours in those pages is typed by hand. A folder of docs/results is a recipe: ``crossval.json``
and ``valid*.json`` are reports of ``genrelens crossval`` and ``genrelens evaluate``, ``history*.csv`` the logs of
trainings. ``theirs.json`` holds what others report, with its sources.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import sys
from pathlib import Path

from genrelens import recipe as recipes
from genrelens.evaluation.report import Report
from genrelens.evaluation.trainings import History, read_history
from genrelens.files import write_whole
from genrelens.metrics import Interval
from genrelens.pages import figure_style
from genrelens.pages.runs import report_figures as figures
from genrelens.pages.runs.figures import learning_curves_figure

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "docs/results"
PAGE = ROOT / "docs/results.md"
README = ROOT / "README.md"
IN_README = ("genrelens-base", "mel-transformer", "cnn-plus", "cnn-png", "logistic", "lda-plus")
START, END = "<!-- results -->", "<!-- /results -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--figures", type=Path, metavar="DIR", help="draw into this folder instead of writing")
    options = parser.parse_args()
    folders = sorted(folder for folder in RESULTS.iterdir() if folder.is_dir())
    if options.figures:
        draw(folders, options.figures)
        return
    page = "\n".join(results_page(folders)) + "\n"
    readme = README.read_text("utf-8")
    before, rest = readme.split(START)
    after = rest.split(END)[1]
    readme_now = before + "\n".join([START, *readme_table(folders), END]) + after
    if options.check:
        stale = [path for path, text in ((PAGE, page), (README, readme_now)) if path.read_text("utf-8") != text]
        if stale:
            sys.exit(f"{', '.join(path.name for path in stale)} not up to date: python tools/results_page.py")
        return
    write_whole(PAGE, page)
    write_whole(README, readme_now)


def draw(folders: list[Path], out: Path) -> None:
    """The learning curve of each log and the confusion matrix of each report, in a folder for each recipe."""
    for folder in folders:
        place = out / folder.name
        place.mkdir(parents=True, exist_ok=True)
        for history in sorted(folder.glob("history*.csv")):
            curves = {folder.name: [History("", read_history(history))]}
            figure_style.save(learning_curves_figure(curves), place / f"{history.stem}.png")
        for path in [*sorted(folder.glob("crossval*.json")), *sorted(folder.glob("valid*.json"))]:
            figure_style.save(figures.confusion_figure(Report.read(path)), place / f"{path.stem}-confusion.png")
    print(f"wrote {out}: a folder for each recipe")


def table(folders: list[Path]) -> list[str]:
    """One row a measurement, over the full genres."""
    lines = [
        "| recipe | system | measured on | genres | tracks | artists | accuracy | macro F1 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for folder in folders:
        for path in [*sorted(folder.glob("crossval*.json")), *sorted(folder.glob("valid*.json"))]:
            report = Report.read(path)
            full = report.full_genres
            where = label(path).replace("crossval", "five artist folds, out of fold")
            if any("random weights" in note for note in report.notes):
                where += "; **random weights**"
            lines.append(
                f"| `{folder.name}` | {system(folder.name)} | {where} | {len(full.genres)} | {full.n_tracks} | "
                f"{full.n_artists} | {figure_style.percent_interval(full.accuracy)} | "
                f"{figure_style.percent_interval(full.macro_f1)} |"
            )
    lines += [
        "",
        "GTZAN, fault-filtered split, clips at hand, the genres with enough clips to learn from and to measure (ten in",
        "the table of features and among the pictures, seven as sound); a guess may be any of the ten. Brackets: 95 %",
        "bootstrap over artists.",
    ]
    return lines


def readme_table(folders: list[Path]) -> list[str]:
    """The rows of :func:`table` that a newcomer looks for: out of fold, one recipe of each kind."""
    chosen = {f"| `{name}` |" for name in IN_README}
    head, *_ = lines = table(folders)
    rows = [line for line in lines if any(line.startswith(name) for name in chosen)]
    rows = [line for line in rows if "five artist folds, out of fold |" in line]
    return [head, lines[1], *rows, *lines[lines.index("") :], "Every recipe: [docs/results.md](docs/results.md)."]


def system(name: str) -> str:
    """Which of the five systems a recipe is of, or genrelens."""
    return recipes.load(name).system if name in recipes.names() else "genrelens"


def theirs(path: Path) -> list[str]:
    """What others report, and the field's yardsticks."""
    document = json.loads(path.read_text("utf-8"))
    lines = [
        "## What others report",
        "",
        "As they report it; none of these splits is ours. By their own protocol on the clips at hand, beside a split",
        "by artist, the five systems stand in [reproduce.md](reproduce.md); what such a leak is worth:",
        "[leakage.md](leakage.md).",
        "",
        "| system | what | data | reported | protocol | what leaked | recipes here |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in document["systems"]:
        ours = ", ".join(f"`{name}`" for name in row["ours"])
        cells = [row[key] for key in ("system", "what", "data", "reported", "protocol", "leaks")]
        lines.append(f"| {' | '.join([*cells, ours])} |")
    yardsticks = document["yardsticks"]
    lines += ["", f"{yardsticks['what']}; that part is not here, and ours is measured elsewhere.", ""]
    lines += ["| system | accuracy, % | read in |", "|---|---|---|"]
    lines += [f"| {row['what']} | {row['accuracy']} | {row['source']} |" for row in yardsticks["rows"]]
    return [*lines, ""]


def label(path: Path) -> str:
    """``valid-seed-1.json`` -> ``valid, seed 1``."""
    return path.stem.replace("-seed-", ", seed ")


def results_page(folders: list[Path]) -> list[str]:
    lines = [
        "# Results",
        "",
        "Written by `tools/results_page.py` from reports and logs under `docs/results`; no number is typed by hand.",
        "`python tools/results_page.py --figures runs/figures` draws the learning curves and confusion matrices.",
        "",
        *table(folders),
        "",
    ]
    lines += theirs(RESULTS / "theirs.json")
    for folder in folders:
        lines += [f"## {folder.name}", ""]
        notes = folder / "notes.md"
        if notes.exists():
            lines += [notes.read_text("utf-8").strip(), ""]
        lines += heads(folder / "heads.json")
        lines += trainings(folder)
        for path in [*folder.glob("crossval.json"), *sorted(folder.glob("valid*.json"))[:1]]:
            report = Report.read(path)
            lines += [f"### {label(path)}", ""]
            lines += ["| genre | precision | recall | F1 | tracks | artists |", "|---|---|---|---|---|---|"]
            for row in report.genres:
                star = " *" if row.experimental else ""
                values = (figure_style.percent(getattr(row, key).value) for key in ("precision", "recall", "f1"))
                lines.append(f"| {row.genre}{star} | {' | '.join(values)} | {row.support} | {row.n_artists} |")
            lines += ["", *(f"- {note}" for note in report.notes)]
            lines.append("")
    bench = RESULTS / "bench.md"
    if bench.exists():
        lines += ["## Speed", "", bench.read_text("utf-8").strip(), ""]
    return lines


def heads(path: Path) -> list[str]:
    """What stands on the front, compared by ``research/compare_heads.py``; nothing where it was not."""
    if not path.exists():
        return []
    document = json.loads(path.read_text("utf-8"))
    lines = [
        "| head on the frozen front | folds of so many seeds | mean recall, ten genres | accuracy, full genres | "
        "genrelens-base has more, points |",
        "|---|---|---|---|---|",
    ]
    for head in document["heads"]:
        accuracy, ahead = (Interval(**head[key]) for key in ("accuracy", "base_is_better_by"))
        points = (
            ""
            if head is document["heads"][0]
            else f"{100 * ahead.value:+.1f} [{100 * ahead.low:+.1f}, {100 * ahead.high:+.1f}]"
        )
        lines.append(
            f"| {head['name']} | {len(head['seeds'])} | "
            f"{figure_style.percent(head['mean_recall'])} | {figure_style.percent_interval(accuracy)} | {points} |"
        )
    return [
        *lines,
        "",
        f"Out of fold over {document['n_tracks']} tracks of {document['n_artists']} artists, the full genres (recall: "
        "all); each track's mean over the seeds, paired over the same seeds, 95 % by bootstrap over artists "
        "(`python research/compare_heads.py --data GTZAN`).",
        "",
    ]


def trainings(folder: Path) -> list[str]:
    """A row for each log: how long it trained, and which epoch was kept."""
    histories = sorted(folder.glob("history*.csv"))
    if not histories:
        return []
    lines = ["| log | epochs | kept | lowest stopping loss | seconds an epoch |", "|---|---|---|---|---|"]
    for path in histories:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        best = min(range(len(rows)), key=lambda i: float(rows[i]["stop_loss"]))
        seconds = statistics.median(float(row["seconds"]) for row in rows)
        lines.append(
            f"| [{path.name}](results/{folder.name}/{path.name}) | {len(rows)} | {best + 1} | "
            f"{float(rows[best]['stop_loss']):.3f} | {seconds:.0f} |"
        )
    return [*lines, ""]


if __name__ == "__main__":
    main()
