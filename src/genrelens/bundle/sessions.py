"""ONNX Runtime, kept in one place: how sessions are made and what a graph must look like."""

from __future__ import annotations

import os
from typing import Any

from numpy.typing import NDArray

from genrelens.errors import BundleError
from genrelens.parallel import n_cores

MAX_THREADS = 2
"""Threads of one session at most. A convolution is shared out window by window, of which few go through together; and
from three threads on it rounds one that goes alone differently, so that answers would depend on the machine's cores and
on how many processes share them."""


def open_session(graph: bytes, *, where: str, n_threads: int | None = None) -> Any:
    """An ``onnxruntime.InferenceSession`` on the CPU; ``where`` names the graph in a :class:`BundleError`."""
    ort = _runtime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = n_threads or min(MAX_THREADS, n_cores())
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Waiting threads would burn the cores that the decoder and other processes could use.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(graph, sess_options=options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime raises classes of its own, none of them public
        raise BundleError(f"{where}: ONNX Runtime cannot use this graph: {_first_line(error)}") from error


def check_predict_graph(
    session: Any, *, where: str, input_name: str, window: tuple[int, ...], widths: dict[str, int]
) -> None:
    """Refuse a graph whose input is not ``input_name (w, *window)``, that has no embedding, or whose other
    outputs are not ``(w, width)`` by name, ``logits`` and what else the manifest promises.

    Sizes that the graph leaves open are checked when it runs.
    """
    inputs = {value.name: value.shape for value in session.get_inputs()}
    outputs = {value.name: value.shape for value in session.get_outputs()}
    if set(inputs) != {input_name} or not {*widths, "embedding"} <= set(outputs):
        raise BundleError(
            f"{where}: expected a graph from {input_name} to {', '.join([*widths, 'embedding'])}, "
            f"got one from {', '.join(inputs)} to {', '.join(outputs)}"
        )
    if not _fits(inputs[input_name], (None, *window)):
        raise BundleError(
            f"{where}: the graph takes windows {inputs[input_name][1:]}, the manifest has {list(window)}"
        )
    for name, n in widths.items():
        if not _fits(outputs[name], (None, n)):
            raise BundleError(f"{where}: the graph gives {outputs[name][-1]} {name}, the manifest has {n}")


def run_graph(session: Any, outputs: list[str], *, inputs: dict[str, NDArray[Any]], where: str) -> list[Any]:
    """Run a graph on its inputs by name; a failure is a :class:`BundleError`."""
    try:
        results: list[Any] = session.run(outputs, inputs)
    except Exception as error:
        raise BundleError(f"{where}: the graph failed: {_first_line(error)}") from error
    return results


def _runtime() -> Any:
    """ONNX Runtime, kept from reporting: since 1.29 it sends each session's facts to Microsoft, under an id of the
    machine that it keeps in the user's cache folder. Who wants that sets ``ORT_DISABLE_TELEMETRY=0``.
    """
    told = os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read while it is imported, not afterwards
    import onnxruntime

    if told != "0":
        onnxruntime.disable_telemetry_events()  # what Windows collects by other ways
    return onnxruntime


def _fits(shape: list[Any], expected: tuple[int | None, ...]) -> bool:
    """Whether a graph's shape, with names for the sizes it leaves open, allows the expected one."""
    if len(shape) != len(expected):
        return False
    return all(
        want is None or not isinstance(size, int) or size == want
        for size, want in zip(shape, expected, strict=True)
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
