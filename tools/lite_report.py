"""What genrelens-lite gives up against genrelens-base, and what it saves: docs/lite.md and the report it is made of.

    python tools/lite_report.py --data ../shared/data/gtzan      measure, then write both; take it on a quiet machine
    python tools/lite_report.py --page                           write the page again from the report
    python tools/lite_report.py --check                          exit 1 when the page is not what the report says

Answers are out of fold over train + valid, by heads that learnt from base's rows of the other folds, as the shipped
lite has base's head. Times are those of ``Bundle.predict`` on 30 s of samples at 16 kHz, base and lite in turns.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from robustness import N_FOLDS, PARTS, RESULTS, ROOT, SEED, SPLIT, out_of_fold, tracks_of, variant_rows

from genrelens.bundle import Bundle
from genrelens.bundle.sessions import MAX_THREADS
from genrelens.data import synthetic
from genrelens.data.track import under_supported
from genrelens.files import write_whole
from genrelens.metrics import Interval, grouped_bootstrap, mean_statistic, paired_bootstrap
from genrelens.pages.figure_style import percent, percent_interval
from genrelens.parallel import n_cores
from genrelens.recipe import TabularRecipe
from genrelens.schema import decode, encode, json_text, parse, read_text

PAGE = ROOT / "docs/lite.md"
REPORT = RESULTS / "genrelens-lite/lite.json"
SCHEMA = "genrelens.lite/1"
RATE_HZ, PIECE_S, REPEATS = 16_000, 30, 40
LIMIT_MS = {"base": 250.0, "lite": 30.0}
LIMIT_EQUAL = 0.92


@dataclass(frozen=True)
class Agreement:
    """Base and lite over the tracks of some genres; ``difference`` is lite's accuracy less base's, paired."""

    genres: str
    n_tracks: int
    n_artists: int
    equal: Interval
    accuracy_base: Interval
    accuracy_lite: Interval
    difference: Interval


@dataclass(frozen=True)
class Timing:
    """For 30 s of samples: wall time of the best and the median repeat, and processor time of all threads, in ms."""

    model: str
    best_ms: float
    median_ms: float
    processor_ms: float


@dataclass(frozen=True)
class LiteReport:
    """What was measured, and how busy the machine was while it was timed (load average of a minute)."""

    measured: str
    agreements: tuple[Agreement, ...]
    timings: tuple[Timing, ...]
    n_repeats: int
    n_threads: int
    n_cores: int
    load_average: float

    def to_json(self) -> str:
        return json_text({"schema": SCHEMA, **encode(self)})

    @classmethod
    def read(cls, path: Path) -> LiteReport:
        text = read_text(path, what="lite report")
        report: LiteReport = decode(cls, parse(text, schema=SCHEMA, source=str(path)), where=str(path))
        return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of GTZAN")
    parser.add_argument("--rows", type=Path, default=Path("runs/robustness"), help="where rows are kept")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--page", action="store_true", help="only write the page")
    parser.add_argument("--check", action="store_true", help="only compare the page")
    args = parser.parse_args()
    if not args.page and not args.check:
        if args.data is None:
            parser.error("--data is needed to measure")
        report = measure(args.data, kept=args.rows, n_workers=args.workers)
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        write_whole(REPORT, report.to_json())
    page = "\n".join(page_lines(LiteReport.read(REPORT))) + "\n"
    if not args.check:
        write_whole(PAGE, page)
    elif PAGE.read_text("utf-8") != page:
        sys.exit(f"{PAGE.name} is not up to date: python tools/lite_report.py --page")


def measure(data: Path, *, kept: Path, n_workers: int) -> LiteReport:
    bundles = {name: Bundle.load(name) for name in LIMIT_MS}
    recipe = TabularRecipe.from_dict(bundles["base"].manifest.training.recipe, where="the bundle base")
    tracks, taxonomy = tracks_of(data)
    rows = {
        name: variant_rows(bundle, tracks, "original", kept=kept, n_workers=n_workers)
        for name, bundle in bundles.items()
    }
    classes = np.array([taxonomy.index(track.genre) for track in tracks])
    logits = out_of_fold(
        recipe,
        tracks,
        {"original": rows["base"], "lite": rows["lite"]},
        classes=classes,
        n_classes=len(taxonomy),
        seed=SEED,
    )
    base, lite = logits["original"].argmax(axis=1), logits["lite"].argmax(axis=1)
    thin = under_supported(taxonomy, tracks)
    full = np.array([track.genre not in thin for track in tracks])
    groups = np.array([track.group for track in tracks])
    agreements = []
    for genres, among in (("full", full), ("all", np.ones_like(full))):
        of = groups[among]
        right_base, right_lite = (base == classes)[among], (lite == classes)[among]
        share = [
            grouped_bootstrap(mean_statistic(values), groups=of, seed=0)
            for values in ((base == lite)[among], right_base, right_lite)
        ]
        difference = paired_bootstrap(right_lite, correct_b=right_base, groups=of, seed=0)
        agreements.append(Agreement(genres, int(among.sum()), len(set(of)), *share, difference))
    return LiteReport(
        measured=f"out of fold over {PARTS} of the split {SPLIT}, {N_FOLDS} folds by artist, seed {SEED}",
        agreements=tuple(agreements),
        timings=timings(bundles),
        n_repeats=REPEATS,
        n_threads=max(1, min(MAX_THREADS, n_cores() - 1)),
        n_cores=n_cores(),
        load_average=round(os.getloadavg()[0], 1),
    )


def timings(bundles: dict[str, Bundle]) -> tuple[Timing, ...]:
    """The models take turns within each repeat, so that a busy moment of the machine falls on both."""
    piece = synthetic.render("power_chords", seed=0, duration_s=PIECE_S, sample_rate=RATE_HZ).samples
    wall: dict[str, list[float]] = {name: [] for name in bundles}
    processor: dict[str, list[float]] = {name: [] for name in bundles}
    for repeat in range(REPEATS + 1):
        for name, bundle in bundles.items():
            start, start_processor = time.perf_counter(), time.process_time()
            bundle.predict(piece, sample_rate=RATE_HZ)
            if repeat:  # the first warms up
                wall[name].append(1000 * (time.perf_counter() - start))
                processor[name].append(1000 * (time.process_time() - start_processor))
    return tuple(
        Timing(name, min(wall[name]), statistics.median(wall[name]), statistics.median(processor[name]))
        for name in bundles
    )


def page_lines(report: LiteReport) -> list[str]:
    """The page; every number in it is the report's."""
    lines = [
        "# genrelens-lite",
        "",
        "Measured with the head before this one (genrelens-base 7cc0145605e9), not again since.",
        "",
        "The network and the head of `genrelens-base` over windows of 3 s side by side, where base takes one every",
        "1.5 s: half the work. `--model lite`. Answers",
        f"{report.measured},",
        "by heads that learnt from base's rows; brackets: 95 % bootstrap over artists. Written by",
        "`python tools/lite_report.py --data GTZAN`; no number is typed by hand.",
        "",
        "| genres | tracks | artists | labels equal to base's | accuracy of base | of lite | difference, paired |",
        "|---|---|---|---|---|---|---|",
    ]
    for a in report.agreements:
        lines.append(
            f"| {a.genres} | {a.n_tracks} | {a.n_artists} | {percent_interval(a.equal)} | "
            f"{percent_interval(a.accuracy_base)} | {percent_interval(a.accuracy_lite)} | "
            f"{percent_interval(a.difference)} |"
        )
    lines += [
        "",
        f"The aim is {percent(LIMIT_EQUAL)} of labels equal. Time after decoding, {PIECE_S} s of samples at 16 kHz,",
        f"{report.n_repeats} repeats in turns, {report.n_threads} threads on {report.n_cores} cores, load average "
        f"{report.load_average:.1f}",
        "(above the number of cores the machine was busy with other work, and wall times are too long):",
        "",
        "| model | best, ms | median, ms | processor, ms | aim, ms |",
        "|---|---|---|---|---|",
    ]
    for t in report.timings:
        lines.append(
            f"| {t.model} | {t.best_ms:.0f} | {t.median_ms:.0f} | {t.processor_ms:.0f} | {LIMIT_MS[t.model]:.0f} |"
        )
    return lines


if __name__ == "__main__":
    main()
