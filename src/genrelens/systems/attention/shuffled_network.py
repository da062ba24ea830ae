"""A network whose weights are shuffled, with its attention: maps that stay the same have not been learnt.

Adebayo et al. 2018, "Sanity checks for saliency maps" (arXiv 1810.03292), section 3.
:func:`genrelens.explanation.faithfulness.sanity.randomised` does the same to the graph that predicts, which gives
no attention.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from genrelens.bundle import Bundle, write_bundle
from genrelens.explanation.network import network_of
from genrelens.explanation.sound import front_end_of


def shuffled(bundle: Bundle, *, seed: int, out: Path) -> Bundle:
    """The same network with the numbers of every weight in an order of chance, written to ``out`` and loaded.

    Positions, which are no weights, and what a norm has counted stay. Raises :class:`BundleError` where the network
    cannot be built again from its graph.
    """
    import torch

    from genrelens.training.export import attention_onnx, predict_onnx

    network = network_of(bundle)
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for weights in network.parameters():
            flat = rng.permutation(weights.numpy().ravel())
            weights.copy_(torch.from_numpy(flat.reshape(weights.shape)))
    windows, front_end = bundle.manifest.windows, front_end_of(bundle)
    assert windows is not None
    shape = {"n_frames": windows.n_frames, "n_mels": front_end.n_bands}
    written = write_bundle(
        out,
        manifest=dataclasses.replace(bundle.manifest, name=f"{bundle.name}-shuffled", files={}),
        predict_onnx=predict_onnx(network, input_name=front_end.input_name, **shape),
        attention_onnx=attention_onnx(network, input_name=front_end.input_name, **shape),
        card="shuffled",
    )
    return Bundle.load(written)
