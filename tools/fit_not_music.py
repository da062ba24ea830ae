"""Fit the detector of what is no music: ``src/genrelens/models/weights/not-music.npz``.

    python tools/other_sounds.py --out runs/other-sounds --group choice
    python tools/fit_not_music.py --data ../shared/data/gtzan --sounds runs/other-sounds
    python tools/fit_not_music.py --data ../shared/data/gtzan --sounds runs/other-sounds --compare

A logistic regression over musicnn's embedding of single windows: the kinds of "choice" against GTZAN's train and valid,
each track as it is and once more through the low-pass and room of the sounds, so that neither tells the two apart.
Classes weigh the same, kinds the same, clips of a kind the same. ``--compare`` writes what it was chosen from to
docs/results/genrelens-base/not-music.json: of each way, how many clips of kinds (and of families) that it had not heard
lie beyond what 1, 2 and 4 % of out-of-fold music reaches.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sounds.rows import Piece, Windows, dressed_music, music, sounds

from genrelens.data.splits.folds import grouped_folds
from genrelens.data.track import Track
from genrelens.features.musicnn import musicnn_windows
from genrelens.files import write_whole
from genrelens.training import screens as unlike

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "src/genrelens/models/weights/not-music.npz"
COMPARED = ROOT / "docs/results/genrelens-base/not-music.json"
STRENGTHS = (1e-5, 1e-4, 1e-3)
C = 1e-4
"""Inverse strength of the penalty, on standardised features, the rows' weights adding up to their number."""
N_FOLDS, SEED = 5, 0
SHARES = (0.01, 0.02, 0.04)
_FLOOR = 1e-3

Score = Callable[[NDArray[np.float32]], float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="folder of GTZAN")
    parser.add_argument("--sounds", required=True, type=Path, help="folder that other_sounds.py wrote")
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"))
    parser.add_argument("--compare", action="store_true", help="measure the ways instead of writing the weights")
    args = parser.parse_args()
    tracks = music(args.data)
    plain = musicnn_windows(tracks, cache=args.cache)
    dressed = musicnn_windows(dressed_music(tracks, args.sounds / "dressed-music"), cache=args.cache)
    pieces = tuple(piece for piece in sounds(args.sounds, "choice", cache=args.cache) if len(piece.windows))
    if args.compare:
        write_whole(COMPARED, json.dumps(compare(tracks, plain, dressed, pieces), indent=1) + "\n")
        return
    weight, bias = fit(pieces, plain + dressed, c=C)
    out_of_fold = np.zeros(len(tracks))
    for learn, answer in folds(tracks):
        fitted = fit(pieces, [rows[i] for rows in (plain, dressed) for i in learn], c=C)
        out_of_fold[answer] = [linear(*fitted)(plain[i]) for i in answer]
    with HOME.with_suffix(".part").open("wb") as file:
        np.savez_compressed(
            file,
            weight=weight.astype(np.float32),
            bias=np.float32(bias),
            dataset=np.array(tracks[0].dataset),
            heard=np.array([track.id for track in tracks]),
            out_of_fold=out_of_fold.astype(np.float32),
        )
    HOME.with_suffix(".part").replace(HOME)
    print(f"{HOME}: {HOME.stat().st_size} bytes; out of fold the music reaches {out_of_fold.max():.2f}")


def fit(
    pieces: Sequence[Piece], heard: Sequence[NDArray[np.float32]], *, c: float
) -> tuple[NDArray[np.float64], float]:
    """Weight (d,) and bias in the embedding's own units, from sounds and from tracks' windows."""
    from sklearn.linear_model import LogisticRegression

    rows = np.concatenate([piece.windows for piece in pieces] + list(heard)).astype(np.float64)
    clips = Counter(piece.kind for piece in pieces)
    other = np.concatenate([np.full(len(p.windows), 1 / clips[p.kind] / len(p.windows)) for p in pieces])
    n_other = len(other)
    weights = np.concatenate([other / other.sum(), np.full(len(rows) - n_other, 1 / (len(rows) - n_other))])
    mean, deviation = rows[n_other:].mean(axis=0), rows[n_other:].std(axis=0) + _FLOOR
    model = LogisticRegression(C=c, max_iter=1000)
    model.fit((rows - mean) / deviation, np.arange(len(rows)) < n_other, sample_weight=weights * len(rows) / 2)
    weight = model.coef_[0] / deviation
    return weight, float(model.intercept_[0] - weight @ mean)


def linear(weight: NDArray[np.float64], bias: float) -> Score:
    """A piece's score: the mean over its windows."""
    return lambda rows: float((rows @ weight).mean() + bias)


def folds(tracks: Sequence[Track]) -> list[tuple[list[int], list[int]]]:
    """Places to learn from and to answer, by artist."""
    place = {track.id: i for i, track in enumerate(tracks)}
    return [
        ([place[id_] for id_ in fold.ids("train")], [place[id_] for id_ in fold.ids("test")])
        for fold in grouped_folds(tracks, n_folds=N_FOLDS, seed=SEED)
    ]


def compare(tracks: Sequence[Track], plain: Windows, dressed: Windows, pieces: Sequence[Piece]) -> dict[str, object]:
    """Shares of the sounds beyond the limits, of unheard kinds and families, of each way."""
    table: dict[str, object] = {"n_sounds": len(pieces), "n_tracks": len(tracks), "music": list(SHARES)}
    everything = range(len(tracks))

    def beyond(name: str, values: NDArray[np.float64], of: dict[str, NDArray[np.float64]]) -> None:
        limits = [float(np.quantile(values, 1 - share)) for share in SHARES]
        table[name] = {
            left_out: [round(float((scores > limit).mean()), 4) for limit in limits] for left_out, scores in of.items()
        }
        print(name, table[name], flush=True)

    for name, made in (("plain and dressed music", (plain, dressed)), ("plain music alone", (plain,))):
        for c in STRENGTHS:
            values, worn = np.zeros(len(tracks)), np.zeros(len(tracks))
            for learn, answer in folds(tracks):
                score = linear(*fit(pieces, [rows[i] for rows in made for i in learn], c=c))
                values[answer] = [score(plain[i]) for i in answer]
                worn[answer] = [score(dressed[i]) for i in answer]
            of = {"dressed music": worn}
            for which in ("kind", "family"):
                of[f"unheard {which}"] = np.zeros(len(pieces))
                for left_out in sorted({getattr(piece, which) for piece in pieces}):
                    kept = [piece for piece in pieces if getattr(piece, which) != left_out]
                    score = linear(*fit(kept, [rows[i] for rows in made for i in everything], c=c))
                    for i, piece in enumerate(pieces):
                        if getattr(piece, which) == left_out:
                            of[f"unheard {which}"][i] = score(piece.windows)
            beyond(f"linear, C {c:g}, {name}", values, of)
    for n_directions in (16, 64, 128):
        unlike.N_DIRECTIONS = n_directions
        values = unlike.out_of_fold_screens(tracks, plain, seed=SEED, not_music=nothing())[:, 1]
        screens = unlike.Screens(unlike.fit_unlikeness(plain), not_music=nothing())
        of = {
            "sounds": unlike.screens_of(screens, [piece.windows for piece in pieces])[:, 1],
            "dressed music": unlike.screens_of(screens, dressed)[:, 1],
        }
        beyond(f"unlikeness, {n_directions} directions", values, of)
    return table


def nothing() -> unlike.NotMusic:
    """A detector that says nothing, where only unlikeness is asked for."""
    return unlike.NotMusic(np.zeros(712, np.float32), np.zeros((), np.float32), "-", (), np.zeros(0, np.float32))


if __name__ == "__main__":
    main()
