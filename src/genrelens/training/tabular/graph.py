"""A fitted classifier of descriptors as an ONNX graph, written node by node from its arrays: no converter is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

OPSET = 20
"""That of exported networks, which a classifier may stand behind (:func:`behind`)."""
ML_OPSET = 3
IR_VERSION = 9
ROWS = "rows"
"""What a network calls the rows (n, d), float64, that it gives a classifier."""


class Ends(NamedTuple):
    """Names of what a classifier adds to a graph: ``logits (n, c)`` and ``embedding (n, d)``."""

    logits: str
    embedding: str


class GraphBuilder:
    """Nodes and constants of a graph under construction; every value gets a name of its own."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, values: NDArray[Any]) -> str:
        """The name of a constant array."""
        from onnx import numpy_helper

        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """The name of what an operator of one output gives for the inputs of these names."""
        from onnx import helper

        name = f"value_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], domain=domain, **attributes))
        return name

    def float64(self, value: str) -> str:
        """A value cast to float64."""
        from onnx import TensorProto

        return self.add("Cast", value, to=TensorProto.DOUBLE)

    def float32(self, value: str) -> str:
        """A value cast to float32."""
        from onnx import TensorProto

        return self.add("Cast", value, to=TensorProto.FLOAT)

    def column_of(self, number: float, like: str) -> str:
        """``(n, 1)`` of one number, float32, for ``like (n, k)`` float32, finite."""
        one = self.add("ReduceMax", like, self.constant(np.array([1])), keepdims=1)
        zero = self.add("Mul", one, self.constant(np.array(0.0, np.float32)))
        return self.add("Add", zero, self.constant(np.array(number, np.float32)))

    def spread(self, scores: str, rest: str, *, classes: NDArray[np.int64], n_classes: int) -> str:
        """``(n, n_classes)``: column i of ``scores (n, k)`` at ``classes[i]``, ``rest (n, 1)`` everywhere else."""
        if len(classes) == n_classes:
            return scores
        place = np.full(n_classes, len(classes))
        place[classes] = np.arange(len(classes))
        return self.add("Gather", self.add("Concat", scores, rest, axis=1), self.constant(place), axis=1)

    def finish(self, ends: Ends, *, n_columns: int) -> bytes:
        """The graph ``descriptors (segments, n_columns)`` float64 -> ``logits``, ``embedding``, float32, as bytes."""
        import onnx
        from onnx import TensorProto, helper

        outputs = []
        for value, name in ((ends.logits, "logits"), (ends.embedding, "embedding")):
            self._nodes.append(helper.make_node("Cast", [value], [name], to=TensorProto.FLOAT))
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["segments", None]))
        graph = helper.make_graph(
            self._nodes,
            "classifier of descriptors",
            [helper.make_tensor_value_info("descriptors", TensorProto.DOUBLE, ["segments", n_columns])],
            outputs,
            self._constants,
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        encoded: bytes = model.SerializeToString()
        return encoded


def behind(network: bytes, classifier: bytes) -> bytes:
    """One graph of two: a network from its input to :data:`ROWS`, and the classifier of those rows."""
    import onnx
    from onnx import compose

    first, second = onnx.load_from_string(network), onnx.load_from_string(classifier)
    # Both count their values from the first on.
    compose.add_prefix(first, "network_", rename_inputs=False, rename_outputs=False, inplace=True)
    first.ir_version = second.ir_version = max(first.ir_version, second.ir_version)
    model = compose.merge_models(first, second, io_map=[(ROWS, "descriptors")])
    onnx.checker.check_model(model)
    encoded: bytes = model.SerializeToString()
    return encoded


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
    graph: GraphBuilder, scaled: str, trees: list[Tree], *, goes_left: Literal["BRANCH_LT", "BRANCH_LEQ"]
) -> str:
    """The sum over trees of their leaves' weights, of the rows named ``scaled``: ``(n, c)`` float32.

    Every one of the ``c`` outputs should have a leaf that adds to it: what ONNX Runtime does without is not said.
    """
    nodes: dict[str, list[NDArray[np.generic]]] = {key: [] for key in ("tree", "node", "column", "left", "right")}
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
