"""GTZAN and FMA small in miniature: their own ids, splits and tables, synthetic sound, recipes of a second."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import tiny_training
from genrelens.data import gtzan, synthetic
from genrelens.frontend.descriptors import SETS
from genrelens.recipe import AnyRecipe, Recipe, TabularRecipe
from genrelens.recipe import load as load_recipe

STYLES = {"classical": "drone", "jazz": "walking_swing", "metal": "four_on_the_floor"}
RATE = 8000
N_LEARNT, N_ANSWERED = 6, 3
N_ROWS = 2


def gtzan_ids() -> list[str]:
    """Nine clips of each of three genres: six of the fault-filtered split's train, three of its valid part; those that
    S3's and S4's splits stop on or test come first."""
    fair = gtzan.split("fault-filtered")
    held = {id_ for name in ("s3", "s4") for part in ("valid", "test") for id_ in gtzan.split(name).parts[part]}
    chosen = []
    for genre in STYLES:
        for part, n in (("train", N_LEARNT), ("valid", N_ANSWERED)):
            its = [id_ for id_ in fair.parts[part] if id_.startswith(genre)]
            its.sort(key=lambda id_: (id_ not in held, id_))
            known = [id_ for id_ in its if id_ in gtzan.facts().artists]
            chosen += known[: n // 2] + known[-(n - n // 2) :]
    return chosen


def write_gtzan(root: Path, *, seconds: float = 6.2) -> Path:
    """The clips of :func:`gtzan_ids` as wav files, each genre in a synthetic style of its own."""
    for k, id_ in enumerate(gtzan_ids()):
        genre = id_.split(".")[0]
        clip = synthetic.render(STYLES[genre], seed=k, timbre_seed=k, duration_s=seconds, sample_rate=RATE)
        path = root / "genres_original" / genre / f"{id_}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, clip.samples, RATE)
    return root


def write_rows(root: Path) -> Path:
    """Kaggle's features_3_sec.csv for the miniature: rows that lie about a centre of their clip and of its genre."""
    columns = SETS["kaggle57"].columns
    rng = np.random.default_rng(0)
    centres = {genre: rng.normal(size=len(columns)) for genre in STYLES}
    with (root / "features_3_sec.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["filename", "length", *columns, "label"])
        for id_ in gtzan_ids():
            genre = id_.split(".")[0]
            own = centres[genre] + rng.normal(size=len(columns))
            for k in range(N_ROWS):
                row = own + 0.3 * rng.normal(size=len(columns))
                writer.writerow([f"{id_}.{k}.wav", 66149, *row.tolist(), genre])
    return root


def write_fma(root: Path, *, n: int = 18, seconds: float = 4.0) -> Path:
    """FMA small in its own folders with a tracks.csv of its own shape: three genres, an artist a track."""
    genres = dict(zip(("Electronic", "Folk", "Rock"), STYLES.values(), strict=True))
    parts = ("training", "training", "training", "training", "validation", "test")
    columns = [
        *(("artist", "id"), ("artist", "name"), ("set", "split"), ("set", "subset")),
        *(("track", "genre_top"), ("track", "genres_all")),
    ]
    folder = root / "fma_small" / "000"
    folder.mkdir(parents=True)
    (root / "fma_metadata").mkdir()
    with (root / "fma_metadata" / "tracks.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", *(table for table, _ in columns)])
        writer.writerow(["", *(name for _, name in columns)])
        writer.writerow(["track_id", *[""] * len(columns)])
        for k in range(n):
            genre = list(genres)[k % 3]
            clip = synthetic.render(genres[genre], seed=k, timbre_seed=k, duration_s=seconds, sample_rate=22_050)
            soundfile.write(folder / f"{k + 1:06d}.wav", clip.samples, 22_050)
            writer.writerow([k + 1, k + 1, f"artist {k + 1}", parts[k // 3 % 6], "small", genre, "[]"])
    return root


def network(name: str, *, architecture: str = "mel_transformer", **options: Any) -> Recipe:
    """A network of a few thousand weights under a recipe's name, trained for two epochs."""
    table = json.loads(json.dumps(tiny_training.TABLE))
    table["name"] = name
    table["training"]["max_epochs"] = 2
    if architecture != "mel_transformer":
        table["model"] = {"architecture": architecture, "options": options}
    return Recipe.from_dict(table, where=name)


def transformer(name: str) -> Recipe:
    """S0's network over 64 frames, two layers of two heads."""
    sizes = {"n_layers": 2, "n_heads": 2, "d_model": 16, "d_hidden": 16, "dropout": 0.1}
    return network(name, architecture="transformer", **sizes)


def perceptrons() -> dict[str, AnyRecipe]:
    """S1's four, three epochs each."""
    found: dict[str, AnyRecipe] = {}
    for k in range(1, 5):
        chosen = load_recipe(f"mlp-{k}")
        assert isinstance(chosen, TabularRecipe)
        table = chosen.to_dict()
        table["classifier"]["options"] |= {"hidden": "16-8", "max_epochs": 3}
        found[chosen.name] = TabularRecipe.from_dict(table, where=chosen.name)
    return found


def wav2vec2(name: str) -> Recipe:
    """An S3 recipe whose windows are 0.4 s, two epochs."""
    chosen = load_recipe(name)
    assert isinstance(chosen, Recipe)
    table = chosen.to_dict()
    table["windows"] = {"n_frames": 6400, "hop_frames": 3200}
    table["training"] |= {"max_epochs": 1, "warmup_epochs": 0, "stop_share": 0.2}
    table["model"]["options"] |= {"freeze_layers": 1}
    return Recipe.from_dict(table, where=name)
