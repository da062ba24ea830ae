"""A trained network -> the ONNX graphs of a bundle: normalisation inside, window count free, attention apart."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from genrelens.models.network import Network

OPSET = 20
_MOST = {"windows": 4096, "frames": 1 << 20}


class _Predict(nn.Module):
    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, mel_db: Tensor) -> tuple[Tensor, ...]:
        return tuple(value for value in self.network(mel_db) if value is not None)


class _Attention(nn.Module):
    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, mel_db: Tensor) -> Tensor:
        weights = self.network.attention(mel_db)
        assert weights is not None
        return weights[0]


def predict_onnx(network: Network, *, input_name: str, n_frames: int, n_mels: int) -> bytes:
    """``input_name (windows, n_frames, n_mels)`` -> the network's :class:`Output` by name, float32: ``logits (windows,
    c)``, ``embedding (windows, d)``, and ``tags``, ``screens`` of the networks that have them."""
    # A batch of one would be taken for a constant and freeze the axis.
    example = torch.zeros(2, n_frames, n_mels)
    with torch.no_grad():
        said = network.eval()(example)
    outputs = [name for name, value in said._asdict().items() if value is not None]
    return _export(_Predict(network), example, input_name, outputs, free=("windows",))


def rows_onnx(module: nn.Module, *, input_name: str, output_name: str, n_frames: int, n_bands: int) -> bytes:
    """``input_name (windows, n_frames, n_bands)`` -> what the module makes of it, ``output_name (windows, d)``."""
    example = torch.zeros(2, n_frames, n_bands)
    return _export(module, example, input_name, [output_name], free=("windows",))


def tagger_onnx(network: nn.Module, *, n_frames: int, n_bands: int, said: Mapping[str, str]) -> bytes:
    """``log_mel (windows, frames, n_bands)`` of any number of frames -> what a tagger makes of it, ``logits (windows,
    c)`` and ``features (windows, d)``; ``said`` are texts about the graph that it carries."""
    example = torch.zeros(2, n_frames, n_bands)
    return _export(network, example, "log_mel", ["logits", "features"], free=("windows", "frames"), said=said)


def attention_onnx(network: Network, *, input_name: str, n_frames: int, n_mels: int) -> bytes | None:
    """``input_name (1, n_frames, n_mels)`` -> ``attention (layers, heads, tokens, tokens)``; None without attention."""
    example = torch.zeros(1, n_frames, n_mels)
    with torch.no_grad():
        if network.eval().attention(example) is None:
            return None
    return _export(_Attention(network), example, input_name, ["attention"])


def _export(
    module: nn.Module,
    example: Tensor,
    input_name: str,
    outputs: list[str],
    *,
    free: tuple[str, ...] = (),
    said: Mapping[str, str] | None = None,
) -> bytes:
    """``free``: names of the first axes, of which the input may have any number."""
    axes = {axis: torch.export.Dim(name, min=1, max=_MOST[name]) for axis, name in enumerate(free)}
    with _quiet():
        program = torch.onnx.export(
            module.cpu().float().eval(),
            (example,),
            input_names=[input_name],
            output_names=outputs,
            opset_version=OPSET,
            dynamic_shapes=(axes,) if axes else None,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    for node in model.graph.node:
        del node.metadata_props[:]  # stack traces with the paths of the machine that exported
        node.doc_string = ""
    del model.graph.metadata_props[:]
    del model.graph.value_info[:]
    for key, text in (said or {}).items():
        model.metadata_props.add(key=key, value=text)
    content: bytes = model.SerializeToString()
    return content


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter prints its progress and warns of its own deprecated calls; neither is for our users."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
