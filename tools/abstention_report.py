"""How often the default model says "I don't know": ``docs/abstention.md`` and ``abstention.json`` in its results.

    python tools/other_sounds.py --out runs/other-sounds --group choice
    python tools/other_sounds.py --out runs/other-sounds --group held-out
    python tools/abstention_report.py --data ../shared/data/gtzan --fma ../shared/data/fma --sounds runs/other-sounds

Music is answered out of fold, five folds by artist: the head, the distance and the detector have not heard the artist.
Sounds, FMA's tracks and the synthetic corpus are answered by what is fitted to all of the music. The limits come from
the music alone. The held-out kinds are only counted here.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sounds.rows import Windows, music, sounds

from genrelens import recipe as recipes
from genrelens.bundle.abstention import SHORTEST_S, Abstention
from genrelens.data import registry, synthetic
from genrelens.data.splits.folds import grouped_folds
from genrelens.data.track import Track
from genrelens.features.musicnn import musicnn_windows
from genrelens.files import write_whole
from genrelens.models.screens import Screens
from genrelens.recipe import TabularRecipe
from genrelens.taxonomy import Taxonomy
from genrelens.training.calibrate import calibrate, probabilities_of
from genrelens.training.heads import N_FOLDS, out_of_fold_logits
from genrelens.training.screens import abstention, fit_unlikeness, out_of_fold_screens, screens_of
from genrelens.training.tabular import fit_tabular

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/abstention.md"
FIGURES = ROOT / "docs/results/genrelens-base/abstention.json"
BEGIN, END = "<!-- tools/abstention_report.py writes from here -->\n", "<!-- to here -->\n"
REASONS = ("silence", "not_music", "unlike_training", "undecided")
SEED = 0
N_SYNTHETIC = 6

FloatArray = NDArray[np.float64]


class Answered(NamedTuple):
    """A piece: the table's group, the line in it, and why there was no answer."""

    group: str
    line: str
    reason: str | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="folder of GTZAN")
    parser.add_argument("--fma", required=True, type=Path, help="folder of FMA")
    parser.add_argument("--sounds", required=True, type=Path, help="folder that other_sounds.py wrote")
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"))
    parser.add_argument(
        "--choice-only", action="store_true", help="leave the held-out kinds alone, print, write nothing"
    )
    args = parser.parse_args()
    tracks = music(args.data)
    taxonomy = registry.taxonomy("gtzan", tracks)
    made = musicnn_windows(tracks, cache=args.cache)
    model = Model(tracks, made, taxonomy=taxonomy)
    answered = [
        Answered("music", track.genre, model.limits_say(confidence, screens))
        for track, confidence, screens in zip(tracks, model.confidence, model.screens, strict=True)
    ]
    for group in ("choice",) if args.choice_only else ("choice", "held-out"):
        pieces = sounds(args.sounds, group, cache=args.cache)
        reasons = model.reasons([piece.windows for piece in pieces])
        answered += [
            Answered(group, f"{piece.family}: {piece.kind}", reason)
            for piece, reason in zip(pieces, reasons, strict=True)
        ]
    fma = registry.load(args.fma, dataset="fma_small")
    corpus = synthetic.write_corpus(args.sounds / "synthetic", n_per_style=N_SYNTHETIC, seed=SEED)
    for group, others in (("fma", fma), ("synthetic", corpus)):
        reasons = model.reasons(musicnn_windows(others, cache=args.cache))
        answered += [Answered(group, track.genre, reason) for track, reason in zip(others, reasons, strict=True)]
    nested = model.nested(tracks)
    tables = page_of(answered, model.limits, nested)
    if args.choice_only:
        print(tables)
        return
    before, _, rest = PAGE.read_text().partition(BEGIN)
    write_whole(PAGE, before + BEGIN + tables + END + rest.partition(END)[2])
    write_whole(FIGURES, json.dumps(figures_of(answered, model.limits, nested), indent=1) + "\n")


class Model:
    """What ships, made again from its parts: head, calibration, screens, limits."""

    def __init__(self, tracks: Sequence[Track], made: Windows, *, taxonomy: Taxonomy) -> None:
        recipe = recipes.load("genrelens-base")
        assert isinstance(recipe, TabularRecipe)
        rows = np.stack([piece.mean(axis=0, dtype=np.float64) for piece in made])
        classes = np.array([taxonomy.index(track.genre) for track in tracks])
        logits = out_of_fold_logits(recipe, tracks, rows, taxonomy=taxonomy, seed=SEED)
        self.temperature, _ = calibrate(logits, targets=classes, groups=[track.group for track in tracks])
        self.confidence = probabilities_of(logits, temperature=self.temperature).max(axis=1)
        self.screens = out_of_fold_screens(tracks, made, seed=SEED)
        self.limits = abstention(self.confidence, self.screens)
        self._final = Screens(fit_unlikeness(made))
        self._head = fit_tabular(
            recipe,
            rows,
            classes=classes,
            stop_rows=rows[:0],
            stop_classes=classes[:0],
            n_classes=len(taxonomy),
            seed=SEED,
        )

    def nested(self, tracks: Sequence[Track]) -> int:
        """Tracks held back by limits that were set on the other folds' values: not their own, nor their artist's."""
        place = {track.id: i for i, track in enumerate(tracks)}
        held = 0
        for fold in grouped_folds(tracks, n_folds=N_FOLDS, seed=SEED):
            learn = [place[id_] for id_ in fold.ids("train")]
            limits = abstention(self.confidence[learn], self.screens[learn])
            held += sum(
                _said(limits, self.confidence[place[id_]], self.screens[place[id_]]) is not None
                for id_ in fold.ids("test")
            )
        return held

    def limits_say(self, confidence: float, screens: FloatArray) -> str | None:
        return _said(self.limits, confidence, screens)

    def reasons(self, made: Sequence[NDArray[np.float32]]) -> list[str | None]:
        """Of pieces that the model has not learnt from, all longer than a second."""
        return [self._reason(piece) if len(piece) else "silence" for piece in made]

    def _reason(self, piece: NDArray[np.float32]) -> str | None:
        scores = self._head.scores(piece.mean(axis=0, dtype=np.float64)[None])
        confidence = probabilities_of(scores, temperature=self.temperature).max()
        return self.limits_say(float(confidence), screens_of(self._final, [piece])[0])


def _said(limits: Abstention, confidence: float, screens: FloatArray) -> str | None:
    return limits.reason(
        silent=False,
        duration_s=SHORTEST_S,
        confidence=float(confidence),
        not_music=float(screens[0]),
        unlikeness=float(screens[1]),
    )


def counts(answered: Sequence[Answered]) -> dict[str, object]:
    """How many, how many without an answer and why, and the share's Wilson interval."""
    n = len(answered)
    held = sum(piece.reason is not None for piece in answered)
    low, high = wilson(held, n)
    return {
        "n": n,
        "abstained": held,
        **{reason: sum(piece.reason == reason for piece in answered) for reason in REASONS},
        "share": round(held / n, 4),
        "interval": [round(low, 4), round(high, 4)],
    }


def wilson(k: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's 95 % interval of a share ``k / n`` (Wilson 1927)."""
    centre = (k + z * z / 2) / (n + z * z)
    half = z * math.sqrt(k * (n - k) / n + z * z / 4) / (n + z * z)
    return max(0.0, centre - half), min(1.0, centre + half)


def by_kind(answered: Sequence[Answered]) -> tuple[float, float]:
    """95 % interval of the share by bootstrap over lines (kinds), each with all of its clips."""
    lines = [
        [piece.reason is not None for piece in answered if piece.line == line]
        for line in dict.fromkeys(piece.line for piece in answered)
    ]
    held, n = np.array([sum(line) for line in lines]), np.array([len(line) for line in lines])
    drawn = np.random.default_rng(SEED).integers(0, len(lines), (10_000, len(lines)))
    low, high = np.quantile(held[drawn].sum(axis=1) / n[drawn].sum(axis=1), [0.025, 0.975])
    return float(low), float(high)


def figures_of(answered: Sequence[Answered], limits: Abstention, nested: int) -> dict[str, object]:
    """Everything as JSON: the limits, and of each group the total and its lines; silence apart from the totals."""
    figures: dict[str, object] = {"limits": dataclasses.asdict(limits), "music_by_other_folds_limits": nested}
    for group in dict.fromkeys(piece.group for piece in answered):
        of = [piece for piece in answered if piece.group == group]
        figures[group] = {
            "total": counts(heard(of)),
            "interval_over_lines": [round(edge, 4) for edge in by_kind(heard(of))],
            **{
                line: counts([piece for piece in of if piece.line == line])
                for line in dict.fromkeys(piece.line for piece in of)
            },
        }
    return figures


def heard(answered: Sequence[Answered]) -> list[Answered]:
    """Those that are not silence."""
    return [piece for piece in answered if not piece.line.startswith("silence")]


TITLES = {
    "held-out": "Kinds of sound held out of the choice",
    "choice": "Kinds of sound that the detector was fitted to (its own training)",
    "music": "GTZAN, out of fold",
    "fma": "FMA, by its own genres",
    "synthetic": "The synthetic corpus",
}


def page_of(answered: Sequence[Answered], limits: Abstention, nested: int) -> str:
    """The tables, in Markdown."""
    lines = [
        f"Limits: `not_music` above {limits.max_not_music:.3f}, `unlikeness` above {limits.max_unlikeness:.3f}, "
        f"confidence below {limits.min_confidence:.3f}. Intervals are Wilson's at 95 %, as if clips were independent; "
        "clips of one kind are not. Totals leave silence out.",
        "",
    ]
    for group, title in TITLES.items():
        of = [piece for piece in answered if piece.group == group]
        if not of:
            continue
        heading = " | ".join(f"`{reason}`" for reason in REASONS)
        lines += [f"### {title}", "", f"| | n | abstained | {heading} |", "|---" * (3 + len(REASONS)) + "|"]
        if group in ("choice", "held-out"):
            low, high = by_kind(heard(of))
            note = f"Interval of the share over all by bootstrap over kinds: {100 * low:.1f} to {100 * high:.1f} %."
            lines[-2:-2] = [note, ""]
        if group == "music":
            note = f"By limits that were set on the other folds' values: {nested} of {len(of)} held back, "
            lines[-2:-2] = [note + f"{100 * nested / len(of):.1f} %.", ""]
        rows = {"**all**": heard(of)}
        for line in dict.fromkeys(piece.line for piece in of):
            rows[line] = [piece for piece in of if piece.line == line]
        for name, some in rows.items():
            c = counts(some)
            low, high = wilson(int(c["abstained"]), len(some))  # type: ignore[call-overload]
            share = f"{c['abstained']} = {100 * float(c['share']):.1f} %"  # type: ignore[arg-type]
            share += f" ({100 * low:.1f} to {100 * high:.1f})" if name == "**all**" else ""
            lines.append(f"| {name} | {len(some)} | {share} | " + " | ".join(str(c[r]) for r in REASONS) + " |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
