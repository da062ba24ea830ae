"""The figures in the cards of the models that ship, from reports; no number is typed by hand."""

from __future__ import annotations

import json
from pathlib import Path

from genrelens.evaluation.calibration import CalibrationReport
from genrelens.evaluation.report import Report
from genrelens.pages import figure_style

COMMAND = "`python tools/ship_base.py --data GTZAN`"


def held_back(path: Path) -> list[str]:
    """When it does not answer, from ``tools/abstention_report.py``; nothing where that has not run."""
    if not path.exists():
        return []
    found = json.loads(path.read_text("utf-8"))
    lines = ["| no answer to | clips | held back |", "|---|---|---|"]
    for label, key in (
        ("music, out of fold", "music"),
        ("sounds of kinds that were held out of every choice", "held-out"),
        ("FMA's tracks at hand, music of other kinds", "fma"),
    ):
        total = found[key]["total"]
        low, high = (figure_style.percent(end) for end in total["interval"])
        lines.append(f"| {label} | {total['n']} | {figure_style.percent(total['share'])} [{low}, {high}] |")
    return [
        "\n".join(
            [
                *lines,
                "",
                "Wilson's intervals; speech and sounds were synthesised. Command: `python tools/abstention_report.py`.",
            ]
        )
    ]


def other_files(path: Path) -> list[str]:
    """What other files of the same music do to its labels, from ``tools/robustness.py``; nothing without it."""
    if not path.exists():
        return []
    found = json.loads(path.read_text("utf-8"))
    lines = ["| the same music as | other labels, full genres | accuracy, before and after |", "|---|---|---|"]
    for change in found["changes"]:
        if change["genres"] == "full":
            before, after = (figure_style.percent(change[f"accuracy_{when}"]) for when in ("before", "after"))
            lines.append(
                f"| {change['what']} | {figure_style.percent(change['changed']['value'])} | {before}, {after} |"
            )
    return ["\n".join([*lines, "", "Out of fold. Command: `python tools/robustness.py --data GTZAN`."])]


def lite(path: Path) -> list[str]:
    """What the lighter model gives up, from ``tools/lite_report.py``."""
    said = ["The network, labels and calibration of `genrelens-base` over windows side by side, half as many."]
    if path.exists():
        for row in json.loads(path.read_text("utf-8"))["agreements"]:
            equal, base, light = (
                figure_style.percent(row[key]["value"]) for key in ("equal", "accuracy_base", "accuracy_lite")
            )
            said.append(
                f"Over {row['genres']} genres ({row['n_tracks']} tracks, out of fold) {equal} of its labels are "
                f"base's; accuracy {light}, base's {base}."
            )
        said.append("Command: `python tools/lite_report.py --data GTZAN`.")
    return ["\n".join(said)]


def believed(calibration: CalibrationReport, pooled: Report) -> str:
    """How far confidence and prediction sets can be believed, from the reports."""
    error = calibration.expected_calibration_error
    lines = [
        f"Expected calibration error, out of fold, each fold's temperature from the other "
        f"{calibration.n_folds - 1}, all {calibration.n_tracks} tracks: "
        f"{error.value:.3f} [{error.low:.3f}, {error.high:.3f}].",
        "",
        "| coverage asked for | sets that held the genre | genres a set |",
        "|---|---|---|",
    ]
    for found in calibration.sets:
        size = found.mean_size
        lines.append(
            f"| {figure_style.percent(found.coverage)} | {figure_style.percent_interval(found.measured)} | "
            f"{size.value:.2f} [{size.low:.2f}, {size.high:.2f}] |"
        )
    worst = min(calibration.sets[1].by_genre.items(), key=lambda item: item[1][0])
    lines += [
        "",
        f"The promise is for all music together, one artist one vote, not for each genre: at "
        f"{figure_style.percent(calibration.sets[1].coverage)} the least is {worst[0]} with "
        f"{figure_style.percent(worst[1][0])} of {worst[1][1]} tracks.",
    ]
    bins = pooled.reliability
    lines += ["", "| confidence | tracks | on average | right |", "|---|---|---|---|"]
    for k, n in enumerate(bins.counts):
        if n:
            ends = f"{figure_style.percent(bins.edges[k])} to {figure_style.percent(bins.edges[k + 1])}"
            means = (figure_style.percent(values[k]) for values in (bins.confidence, bins.accuracy))
            lines.append(f"| {ends} | {n} | {' | '.join(means)} |")
    return "\n".join(lines)


def measured(pooled: Report, twin: Report, others: list[float]) -> str:
    """The card's table, from the reports."""
    full = pooled.full_genres.genres
    lines = [
        f"Over the {len(full)} full genres ({', '.join(full)}); 95 % intervals by bootstrap over artists.",
        "",
        "| measured on | tracks | artists | accuracy | macro F1 |",
        "|---|---|---|---|---|",
    ]
    for label, report in (
        ("out of fold, train + valid, five folds by artist", pooled),
        ("valid, twin trained on train alone", twin),
    ):
        head = report.full_genres
        lines.append(
            f"| {label} | {head.n_tracks} | {head.n_artists} | {figure_style.percent_interval(head.accuracy)} | "
            f"{figure_style.percent_interval(head.macro_f1)} |"
        )
    seeds = ", ".join(figure_style.percent(value) for value in others)
    lines += [
        "",
        f"Out of fold with the folds of {len(others)} other seeds: {seeds}. Over all ten genres, out of fold: "
        f"{figure_style.percent(pooled.all_genres.accuracy.value)}; mean recall of the ten, which counts a genre of "
        f"nine clips as much as one of seventy: {figure_style.percent_interval(pooled.all_genres.macro_recall)}.",
        "",
        "The shipped model is trained on train + valid by the same recipe, so no part of the data here can measure it;",
        "the figures are those of its siblings. The features and the strength of the penalty were chosen by looking at",
        f"such cross-validations, which flatters them a little. Command: {COMMAND}.",
    ]
    return "\n".join(lines)
