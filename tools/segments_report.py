"""How well a track is parted into segments, by models that have heard none of its artists, and what a change costs.

    python tools/segments_report.py --data ../shared/data

Five folds by artist of GTZAN's clips of train and valid. The price of a change is the least of the plan's that gives
at most 0.1 false boundaries a single clip; each fold is judged at the price, the temperature and the least confidence
of the others. Splices are stretches of two clips of one fold, of different genre and artist, each of which is answered
alone, equally loud and joined without a fade at a time that chance says. "lite" hears every other window. Writes
docs/results/genrelens-base/segments.json and prints it: docs/segments.md.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
from numpy.typing import NDArray
from other_music.material import FULL, arguments, cuts_of, thin_cuts, unlabelled, whole_clips
from ship_base import head_data

from genrelens import recipe as recipes
from genrelens.audio import load
from genrelens.bundle.segments import PRICE_S, Segment, find_segments
from genrelens.data import registry
from genrelens.data.track import Track, classes_of
from genrelens.features.embedding import embed, heard
from genrelens.features.musicnn import musicnn_windows
from genrelens.files import write_whole
from genrelens.metrics import bootstrap_distribution, fit_temperature
from genrelens.models.musicnn_head import FRONT_END, HOP_FRAMES, N_FRAMES
from genrelens.recipe import TabularRecipe
from genrelens.training.calibrate import fold_rows, probabilities_of
from genrelens.training.heads import fit_head, in_measured_units

ROOT: Final = Path(__file__).resolve().parents[1]
PRICES_S: Final = (1.5, 3.0, 6.0, 12.0, 24.0)
"""1, 2, 4, 8 and 16 times log(10) for windows every 1.5 s."""
MOST_FALSE: Final = 0.1
HELD_BACK: Final = 0.04
"""Share of the clips that gets no answer alone: that of the models that ship."""
WITHIN_S: Final = 3.0
LENGTHS_S: Final = {"15 s + 15 s": (12.0, 18.0, 30.0), "29 s + 29 s": (29.0, 29.0, 58.0)}
"""The first clip's stretch is at least and at most so long, and the splice is so long in all."""
OTHER: Final = ("fma/fma_small", "other_music/gtzan_music")
"""Music of other sources, in clips of 30 s of one track each."""
SEED: Final = 0

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Splice:
    """Two clips in a row, by their places among the clips; the second begins at ``boundary_s``."""

    first: int
    second: int
    boundary_s: float


@dataclass(frozen=True, slots=True, eq=False)
class OutOfFold:
    """Models of ``k`` folds and what they say of ``n`` whole clips, each by the one that has not heard its artist.

    ``layers``: weight and bias over windows of each; ``temperatures``: of each, from the clips of the other folds;
    ``fold_of (n,)``; ``logits (n, c)`` of the whole clips.
    """

    clips: Sequence[Track]
    windows: Sequence[NDArray[np.float32]]
    names: tuple[str, ...]
    layers: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]
    temperatures: Sequence[float]
    fold_of: NDArray[np.int64]
    logits: FloatArray

    def segments(self, windows: NDArray[np.float32], k: int, price_s: float, *, every: int = 1) -> tuple[Segment, ...]:
        """Of a track's windows ``(w, 712)``, or every other of them, by the model of fold ``k``."""
        times_s, (weight, bias) = seconds_of(len(windows)), self.layers[k]
        return find_segments(
            times_s[::every],
            windows[::every].astype(np.float64) @ weight.T + bias,
            temperature=self.temperatures[k],
            names=self.names,
            duration_s=float(times_s[-1, 1]),
            price_s=price_s,
        )

    def false_boundaries(self, price_s: float, *, every: int = 1) -> NDArray[np.int64]:
        """``(n,)``: of each clip, which is of one genre."""
        both = zip(self.windows, self.fold_of.tolist(), strict=True)
        return np.array([len(self.segments(windows, k, price_s, every=every)) - 1 for windows, k in both])

    def answered(self) -> NDArray[np.bool_]:
        """``(n,)``: whether a clip alone gets an answer, at the other folds' least confidence."""
        temperature = np.array(self.temperatures)[self.fold_of]
        sure = probabilities_of(self.logits / temperature[:, np.newaxis], temperature=1.0).max(axis=1)
        limits = [np.quantile(sure[self.fold_of != k], HELD_BACK) for k in range(len(self.layers))]
        return np.asarray(sure >= np.array(limits)[self.fold_of], dtype=np.bool_)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--splices", type=int, default=100, help="of 15 s and 15 s; half as many of 29 s and 29 s")
    args = parser.parse_args()
    models = out_of_fold(args.data, args.cache)
    false = {price_s: models.false_boundaries(price_s) for price_s in PRICES_S}
    folds = range(len(models.layers))
    prices = [chosen({p: float(one[models.fold_of != k].mean()) for p, one in false.items()}) for k in folds]
    nested = np.array([false[prices[k]][i] for i, k in enumerate(models.fold_of)])
    made: dict[str, Any] = {
        "n_clips": len(models.clips),
        "false_boundaries_a_clip_by_price_s": {str(p): round(float(one.mean()), 4) for p, one in false.items()},
        "price_s": chosen({p: float(one.mean()) for p, one in false.items()}),
        "prices_in_folds_s": prices,
        "false_boundaries_a_clip": with_interval(nested, np.array([clip.group for clip in models.clips])),
        "boundaries_a_clip_of_other_music": {
            folder: boundaries_elsewhere(models, args.data / folder, prices, cache=args.cache) for folder in OTHER
        },
        "false_boundaries_a_clip_of_lite": round(float(models.false_boundaries(PRICE_S, every=2).mean()), 4),
    }
    for kind, lengths_s in LENGTHS_S.items():
        n = args.splices if kind == "15 s + 15 s" else args.splices // 2
        drawn = draw(models, n=n, lengths_s=lengths_s)
        windows = windows_of_splices(drawn, models.clips, lengths_s=lengths_s, cache=args.cache)
        made[kind] = {
            **judged(models, drawn, windows, prices),
            "found_by_price_s": {
                str(p): judged(models, drawn, windows, [p for _ in folds])["found"]["mean"] for p in PRICES_S
            },
            "found_by_lite": judged(models, drawn, windows, prices, every=2)["found"]["mean"],
        }
    write_whole(ROOT / "docs/results/genrelens-base/segments.json", json.dumps(made, indent=1) + "\n")
    print(json.dumps(made, indent=1))
    if made["price_s"] != PRICE_S:
        print(f"the chosen price is {made['price_s']} s, genrelens.bundle.segments.PRICE_S is {PRICE_S} s: mend that")


def out_of_fold(data_folder: Path, cache: Path) -> OutOfFold:
    """The models of five folds, each learnt as the model that ships is."""
    recipe = recipes.load("genrelens-base")
    assert isinstance(recipe, TabularRecipe)
    clips, thin = whole_clips(data_folder), thin_cuts(data_folder)
    cuts = cuts_of([clip for clip in clips if clip.genre in FULL])
    data = head_data((*clips, *thin, *cuts), n_whole=len(clips), cache=cache)
    taxonomy = registry.taxonomy("gtzan", clips)
    layers, logits = [], np.zeros((len(clips), len(taxonomy)))
    fold_of = np.zeros(len(clips), dtype=np.int64)
    for k, (learn, answer) in enumerate(fold_rows(data.tracks, seed=SEED)):
        model = fit_head(recipe, data, learn, taxonomy=taxonomy, seed=SEED)
        weight, bias, _ = in_measured_units(model, {})
        layers.append((weight, bias))
        whole = answer[answer < len(clips)]
        fold_of[whole] = k
        logits[whole] = model.logits(np.nan_to_num((data.numbers[whole] - model.mean) / model.scale))
    classes = classes_of(clips, taxonomy=taxonomy)
    others = [fold_of != k for k in range(len(layers))]
    temperatures = [fit_temperature(logits[which], targets=classes[which]) for which in others]
    return OutOfFold(clips, data.windows[: len(clips)], taxonomy.names, layers, temperatures, fold_of, logits)


def boundaries_elsewhere(models: OutOfFold, folder: Path, prices: Sequence[float], *, cache: Path) -> dict[str, float]:
    """How many boundaries a clip of other music gets, mean over the models of all folds."""
    windows = musicnn_windows(unlabelled(folder, kind="other"), cache=cache)
    counts = [[len(models.segments(one, k, price_s)) - 1 for one in windows] for k, price_s in enumerate(prices)]
    return {"n_clips": len(windows), "mean": round(float(np.mean(counts)), 4)}


def seconds_of(n_windows: int) -> FloatArray:
    """``(w, 2)`` where windows lie that come one after the other, s."""
    frame_s = FRONT_END.hop_length / FRONT_END.sample_rate
    starts = np.arange(n_windows) * HOP_FRAMES
    seconds: FloatArray = np.stack([starts, starts + N_FRAMES], axis=1).astype(np.float64) * frame_s
    return seconds


def chosen(false: dict[float, float]) -> float:
    """The least price with at most :data:`MOST_FALSE` false boundaries a clip, or the largest there is."""
    return next((price_s for price_s in PRICES_S if false[price_s] <= MOST_FALSE), PRICES_S[-1])


def draw(models: OutOfFold, *, n: int, lengths_s: tuple[float, float, float]) -> list[Splice]:
    """Pairs of answered clips of one fold, of different genre and artist, as many of each fold, by chance."""
    chance = np.random.default_rng(SEED)
    clips, answered = models.clips, models.answered()
    drawn: list[Splice] = []
    while len(drawn) < n:
        members = np.flatnonzero((models.fold_of == len(drawn) % len(models.layers)) & answered)
        first, second = (int(i) for i in chance.choice(members, 2, replace=False))
        if clips[first].genre != clips[second].genre and clips[first].group != clips[second].group:
            drawn.append(Splice(first, second, round(float(chance.uniform(*lengths_s[:2])), 3)))
    return drawn


def windows_of_splices(
    drawn: Sequence[Splice], clips: Sequence[Track], *, lengths_s: tuple[float, float, float], cache: Path
) -> list[NDArray[np.float32]]:
    """musicnn's windows ``(w, 712)`` of each splice, whose sound is kept beside the cache."""
    folder = cache / "splices"
    folder.mkdir(parents=True, exist_ok=True)
    tracks = []
    for splice in drawn:
        path = folder / f"{clips[splice.first].path.stem}-{clips[splice.second].path.stem}-{splice.boundary_s}.wav"
        if not path.exists():
            parts = [
                stretch(clips[splice.first], splice.boundary_s),
                stretch(clips[splice.second], lengths_s[2] - splice.boundary_s),
            ]
            sound = np.concatenate([0.1 * part / np.sqrt(np.mean(part**2)) for part in parts])
            soundfile.write(path, sound, FRONT_END.sample_rate, subtype="FLOAT")
        tracks.append(Track(path.stem, path, "splice", None, "-"))
    return [heard(one) for one in embed("musicnn", tracks, cache=cache)]


def stretch(clip: Track, length_s: float) -> NDArray[np.float32]:
    """The first seconds of a clip at the network's rate."""
    samples: NDArray[np.float32] = load(clip.path, sample_rate=FRONT_END.sample_rate).samples
    return samples[: round(length_s * FRONT_END.sample_rate)]


def judged(
    models: OutOfFold,
    drawn: Sequence[Splice],
    windows: Sequence[NDArray[np.float32]],
    prices: Sequence[float],
    *,
    every: int = 1,
) -> dict[str, Any]:
    """What is counted of splices, at a price for each fold; a boundary is an inner edge of segments."""
    errors, extra, right, sure = [], [], [], []
    clips, guesses = models.clips, models.logits.argmax(axis=1)
    for splice, heard_in_it in zip(drawn, windows, strict=True):
        k = int(models.fold_of[splice.first])
        found = models.segments(heard_in_it, k, prices[k], every=every)
        apart = np.array([one.start_s for one in found[1:]]) - splice.boundary_s
        nearest = float(apart[np.abs(apart).argmin()]) if len(apart) else np.inf
        errors.append(nearest)
        extra.append(len(apart) - (abs(nearest) <= WITHIN_S))
        for one in found:
            is_first = splice.boundary_s - one.start_s >= one.end_s - splice.boundary_s
            right.append(one.genre == clips[splice.first if is_first else splice.second].genre)
            sure.append(one.confidence)
    nearest_s = np.array(errors)
    hit = np.abs(nearest_s) <= WITHIN_S
    distinct = np.array([guesses[s.first] != guesses[s.second] for s in drawn])
    return {
        "n": len(drawn),
        "found": with_interval(hit, np.array([clips[s.first].group for s in drawn])),
        "n_that_are_alone_given_different_genres": int(distinct.sum()),
        "found_of_these": round(float(hit[distinct].mean()), 4),
        "mean_error_s": round(float(nearest_s[hit].mean()), 3),
        "median_distance_s": round(float(np.median(np.abs(nearest_s[hit]))), 3),
        "other_boundaries_a_splice": round(float(np.mean(extra)), 4),
        "n_segments": len(right),
        "segments_right": round(float(np.mean(right)), 4),
        "mean_confidence_of_segments": round(float(np.mean(sure)), 4),
    }


def with_interval(values: NDArray[Any], groups: NDArray[Any]) -> dict[str, float]:
    """The mean, and its interval at 95 % by bootstrap over groups."""
    drawn = bootstrap_distribution(
        lambda w: (w @ values.astype(float) / w.sum(axis=1))[:, None], groups=groups, n_resamples=2000, seed=0
    )[:, 0]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"mean": round(float(values.mean()), 4), "low": round(float(low), 4), "high": round(float(high), 4)}


if __name__ == "__main__":
    main()
