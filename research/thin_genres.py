"""Whether a branch trained on the pictures or the table helps genrelens-base with disco, hip-hop and reggae.

They have some sixty clips of each, where there are a dozen as sound.

    python research/thin_genres.py --data ../shared/data/gtzan

Branches are trained on Kaggle's pictures (as frontend.image decodes them) or its table of 57 features, over train +
valid of the fault-filtered split, and answer artists they have not met (five folds by artist, ten genres). Then
genrelens-base, which can only learn from the tracks that have sound, is trained in the same folds, and each branch's
scores are added to its logits with a weight. A fold's weight is the one that answers the other folds' tracks best, by
log loss over tracks or over genres (each genre weighing alike); so no track takes part in choosing the weight that it
is answered with. Options are fixed beforehand, nothing is tuned on what is reported. Writes
docs/results/genrelens-base/thin-genres.json and the tables of docs/thin-genres.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from torch.nn import functional

from genrelens.data import gtzan, registry
from genrelens.data.gtzan.facts import facts
from genrelens.data.pictures import read_png
from genrelens.data.splits.folds import grouped_folds
from genrelens.data.track import Track
from genrelens.features import read_table
from genrelens.features.musicnn import musicnn_rows
from genrelens.files import write_whole
from genrelens.frontend import image
from genrelens.metrics import Interval, grouped_bootstrap, log_softmax, mean_statistic, paired_bootstrap
from genrelens.models.image_cnn import ImageCnn
from genrelens.models.musicnn import read_weights
from genrelens.taxonomy import GTZAN

ROOT = Path(__file__).resolve().parents[1]
BASE_C = 0.003
"""Since then the recipe weighs genres alike, which this tool's figures led to."""
RESULTS = ROOT / "docs/results/genrelens-base/thin-genres.json"
PAGE = ROOT / "docs/thin-genres.md"
START, END = "<!-- tables -->", "<!-- /tables -->"
THIN = ("disco", "hiphop", "reggae")
N_FOLDS = 5
WEIGHTS = np.arange(0, 2.01, 0.1)
EPOCHS, BATCH, CROP = 20, 32, 256

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Scores = Callable[[Ints, Ints], Floats]
"""From places of tracks to learn from and to answer to ``(n, 10)`` scores of the latter."""


@dataclass(frozen=True)
class Music:
    """All 639 clips: ``heard`` are the places of those that have sound, ``base`` their rows of musicnn."""

    tracks: tuple[Track, ...]
    classes: Ints
    pictures: NDArray[np.float32]
    table: Floats
    heard: Ints
    base: Floats


@dataclass(frozen=True)
class Answers:
    """Scores by name: ``alone (639, 10)`` of the branches, ``fused (483, 10)`` with base; the weights of the folds."""

    alone: Mapping[str, Floats]
    fused: Mapping[str, Floats]
    weights: Mapping[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="folder of GTZAN with pictures and table")
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"))
    parser.add_argument("--seeds", type=int, default=3, help="how many ways of cutting the folds")
    args = parser.parse_args()
    torch.set_num_threads(1)
    music = gather(args.data, args.cache)
    runs = [measure(music, seed) for seed in range(args.seeds)]
    hiphop = music.classes[music.heard] == GTZAN.index("hiphop")
    document = {
        "schema": "genrelens.thin-genres/1",
        "seeds": args.seeds,
        "n": {
            name: {"pictures": int((music.classes == i).sum()), "sound": int((music.classes[music.heard] == i).sum())}
            for i, name in enumerate(GTZAN.names)
        },
        "alone": {
            name: figures([run.alone[name] for run in runs], music, np.arange(len(music.tracks)))
            for name in runs[0].alone
        },
        "fused": {
            name: figures(
                [run.fused[name] for run in runs],
                music,
                music.heard,
                against=[run.fused["alike" if name.startswith("alike +") else "base"] for run in runs],
            )
            | {"weights": [run.weights[name] for run in runs if name in run.weights]}
            for name in runs[0].fused
        },
        "hiphop_tag_auc": round(float(roc_auc_score(hiphop, hiphop_tag(music.base))), 4),
    }
    write_whole(RESULTS, json.dumps(document, indent=1) + "\n")
    write_tables(tables(document))


def gather(root: Path, cache: Path) -> Music:
    """The clips of train + valid that have a picture and a row of the table; none that the split leaves out."""
    split, never = registry.split("gtzan", "fault-filtered"), registry.never_train("gtzan")
    known = facts()
    pictures = gtzan.pictures(root)
    table = read_table(gtzan.tables(root)["features_30_sec"], feature_set="kaggle57", taxonomy=GTZAN)
    row_of = dict(zip(table.ids, table.values, strict=True))
    ids = sorted(id_ for id_ in {*split.ids("train"), *split.ids("valid")} - never if id_ in pictures and id_ in row_of)
    tracks = tuple(
        Track(id_, pictures[id_], id_.split(".")[0], known.artists.get(id_), "gtzan", known.recordings.get(id_))
        for id_ in ids
    )
    place = {id_: i for i, id_ in enumerate(ids)}
    sound = [track for track in registry.load(root, dataset="gtzan") if track.id in place]
    return Music(
        tracks=tracks,
        classes=np.array([GTZAN.index(track.genre) for track in tracks]),
        pictures=np.stack([image.from_pixels(read_png(pictures[id_], size_px=image.SIZE_PX)) for id_ in ids]),
        table=np.stack([row_of[id_] for id_ in ids]),
        heard=np.array([place[track.id] for track in sound]),
        base=musicnn_rows(sound, cache=cache),
    )


def measure(music: Music, seed: int) -> Answers:
    """One way of cutting the folds: every branch alone, and added to genrelens-base."""
    fold_of = folds_of(music, seed)
    everyone = np.arange(len(music.tracks))
    alone = {}
    for name, branch in make_branches(music, seed).items():
        alone[name] = np.zeros((len(everyone), len(GTZAN)))
        for k in range(N_FOLDS):
            answer = everyone[fold_of == k]
            alone[name][answer] = branch(everyone[fold_of != k], answer)
        print(f"seed {seed}, {name}: {(alone[name].argmax(1) == music.classes).mean():.3f}", flush=True)
    heard_fold, classes = fold_of[music.heard], music.classes[music.heard]
    shape = (len(music.heard), len(GTZAN))
    base, root, alike, tag = (np.zeros(shape) for _ in range(4))
    hiphop, tag_logits = GTZAN.index("hiphop"), hiphop_tag(music.base)
    for k in range(N_FOLDS):
        learn, answer = heard_fold != k, heard_fold == k
        for made, power in ((base, 0.0), (root, 0.5), (alike, 1.0)):
            made[answer] = base_scores(music.base[learn], classes[learn], music.base[answer], power=power)
        others = tag_logits[learn & (classes != hiphop)]
        tag[answer, hiphop] = (tag_logits[answer] - np.quantile(others, 0.95)) / others.std()
    fused, weights = {"base": base, "root": root, "alike": alike}, {}
    for name, extra in {**{key: value[music.heard] for key, value in alone.items()}, "tag Hip-Hop": tag}.items():
        for first, aim in (("base", "tracks"), ("base", "genres"), ("alike", "genres")):
            key = f"{first} + {name}, weight by {aim}"
            weights[key] = choose(fused[first], extra, classes, heard_fold, each_genre=aim == "genres")
            fused[key] = log_softmax(fused[first]) + weights[key][heard_fold, None] * extra
    return Answers(alone, fused, {key: value.round(2).tolist() for key, value in weights.items()})


def folds_of(music: Music, seed: int) -> Ints:
    """(n,): the fold that answers each track; no artist and no known recording is in two."""
    place = {track.id: i for i, track in enumerate(music.tracks)}
    fold_of = np.zeros(len(music.tracks), dtype=np.int64)
    for k, fold in enumerate(grouped_folds(music.tracks, n_folds=N_FOLDS, seed=seed)):
        fold_of[[place[id_] for id_ in fold.ids("test")]] = k
    return fold_of


def make_branches(music: Music, seed: int) -> Mapping[str, Scores]:
    """Name -> branch. Every score is a logarithm of a probability, but for the machines', which are margins."""
    statistics = picture_statistics(music.pictures)
    both = np.concatenate([music.table, statistics], axis=1)

    def logistic(rows: Floats, c: float) -> Scores:
        def scores(learn: Ints, answer: Ints) -> Floats:
            machine = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=5000))
            machine.fit(rows[learn], music.classes[learn])
            return np.asarray(machine.predict_log_proba(rows[answer]))

        return scores

    def support(rows: Floats) -> Scores:
        def scores(learn: Ints, answer: Ints) -> Floats:
            machine = make_pipeline(StandardScaler(), SVC(C=3.0))
            machine.fit(rows[learn], music.classes[learn])
            return np.asarray(machine.decision_function(rows[answer])) - 4.5

        return scores

    def cnn(learn: Ints, answer: Ints) -> Floats:
        return cnn_scores(music.pictures[learn], music.classes[learn], music.pictures[answer], seed)

    return {
        "table, logistic": logistic(music.table, 0.1),
        "table, svm": support(music.table),
        "picture statistics, logistic": logistic(statistics, 0.01),
        "picture statistics, svm": support(statistics),
        "table and statistics, logistic": logistic(both, 0.01),
        "table and statistics, svm": support(both),
        "picture, cnn": cnn,
    }


def picture_statistics(pictures: NDArray[np.float32]) -> Floats:
    """(n, 276): of 54 heights the mean, spread, ninth decile and mean step over time; and the rhythm.

    The rhythm is the autocorrelation of the summed rises, 1 to 60 columns (0.09 s each) apart.
    """
    n, height, width = pictures.shape
    rows = pictures.reshape(n, height // 4, 4, width).mean(axis=2).astype(np.float64)
    steps = np.diff(rows, axis=2)
    onsets = np.maximum(steps, 0).sum(axis=1)
    onsets -= onsets.mean(axis=1, keepdims=True)
    power = np.maximum((onsets**2).sum(axis=1), 1e-9)
    rhythm = [(onsets[:, lag:] * onsets[:, :-lag]).sum(axis=1) / power for lag in range(1, 61)]
    return np.concatenate(
        [rows.mean(2), rows.std(2), np.quantile(rows, 0.9, axis=2), np.abs(steps).mean(2), np.stack(rhythm, axis=1)],
        axis=1,
    )


def cnn_scores(pictures: NDArray[np.float32], classes: Ints, asked: NDArray[np.float32], seed: int) -> Floats:
    """Log-probabilities of ``asked`` by a small network, trained on crops in time for a fixed number of epochs."""
    torch.manual_seed(seed)
    network = ImageCnn(len(GTZAN)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # twice as fast
    learn, targets = torch.from_numpy(pictures), torch.from_numpy(classes)
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.01)
    n_steps = EPOCHS * (len(learn) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=3e-3, total_steps=n_steps)
    for _ in range(EPOCHS):
        order = torch.randperm(len(learn))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            at = int(torch.randint(learn.shape[2] - CROP + 1, ()))
            logits = network.look(learn[chosen, :, at : at + CROP]).logits
            loss = functional.cross_entropy(logits, targets[chosen], label_smoothing=0.1)
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
    network.eval()
    with torch.inference_mode():
        answers = [network.look(part).logits.log_softmax(1) for part in torch.split(torch.from_numpy(asked), BATCH)]
    return torch.cat(answers).double().numpy()


def base_scores(rows: Floats, classes: Ints, asked: Floats, *, power: float) -> Floats:
    """genrelens-base's head as it was when this was asked, a track of a genre of n tracks weighing as n ** -power."""
    weight = np.bincount(classes)[classes] ** -power
    machine = make_pipeline(StandardScaler(), LogisticRegression(C=BASE_C, max_iter=10_000))
    machine.fit(rows, classes, logisticregression__sample_weight=weight / weight.mean())
    scores = np.full((len(asked), len(GTZAN)), -30.0)
    scores[:, machine.classes_] = machine.predict_log_proba(asked)
    return scores


def hiphop_tag(rows: Floats) -> Floats:
    """(n,): the mean over windows of musicnn's logit of Hip-Hop, which is linear in a row's last 200 numbers."""
    weights = read_weights()
    at = weights.tags.index("Hip-Hop")
    return np.asarray(rows[:, -200:] @ weights.arrays["tags.weight"][at] + weights.arrays["tags.bias"][at])


def choose(logits: Floats, extra: Floats, classes: Ints, fold_of: Ints, *, each_genre: bool) -> Floats:
    """(folds,): the weight of :data:`WEIGHTS` with the least log loss over the tracks of the *other* folds."""
    chosen = []
    for k in range(N_FOLDS):
        others = fold_of != k
        counts = np.bincount(classes[others], minlength=len(GTZAN))
        weight = 1.0 / counts[classes[others]] if each_genre else np.ones(others.sum())
        losses = []
        for w in WEIGHTS:
            answers = log_softmax(log_softmax(logits[others]) + w * extra[others])
            losses.append(-np.average(answers[np.arange(len(answers)), classes[others]], weights=weight))
        chosen.append(WEIGHTS[int(np.argmin(losses))])
    return np.array(chosen)


def figures(
    scores: Sequence[Floats], music: Music, places: Ints, *, against: Sequence[Floats] | None = None
) -> dict[str, Any]:
    """Means over the ways of cutting, with intervals over artists; with ``against`` the paired differences, too."""
    classes, tracks = music.classes[places], [music.tracks[i] for i in places]
    thin = np.isin(classes, [GTZAN.index(name) for name in THIN])
    right = share_right(scores, classes)
    made: dict[str, Any] = {}
    for name, among in (("all", np.ones(len(right), bool)), ("full", ~thin), ("thin", thin)):
        groups = [track.artist or "?" + track.id for track, taken in zip(tracks, among, strict=True) if taken]
        made[name] = interval(grouped_bootstrap(mean_statistic(right[among]), groups=groups, seed=0))
        if against is not None:
            other = share_right(against, classes)[among]
            made[f"{name}_difference"] = interval(
                paired_bootstrap(right[among], correct_b=other, groups=groups, seed=0)
            )
    recall = {name: float(right[classes == GTZAN.index(name)].mean()) for name in GTZAN.names}
    made["macro_recall"] = round(float(np.mean(list(recall.values()))), 4)
    made["recall"] = {name: round(value, 4) for name, value in recall.items()}
    made["n"] = {"all": len(right), "thin": int(thin.sum())}
    return made


def share_right(scores: Sequence[Floats], classes: Ints) -> Floats:
    """(n,): in how many of the ways of cutting each track was answered rightly, 0 to 1."""
    return np.asarray(np.mean([each.argmax(axis=1) == classes for each in scores], axis=0))


def interval(figure: Interval) -> dict[str, float | None]:
    return {
        key: None if np.isnan(value) else round(value, 4)
        for key, value in (("value", figure.value), ("low", figure.low), ("high", figure.high))
    }


def tables(document: Mapping[str, Any]) -> list[str]:
    """The lines between the page's marks: each branch alone, then with genrelens-base."""
    lines = [
        f"Means over {document['seeds']} ways of cutting five folds; 95 % intervals by bootstrap over artists.",
        "",
        "| branch alone, 639 clips | ten genres | disco | hiphop | reggae | the other seven |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in document["alone"].items():
        recalls = " | ".join(percent(row["recall"][genre]) for genre in THIN)
        lines.append(f"| {name} | {span(row['all'])} | {recalls} | {percent(row['full']['value'])} |")
    base = document["fused"]["base"]["n"]
    lines += [
        "",
        f"Accuracy over the {base['all']} clips with sound, over the seven full genres and over the {base['thin']} of",
        "the thin three, the mean of the ten recalls, and the paired gains. Base is genrelens-base's head; in root and",
        "alike a track of a genre of n tracks weighs as n ** -0.5 and as 1 / n. Gains are over base, and in",
        "the rows `alike + ...` over alike.",
        "",
        "| clips with sound | ten | full | thin | recall | gain: ten | gain: full | gain: thin |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in document["fused"].items():
        share = " | ".join(percent(row[part]["value"]) for part in ("all", "full", "thin"))
        gain = " | ".join(span(row[f"{part}_difference"], sign="+") for part in ("all", "full", "thin"))
        gain = "| |" if name == "base" else gain
        lines.append(f"| {name} | {share} | {percent(row['macro_recall'])} | {gain} |")
    sound = document["n"]["hiphop"]["sound"]
    lines += [
        "",
        f"musicnn's tag Hip-Hop ranks one of the {sound} hip-hop clips above another clip with probability "
        f"{document['hiphop_tag_auc']:.2f} (area under the curve).",
    ]
    return lines


def write_tables(lines: Sequence[str]) -> None:
    """Put the lines between the page's marks."""
    before, rest = PAGE.read_text("utf-8").split(START)
    write_whole(PAGE, before + "\n".join([START, *lines, END]) + rest.split(END)[1])


def percent(share: float, *, sign: str = "") -> str:
    return f"{100 * share:{sign}.1f}"


def span(figure: Mapping[str, float | None], *, sign: str = "") -> str:
    value, low, high = figure["value"], figure["low"], figure["high"]
    if value is None or low is None or high is None:
        return percent(value or 0.0, sign=sign)
    return f"{percent(value, sign=sign)} [{percent(low, sign=sign)}, {percent(high, sign=sign)}]"


if __name__ == "__main__":
    main()
