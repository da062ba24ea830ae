"""Damaged sound files in great number: what genrelens answers, and whether one brings it down.

    python tools/fuzz.py --files 20000 --workers 2 --keep faults      until all are done, some 15 minutes on two cores
    python tools/fuzz.py --first 4711 --files 1 --keep faults         one of them again
    python tools/fuzz.py --files 20000 --workers 2 --write            the same, and its table into docs/robustness.md

Whole files of every format that libsndfile, ffmpeg, lame and we ourselves can write are damaged by rule
(``tools/damaged``): bytes, numbers in headers, cuts, splices, pieces repeated, removed and swapped, tags, wrong
endings. File N of a seed is always the same where the same encoders are. Each goes through ``Bundle.predict`` of the
model lite and ``read_tags``, in a process that is replaced when it dies. A fault is: the process died; an error that
is not one of genrelens's own; more than 20 s of processor time; more than 500 MB held; anything written to the
terminal. Files at fault go to ``--keep``, each with a .txt that says how it was made and what happened.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from damaged.judging import LIMIT_MB, LIMIT_S, Verdict, judged
from damaged.mutations import Damaged
from damaged.seeds import seeds

from genrelens.files import write_whole
from genrelens.schema import decode, encode, json_text, parse, read_text

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "docs/results/damaged-files.json"
SCHEMA = "genrelens.damaged-files/1"
FAULTS = {
    "crashed": "ended the process",
    "internal": "an error of ours (`internal`)",
    "slow": f"took more than {LIMIT_S:.0f} s of processor time",
    "large": f"took more than {LIMIT_MB:.0f} MB of memory",
    "printed": "wrote to the terminal past us",
}


@dataclass(frozen=True)
class Count:
    """How many files had an outcome, or a fault, of this name."""

    name: str
    n: int


@dataclass(frozen=True)
class Run:
    """What became of the files ``first`` to ``first + n_files`` of a seed."""

    seed: int
    first: int
    n_files: int
    n_whole: int
    outcomes: tuple[Count, ...]
    faults: tuple[Count, ...]
    slowest_s: float
    largest_mb: float

    def to_json(self) -> str:
        return json_text({"schema": SCHEMA, **encode(self)})

    @classmethod
    def read(cls, path: Path) -> Run:
        text = read_text(path, what="report of damaged files")
        run: Run = decode(cls, parse(text, schema=SCHEMA, source=str(path)), where=str(path))
        return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="number of the first, to go on where a run ended")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where files at fault are kept")
    parser.add_argument("--write", action="store_true", help=f"write {REPORT.relative_to(ROOT)} and the page")
    args = parser.parse_args()
    whole, missing = seeds()
    for line in missing:
        print(f"left out: {line}", file=sys.stderr)
    print(f"{len(whole)} whole files", file=sys.stderr)
    tally = _Tally(keep=args.keep, seed=args.seed)
    indices = range(args.first, args.first + args.files)
    for n_done, (file, verdict) in enumerate(judged(whole, seed=args.seed, indices=indices, n_workers=args.workers), 1):
        tally.add(file, verdict)
        if n_done % 100 == 0 or n_done == args.files:
            print(f"{n_done} of {args.files}, {tally.n_faulty} at fault, {tally.rate():.0f}/s", file=sys.stderr)
    run = Run(
        args.seed,
        args.first,
        args.files,
        len(whole),
        tuple(Count(name, n) for name, n in tally.outcomes.most_common()),
        tuple(Count(name, tally.faults[name]) for name in FAULTS),
        round(tally.slowest_s, 1),
        float(round(tally.largest_mb)),
    )
    print("\n".join(table(run)))
    if args.write:
        import robustness

        write_whole(REPORT, run.to_json())
        robustness.write_page()
    sys.exit(1 if tally.n_faulty else 0)


class _Tally:
    """Counts verdicts, and keeps the files at fault."""

    def __init__(self, *, keep: Path | None, seed: int) -> None:
        self._keep = keep
        self._seed = seed
        self._begin = time.monotonic()
        self.outcomes: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.n_faulty = 0
        self.slowest_s = self.largest_mb = 0.0

    def add(self, file: Damaged, verdict: Verdict) -> None:
        self.outcomes[verdict.outcome] += 1
        self.slowest_s = max(self.slowest_s, verdict.cpu_s)
        self.largest_mb = max(self.largest_mb, verdict.peak_mb)
        if not verdict.faults:
            return
        self.n_faulty += 1
        self.faults.update(verdict.faults)
        name = f"{self._seed}-{file.index}"
        print(f"{name}: {', '.join(verdict.faults)}: {'; '.join(file.recipe)}", file=sys.stderr)
        if self._keep is not None:
            self._keep.mkdir(parents=True, exist_ok=True)
            (self._keep / f"{name}{file.suffix}").write_bytes(file.data)
            (self._keep / f"{name}.txt").write_text(told(file, verdict), "utf-8")

    def rate(self) -> float:
        return sum(self.outcomes.values()) / (time.monotonic() - self._begin)


def told(file: Damaged, verdict: Verdict) -> str:
    """How a file was made, and what happened."""
    return (
        "\n".join(
            (
                *file.recipe,
                "",
                f"{verdict.outcome}, tags {verdict.tags or '-'}, {verdict.cpu_s:.1f} s, {verdict.peak_mb:.0f} MB",
                verdict.detail,
                verdict.printed,
            )
        ).strip()
        + "\n"
    )


def table(run: Run) -> list[str]:
    refused = [c for c in run.outcomes if c.name not in ("answered", "crashed", "hung", "internal")]
    answered = sum(count.n for count in run.outcomes if count.name == "answered")
    lines = ["| of the damaged files | |", "|---|---|", f"| made | {run.n_files:,} |"]
    lines.append(f"| answered | {answered:,} |")
    lines += [f"| refused: `{count.name}` | {count.n:,} |" for count in refused]
    lines += [f"| {FAULTS[count.name]} | {count.n:,} |" for count in run.faults]
    return [
        *lines,
        f"| the most processor time | {run.slowest_s:.1f} s |",
        f"| the most memory | {run.largest_mb:.0f} MB |",
    ]


def page_lines(run: Run) -> list[str]:
    """The section of docs/robustness.md."""
    return [
        "",
        "## Damaged files",
        "",
        f"{run.n_whole} whole files, in every format that libsndfile, ffmpeg, lame or a few lines of Python write, are",
        "damaged by rule: bytes, numbers in headers, cuts, splices, pieces repeated, removed and swapped, tags, wrong",
        "endings. Each goes through `Bundle.predict` of the model lite and through the reader of tags. Processor time",
        "and memory are those of one file, memory with the program and its model. Measured by",
        f"`python tools/fuzz.py --files {run.n_files} --first {run.first} --seed {run.seed} --workers 2 --write`.",
        "",
        *table(run),
        "",
        "What is written past us comes from libsndfile's mpg123, which is asked for free-format mp3 alone and cannot",
        "be told to print nothing.",
    ]


def section() -> Sequence[str]:
    """The section from the report, for ``tools/robustness.py``, which writes the page."""
    return page_lines(Run.read(REPORT)) if REPORT.is_file() else ()


if __name__ == "__main__":
    main()
