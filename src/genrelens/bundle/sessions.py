"""ONNX Runtime, kept in one place: how sessions are made and what a graph must look like."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import Any, Final

from numpy.typing import NDArray

from genrelens.bundle.graph_check import check_graph
from genrelens.errors import BundleError
from genrelens.parallel import n_cores

MAX_THREADS = 2
"""Threads of one session at most. A convolution is shared out window by window, of which few go through together; and
from three threads on it rounds one that goes alone differently, so that answers would depend on the machine's cores and
on how many processes share them."""


MAX_EMBEDDING: Final = 1 << 20
"""Numbers in an embedding at most; real ones have some hundreds."""
_arenas = threading.Lock()


def open_session(graph: bytes, *, where: str, n_threads: int | None = None, memory_bytes: int | None = None) -> Any:
    """An ``onnxruntime.InferenceSession`` on the CPU; ``where`` names the graph in a :class:`BundleError`.

    With ``memory_bytes``, what comes from strangers: what it computes may take so much memory, and it runs once at a
    time. The graph itself is checked by :func:`check_graph` in any case.
    """
    check_graph(graph, where=where)
    ort = _runtime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = n_threads or max(1, min(MAX_THREADS, n_cores() - 1))  # one core decodes
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what fails is raised, and said once
    options.add_session_config_entry("session.load_model_format", "ONNX")  # the one that has been checked
    # Waiting threads would burn the cores that the decoder and other processes could use.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    more: dict[str, Any] = {}
    if memory_bytes is not None:
        options.add_session_config_entry("session.use_env_allocators", "1")
        more["disabled_optimizers"] = ["ConstantFolding"]  # it computes while the graph is read, without a bound
    try:
        with _arenas:
            if memory_bytes is not None:
                _bound_next_session(ort, memory_bytes)
            session = ort.InferenceSession(graph, sess_options=options, providers=["CPUExecutionProvider"], **more)
    except Exception as error:  # the runtime raises classes of its own, none of them public
        raise BundleError(f"{where}: ONNX Runtime cannot use this graph: {_first_line(error)}") from error
    return session if memory_bytes is None else _OneAtATime(session)


def _bound_next_session(ort: Any, memory_bytes: int) -> None:
    """Give the session that is made next an arena that does not grow beyond so many bytes."""
    memory = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    # Strategy 1: grow by what is asked for, not by doubling.
    arena = ort.OrtArenaCfg({"max_mem": memory_bytes, "arena_extend_strategy": 1})
    with contextlib.suppress(RuntimeError):  # older runtimes keep the first arena for all sessions, and its bound
        ort.create_and_register_allocator(memory, arena)


class _OneAtATime:
    """A session whose memory is bounded: two runs at once would have to share it."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._lock = threading.Lock()
        self.get_inputs = session.get_inputs
        self.get_outputs = session.get_outputs

    def run(self, outputs: list[str], inputs: dict[str, NDArray[Any]]) -> list[Any]:
        with self._lock:
            results: list[Any] = self._session.run(outputs, inputs)
        return results


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
        raise BundleError(f"{where}: the graph takes windows {inputs[input_name][1:]}, the manifest has {list(window)}")
    size = outputs["embedding"][-1:] or [0]
    if isinstance(size[0], int) and size[0] > MAX_EMBEDDING:
        raise BundleError(f"{where}: the graph gives an embedding of {size[0]} numbers, more than any model's")
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
        want is None or not isinstance(size, int) or size == want for size, want in zip(shape, expected, strict=True)
    )


def _first_line(error: Exception) -> str:
    said = str(error)
    if "Available memory of" in said or "bad allocation" in said or "bad_alloc" in said:
        return "it asks for more memory than a graph of its size may have"
    return (said.splitlines() or [type(error).__name__])[0][:300]
