"""Which detector of what is no music, and which distance from the training, to ship: whole sources left out.

    python tools/other_sounds.py --out SOUNDS --group choice
    python tools/choose_screens.py --data ../shared/data --sounds SOUNDS

Writes docs/results/genrelens-base/screens.json and prints the tables of docs/other-music.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from other_music.material import Windows, arguments, unlabelled, whole_clips, windows_of

from genrelens.data.track import Track
from genrelens.files import write_whole
from genrelens.models.musicnn import read_weights
from genrelens.training.calibrate import fold_rows
from genrelens.training.screens import fit_unlikeness

ROOT: Final = Path(__file__).resolve().parents[1]
STRENGTHS: Final = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
DIRECTIONS: Final = (16, 32, 64)
MUSIC: Final = ("gtzan", "gtzan_music", "fma")
SYNTHESISED: Final = "synthesised"
N_FOLDS: Final = 5
FLOOR: Final = 1e-3

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Way:
    """A candidate for not_music: ``numbers`` is a key of :data:`NUMBERS`."""

    numbers: str
    synthesised: bool
    c: float


@dataclass(frozen=True, slots=True, eq=False)
class Sounds:
    """``n`` sounds: ``kind`` (of music: the source), ``group`` what is left out together, ``windows`` of each."""

    ids: NDArray[np.str_]
    kind: NDArray[np.str_]
    group: NDArray[np.str_]
    windows: Windows

    @property
    def music(self) -> NDArray[np.bool_]:
        """Which are music."""
        return np.isin(self.kind, MUSIC)

    def numbers(self, name: str) -> Windows:
        """Every second window (they overlap by half), as the candidate ``name`` takes it."""
        return tuple(NUMBERS[name](one[::2]) for one in self.windows)


def tag_logits(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """musicnn's tags of windows: its last layer on the last 200 of its numbers."""
    weights = read_weights().arrays
    made: NDArray[np.float32] = squared(windows[:, -200:]) @ weights["tags.weight"].T + weights["tags.bias"]
    return made


def tag_probabilities(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same as probabilities."""
    return 0.5 + 0.5 * np.tanh(0.5 * tag_logits(windows))


def squared(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """musicnn's numbers as they are: the embedding has their roots."""
    made: NDArray[np.float32] = windows * np.abs(windows)
    return made


NUMBERS: Final = {
    "as they are": squared,
    "with tags": lambda one: np.hstack([squared(one), tag_probabilities(one)]),
    "roots": lambda one: one,
    "roots with tags": lambda one: np.hstack([one, tag_probabilities(one)]),
}


def gather(data: Path, sounds: Path, cache: Path) -> Sounds:
    """All that is at hand; silent sounds are left out."""
    parts: list[tuple[str, list[Track], list[str]]] = []
    clips = whole_clips(data)
    parts.append(("gtzan", list(clips), [f"gtzan {track.group}" for track in clips]))
    for kind, folder in (
        ("gtzan_music", "other_music/gtzan_music"),
        ("fma", "fma/fma_small"),
        ("gtzan_speech", "not_music/gtzan_speech"),
        ("librispeech", "not_music/speech"),
    ):
        tracks = list(unlabelled(data / folder, kind=kind))
        parts.append((kind, tracks, [kind] * len(tracks)))
    for folder in sorted((data / "not_music/environment").iterdir()):
        tracks = list(unlabelled(folder, kind=folder.name))
        parts.append((folder.name, tracks, [folder.name] * len(tracks)))
    made = list(unlabelled(sounds / "choice", kind=SYNTHESISED))
    parts.append((SYNTHESISED, made, [f"{SYNTHESISED} {t.path.parent.parent.name}" for t in made]))
    ids, kinds, groups, windows = [], [], [], []
    for kind, tracks, group in parts:
        for track, one, of in zip(tracks, windows_of(tracks, cache=cache), group, strict=True):
            if len(one):
                ids.append(track.id)
                kinds.append(kind)
                groups.append(of)
                windows.append(one)
    return Sounds(np.array(ids), np.array(kinds), np.array(groups), tuple(windows))


def left_out(sounds: Sounds, seed: int) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Pairs (learn, judge): GTZAN by artist in five folds, every other group whole."""
    gtzan = np.flatnonzero(sounds.kind == "gtzan")
    tracks = [Track(f"{i}", Path("-"), "-", str(sounds.group[i]), "-") for i in gtzan]
    everything = np.ones(len(sounds.kind), dtype=bool)
    for _, answer in fold_rows(tracks, seed=seed, n_folds=N_FOLDS):
        judge = ~everything
        judge[gtzan[answer]] = True
        yield ~judge, judge
    for kind in dict.fromkeys(sounds.kind.tolist()):
        judge = sounds.kind == kind
        if kind == SYNTHESISED:  # whole families of sounds by rule, or none
            for family in sorted(set(sounds.group[judge])):
                yield sounds.group != family, sounds.group == family
        elif kind != "gtzan":
            yield ~judge, judge


def shares(sounds: Sounds, learn: NDArray[np.bool_], *, synthesised: bool) -> FloatArray:
    """How much each sound of ``learn`` weighs, as the plan says; they sum to 1 on each side."""
    weight = np.zeros(len(learn))
    if not synthesised:
        learn = learn & (sounds.kind != SYNTHESISED)
    for side, of in ((sounds.music, {"gtzan": 2.0}), (~sounds.music, {SYNTHESISED: 2.0})):
        kinds = sorted(set(sounds.kind[side & learn]))
        total = sum(of.get(kind, 1.0) for kind in kinds)
        for kind in kinds:
            which = side & learn & (sounds.kind == kind)
            weight[which] = of.get(kind, 1.0) / total / which.sum()
    return weight


def fit(
    windows: Windows, weight: FloatArray, music: NDArray[np.bool_], *, c: Sequence[float]
) -> list[tuple[FloatArray, float]]:
    """Weight and bias for each C, in the numbers' own units."""
    from sklearn.linear_model import LogisticRegression

    used = np.flatnonzero(weight)
    rows = np.concatenate([windows[i] for i in used]).astype(np.float64)
    count = np.array([len(windows[i]) for i in used])
    sample = np.repeat(weight[used] / count, count)
    other = np.repeat(~music[used], count)
    mean = np.average(rows[~other], axis=0, weights=sample[~other])
    scale = np.sqrt(np.average((rows[~other] - mean) ** 2, axis=0, weights=sample[~other])) + FLOOR
    x = (rows - mean) / scale
    model = LogisticRegression(max_iter=500, warm_start=True, tol=1e-3)
    made = []
    for strength in c:
        model.set_params(C=strength)
        model.fit(x, other, sample_weight=sample * len(rows) / 2)
        w = model.coef_[0] / scale
        made.append((w, float(model.intercept_[0] - w @ mean)))
    return made


def limit(values: FloatArray, kinds: NDArray[np.str_], share: float) -> float:
    """What ``share`` of the music lies beyond, its sources weighing the same."""
    weight = np.array([1 / (kinds == kind).sum() for kind in kinds])
    order = np.argsort(-values)
    beyond = np.cumsum(weight[order]) / weight.sum()
    return float(values[order[int(np.searchsorted(beyond, share + 1e-9, side="right"))]])


def caught(sounds: Sounds, values: FloatArray, share: float) -> dict[str, float]:
    """Share beyond the limit, by kind of not-music (synthesised kinds together) and by source of music."""
    at = limit(values[sounds.music], sounds.kind[sounds.music], share)
    return {kind: float((values[sounds.kind == kind] > at).mean()) for kind in dict.fromkeys(sounds.kind.tolist())}


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--sounds", required=True, type=Path, help="folder that other_sounds.py wrote")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/results/genrelens-base")
    args = parser.parse_args()
    sounds = gather(args.data, args.sounds, args.cache)
    ways = [Way(name, made, c) for name in NUMBERS for made in (False, True) for c in STRENGTHS]
    values = {way: np.zeros(len(sounds.kind)) for way in ways}
    apart = {(name, k): np.zeros(len(sounds.kind)) for name in ("as they are", "roots") for k in DIRECTIONS}
    for name in NUMBERS:
        windows = sounds.numbers(name)
        for learn, judge in left_out(sounds, 0):
            for made in (False, True):
                fitted = fit(windows, shares(sounds, learn, synthesised=made), sounds.music, c=STRENGTHS)
                for c, (weight, bias) in zip(STRENGTHS, fitted, strict=True):
                    for i in np.flatnonzero(judge):
                        values[Way(name, made, c)][i] = float((windows[i] @ weight).mean() + bias)
            for k in DIRECTIONS if "tags" not in name else ():
                near = fit_unlikeness(
                    [windows[i] for i in np.flatnonzero(learn & (sounds.kind == "gtzan"))], n_directions=k
                )
                for i in np.flatnonzero(judge):
                    moved = (windows[i] - near.mean) @ near.projection
                    apart[name, k][i] = float(np.sqrt((moved**2).mean(axis=1)).mean())
        print(name, flush=True)
    others = [kind for kind in dict.fromkeys(sounds.kind.tolist()) if kind not in MUSIC]
    table = [{**asdict(way), **caught(sounds, values[way], 0.02)} for way in ways]
    for row in table:
        row["mean"] = float(np.mean([row[kind] for kind in others]))
    distances = [{"numbers": name, "k": k, **caught(sounds, one, 0.01)} for (name, k), one in apart.items()]
    for row in distances:
        row["mean"] = float(np.mean([row[kind] for kind in others]))
    chosen = max(
        range(len(ways)), key=lambda i: (round(table[i]["mean"], 6), -ways[i].c, "tags" not in ways[i].numbers)
    )
    found: dict[str, Any] = {"chosen": asdict(ways[chosen]), "not_music": table, "unlikeness": distances}
    np.savez_compressed(
        args.cache / "screens.npz",
        kind=sounds.kind,
        group=sounds.group,
        **{f"{w.tags:d}{w.synthesised:d}{w.c}": v for w, v in values.items()},
        **{f"k{k}": v for k, v in apart.items()},
    )
    write_whole(args.out / "screens.json", json.dumps(found, indent=1) + "\n")
    for row in [*table, *distances]:
        print({key: round(v, 3) if isinstance(v, float) and key != "c" else v for key, v in row.items()})
    print(found["chosen"])


if __name__ == "__main__":
    main()
