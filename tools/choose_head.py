"""Which linear head over musicnn's numbers to ship: nested cross-validation by artist, as planned.

    python tools/choose_head.py --data ../shared/data

Writes docs/results/genrelens-base/head.json and prints the figures of docs/other-music.md. With ``--plus`` the same
with mn04's numbers beside (its weights: ``genrelens weights fetch plus``).
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from other_music.material import FULL, THIN, arguments, cuts_of, mean_and_spread, thin_cuts, whole_clips, windows_of

from genrelens.data.splits.folds import grouped_folds
from genrelens.data.track import Track
from genrelens.features.mn04 import mn04_windows
from genrelens.files import write_whole
from genrelens.metrics import bootstrap_distribution, fit_temperature, log_softmax

ROOT: Final = Path(__file__).resolve().parents[1]
NAMES: Final = tuple(sorted((*FULL, *THIN)))
SEEDS: Final = (0, 1, 2)
N_FOLDS, N_INNER = 5, 4
STRENGTHS: Final = (0.0003, 0.001, 0.003, 0.01)
POWERS: Final = (0.0, 0.5, 0.75, 1.0)
CUT_WEIGHTS: Final = (0.0, 0.5)
CORRECTIONS: Final = (0.0, 0.5)
SECOND: Final = "roots, mean and spread"

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Way:
    """One candidate of the plan."""

    numbers: str
    c: float
    power: float
    correction: float
    cut_weight: float
    thin_cuts: bool = True


BEFORE: Final = Way("mean", 0.002, 1.0, 0.0, 0.0, thin_cuts=False)
"""The head that shipped before."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """``n`` rows of whole clips and cuts: numbers ``(n, d)`` by set, classes, and what each row is.

    ``of``: place of the whole clip that a row is cut from, its own place for whole clips and the thin genres' cuts.
    """

    numbers: dict[str, FloatArray]
    classes: IntArray
    whole: NDArray[np.bool_]
    thin_cut: NDArray[np.bool_]
    of: IntArray
    tracks: tuple[Track, ...]

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Rows that count: whole clips, and cuts whose artist is known."""
        named = np.array([not (track.artist or "").startswith("?") for track in self.tracks])
        return self.whole | (self.thin_cut & named)


def ways(sets: Sequence[str]) -> Iterator[Way]:
    """All candidates, from the strongest penalty on, so that a fit can begin where the one before ended."""
    for numbers in sets:
        for cut_weight in CUT_WEIGHTS:
            for power in POWERS:
                for c in STRENGTHS:
                    for correction in CORRECTIONS if power == 0 else (0.0,):
                        yield Way(numbers, c, power, correction, cut_weight)


def second_round(numbers: str) -> Iterator[Way]:
    """The candidates of the second round."""
    for power in POWERS:
        for c in STRENGTHS[:3]:
            yield Way(numbers, c, power, 0.0, 0.5)


def gather(data: Path, cache: Path, *, plus: bool = False) -> Rows:
    """Whole clips, the thin genres' cuts, and the cuts of the full genres' clips, in this order."""
    clips, thin = whole_clips(data), thin_cuts(data)
    cut = [clip for clip in clips if clip.genre in FULL]
    tracks = (*clips, *thin, *cuts_of(cut))
    windows = windows_of(tracks, cache=cache)
    mean, spread = mean_and_spread([one * np.abs(one) for one in windows])  # as they are: the embedding has roots
    roots = np.hstack(mean_and_spread(windows))
    numbers = {"mean": mean, "mean and spread": np.hstack([mean, spread]), SECOND: roots}
    if plus:
        beside = np.stack([one.mean(axis=0, dtype=np.float64) for one in mn04_windows(tracks, cache=cache)])
        numbers["with mn04"] = np.hstack([roots, beside])
    place = {clip.id: i for i, clip in enumerate(clips)}
    order = np.arange(len(tracks))
    of = order.copy()
    of[len(clips) + len(thin) :] = [place[clip.id] for clip in cut]
    classes = np.array([NAMES.index(track.genre) for track in tracks])
    thin_rows = (order >= len(clips)) & (order < len(clips) + len(thin))
    return Rows(numbers, classes, order < len(clips), thin_rows, of, tracks)


def folds(rows: Rows, among: IntArray, *, n_folds: int, seed: int) -> Iterator[tuple[IntArray, IntArray]]:
    """Places to learn from and to answer: cuts of full genres go where their clips go, the nameless are learnt from."""
    own = [i for i in among if rows.whole[i] or rows.thin_cut[i]]
    ids = {rows.tracks[i].id: i for i in own}
    cuts = [i for i in among if not (rows.whole[i] or rows.thin_cut[i])]
    judged = rows.judged
    named = [rows.tracks[i] for i in own if judged[i]]
    nameless = [i for i in own if not judged[i]]
    for fold in grouped_folds(named, n_folds=n_folds, seed=seed):
        answer = np.array([ids[id_] for id_ in fold.ids("test")])
        learn = [ids[id_] for id_ in fold.ids("train")] + nameless
        inside = set(learn)
        learn += [i for i in cuts if rows.of[i] in inside]
        also = [i for i in cuts if rows.of[i] in set(answer.tolist())]
        yield np.array(learn), np.concatenate([answer, np.array(also, dtype=np.int64)])


def fit_path(rows: Rows, learn: IntArray, answer: IntArray, wanted: Sequence[Way]) -> dict[Way, FloatArray]:
    """Logits ``(m, c)`` of ``answer`` by each way, learnt from ``learn``."""
    from sklearn.linear_model import LogisticRegression

    found: dict[Way, FloatArray] = {}
    for numbers, cut_weight, thin in sorted({(w.numbers, w.cut_weight, w.thin_cuts) for w in wanted}):
        known = rows.numbers[numbers]
        used = learn[rows.whole[learn] | (rows.thin_cut[learn] & thin) | (~rows.thin_cut[learn] & (cut_weight > 0))]
        mean = np.nanmean(known[used], axis=0)
        scale = np.nanstd(known[used], axis=0)
        scale[scale < 1e-9] = 1.0
        x = np.nan_to_num((known[used] - mean) / scale)
        z = np.nan_to_num((known[answer] - mean) / scale)
        # The penalty does not mind a rotation: n numbers say as much as d where rows are fewer.
        left, stretch, right = np.linalg.svd(x, full_matrices=False)
        x, z = left * stretch, z @ right.T
        y = rows.classes[used]
        is_cut = ~(rows.whole[used] | rows.thin_cut[used])
        base = np.where(is_cut, cut_weight, 1.0)
        counts = np.bincount(y, weights=base, minlength=len(NAMES))
        for power in sorted(
            {w.power for w in wanted if (w.numbers, w.cut_weight, w.thin_cuts) == (numbers, cut_weight, thin)}
        ):
            group = [
                w
                for w in wanted
                if (w.numbers, w.cut_weight, w.thin_cuts, w.power) == (numbers, cut_weight, thin, power)
            ]
            weight = base * counts[y] ** -power
            weight *= len(y) / weight.sum()
            model = LogisticRegression(warm_start=True, max_iter=2000, tol=1e-4)
            for c in sorted({w.c for w in group}):
                model.set_params(C=c)
                model.fit(x, y, sample_weight=weight)
                logits = np.full((len(answer), len(NAMES)), -50.0)
                logits[:, model.classes_] = z @ model.coef_.T + model.intercept_
                prior = np.log(np.maximum(counts, 1e-3) / counts.sum())
                for w in group:
                    if w.c == c:
                        found[w] = logits - w.correction * prior
    return found


def thin_recalls(rows: Rows, right: NDArray[np.bool_], among: NDArray[np.bool_]) -> dict[str, tuple[float, int, int]]:
    """For each thin genre the recall with one vote an artist over ``among``, the number of artists and of clips."""
    made = {}
    for genre in THIN:
        which = among & (rows.classes == NAMES.index(genre))
        artists = np.array([track.group for track in rows.tracks])
        votes = [right[which & (artists == artist)].mean() for artist in sorted(set(artists[which]))]
        made[genre] = (float(np.mean(votes)) if votes else float("nan"), len(votes), int(which.sum()))
    return made


def scores(rows: Rows, logits: FloatArray, answered: NDArray[np.bool_]) -> tuple[float, float]:
    """Accuracy over the full genres' whole clips; mean recall of ten, whole clips and cuts, thin genres by artist."""
    right = logits.argmax(axis=1) == rows.classes
    full = np.isin(rows.classes, [NAMES.index(genre) for genre in FULL])
    clips = answered & rows.whole
    cuts = ~(rows.whole | rows.thin_cut) & answered[rows.of]
    recalls = [
        np.mean([right[which & (rows.classes == NAMES.index(genre))].mean() for which in (clips, cuts)])
        for genre in FULL
    ]
    thin = thin_recalls(rows, right, answered & (rows.whole | rows.thin_cut))
    return float(right[clips & full].mean()), float(np.mean([*recalls, *(value for value, _, _ in thin.values())]))


def _answers(job: tuple[Rows, IntArray, int, int, list[Way]]) -> dict[Way, FloatArray]:
    rows, among, n_folds, seed, wanted = job
    made = {w: np.full((len(rows.classes), len(NAMES)), np.nan) for w in wanted}
    for learn, answer in folds(rows, among, n_folds=n_folds, seed=seed):
        for w, logits in fit_path(rows, learn, answer, wanted).items():
            made[w][answer] = logits
    return made


def choose(rows: Rows, made: Sequence[dict[Way, FloatArray]], among: IntArray) -> Way:
    """The plan's rule over answers of one or several sets of folds."""
    inside = np.zeros(len(rows.classes), dtype=bool)
    inside[among] = True
    answered = inside & rows.judged
    value = {w: np.mean([np.mean(scores(rows, one[w], answered)) for one in made]) for w in made[0]}
    return max(value, key=lambda w: value[w])


def nested(rows: Rows, seed: int, candidates: list[Way]) -> dict[str, Any]:
    """Out-of-fold logits of the nested choice and of the head before, and what was chosen in each fold."""
    everything = np.arange(len(rows.classes))
    chosen, logits, before = [], np.full((len(everything), len(NAMES)), np.nan), None
    before = np.full_like(logits, np.nan)
    for k, (learn, answer) in enumerate(folds(rows, everything, n_folds=N_FOLDS, seed=seed)):
        inner = _answers((rows, learn, N_INNER, 100 + seed, candidates))
        way = choose(rows, [inner], learn)
        chosen.append(asdict(way))
        logits[answer] = fit_path(rows, learn, answer, [way])[way]
        before[answer] = fit_path(rows, learn, answer, [BEFORE])[BEFORE]
        print(f"seed {seed}, fold {k + 1}: {way}", file=sys.stderr, flush=True)
    return {"seed": seed, "chosen": chosen, "logits": logits, "before": before}


def _nested(job: tuple[Rows, int, list[Way]]) -> dict[str, Any]:
    return nested(*job)


def gain(rows: Rows, runs: Sequence[dict[str, Any]], other: str = "before") -> dict[str, float]:
    """Paired gain over the full genres' whole clips, mean of the seeds, with its interval over artists."""
    full = rows.whole & np.isin(rows.classes, [NAMES.index(genre) for genre in FULL])
    difference = np.mean(
        [
            (run["logits"].argmax(1) == rows.classes).astype(float) - (run[other].argmax(1) == rows.classes)
            for run in runs
        ],
        axis=0,
    )[full]
    groups = np.array([track.group for track in rows.tracks])[full]
    drawn = bootstrap_distribution(
        lambda w: (w @ difference / w.sum(axis=1))[:, None], groups=groups, n_resamples=2000, seed=0
    )[:, 0]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"gain": float(difference.mean()), "low": float(low), "high": float(high)}


def figures(rows: Rows, runs: Sequence[dict[str, Any]], which: str) -> dict[str, Any]:
    """Means over the seeds of what the plan counts."""
    judged = rows.judged
    full = np.isin(rows.classes, [NAMES.index(genre) for genre in FULL])
    parts: list[dict[str, Any]] = []
    for run in runs:
        logits = run[which]
        right = logits.argmax(axis=1) == rows.classes
        thin_clip = {g: float(right[rows.whole & (rows.classes == NAMES.index(g))].mean()) for g in THIN}
        by_genre = {g: float(right[rows.whole & (rows.classes == NAMES.index(g))].mean()) for g in FULL}
        whole = thin_recalls(rows, right, rows.whole & judged)
        cut = thin_recalls(rows, right, rows.thin_cut & judged)
        clip_rows = rows.whole
        t = fit_temperature(logits[clip_rows], targets=rows.classes[clip_rows])
        p = np.exp(log_softmax(logits[clip_rows] / t))
        top, hit = p.max(1), p.argmax(1) == rows.classes[clip_rows]
        bins = np.minimum((top * 15).astype(int), 14)
        ece = sum(abs(hit[bins == b].mean() - top[bins == b].mean()) * (bins == b).mean() for b in set(bins.tolist()))
        cuts = ~(rows.whole | rows.thin_cut)
        same = logits[cuts].argmax(1) == logits[rows.of[cuts]].argmax(1)
        parts.append(
            {
                "full": float(right[rows.whole & full].mean()),
                "recall_of_ten_by_clip": float(np.mean([*by_genre.values(), *thin_clip.values()])),
                "recall_of_ten_whole_by_artist": float(
                    np.mean([*by_genre.values(), *(v for v, _, _ in whole.values())])
                ),
                "recall_of_ten_cuts_by_artist": float(np.mean([*by_genre.values(), *(v for v, _, _ in cut.values())])),
                "thin_whole_by_artist": {g: v[0] for g, v in whole.items()},
                "thin_cuts_by_artist": {g: v[0] for g, v in cut.items()},
                "ece": float(ece),
                "cuts_keep_label": float(same.mean()),
                "cuts_right": float(right[cuts].mean()),
                **{f"recall {g}": v for g, v in {**by_genre, **thin_clip}.items()},
            }
        )
    return {key: _mean([part[key] for part in parts]) for key in parts[0]}


def _mean(values: list[Any]) -> Any:
    if isinstance(values[0], dict):
        return {key: _mean([value[key] for value in values]) for key in values[0]}
    return round(float(np.mean(values)), 4)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--plus", action="store_true", help="with mn04's numbers beside")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/results/genrelens-base")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--round", type=int, default=2, choices=(1, 2))
    args = parser.parse_args()
    rows = gather(args.data, args.cache, plus=args.plus)
    wanted = "with mn04" if args.plus else SECOND
    candidates = list(second_round(wanted) if args.round == 2 else ways(("mean", "mean and spread")))
    jobs = [(rows, seed, candidates) for seed in SEEDS]
    everything = np.arange(len(rows.classes))
    outer_jobs = [(rows, everything, N_FOLDS, seed, candidates) for seed in SEEDS]
    with multiprocessing.Pool(args.workers) as pool:
        runs = pool.map(_nested, jobs, chunksize=1)
        outer = pool.map(_answers, outer_jobs, chunksize=1)
    final = choose(rows, outer, everything)
    answered = rows.judged
    table = [
        {
            **asdict(w),
            **dict(
                zip(
                    ("full", "recall"),
                    map(float, np.mean([scores(rows, o[w], answered) for o in outer], axis=0)),
                    strict=True,
                )
            ),
        }
        for w in candidates
    ]
    made: dict[str, Any] = {
        "n_rows": len(everything),
        "chosen": asdict(final),
        "nested": figures(rows, runs, "logits"),
        "chosen_in_folds": [run["chosen"] for run in runs],
        "not_nested": table,
    }
    made["before"] = figures(rows, runs, "before")
    made["gain"] = gain(rows, runs)
    name = ("head-plus" if args.plus else "head") + ("" if args.round == 2 else "-first-round")
    np.savez_compressed(
        args.cache / f"{name}.npz",
        **{f"logits{r['seed']}": r["logits"] for r in runs},
        **{f"before{r['seed']}": r["before"] for r in runs},
    )
    write_whole(args.out / f"{name}.json", json.dumps(made, indent=1) + "\n")
    print(json.dumps({k: v for k, v in made.items() if k not in ("not_nested", "chosen_in_folds")}, indent=1))


if __name__ == "__main__":
    main()
