"""How often the default model says "I don't know": ``docs/abstention.md`` and ``abstention.json`` in its results.

    python tools/other_sounds.py --out SOUNDS --group choice
    python tools/other_sounds.py --out SOUNDS --group held-out
    python tools/fit_not_music.py --data ../shared/data --sounds SOUNDS
    python tools/abstention_report.py --data ../shared/data --sounds SOUNDS

Nothing is judged by a detector that has learnt from it: GTZAN is answered out of fold by artist, other music and every
kind of recorded sound by detectors that were fitted without that whole source or kind (not-music.json). Synthesised
sounds took no part in any fit. Each music is also judged by limits that were set on the other sources alone.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from choose_screens import MUSIC
from numpy.typing import NDArray
from other_music.material import FULL, arguments, cuts_of, thin_cuts, unlabelled, whole_clips
from ship_base import SEED, UNLIKE_SHARE, head_data

from genrelens import recipe as recipes
from genrelens.bundle import Abstention, Bundle
from genrelens.bundle.abstention import SHORTEST_S
from genrelens.bundle.styles import is_outside
from genrelens.data import registry, synthetic
from genrelens.data.track import Track, classes_of
from genrelens.features.musicnn import musicnn_windows
from genrelens.files import write_whole
from genrelens.metrics import fit_temperature
from genrelens.models.screens import Screens
from genrelens.recipe import TabularRecipe
from genrelens.training.calibrate import probabilities_of
from genrelens.training.heads import out_of_fold_logits
from genrelens.training.screens import fit_unlikeness, limit_among, out_of_fold_screens, screens_of

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/abstention.md"
RESULTS = ROOT / "docs/results/genrelens-base"
FIGURES = RESULTS / "abstention.json"
LEFT_OUT = RESULTS / "not-music.json"
BEGIN, END = "<!-- tools/abstention_report.py writes from here -->\n", "<!-- to here -->\n"
REASONS = ("silence", "not_music", "outside_vocabulary", "unlike_training", "undecided")
NOT_MUSIC_SHARE = 0.02
N_SYNTHETIC = 6

FloatArray = NDArray[np.float64]


class Answered(NamedTuple):
    """A sound: the table's group, the line in it, and why there was no answer."""

    group: str
    line: str
    reason: str | None


class Sound(NamedTuple):
    """What the reasons are made of, of one sound; ``source`` is its kind, of music its source."""

    source: str
    line: str
    not_music: float
    unlikeness: float
    confidence: float
    styles: tuple[tuple[str, float], ...]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--sounds", required=True, type=Path, help="folder that other_sounds.py wrote")
    args = parser.parse_args()
    bundle = Bundle.load("base")
    limits = bundle.manifest.abstention
    found = recorded(bundle, args.data, args.sounds, args.cache)
    answered = [
        Answered(
            "music" if sound.source == "gtzan" else "other music" if sound.source in MUSIC else "recorded",
            sound.line,
            reason(bundle, limits, sound),
        )
        for sound in found
    ]
    elsewhere = {source: by_other_sources(bundle, limits, found, source) for source in MUSIC}
    for group in ("held-out",):
        for path in sorted((args.sounds / group).rglob("*.flac")):
            line = f"{path.parent.parent.name}: {path.parent.name}"
            answered.append(Answered(group, line, bundle.predict(path).reason))
    for track in synthetic.write_corpus(args.sounds / "synthetic", n_per_style=N_SYNTHETIC, seed=SEED):
        answered.append(Answered("synthetic", track.genre, bundle.predict(track.path).reason))
    tables = page_of(answered, limits, elsewhere)
    before, _, rest = PAGE.read_text().partition(BEGIN)
    write_whole(PAGE, before + BEGIN + tables + END + rest.partition(END)[2])
    write_whole(FIGURES, json.dumps(figures_of(answered, limits, elsewhere), indent=1) + "\n")


def recorded(bundle: Bundle, data: Path, sounds: Path, cache: Path) -> list[Sound]:
    """All recorded sound and music at hand, judged by what has not learnt from it."""
    clips = whole_clips(data)
    windows = musicnn_windows(clips, cache=cache)
    said: dict[str, float] = json.loads(LEFT_OUT.read_text("utf-8"))["values"]
    strange = Screens(fit_unlikeness(windows))
    unlike = out_of_fold_screens(clips, windows, seed=SEED)[:, 1]
    confidence = confidence_out_of_fold(clips, data, cache)
    made = [
        Sound("gtzan", track.genre, said[track.id], float(u), float(c), bundle.predict(track.path).styles)
        for track, u, c in zip(clips, unlike, confidence, strict=True)
    ]
    genres = {track.id: track.genre for track in registry.load(data / "fma", dataset="fma_small")}
    for kind, folder in folders(data):
        tracks = unlabelled(folder, kind=kind)
        for track, its in zip(tracks, musicnn_windows(tracks, cache=cache), strict=True):
            if not len(its):
                continue
            line = genres.get(str(int(track.path.stem)), kind) if kind == "fma" else kind
            prediction = bundle.predict(track.path)
            apart = float(screens_of(strange, [its])[0, 1])
            made.append(
                Sound(kind, line, said[track.id], apart, float(prediction.confidence or 0.0), prediction.styles)
            )
    return made


def folders(data: Path) -> list[tuple[str, Path]]:
    """Kinds of recorded sound, music of other sources first, and where they lie."""
    kinds = [("gtzan_music", "other_music/gtzan_music"), ("fma", "fma/fma_small")]
    kinds += [("gtzan_speech", "not_music/gtzan_speech"), ("librispeech", "not_music/speech")]
    environment = sorted((data / "not_music/environment").iterdir())
    return [(kind, data / place) for kind, place in kinds] + [(folder.name, folder) for folder in environment]


def confidence_out_of_fold(clips: Sequence[Track], data: Path, cache: Path) -> FloatArray:
    """(n,) the largest calibrated probability of GTZAN's clips, by heads that have not heard the artist."""
    recipe = recipes.load("genrelens-base")
    assert isinstance(recipe, TabularRecipe)
    tracks = (*clips, *thin_cuts(data), *cuts_of([clip for clip in clips if clip.genre in FULL]))
    taxonomy = registry.taxonomy("gtzan", clips)
    learnt = head_data(tracks, n_whole=len(clips), cache=cache)
    logits = out_of_fold_logits(recipe, learnt, taxonomy=taxonomy, seed=SEED)[: len(clips)]
    temperature = fit_temperature(logits, targets=classes_of(clips, taxonomy=taxonomy))
    best: FloatArray = probabilities_of(logits, temperature=temperature).max(axis=1)
    return best


def reason(bundle: Bundle, limits: Abstention, sound: Sound) -> str | None:
    """Why there is no answer, as prediction says it."""
    found = limits.reason(
        silent=False,
        duration_s=SHORTEST_S,
        confidence=sound.confidence,
        not_music=sound.not_music,
        unlikeness=sound.unlikeness,
    )
    outside = found != "not_music" and is_outside(
        sound.styles, reason=found, confidence=sound.confidence, taxonomy=bundle.manifest.taxonomy
    )
    return "outside_vocabulary" if outside else found


def by_other_sources(bundle: Bundle, limits: Abstention, found: Sequence[Sound], source: str) -> dict[str, int]:
    """Of one source of music: how many get no answer, and are refused, by limits set on the other sources alone."""
    others = [other for other in MUSIC if other != source]
    values = {
        name: [np.array([getattr(s, name) for s in found if s.source == other]) for other in others]
        for name in ("not_music", "unlikeness")
    }
    without = dataclasses.replace(
        limits,
        max_not_music=limit_among(values["not_music"], NOT_MUSIC_SHARE),
        max_unlikeness=limit_among(values["unlikeness"], UNLIKE_SHARE),
    )
    reasons = [reason(bundle, without, sound) for sound in found if sound.source == source]
    return {
        "n": len(reasons),
        "abstained": sum(why is not None for why in reasons),
        "refused": sum(why in ("not_music", "unlike_training") for why in reasons),
    }


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


def figures_of(
    answered: Sequence[Answered], limits: Abstention, elsewhere: dict[str, dict[str, int]]
) -> dict[str, object]:
    """Everything as JSON: the limits, and of each group the total and its lines; silence apart from the totals."""
    figures: dict[str, object] = {"limits": dataclasses.asdict(limits), "by_limits_of_other_sources": elsewhere}
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
    "recorded": "Recorded sound that is no music, each kind left out of the fit that judges it",
    "held-out": "Synthesised kinds of sound, of which none was fitted to",
    "music": "GTZAN, out of fold",
    "other music": "Music of other sources, each left out whole",
    "synthetic": "The synthetic corpus",
}


def page_of(answered: Sequence[Answered], limits: Abstention, elsewhere: dict[str, dict[str, int]]) -> str:
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
        if group in ("recorded", "held-out"):
            low, high = by_kind(heard(of))
            note = f"Interval of the share over all by bootstrap over kinds: {100 * low:.1f} to {100 * high:.1f} %."
            lines[-2:-2] = [note, ""]
        if "music" in group:
            of_group = [(s, c) for s, c in elsewhere.items() if (s == "gtzan") == (group == "music")]
            said = "; ".join(
                f"{source}: {c['abstained']} of {c['n']} held back, {c['refused']} as `not_music` or `unlike_training`"
                for source, c in of_group
            )
            lines[-2:-2] = [f"By limits that were set on the other sources alone: {said}.", ""]
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
