"""A fitted classifier of descriptors as an ONNX graph, written node by node from its arrays: no converter is needed."""

from __future__ import annotations

from typing import Any, NamedTuple

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
