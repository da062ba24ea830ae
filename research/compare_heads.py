"""What stands on musicnn's frozen front: plain logistic regression, ours, attention pooling, a transformer over time.

    python research/compare_heads.py --data ../shared/data/gtzan

Out of fold over train + valid of the fault-filtered split, folds by artist; the linear heads with the folds of ten
seeds, the networks with those of two, one setting each that was written down before and not tuned. Each track's mean
over the seeds is compared with that of genrelens-base over the same seeds; intervals by bootstrap over artists.
Writes docs/results/genrelens-base/heads.json. The networks take about an hour on one core.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn
from torch.nn import functional

from genrelens import recipe as recipes
from genrelens.bundle.windows import WindowSettings, iter_windows
from genrelens.data import registry
from genrelens.data.splits.folds import grouped_folds
from genrelens.data.track import Track, under_supported
from genrelens.features.frame_cache import FrameCache
from genrelens.features.musicnn import musicnn_rows
from genrelens.files import write_whole
from genrelens.frontend.mel import compress
from genrelens.metrics import Interval, grouped_bootstrap, mean_statistic
from genrelens.models.musicnn import pretrained
from genrelens.models.musicnn_head import FRONT_END, N_FRAMES
from genrelens.models.network import EncoderLayer
from genrelens.schema import encode, json_text
from genrelens.training.heads import out_of_fold_logits

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs/results/genrelens-base/heads.json"
LINEAR_SEEDS, NETWORK_SEEDS = tuple(range(10)), (0, 1)
FRAMES_A_TOKEN = 4
D_MODEL, N_HEADS, N_LAYERS, D_HIDDEN, DROPOUT = 128, 4, 4, 256, 0.2
EPOCHS, BATCH, LEARNING_RATE, WEIGHT_DECAY, SMOOTHING, MIXUP = 40, 32, 5e-4, 0.05, 0.1, 0.2

Guesses = Callable[[int], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Head:
    """Accuracy over the full genres and mean recall over all, means over ``seeds``; what genrelens-base has more of the
    former over the same seeds."""

    name: str
    seeds: tuple[int, ...]
    by_seed: tuple[float, ...]
    mean_recall: float
    accuracy: Interval
    base_is_better_by: Interval


class AttentionPooling(nn.Module):
    """Tokens (n, t, 256) -> logits: four learnt questions, each answered by a weighted mean of the tokens."""

    def __init__(self, n_in: int, n_classes: int) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.LayerNorm(n_in), nn.Linear(n_in, D_MODEL), nn.GELU(), nn.Dropout(DROPOUT))
        self.question = nn.Linear(D_MODEL, N_HEADS)
        self.head = nn.Linear(N_HEADS * D_MODEL, n_classes)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.project(tokens)
        pooled = torch.einsum("nth,ntd->nhd", self.question(x).softmax(dim=1), x)
        logits: Tensor = self.head(pooled.flatten(1))
        return logits


class Transformer(nn.Module):
    """Tokens (n, t, 256) -> logits: four layers of four heads, then the mean over time."""

    def __init__(self, n_in: int, n_classes: int, n_tokens: int) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.LayerNorm(n_in), nn.Linear(n_in, D_MODEL))
        self.position = nn.Parameter(0.02 * torch.randn(n_tokens, D_MODEL))
        self.layers = nn.Sequential(*(EncoderLayer(D_MODEL, N_HEADS, D_HIDDEN, DROPOUT) for _ in range(N_LAYERS)))
        self.norm = nn.LayerNorm(D_MODEL)
        self.head = nn.Linear(D_MODEL, n_classes)

    def forward(self, tokens: Tensor) -> Tensor:
        logits: Tensor = self.head(self.norm(self.layers(self.project(tokens) + self.position)).mean(dim=1))
        return logits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="folder of GTZAN")
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"))
    args = parser.parse_args()
    faulty = registry.never_train("gtzan")
    loaded = tuple(track for track in registry.load(args.data, dataset="gtzan") if track.id not in faulty)
    taxonomy = registry.taxonomy("gtzan", loaded)
    tracks = registry.split("gtzan", "fault-filtered").part(loaded, "train+valid")
    classes = np.array([taxonomy.index(track.genre) for track in tracks])
    thin = under_supported(taxonomy, tracks)
    full = np.array([track.genre not in thin for track in tracks])
    artists = np.array([track.group for track in tracks])[full]
    n_classes = len(taxonomy)

    rows = musicnn_rows(tracks, cache=args.cache, n_workers=2)
    recipe = recipes.load("genrelens-base")
    assert isinstance(recipe, recipes.TabularRecipe)

    def head_of(recipe: recipes.TabularRecipe) -> Guesses:
        return lambda seed: np.asarray(
            out_of_fold_logits(recipe, tracks, rows, taxonomy=taxonomy, seed=seed).argmax(axis=1), dtype=np.int64
        )

    uniform = dataclasses.replace(recipe, classifier=recipes.ClassifierRecipe("logistic", {"c": 0.003}))
    tokens, pooled = front_of(tracks, cache=args.cache)
    heads: list[tuple[str, Sequence[int], Guesses]] = [
        ("genrelens-base", LINEAR_SEEDS, head_of(recipe)),
        ("the same, each clip the same weight, C = 0.003", LINEAR_SEEDS, head_of(uniform)),
    ]
    heads += [
        (f"logistic regression, C = {c:g}, on maxima and means", LINEAR_SEEDS, plain(pooled, tracks, classes, c))
        for c in (1.0, 0.03)
    ]
    heads += [
        ("attention pooling, 4 heads", NETWORK_SEEDS, network(tokens, tracks, classes, n_classes, kind="pooling")),
        ("transformer, 4 x 4", NETWORK_SEEDS, network(tokens, tracks, classes, n_classes, kind="transformer")),
    ]
    found: list[Head] = []
    ours: dict[int, NDArray[np.bool_]] = {}
    for name, seeds, guesses in heads:
        theirs = {seed: guesses(seed) == classes for seed in seeds}
        ours = ours or theirs
        found.append(compared(name, seeds, theirs, ours, classes=classes, full=full, artists=artists))
        print(found[-1], flush=True)
    document = {
        "schema": "genrelens.heads/1",
        "n_tracks": int(full.sum()),
        "n_artists": len(set(artists)),
        "heads": encode(found),
    }
    write_whole(OUT, json_text(document))


def compared(
    name: str,
    seeds: Sequence[int],
    theirs: dict[int, NDArray[np.bool_]],
    ours: dict[int, NDArray[np.bool_]],
    *,
    classes: NDArray[np.int64],
    full: NDArray[np.bool_],
    artists: NDArray[np.str_],
) -> Head:
    """One head's accuracy, and the difference from ours, track by track over the same seeds."""
    always = np.mean([theirs[seed] for seed in seeds], axis=0)
    right = always[full]
    ahead = np.mean([ours[seed][full] for seed in seeds], axis=0) - right
    return Head(
        name,
        tuple(seeds),
        tuple(float(theirs[seed][full].mean()) for seed in seeds),
        float(np.mean([always[classes == genre].mean() for genre in np.unique(classes)])),
        grouped_bootstrap(mean_statistic(right), groups=artists, seed=0),
        grouped_bootstrap(mean_statistic(ahead), groups=artists, seed=0),
    )


@torch.inference_mode()
def front_of(tracks: Sequence[Track], *, cache: Path) -> tuple[list[Tensor], NDArray[np.float64]]:
    """Of each track: the front's features in tokens (windows, 46, 256), at one level as in our model.

    And (n, 512) their maxima and means as loud as the file was saved, as musicnn itself would hear it.
    """
    as_saved = dataclasses.replace(FRONT_END, level=None)
    frames = FrameCache(cache, FRONT_END)
    musicnn = pretrained()
    tokens, pooled = [], []
    for track in tracks:
        windows = list(iter_windows([frames.frames(track)], settings=WindowSettings(N_FRAMES, N_FRAMES)))
        level = torch.from_numpy(np.stack([compress(window.power, settings=FRONT_END) for window in windows]))
        found = musicnn(level).frames
        n = found.shape[1] // FRAMES_A_TOKEN * FRAMES_A_TOKEN
        found = found[:, :n].unflatten(1, (-1, FRAMES_A_TOKEN)).mean(dim=2)
        tokens.append(found.clone())
        plain = musicnn(torch.from_numpy(np.stack([compress(w.power, settings=as_saved) for w in windows])))
        pooled.append(torch.cat([plain.max_pool, plain.mean_pool], dim=1).double().mean(dim=0).numpy())
    return tokens, np.stack(pooled)


def plain(rows: NDArray[np.float64], tracks: Sequence[Track], classes: NDArray[np.int64], c: float) -> Guesses:
    """Standardised features and scikit-learn's logistic regression."""

    def guesses(seed: int) -> NDArray[np.int64]:
        answers = np.zeros(len(tracks), dtype=np.int64)
        for learn, answer in parts(tracks, seed):
            scaler = StandardScaler().fit(rows[learn])
            machine = LogisticRegression(C=c, max_iter=5000).fit(scaler.transform(rows[learn]), classes[learn])
            answers[answer] = machine.predict(scaler.transform(rows[answer]))
        return answers

    return guesses


def network(
    tokens: Sequence[Tensor], tracks: Sequence[Track], classes: NDArray[np.int64], n_classes: int, *, kind: str
) -> Guesses:
    """A network over the tokens of single windows, one drawn from each track an epoch; a track's answer is the mean."""

    def guesses(seed: int) -> NDArray[np.int64]:
        answers = np.zeros(len(tracks), dtype=np.int64)
        for learn, answer in parts(tracks, seed):
            torch.manual_seed(seed)
            n_tokens, n_in = tokens[0].shape[1:]
            model = AttentionPooling(n_in, n_classes) if kind == "pooling" else Transformer(n_in, n_classes, n_tokens)
            fit(model, [tokens[i] for i in learn], torch.from_numpy(classes[learn]), n_classes)
            with torch.inference_mode():
                for i in answer:
                    answers[i] = int(model(tokens[i]).mean(dim=0).argmax())
        return answers

    return guesses


def fit(model: nn.Module, tokens: Sequence[Tensor], classes: Tensor, n_classes: int) -> None:
    """AdamW with a cosine schedule, mixup of windows, smoothed labels, genres weighed alike; all epochs, always."""
    counts = torch.bincount(classes, minlength=n_classes)
    genre_weight = len(classes) / (counts.clamp(min=1) * (counts > 0).sum())
    optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    n_batches = -(-len(tokens) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=EPOCHS * n_batches)
    targets = functional.one_hot(classes, n_classes).float()
    share = torch.distributions.Beta(MIXUP, MIXUP)
    model.train()
    for _ in range(EPOCHS):
        windows = torch.stack([track[int(torch.randint(len(track), ()))] for track in tokens])
        for batch in torch.split(torch.randperm(len(tokens)), BATCH):
            mixed, weight = batch[torch.randperm(len(batch))], float(share.sample())
            x = weight * windows[batch] + (1 - weight) * windows[mixed]
            y = weight * targets[batch] + (1 - weight) * targets[mixed]
            loss = functional.cross_entropy(model(x), y, weight=genre_weight, label_smoothing=SMOOTHING)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    model.eval()


def parts(tracks: Sequence[Track], seed: int) -> list[tuple[list[int], list[int]]]:
    """Places of the tracks that are learnt from and that are answered, fold by fold."""
    place = {track.id: i for i, track in enumerate(tracks)}
    return [
        ([place[id_] for id_ in fold.ids("train")], [place[id_] for id_ in fold.ids("test")])
        for fold in grouped_folds(tracks, n_folds=5, seed=seed)
    ]


if __name__ == "__main__":
    main()
