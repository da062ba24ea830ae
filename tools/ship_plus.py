"""Make the model plus, which hears with mn04 beside, and the figures in its card, after tools/ship_base.py.

    genrelens weights fetch plus
    python tools/ship_plus.py --data ../shared/data

The same clips, cuts, folds, detector and styles as base, with the mean of mn04's numbers beside musicnn's; how genres
are weighed and C as tools/choose_head.py --plus chose. mn04's weights are not in what ships.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from pathlib import Path

import base_card
import ship_base
from keep_crossval import write_kept
from other_music.material import FULL, SPLIT, arguments, cuts_of, thin_cuts, unlabelled, whole_clips
from ship_base import OTHER_SEEDS, ROOT, SEED, SHIPPED

from genrelens import recipe as recipes
from genrelens.bundle import Bundle
from genrelens.data import registry
from genrelens.data.track import classes_of
from genrelens.evaluation.calibration import judge_calibration
from genrelens.evaluation.evaluate import evaluate
from genrelens.features.embedding import mean_rows
from genrelens.features.mn04 import mn04_windows
from genrelens.features.musicnn import musicnn_windows
from genrelens.files import write_whole
from genrelens.metrics import fit_temperature
from genrelens.recipe import ClassifierRecipe, TabularRecipe
from genrelens.training.calibrate import probabilities_of
from genrelens.training.heads import HeadData, out_of_fold_logits, train_head
from genrelens.training.run import Origin

NAME = "genrelens-plus"
WEIGHINGS = {0.0: "uniform", 0.5: "root", 1.0: "balanced"}


def main() -> None:
    args = arguments(__doc__).parse_args()
    chosen = json.loads((ROOT / "docs/results/genrelens-base/head-plus.json").read_text("utf-8"))
    recipe = plus_recipe(chosen["chosen"])
    clips, thin = whole_clips(args.data), thin_cuts(args.data)
    n = len(clips)
    tracks = (*clips, *thin, *cuts_of([clip for clip in clips if clip.genre in FULL]))
    split, taxonomy = registry.split("gtzan", SPLIT), registry.taxonomy("gtzan", clips)
    beside = mean_rows(tracks, mn04_windows(tracks, cache=args.cache))
    data = dataclasses.replace(ship_base.head_data(tracks, n_whole=n, cache=args.cache), mn04=beside)
    classes = classes_of(clips, taxonomy=taxonomy)
    logits = out_of_fold_logits(recipe, data, taxonomy=taxonomy, seed=SEED)[:n]
    calibration = judge_calibration(
        logits,
        targets=classes,
        groups=[track.group for track in clips],
        folds=ship_base.folds_of(data.tracks)[:n],
        names=taxonomy.names,
        coverages=ship_base.COVERAGES,
    )
    pooled = ship_base.out_of_fold(recipe, clips, logits, taxonomy=taxonomy, seed=SEED)
    others = []
    for seed in OTHER_SEEDS:
        again = out_of_fold_logits(recipe, data, taxonomy=taxonomy, seed=seed)[:n]
        report = ship_base.out_of_fold(recipe, clips, again, taxonomy=taxonomy, seed=seed)
        others.append(report.full_genres.accuracy.value)
    confidence = probabilities_of(logits, temperature=fit_temperature(logits, targets=classes)).max(axis=1)
    other_music = [
        musicnn_windows(unlabelled(args.data / folder, kind=folder), cache=args.cache)
        for folder in ("other_music/gtzan_music", "fma/fma_small")
    ]
    limits = ship_base.limits_among(clips, data.windows[:n], other_music, confidence=confidence)
    folder = ROOT / "docs/results" / NAME
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        learn = {track.id for track in split.part((*clips, *thin), "train")}
        places = [i for i, track in enumerate(tracks) if track.whole in learn]
        made = train_head(
            recipe,
            part_of(data, places),
            Origin(taxonomy, "gtzan", f"{SPLIT}, part train"),
            out=Path(work) / "train-only",
            limits=limits,
            seed=SEED,
        )
        train_only = evaluate(Bundle.load(made), split.part(clips, "valid"), split=split, part="valid")
        made = train_head(
            recipe,
            data,
            Origin(taxonomy, "gtzan", f"{SPLIT}, part train+valid"),
            out=Path(work) / "final",
            limits=limits,
            outside_styles=True,
            seed=SEED,
            figures=[
                base_card.nested(ROOT / "docs/results/genrelens-base/head-plus.json"),
                base_card.measured(pooled, train_only, others),
                base_card.believed(calibration, pooled, train_only),
            ],
        )
        shutil.rmtree(SHIPPED / "plus", ignore_errors=True)
        shutil.copytree(made, SHIPPED / "plus")
    write_whole(folder / "card.md", Bundle.load("plus").card)
    write_whole(folder / "calibration.json", calibration.to_json())
    write_kept(pooled, folder / "crossval.json")
    write_kept(train_only, folder / "valid.json")
    print(pooled.to_text())
    print(train_only.to_text())


def plus_recipe(chosen: dict[str, float]) -> TabularRecipe:
    """Base's recipe by another name, with the strength and the weighing of genres that were chosen."""
    base = recipes.load("genrelens-base")
    assert isinstance(base, TabularRecipe)
    options = {"c": chosen["c"], "class_weight": WEIGHINGS[chosen["power"]]}
    summary = "as genrelens-base, with mn04's numbers of the whole track beside"
    return dataclasses.replace(base, name=NAME, summary=summary, classifier=ClassifierRecipe("logistic", options))


def part_of(data: HeadData, places: list[int]) -> HeadData:
    """The data of the tracks at some places."""
    assert data.mn04 is not None
    return dataclasses.replace(ship_base.part_of(data, places), mn04=data.mn04[places])


if __name__ == "__main__":
    main()
