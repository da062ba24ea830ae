"""Make the two models that ship, and every figure in their cards, from real data by one command.

    python tools/ship_base.py --data ../shared/data/gtzan

1. out-of-fold answers over train + valid of the fault-filtered split, five folds by artist;
2. a twin trained on train alone and evaluated on valid, which it has never heard;
3. the model itself, trained on train + valid by the same recipe, with the temperature and the prediction sets of the
   out-of-fold answers;
4. its lighter twin: the same network over windows side by side.

The cards also tell what tools/abstention_report.py, tools/robustness.py and tools/lite_report.py measured, as of their
last run: run these after this where the head has changed, and this once more.

Clips that the split leaves out take no part. The bundle goes into the package, reports and figures into docs/results.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import base_card
import numpy as np
from keep_crossval import write_kept

from genrelens import recipe as recipes
from genrelens.bundle import Bundle, WindowSettings, read_bundle, write_bundle
from genrelens.bundle.store import PREDICT
from genrelens.data import registry
from genrelens.data.splits.folds import grouped_folds
from genrelens.data.track import Track, classes_of, under_supported
from genrelens.evaluation.build import build_report
from genrelens.evaluation.calibration import judge_calibration
from genrelens.evaluation.evaluate import evaluate
from genrelens.evaluation.report import Report, Subject, TrackRow
from genrelens.features.embedding import mean_rows
from genrelens.features.musicnn import musicnn_windows
from genrelens.files import write_whole
from genrelens.metrics import fit_temperature, log_softmax
from genrelens.models.musicnn import read_weights
from genrelens.models.musicnn_head import N_FRAMES
from genrelens.recipe import TabularRecipe
from genrelens.training.card import model_card
from genrelens.training.heads import CALIBRATED_ON, N_FOLDS, HeadData, out_of_fold_logits, train_head
from genrelens.training.run import Origin

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "src/genrelens/bundle/shipped"
LITE = "genrelens-lite"
COVERAGES = (0.8, 0.9, 0.95)
SPLIT = "fault-filtered"
SEED = 0
OTHER_SEEDS = (1, 2, 3, 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="folder of GTZAN")
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"))
    args = parser.parse_args()
    recipe = recipes.load("genrelens-base")
    assert isinstance(recipe, TabularRecipe)
    faulty = registry.never_train("gtzan")
    loaded = tuple(track for track in registry.load(args.data, dataset="gtzan") if track.id not in faulty)
    split, taxonomy = registry.split("gtzan", SPLIT), registry.taxonomy("gtzan", loaded)
    tracks = split.part(loaded, "train+valid")
    windows = musicnn_windows(tracks, cache=args.cache, n_workers=2)
    rows = mean_rows(tracks, windows)
    place = {track.id: i for i, track in enumerate(tracks)}
    classes = classes_of(tracks, taxonomy=taxonomy)
    experimental = under_supported(taxonomy, tracks)
    logits = out_of_fold_logits(recipe, tracks, rows, taxonomy=taxonomy, seed=SEED)
    calibration = judge_calibration(
        logits,
        targets=classes,
        groups=[track.group for track in tracks],
        folds=folds_of(tracks),
        names=taxonomy.names,
        coverages=COVERAGES,
    )

    def out_of_fold(seed: int) -> Report:
        logits = out_of_fold_logits(recipe, tracks, rows, taxonomy=taxonomy, seed=seed)
        probabilities = np.exp(log_softmax(logits / fit_temperature(logits, targets=classes)))
        answers = [
            TrackRow.answered(track.id, track.artist, track.genre, p, names=taxonomy.names)
            for track, p in zip(tracks, probabilities, strict=True)
        ]
        subject = Subject(
            recipe.name,
            "-",
            dataset="gtzan",
            names=taxonomy.names,
            split=f"{N_FOLDS} folds by artist, seed {seed}",
            part="out of fold, over train+valid",
            experimental=experimental,
            notes=(
                f"{N_FOLDS} models of the recipe {recipe.name!r}, each answering artists it has not heard",
                "one temperature, fitted on these answers together",
            ),
        )
        return build_report(answers, subject)

    pooled = out_of_fold(SEED)
    others = [out_of_fold(seed).full_genres.accuracy.value for seed in OTHER_SEEDS]
    folder = ROOT / "docs/results" / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        learn = split.part(loaded, "train")
        places = [place[track.id] for track in learn]
        made = train_head(
            recipe,
            HeadData(learn, rows[places], [windows[i] for i in places]),
            Origin(taxonomy, "gtzan", f"{SPLIT}, part train"),
            out=Path(work) / "twin",
            seed=SEED,
        )
        twin = evaluate(Bundle.load(made), split.part(loaded, "valid"), split=split, part="valid")
        made = train_head(
            recipe,
            HeadData(tracks, rows, windows),
            Origin(taxonomy, "gtzan", f"{SPLIT}, part train+valid"),
            out=Path(work) / "final",
            seed=SEED,
            figures=[
                base_card.measured(pooled, twin, others),
                base_card.believed(calibration, pooled),
                *base_card.held_back(folder / "abstention.json"),
                *base_card.other_files(folder / "robustness.json"),
            ],
        )
        shutil.rmtree(SHIPPED, ignore_errors=True)
        shutil.copytree(made, SHIPPED / "base")
    write_whole(folder / "card.md", Bundle.load("base").card)
    ship_lite()
    write_whole(folder / "calibration.json", calibration.to_json())
    write_kept(pooled, folder / "crossval.json")
    write_kept(twin, folder / "valid.json")
    print(pooled.to_text())
    print(twin.to_text())


def folds_of(tracks: Sequence[Track]) -> np.ndarray:
    """(n,) the fold that answers each track, as in :func:`out_of_fold_logits`."""
    folds = {
        id_: k for k, fold in enumerate(grouped_folds(tracks, n_folds=N_FOLDS, seed=SEED)) for id_ in fold.ids("test")
    }
    return np.array([folds[track.id] for track in tracks])


def ship_lite() -> None:
    """The shipped base with windows that do not overlap, as a model of its own."""
    base = read_bundle(SHIPPED / "base")
    manifest = dataclasses.replace(base.manifest, name=LITE, windows=WindowSettings(N_FRAMES, N_FRAMES))
    figures = base_card.lite(ROOT / "docs/results" / LITE / "lite.json")
    card = model_card(manifest, calibrated_on=CALIBRATED_ON, figures=figures, notice=read_weights().notice)
    write_bundle(SHIPPED / "lite", manifest=manifest, predict_onnx=base.files[PREDICT], card=card)


if __name__ == "__main__":
    main()
