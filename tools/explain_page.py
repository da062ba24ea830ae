"""Write the tables of docs/explain.md from what was measured, so that no number there is typed.

    python tools/explain_page.py            # write
    python tools/explain_page.py --check    # exit 1 when the page is not what the files say

docs/explain/faithfulness-*.json are reports of ``genrelens faithfulness``, docs/explain/planted-cues-*.json of
``research/planted_cues.py``, docs/explain/order-noise-*.json of ``research/order_noise.py``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from genrelens.explanation.faithfulness.judging import area
from genrelens.explanation.faithfulness.sample import DOMAINS
from genrelens.explanation.methods.scoring import BOTH, DEFAULT, INTEGRATED
from genrelens.files import write_whole
from genrelens.metrics import paired_bootstrap

ROOT = Path(__file__).resolve().parents[1]
PAGE, MEASURED = ROOT / "docs/explain.md", ROOT / "docs/explain"
START, END = "<!-- measured -->", "<!-- /measured -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    text = PAGE.read_text("utf-8")
    before, rest = text.split(START)
    after = rest.split(END)[1]
    now = before + "\n".join([START, *measured(), END]) + after
    if check and now != text:
        sys.exit("docs/explain.md is not up to date: python tools/explain_page.py")
    if not check:
        write_whole(PAGE, now)


def measured() -> list[str]:
    reports, cues = (
        {path: json.loads(path.read_text("utf-8")) for path in sorted(MEASURED.glob(pattern))}
        for pattern in ("faithfulness-*.json", "planted-cues-*.json")
    )
    noise = [json.loads(path.read_text("utf-8")) for path in sorted(MEASURED.glob("order-noise-*.json"))]
    lines = [*in_short(list(reports.values()), list(cues.values())), *orders(noise)]
    for path, report in reports.items():
        lines += faithfulness(report, path)
    for path, report in cues.items():
        lines += planted(report, path)
    return lines


def in_short(reports: list[dict[str, Any]], cues: list[dict[str, Any]]) -> list[str]:
    """What counts of it, for the default method: tracks that no model learnt from, seeds that nobody looked at."""
    lines = ["", "**In short**, of the default on tracks and seeds that it was not chosen on:", ""]
    for report in reports:
        its = [row for row in report["differences"] if row["method"] == DEFAULT]
        if ", valid, " not in report["sample"] or not its:
            continue
        beaten = sum(row["beats"] for row in its)
        rivals = ", ".join(dict.fromkeys(row["against"] for row in its))
        hits = report["sanity"]["pointing"]["hits"]
        areas = [row[key]["value"] for row in its for key in ("deletion", "insertion")]
        lines.append(
            f"- {report['model']}, {report['n_tracks']} tracks of valid: truer than {rivals} in deletion and in "
            f"insertion in {beaten} of {len(its)} paired comparisons, by {min(areas):.3f} to {max(areas):.3f} of area; "
            f"points at a spliced genre in {percent(hits)}."
        )
    for report in cues:
        row = found(report, DEFAULT)
        if report["seed"] not in LOOKED_AT:
            lines.append(
                f"- Planted cues at {report['cue_db']:+g} dB: {percent(row['in_time'])} hit in time, "
                f"{percent(row['in_band'])} in band, {percent(row['in_both'])} in both; loudness alone "
                f"{percent(found(report, 'energy')['in_time'])} in time, integrated gradients "
                f"{percent(found(report, INTEGRATED)['in_both'])} in both."
            )
    return lines


def orders(reports: list[dict[str, Any]]) -> list[str]:
    """How far the default's maps agree with themselves, by other orders."""
    return [
        f"- By two seeds of the orders, maps of {report['model']} agree over seconds by "
        f"{interval(report['agreement']['time'])}, over cells by {interval(report['agreement']['time-frequency'])} "
        f"(rank correlation, {report['n_tracks']} tracks of train; `python research/order_noise.py`)."
        for report in reports
    ]


def found(report: dict[str, Any], method: str) -> dict[str, Any]:
    """A method's row of planted cues."""
    rows: list[dict[str, Any]] = report["methods"]
    return next(row for row in rows if row["method"] == method)


def faithfulness(report: dict[str, Any], path: Path) -> list[str]:
    """Areas, paired differences and checks of one report."""
    lines = [
        "",
        f"**{report['model']}**, {report['sample']} ([{path.name}](explain/{path.name})):",
        "",
        "| over | map | deletion area (low is true) | insertion area (high is true) | average drop (low is true) | "
        "increase in confidence (high is true) | judged by |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in report["methods"]:
        lines.append(
            f"| {row['domain']} | {row['method']} | {interval(row['deletion'])} | {interval(row['insertion'])} | "
            f"{percent(row['average_drop'])} | {percent(row['increase_in_confidence'])} | "
            f"{', '.join(row['fills'])} |"
        )
    if report["differences"]:
        lines += ["", "| over | map | against | better in deletion by | in insertion by | both above 0 |"]
        lines.append("|---|---|---|---|---|---|")
    for row in report["differences"]:
        lines.append(
            f"| {row['domain']} | {row['method']} | {row['against']} | {interval(row['deletion'], sign='+')} | "
            f"{interval(row['insertion'], sign='+')} | {'yes' if row['beats'] else 'no'} |"
        )
    lines += ["", *against_the_old_default(report), *(f"- {sentence}" for sentence in report["verdict"])]
    lines += sanity(report["sanity"])
    lines += [f"- {note}" for note in report["notes"]]
    picture = path.with_suffix(".png")
    if picture.exists():
        lines += ["", f"![deletion and insertion curves](explain/{picture.name})"]
    return lines


def against_the_old_default(report: dict[str, Any]) -> list[str]:
    """How much better the default is than the one before it, where both were judged, by paired differences."""
    lines = []
    for domain in DOMAINS:
        of = {
            method: [row for row in report["curves"] if (row["method"], row["domain"]) == (method, domain)]
            for method in (DEFAULT, BOTH)
        }
        if not all(of.values()):
            continue
        shown = []
        for key, sign in (("deletion", -1), ("insertion", 1)):
            tracks = {row["id"]: row["group"] for row in of[DEFAULT]}
            ours, theirs = (
                [
                    sign * float(np.mean([area(np.array(row[key])) for row in rows if row["id"] == id_]))
                    for id_ in tracks
                ]
                for rows in of.values()
            )
            better = paired_bootstrap(ours, correct_b=theirs, groups=list(tracks.values()), seed=0)
            shown.append(f"{key} by {better.value:+.3f} [{better.low:+.3f}, {better.high:+.3f}]")
        lines.append(f"- Over {domain}, {DEFAULT} is better than {BOTH} in {shown[0]}, in {shown[1]}.")
    return lines


def sanity(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return []
    pointing, shuffled = found["pointing"], found["shuffled_weights"]
    lines = [
        f"- Spliced genres: the map of `{found['method']}` points at 5 s of another genre in "
        f"{percent(pointing['hits'])} of {len(pointing['splices'])} splices; pointing blindly hits "
        f"{pointing['even']:.0%}."
    ]
    if shuffled is not None:
        lines.append(
            "- With the network's weights shuffled, maps agree with the true ones by "
            f"{interval(shuffled['agreement'])} (rank correlation, {shuffled['n_tracks']} tracks)."
        )
    return lines


LOOKED_AT = (0, 1)
"""Seeds of planted cues that were looked at while methods were made."""


def planted(report: dict[str, Any], path: Path) -> list[str]:
    """Hits of one run of planted cues."""
    n_cues = len(report["cues_hz"])
    cued = report["n_test"] * n_cues // (n_cues + 1)
    looked = "looked at while methods were made" if report["seed"] in LOOKED_AT else "not looked at before"
    lines = [
        "",
        f"**Planted cues**, seed {report['seed']} ({looked}), cue at {report['cue_db']:+g} dB of the clip "
        f"([{path.name}](explain/{path.name})): {report['n_right']} of {report['n_test']} clips named rightly, "
        f"{report['n_known']} of the {cued} with a cue for it: without it they are named as having none.",
        "",
        "| map | in time | in band | in both |",
        "|---|---|---|---|",
    ]
    for row in report["methods"]:
        cells = [percent(row[key]) if row[key] else "-" for key in ("in_time", "in_band", "in_both")]
        lines.append(f"| {row['method']} | {' | '.join(cells)} |")
    even = report["methods"][0]["even_in_time"]
    return [*lines, "", f"Pointing blindly hits {even:.0%} in time."]


def interval(found: dict[str, float | None], *, sign: str = "") -> str:
    value, low, high = (found[key] for key in ("value", "low", "high"))
    if low is None or high is None:
        return f"{value:{sign}.3f}"
    return f"{value:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"


def percent(found: dict[str, float | None]) -> str:
    value, low, high = (found[key] for key in ("value", "low", "high"))
    ends = "" if low is None or high is None else f" [{100 * low:.0f}, {100 * high:.0f}]"
    return f"{100 * float(value or 0):.0f} %{ends}"


if __name__ == "__main__":
    main()
