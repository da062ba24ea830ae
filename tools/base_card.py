"""The figures in the cards of the models that ship, from reports; no number is typed by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

from genrelens.evaluation.calibration import CalibrationReport
from genrelens.evaluation.report import Report
from genrelens.pages.figure_style import percent, percent_interval


def held_back(path: Path) -> list[str]:
    """When it does not answer, from ``tools/abstention_report.py``; nothing where that has not run."""
    if not path.exists():
        return []
    found = json.loads(path.read_text("utf-8"))
    lines = ["| no answer to | clips | held back |", "|---|---|---|"]
    for label, key in (
        ("music, out of fold", "music"),
        ("music of other sources, each left out of the detector", "other music"),
        ("recorded sound that is no music, each kind left out of the detector", "recorded"),
        ("synthesised sound, of which none was learnt from", "held-out"),
    ):
        total = found[key]["total"]
        low, high = (percent(end) for end in total["interval"])
        lines.append(f"| {label} | {total['n']} | {percent(total['share'])} [{low}, {high}] |")
    return [
        "\n".join(
            [
                *lines,
                "",
                "Wilson's intervals. Command: `python tools/abstention_report.py --data DATA --sounds SOUNDS`.",
            ]
        )
    ]


def lite(path: Path) -> list[str]:
    """What the lighter model gives up, from ``tools/lite_report.py``."""
    said = ["The network, labels and calibration of `genrelens-base` over windows side by side, half as many."]
    said += ["What follows was measured with the head before this one; it has not been measured again."]
    if path.exists():
        for row in json.loads(path.read_text("utf-8"))["agreements"]:
            equal, base, light = (percent(row[key]["value"]) for key in ("equal", "accuracy_base", "accuracy_lite"))
            said.append(
                f"Over {row['genres']} genres ({row['n_tracks']} tracks, out of fold) {equal} of its labels are "
                f"base's; accuracy {light}, base's {base}."
            )
        said.append("Command: `python tools/lite_report.py --data GTZAN`.")
    return ["\n".join(said)]


def nested(path: Path) -> str:
    """The recipe's nested figure, C and the weighing of genres chosen in the folds, from ``tools/choose_head.py``."""
    found = json.loads(path.read_text("utf-8"))
    new, old, gain = found["nested"], found["before"], found["gain"]
    plus = " --plus" if "plus" in path.name else ""
    recall = [new[f"recall_of_ten_{how}"] for how in ("whole_by_artist", "cuts_by_artist")]
    thin = ", ".join(
        f"{genre} {percent(new['thin_whole_by_artist'][genre])} and {percent(new['thin_cuts_by_artist'][genre])}"
        for genre in new["thin_whole_by_artist"]
    )
    return (
        "C and the weighing of genres chosen inside the folds, mean of three fold seeds: "
        f"{percent(new['full'])} over the full genres "
        f"({percent(old['full'])} by the head before; gain {100 * gain['gain']:+.1f} points "
        f"[{100 * gain['low']:+.1f}, {100 * gain['high']:+.1f}], over artists). Mean recall of ten, thin genres one "
        f"vote an artist: {percent(min(recall))} with cuts of 2 to 3 s, {percent(max(recall))} with whole clips; "
        f"of each thin genre, whole clips and cuts: {thin}. Of cuts of 2 to 3 s of the full genres "
        f"{percent(new['cuts_keep_label'])} keep the clip's label. "
        f"Command: `python tools/choose_head.py --data DATA{plus}`."
    )


def believed(calibration: CalibrationReport, pooled: Report, train_only: Report) -> str:
    """How far confidence and prediction sets can be believed, from the reports."""
    error = calibration.expected_calibration_error
    errors = [
        (
            error.value,
            f"{error.value:.3f} [{error.low:.3f}, {error.high:.3f}] out of fold, each temperature from the other "
            f"{calibration.n_folds - 1} folds, all {calibration.n_tracks} tracks",
        ),
        (
            train_only.expected_calibration_error,
            f"{train_only.expected_calibration_error:.3f} by a train-only model on valid, {train_only.n_tracks}",
        ),
    ]
    lines = [
        "Expected calibration error, 15 bins, the worse first: "
        + "; ".join(text for _, text in sorted(errors, reverse=True))
        + ".",
        "",
        "| coverage asked for | sets that held the genre | genres a set | least sure third | middle | surest third |",
        "|---|---|---|---|---|---|",
    ]
    for found in calibration.sets:
        size = found.mean_size
        sizes = f"{size.value:.2f}" + ("" if math.isnan(size.low) else f" [{size.low:.2f}, {size.high:.2f}]")
        thirds = " | ".join(percent(share) for share in found.by_third)
        lines.append(f"| {percent(found.coverage)} | {percent_interval(found.measured)} | {sizes} | {thirds} |")
    lines += [
        "",
        "The promise is per clip of all music together, fitted with one artist one vote, not for each genre:",
        "",
        "| genre | clips | right | in the set at " + percent(calibration.sets[1].coverage) + " |",
        "|---|---|---|---|",
    ]
    recalls = {row.genre: row.recall for row in pooled.genres}
    for genre, (share, n) in sorted(calibration.sets[1].by_genre.items(), key=lambda item: recalls[item[0]].value):
        lines.append(f"| {genre} | {n} | {percent(recalls[genre].value)} | {percent(share)} |")
    bins = pooled.reliability
    lines += ["", "| confidence | tracks | on average | right |", "|---|---|---|---|"]
    for k, n in enumerate(bins.counts):
        if n:
            ends = f"{percent(bins.edges[k])} to {percent(bins.edges[k + 1])}"
            means = (percent(values[k]) for values in (bins.confidence, bins.accuracy))
            lines.append(f"| {ends} | {n} | {' | '.join(means)} |")
    return "\n".join(lines)


def measured(pooled: Report, train_only: Report, others: list[float]) -> str:
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
        ("valid, by a model trained on train alone", train_only),
    ):
        head = report.full_genres
        lines.append(
            f"| {label} | {head.n_tracks} | {head.n_artists} | {percent_interval(head.accuracy)} | "
            f"{percent_interval(head.macro_f1)} |"
        )
    seeds = ", ".join(percent(value) for value in others)
    lines += [
        "",
        f"Out of fold with the folds of {len(others)} other seeds: {seeds}. Over all ten genres, out of fold: "
        f"{percent(pooled.all_genres.accuracy.value)}; mean recall of the ten, which counts a genre of "
        f"nine clips as much as one of seventy: {percent_interval(pooled.all_genres.macro_recall)}.",
        "",
        "The shipped model is trained on train + valid by the same recipe, so no part of the data here can measure it;",
        "the figures are those of its siblings. The features and the strength of the penalty were chosen by looking at",
        "such cross-validations, which flatters them a little; the nested figure above less so. Command: "
        f"`python tools/ship_{pooled.model.removeprefix('genrelens-')}.py --data DATA`.",
    ]
    return "\n".join(lines)
