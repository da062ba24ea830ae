"""Write the tables of docs/image-cnns.md from the reports under docs/results.

    python tools/keep_crossval.py runs/cnn-5s ...   # bring finished cross-validations there
    python tools/image_cnns_page.py

No number in those tables is typed by hand. What has not been measured has no row.
"""

from __future__ import annotations

import csv
import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genrelens import recipe as recipes
from genrelens.evaluation.compare import compare
from genrelens.evaluation.report import Report
from genrelens.files import write_whole
from genrelens.metrics import Interval
from genrelens.pages.figure_style import percent_interval

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "docs/results"
PAGE = ROOT / "docs/image-cnns.md"
START, END = "<!-- tables -->", "<!-- /tables -->"
NAMES = ("cnn-128", "cnn-5s", "cnn-png", "cnn-plus", "cnn-plus-cqt", "cnn-plus-mfcc")


def main() -> None:
    before, rest = PAGE.read_text("utf-8").split(START)
    write_whole(PAGE, before + "\n".join([START, *tables(), END]) + rest.split(END)[1])


def tables() -> list[str]:
    """The lines between the page's marks."""
    reports = {
        name: Report.read(RESULTS / name / "crossval.json")
        for name in NAMES
        if (RESULTS / name / "crossval.json").exists()
    }
    lines = [
        "Out of fold, five folds by artist, seed 0, over train + valid of the fault-filtered split, clips at hand.",
        "",
        "| recipe | system | learns from | tracks | accuracy, ten genres, % | full genres | accuracy, full genres, % | "
        "macro F1, full genres, % | epochs a fold |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, report in reports.items():
        recipe = recipes.load(name)
        every, full = report.all_genres, report.full_genres
        cells = [
            f"`{name}`",
            recipe.system,
            getattr(recipe, "learn_from", "sound"),
            str(every.n_tracks),
            percent_interval(every.accuracy),
            str(len(full.genres)),
            percent_interval(full.accuracy),
            percent_interval(full.macro_f1),
            epochs(RESULTS / name),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", *crops(), *sound(), *front_ends(reports)]
    while lines[-1] == "":
        lines.pop()
    return lines


def epochs(folder: Path) -> str:
    """The median of the folds' numbers of epochs, and their range."""
    counts = []
    for path in sorted(folder.glob("history-fold-*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            counts.append(sum(1 for _ in csv.DictReader(file)))
    return f"{statistics.median(counts):.0f} ({min(counts)}-{max(counts)})" if counts else ""


def crops() -> list[str]:
    """What several crops are worth."""
    path = RESULTS / "cnn-5s/crop-votes.json"
    if not path.exists():
        return []
    found = json.loads(path.read_text("utf-8"))
    lines = [
        f"`cnn-5s`: the {found['crops_a_track']:.0f} crops of a clip, pooled, against its first 5 s alone; the same "
        "models and tracks.",
        "",
        "| genres | tracks | artists | first crop, % | all crops, % | gain, points | only all crops right | "
        "only the first right |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for key, what in (("full_genres", "full"), ("all_genres", "ten")):
        row = found[key]
        lines.append(
            f"| {what} | {row['n_tracks']} | {row['n_artists']} | {span(row['first_crop'])} | {span(row['voted'])} | "
            f"{span(row['gain'], sign='+')} | {row['n_only_voted']} | {row['n_only_first']} |"
        )
    return [*lines, ""]


def sound() -> list[str]:
    """Whether the model of pictures answers sound alike."""
    path = RESULTS / "cnn-png/sound-agreement.json"
    if not path.exists():
        return []
    found = json.loads(path.read_text("utf-8"))
    return [
        f"`cnn-png`, learnt from pictures alone, on the {found['n_tracks']} clips that are here as sound, too, by the "
        "models that have seen neither:",
        "",
        "| asked with | accuracy, % |",
        "|---|---|",
        f"| the picture | {span(found['picture'])} |",
        f"| the sound | {span(found['sound'])} |",
        f"| sound minus picture, points | {span(found['sound_minus_picture'], sign='+')} |",
        f"| the same guess from both | {span(found['same_guess'])} |",
        "",
    ]


def front_ends(reports: Mapping[str, Report]) -> list[str]:
    """cnn-plus on three front ends, two by two."""
    compared = {name: reports[name] for name in NAMES if name.startswith("cnn-plus") and name in reports}
    if len(compared) < 2:
        return []
    lines = [
        "One network, several front ends, paired over the same tracks, full genres:",
        "",
        "| first | second | tracks | first, % | second, % | first minus second, points |",
        "|---|---|---|---|---|---|",
    ]
    for pair in compare(compared):
        scores = pair.full_genres or pair.all_genres
        assert scores is not None
        lines.append(
            f"| `{pair.a}` | `{pair.b}` | {scores.n_tracks} | {100 * scores.accuracy_a:.1f} | "
            f"{100 * scores.accuracy_b:.1f} | {points(scores.difference)} |"
        )
    return [*lines, ""]


def points(difference: Interval) -> str:
    return f"{100 * difference.value:+.1f} [{100 * difference.low:+.1f}, {100 * difference.high:+.1f}]"


def span(figure: Mapping[str, Any], *, sign: str = "") -> str:
    value, low, high = (100 * figure[key] for key in ("value", "low", "high"))
    return f"{value:{sign}.1f} [{low:{sign}.1f}, {high:{sign}.1f}]"


if __name__ == "__main__":
    main()
