"""Decision trees as flat arrays, and as the one node of ONNX that walks them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from genrelens.training.tabular.graph import GraphBuilder

Int64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree of ``m`` nodes over float32 rows; node 0 is its root.

    ``left``, ``right (m,)``: the next nodes, -1 at leaves; ``column (m,)`` and ``threshold (m,)`` float32: what is
    asked; ``weights (m, c)``: what a leaf adds to each output.
    """

    left: Int64
    right: Int64
    column: Int64
    threshold: NDArray[np.float32]
    weights: NDArray[np.float32]


def add_trees(
    graph: GraphBuilder,
    scaled: str,
    trees: list[Tree],
    *,
    goes_left: Literal["BRANCH_LT", "BRANCH_LEQ"],
) -> str:
    """The sum over trees of their leaves' weights, of the rows named ``scaled``: ``(n, c)`` float32.

    Every one of the ``c`` outputs should have a leaf that adds to it: what ONNX Runtime does without is not said.
    """
    nodes: dict[str, list[NDArray[np.generic]]] = {
        key: [] for key in ("tree", "node", "column", "left", "right")
    }
    thresholds, modes = [], []
    leaf_tree, leaf_node, leaf_class, leaf_weight = [], [], [], []
    for t, tree in enumerate(trees):
        m, is_leaf = len(tree.left), tree.left < 0
        nodes["tree"].append(np.full(m, t))
        nodes["node"].append(np.arange(m))
        nodes["column"].append(np.where(is_leaf, 0, tree.column))
        nodes["left"].append(np.where(is_leaf, 0, tree.left))
        nodes["right"].append(np.where(is_leaf, 0, tree.right))
        thresholds.append(np.where(is_leaf, np.float32(0), tree.threshold))
        modes += ["LEAF" if leaf else goes_left for leaf in is_leaf.tolist()]
        node, output = np.nonzero((tree.weights != 0) & is_leaf[:, np.newaxis])
        leaf_tree.append(np.full(len(node), t))
        leaf_node.append(node)
        leaf_class.append(output)
        leaf_weight.append(tree.weights[node, output])
    flat = {key: np.concatenate(values).tolist() for key, values in nodes.items()}
    return graph.add(
        "TreeEnsembleRegressor",
        graph.float32(scaled),
        domain="ai.onnx.ml",
        aggregate_function="SUM",
        post_transform="NONE",
        n_targets=trees[0].weights.shape[1],
        nodes_treeids=flat["tree"],
        nodes_nodeids=flat["node"],
        nodes_featureids=flat["column"],
        nodes_values=np.concatenate(thresholds).tolist(),
        nodes_modes=modes,
        nodes_truenodeids=flat["left"],
        nodes_falsenodeids=flat["right"],
        target_treeids=np.concatenate(leaf_tree).tolist(),
        target_nodeids=np.concatenate(leaf_node).tolist(),
        target_ids=np.concatenate(leaf_class).tolist(),
        target_weights=np.concatenate(leaf_weight).tolist(),
    )
