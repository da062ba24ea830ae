"""Gradient-boosted trees (Chen & Guestrin 2016) over standardised descriptors, by the package xgboost-cpu."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrelens.errors import MissingExtraError, RecipeError
from genrelens.training.tabular.graph import Ends, GraphBuilder, Tree, add_trees
from genrelens.training.tabular.rows import NEVER, FloatRows, Fold


@dataclass(frozen=True, slots=True)
class Options:
    """XGBoost's own names; boosting ends when ``patience`` rounds have not lowered the loss on the stopping rows, or
    after ``max_rounds``, and the best rounds are kept."""

    max_depth: int
    eta: float
    subsample: float
    colsample_bytree: float
    min_child_weight: float
    max_rounds: int
    patience: int

    def __post_init__(self) -> None:
        checks = {
            "max_depth, max_rounds and patience of at least 1": min(self.max_depth, self.max_rounds, self.patience)
            >= 1,
            "eta, subsample and colsample_bytree above 0, at most 1": all(
                0 < share <= 1 for share in (self.eta, self.subsample, self.colsample_bytree)
            ),
            "min_child_weight of 0 or more": self.min_child_weight >= 0,
        }
        for wanted, holds in checks.items():
            if not holds:
                raise RecipeError(f"xgboost should have {wanted}, got {self}")


@dataclass(frozen=True, slots=True)
class BoosterLogits:
    """A trained ``Booster`` of ``softprob`` over the genres ``classes``: the trees' sums."""

    booster: Any
    classes: NDArray[np.int64]
    n_classes: int

    def __call__(self, rows: FloatRows) -> FloatRows:
        """Standardised rows ``(n, d)`` -> logits ``(n, c)``."""
        import xgboost

        everything = np.full((len(rows), self.n_classes), NEVER)
        if len(rows):
            everything[:, self.classes] = self.booster.predict(xgboost.DMatrix(rows), output_margin=True)
        return everything

    def to_graph(self, graph: GraphBuilder, scaled: str) -> Ends:
        """See :class:`~genrelens.training.tabular.rows.Logits`; the embedding is the row."""
        learner = json.loads(bytes(self.booster.save_raw("json")))["learner"]
        model = learner["gradient_booster"]["model"]
        # One number for all genres, or since version 3 one for each: "[5E-1]".
        start = np.array(json.loads(f"[{learner['learner_model_param']['base_score'].strip('[]')}]"))
        trees = [self._tree(tree, of) for tree, of in zip(model["trees"], model["tree_info"], strict=True)]
        summed = add_trees(graph, scaled, trees, goes_left="BRANCH_LT")
        scores = graph.add("Add", summed, graph.constant(np.broadcast_to(start, len(self.classes)).astype(np.float32)))
        never = graph.column_of(NEVER, scores)
        return Ends(graph.spread(scores, never, classes=self.classes, n_classes=self.n_classes), scaled)

    def _tree(self, tree: dict[str, Any], place: int) -> Tree:
        left = np.array(tree["left_children"], dtype=np.int64)
        values = np.array(tree["split_conditions"], dtype=np.float32)  # at leaves what they add
        weights = np.zeros((len(left), len(self.classes)), np.float32)
        weights[:, place] = values
        right, column = (np.array(tree[key], dtype=np.int64) for key in ("right_children", "split_indices"))
        return Tree(left, right, column, values, weights)


def fit(options: Options, fold: Fold, *, n_classes: int, seed: int) -> BoosterLogits:
    """Boost on ``fold``'s rows for as long as the stopping rows gain; stopping rows of genres without rows to learn
    from are left out, since no number of trees could serve them."""
    try:
        import xgboost
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="the classifier xgboost") from error
    classes = np.unique(fold.classes)
    known = np.isin(fold.stop_classes, classes)
    learn = xgboost.DMatrix(fold.rows, label=np.searchsorted(classes, fold.classes))
    stop = xgboost.DMatrix(fold.stop_rows[known], label=np.searchsorted(classes, fold.stop_classes[known]))
    settings = {
        "objective": "multi:softprob",
        "eval_metric": "mlogloss",
        "num_class": len(classes),
        "max_depth": options.max_depth,
        "eta": options.eta,
        "subsample": options.subsample,
        "colsample_bytree": options.colsample_bytree,
        "min_child_weight": options.min_child_weight,
        "tree_method": "hist",
        "nthread": 1,  # so that the same seed gives the same trees
        "seed": seed,
    }
    booster = xgboost.train(
        settings,
        learn,
        num_boost_round=options.max_rounds,
        evals=[(stop, "stop")],
        early_stopping_rounds=options.patience,
        verbose_eval=False,
    )
    return BoosterLogits(booster[: booster.best_iteration + 1], classes, n_classes)
