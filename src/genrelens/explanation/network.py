"""A bundle's network back in PyTorch, for methods that need gradients.

The exporter keeps the names of weights, so the graph in the bundle holds all that the network needs; the architecture
and its options stand in the manifest's recipe. What is built is compared with the graph before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genrelens.bundle import Bundle
from genrelens.errors import BundleError, MissingExtraError

if TYPE_CHECKING:
    from genrelens.models.network import Network

TOLERANCE = 1e-2
"""Largest difference of a logit between the network and the bundle's graph."""
_PREFIX = "network."
_SCREENS = "network.screens."
"""Parts of the shipped models' graphs that only decide when to abstain; the logits do not depend on them."""


def network_of(bundle: Bundle) -> Network:
    """The network of a bundle, in evaluation mode.

    Raises :class:`BundleError` (code ``no_gradients``) where the bundle holds no network that this genrelens can build
    again, a classifier of descriptors for one, and :class:`MissingExtraError` without ``[train]``.
    """
    try:
        import torch
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="an explanation by gradients") from error
    arrays = _arrays(bundle)
    network = _built(bundle, arrays)
    wanted = network.state_dict()
    # What is constant and made anew, positions for one, is in the graph and not in the state.
    state = {name: torch.from_numpy(array.copy()) for name, array in arrays.items() if name in wanted}
    # musicnn's filters are in the graph as they are multiplied (models.musicnn); they come with genrelens.
    beside = ("musicnn.front.timbral.", "musicnn.front.temporal.") if "head.weight" in arrays else ()
    missing = [
        name
        for name in wanted
        if name not in state and not name.endswith("num_batches_tracked") and not name.startswith(beside)
    ]
    if missing:
        raise _cannot(bundle, f"its graph has no weights {missing[0]}")
    try:
        network.load_state_dict(state, strict=False)
    except RuntimeError as error:  # sizes that differ
        raise _cannot(bundle, f"its weights do not fit ({str(error).splitlines()[0]})") from error
    network.eval()
    _compare(bundle, network)
    return network


def _arrays(bundle: Bundle) -> dict[str, Any]:
    """The graph's weights by the network's names."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load_from_string(bundle.graph).graph
    constants = {entry.name: entry for entry in graph.initializer}
    made_by = {output: node for node in graph.node for output in node.output}
    arrays = {
        name.removeprefix(_PREFIX): numpy_helper.to_array(entry)
        for name, entry in constants.items()
        if name.startswith(_PREFIX) and not name.startswith(_SCREENS)
    }
    # A dense layer over several axes is exported as a product with the turned weight, which loses its name, plus the
    # bias, which keeps it.
    for node in graph.node:
        bias = next((name for name in node.input if name.endswith(".bias")), "")
        product = next((made_by[name] for name in node.input if name in made_by), None)
        if node.op_type != "Add" or product is None or product.op_type != "MatMul" or not bias:
            continue
        weight = next((constants[name] for name in product.input if name in constants), None)
        if weight is not None:
            name = bias.removeprefix(_PREFIX).removesuffix("bias") + "weight"
            arrays.setdefault(name, numpy_helper.to_array(weight).T)
    return arrays


def _built(bundle: Bundle, arrays: dict[str, Any]) -> Network:
    manifest = bundle.manifest
    recipe, windows = manifest.training.recipe, manifest.windows
    model = recipe.get("model")
    if isinstance(model, dict) and windows is not None:
        from genrelens import models

        front_end: Any = manifest.front_end
        return models.build(
            str(model.get("architecture")),
            model.get("options", {}),
            n_frames=windows.n_frames,
            n_mels=front_end.n_bands,
            n_classes=len(bundle.names),
        )
    if "head.weight" in arrays and "musicnn.dense.weight" in arrays:
        return _musicnn_head(arrays)
    raise _cannot(bundle, "it is no network of this genrelens")


def _musicnn_head(arrays: dict[str, Any]) -> Network:
    import torch

    from genrelens.models.musicnn_head import MusicnnHead

    return MusicnnHead(torch.from_numpy(arrays["head.weight"].copy()), torch.from_numpy(arrays["head.bias"].copy()))


def _compare(bundle: Bundle, network: Network) -> None:
    import torch

    windows = bundle.manifest.windows
    front_end: Any = bundle.manifest.front_end
    assert windows is not None
    rng = np.random.default_rng(0)
    example = rng.uniform(-1.0, 0.0, (2, windows.n_frames, front_end.n_bands)).astype(np.float32)
    with torch.no_grad():
        ours = network(torch.from_numpy(example)).logits.numpy()
    apart = float(np.abs(ours - bundle.outputs(example).logits).max())
    if not apart < TOLERANCE:
        raise _cannot(bundle, f"what was built answers otherwise than the bundle, by {apart:.2g}")


def _cannot(bundle: Bundle, why: str) -> BundleError:
    return BundleError(
        f"{bundle.name} cannot be explained by gradients: {why}; occlusion works with every model", code="no_gradients"
    )
