"""Make the model plus, which hears with mn04 beside, and the figures in its card, after tools/ship_base.py.

    genrelens weights fetch plus
    python tools/ship_plus.py --data ../shared/data

The same clips, cuts, folds, detector and styles as base, with the mean of mn04's numbers beside musicnn's; how genres
are weighed and C as tools/choose_head.py --plus chose. mn04's weights are not in what ships.
"""

from __future__ import annotations

import dataclasses
import json

from other_music.material import arguments
from ship_base import ROOT, learnt_from, ship

from genrelens import recipe as recipes
from genrelens.features.embedding import mean_rows
from genrelens.features.mn04 import mn04_windows
from genrelens.recipe import ClassifierRecipe, TabularRecipe

HEAD = ROOT / "docs/results/genrelens-base/head-plus.json"
NAME = "genrelens-plus"
WEIGHINGS = {0.0: "uniform", 0.5: "root", 1.0: "balanced"}


def main() -> None:
    args = arguments(__doc__).parse_args()
    clips, data = learnt_from(args.data, args.cache)
    beside = mean_rows(data.tracks, mn04_windows(data.tracks, cache=args.cache))
    recipe = plus_recipe(json.loads(HEAD.read_text("utf-8"))["chosen"])
    ship(recipe, clips, dataclasses.replace(data, mn04=beside), args, chosen_by=HEAD)


def plus_recipe(chosen: dict[str, float]) -> TabularRecipe:
    """Base's recipe by another name, with the strength and the weighing of genres that were chosen."""
    base = recipes.load("genrelens-base")
    assert isinstance(base, TabularRecipe)
    options = {"c": chosen["c"], "class_weight": WEIGHINGS[chosen["power"]]}
    summary = "as genrelens-base, with mn04's numbers of the whole track beside"
    return dataclasses.replace(base, name=NAME, summary=summary, classifier=ClassifierRecipe("logistic", options))


if __name__ == "__main__":
    main()
