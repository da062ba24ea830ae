"""Models from strangers: whatever they ask for is refused with a sentence, in bounded memory; no other file is read."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import tiny_model
from genrelens.bundle import Bundle, read_bundle
from genrelens.bundle.graph_check import check_graph
from genrelens.bundle.manifest import FileRecord
from genrelens.errors import BundleError

# In a process of its own, whose peak of memory is the refusals'; a hang ends in a time-out.
SCRIPT = """
import json, re, sys
from genrelens.bundle import Bundle
from genrelens.errors import BundleError
said = []
for path in sys.argv[1:]:
    try:
        Bundle.load(path).predict([0.5, -0.5] * 8000, sample_rate=8000)
        said.append("answered")
    except BundleError as error:
        said.append(str(error))
peak_kb = 0
if sys.platform == "linux":
    peak_kb = int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
print(json.dumps([peak_kb / 1024, said]))
"""


def refusals(paths: Sequence[Path]) -> list[str]:
    """What is said of models that are refused, each named in its sentence."""
    command = [sys.executable, "-c", SCRIPT, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    peak_mb, said = json.loads(done.stdout)
    assert peak_mb < 500
    for path, sentence in zip(paths, said, strict=True):
        assert sentence == "answered" or sentence.startswith(str(path))
        assert len(sentence) < 1000
    return list(said)


def refusal(path: Path) -> str:
    """The same of one model."""
    return refusals([path])[0]


# Graphs


def graph(*nodes: Any, arrays: dict[str, Any] | None = None, shapes: bool = True) -> onnx.ModelProto:
    """The tiny model's graph, with nodes that make a number ``more`` which is added to the logits."""
    model = onnx.load_from_string(tiny_model.predict_graph(open_shapes=True))
    logits = model.graph.node[-1]
    logits.output[0] = "plain"
    model.graph.node.extend([*nodes, helper.make_node("Add", ["plain", "more"], ["logits"])])
    for name, values in (arrays or {}).items():
        model.graph.initializer.append(numpy_helper.from_array(np.array(values), name))
    return model


def total(name: str) -> Any:
    return helper.make_node("ReduceMax", [name], ["more"], keepdims=0)


def constant_of_shape() -> onnx.ModelProto:
    return graph(helper.make_node("ConstantOfShape", ["size"], ["big"]), total("big"), arrays={"size": [1 << 16] * 2})


def expand() -> onnx.ModelProto:
    nodes = [helper.make_node("Expand", ["one", "size"], ["big"]), total("big")]
    return graph(*nodes, arrays={"one": np.float32(1), "size": [1 << 16] * 2})


def expand_by_what_is_heard() -> onnx.ModelProto:
    """Small when it is tried with zeros, gigabytes with sound."""
    return graph(
        helper.make_node("ReduceMax", ["mel_db"], ["loudest"], keepdims=0),
        helper.make_node("ReduceMin", ["mel_db"], ["softest"], keepdims=0),
        helper.make_node("Sub", ["loudest", "softest"], ["range"]),
        helper.make_node("Cast", ["range"], ["whole"], to=TensorProto.INT64),
        helper.make_node("Mul", ["whole", "many"], ["length"]),
        helper.make_node("Add", ["length", "one"], ["size"]),
        helper.make_node("Unsqueeze", ["size", "first"], ["sizes"]),
        helper.make_node("ConstantOfShape", ["sizes"], ["big"]),
        total("big"),
        arrays={"many": np.int64(10**9), "one": np.int64(1), "first": [0]},
    )


def tile() -> onnx.ModelProto:
    nodes = [helper.make_node("Tile", ["some", "times"], ["big"]), total("big")]
    return graph(*nodes, arrays={"some": np.ones((64, 64), np.float32), "times": [1 << 8] * 2})


def outer_product() -> onnx.ModelProto:
    return graph(
        helper.make_node("MatMul", ["column", "row"], ["big"]),
        total("big"),
        arrays={"column": np.ones((1 << 16, 1), np.float32), "row": np.ones((1, 1 << 16), np.float32)},
    )


def sum_of_a_row_and_a_column() -> onnx.ModelProto:
    return graph(
        helper.make_node("Add", ["column", "row"], ["big"]),
        total("big"),
        arrays={"column": np.ones((1 << 14, 1), np.float32), "row": np.ones((1, 1 << 14), np.float32)},
    )


def doubling() -> onnx.ModelProto:
    nodes = [helper.make_node("Concat", [f"x{i}", f"x{i}"], [f"x{i + 1}"], axis=0) for i in range(34)]
    return graph(*nodes, total("x34"), arrays={"x0": np.ones(1, np.float32)})


def many_at_once() -> onnx.ModelProto:
    """Each is small."""
    made = [f"x{i}" for i in range(200)]
    nodes = [helper.make_node("Expand", [f"one_{name}", "size"], [name]) for name in made]
    join = helper.make_node("Max", made, ["big"])
    ones = {f"one_{name}": np.float32(i) for i, name in enumerate(made)}
    return graph(*nodes, join, total("big"), arrays={**ones, "size": [1 << 22]})


def span() -> onnx.ModelProto:
    nodes = [helper.make_node("Range", ["from", "to", "by"], ["big"]), total("big")]
    return graph(*nodes, arrays={"from": np.float32(0), "to": np.float32(2**31), "by": np.float32(1)})


def pad() -> onnx.ModelProto:
    nodes = [helper.make_node("Pad", ["one", "pads"], ["big"]), total("big")]
    return graph(*nodes, arrays={"one": np.ones((1, 1), np.float32), "pads": [1 << 16, 1 << 16, 0, 0]})


def resize() -> onnx.ModelProto:
    nodes = [helper.make_node("Resize", ["one", "", "", "size"], ["big"], mode="nearest"), total("big")]
    return graph(*nodes, arrays={"one": np.ones((1, 1, 1, 1), np.float32), "size": [1, 1, 1 << 16, 1 << 16]})


GREEDY = (
    constant_of_shape,
    expand,
    expand_by_what_is_heard,
    tile,
    outer_product,
    sum_of_a_row_and_a_column,
    doubling,
    many_at_once,
    span,
    pad,
    resize,
)


def test_graphs_that_ask_for_gigabytes(tmp_path: Path) -> None:
    paths = [tiny_model.write(tmp_path / make.__name__, graph=make().SerializeToString()) for make in GREEDY]
    for path, said in zip(paths, refusals(paths), strict=True):
        expected = "predict.onnx: the graph failed: it asks for more memory than a graph of its size may have"
        assert said == f"{path}: {expected}"


def test_the_same_graph_that_asks_for_little_is_answered(tmp_path: Path) -> None:
    nodes = [helper.make_node("Expand", ["one", "size"], ["big"]), total("big")]
    model = graph(*nodes, arrays={"one": np.float32(1), "size": [1 << 8] * 2})
    assert refusal(tiny_model.write(tmp_path / "m", graph=model.SerializeToString())) == "answered"


def _body(output: str) -> onnx.GraphProto:
    value = helper.make_tensor_value_info
    return helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Identity", ["x"], [output])],
        "body",
        [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), value("x", TensorProto.FLOAT, [])],
        [value("on", TensorProto.BOOL, []), value(output, TensorProto.FLOAT, [])],
    )


def loop() -> onnx.ModelProto:
    node = helper.make_node("Loop", ["times", "yes", "one"], ["more"], body=_body("out"))
    return graph(node, arrays={"times": np.int64(2**62), "yes": np.bool_(True), "one": np.float32(1)})


def branch() -> onnx.ModelProto:
    empty = helper.make_graph([helper.make_node("Identity", ["one"], ["a"])], "g", [], [])
    node = helper.make_node("If", ["yes"], ["more"], then_branch=empty, else_branch=empty)
    return graph(node, arrays={"yes": np.bool_(True), "one": np.float32(1)})


def other_domain() -> onnx.ModelProto:
    model = graph(helper.make_node("Gelu", ["one"], ["more"], domain="com.microsoft"), arrays={"one": 1.0})
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return model


def own_functions() -> onnx.ModelProto:
    """Each calls the one before twice: 40 of them are 10^12 nodes. The last has the name of an operator."""
    model = graph(helper.make_node("Neg", ["one"], ["more"]), arrays={"one": np.float32(1)})
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    model.opset_import.append(opsets[1])
    calls = [helper.make_node("Neg", ["x"], ["y"])]
    for i in range(41):
        model.functions.append(helper.make_function("own", f"f{i}", ["x"], ["y"], calls, opsets))
        calls = [
            helper.make_node(f"f{i}", ["x"], ["z"], domain="own"),
            helper.make_node(f"f{i}", ["z"], ["y"], domain="own"),
        ]
    model.functions.append(helper.make_function("", "Neg", ["x"], ["y"], calls, opsets))
    return model


def sparse() -> onnx.ModelProto:
    model = graph(helper.make_node("ReduceMax", ["big"], ["more"], keepdims=0))
    values = numpy_helper.from_array(np.ones(1, np.float32), "big")
    indices = numpy_helper.from_array(np.zeros(1, np.int64), "where")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [1 << 33]))
    return model


def declared_only() -> onnx.ModelProto:
    model = graph(total("big"), arrays={"big": np.ones(4, np.float32)})
    del model.graph.initializer[-1].dims[:]
    model.graph.initializer[-1].dims.extend([1 << 20, 1 << 20])
    return model


def declared_in_an_attribute() -> onnx.ModelProto:
    tensor = numpy_helper.from_array(np.ones(4, np.float32))
    del tensor.dims[:]
    tensor.dims.extend([1 << 31])
    return graph(helper.make_node("Constant", [], ["big"], value=tensor), total("big"))


def fewer_than_none() -> onnx.ModelProto:
    model = graph(total("big"), arrays={"big": np.ones(4, np.float32)})
    model.graph.initializer[-1].dims[0] = -1
    return model


def of_many_axes() -> onnx.ModelProto:
    """Their product, a number of millions of digits, would be worked on for minutes."""
    model = graph(total("big"), arrays={"big": np.ones(4, np.float32)})
    model.graph.initializer[-1].dims[:] = [1 << 62] * 20_000
    return model


def external(location: str, *, said: bool = True) -> onnx.ModelProto:
    model = graph(total("big"), arrays={"big": np.ones(4, np.float32)})
    tensor = model.graph.initializer[-1]
    tensor.ClearField("raw_data")
    for key, value in (("location", location), ("offset", "0"), ("length", "16")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    if said:
        tensor.data_location = TensorProto.EXTERNAL
    return model


def external_in_an_attribute() -> onnx.ModelProto:
    tensor = external("/etc/passwd").graph.initializer[-1]
    return graph(helper.make_node("Constant", [], ["big"], value=tensor), total("big"))


REFUSED = [
    (loop(), "graphs within the graph"),
    (branch(), "graphs within the graph"),
    (other_domain(), "operators of the domain 'com.microsoft'"),
    (own_functions(), "functions of its own"),
    (sparse(), "sparse arrays"),
    (declared_only(), "an array of 1048576 x 1048576 entries is declared, but is not there"),
    (declared_in_an_attribute(), "an array of 2147483648 entries is declared"),
    (fewer_than_none(), "is declared, but is not there"),
    (of_many_axes(), "an array of more than 64 axes"),
    (external("/dev/zero"), "external data"),
    (external("../secret.bin"), "external data"),
    (external("secret.bin", said=False), "external data"),
    (external("*/_ORT_MEM_ADDR_/*"), "external data"),
    (external_in_an_attribute(), "external data"),
]


def test_graphs_that_are_refused_before_they_are_run(tmp_path: Path) -> None:
    paths = [
        tiny_model.write(tmp_path / f"{i}", graph=model.SerializeToString()) for i, (model, _) in enumerate(REFUSED)
    ]
    for (_, why), said in zip(REFUSED, refusals(paths), strict=True):
        assert "predict.onnx: the graph is refused: " in said
        assert why in said


@pytest.mark.parametrize("name", ["predict.onnx", "attention.onnx"])
def test_attention_is_no_other_door(tmp_path: Path, name: str) -> None:
    folder = tiny_model.write(tmp_path / "m", attention=True)
    replace(folder, name, loop().SerializeToString())
    with pytest.raises(BundleError, match="graphs within the graph"):
        Bundle.load(folder).attention(np.zeros((64, 8), np.float32))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x3a\xff\xff\xff\xff\x0f",
        b"\x3b\x00",
        b"\xff" * 20,
        b"\x3a\x02\x0a\x05",
        b"\x3a\x00\x3a\x00",
        struct.pack("<I", 8) + b"ORTM" + bytes(64),
        b"\x3a\x80\x80\x80\x01" + b"\x0a\x00" * (1 << 20),
    ],
    ids=["empty", "cut", "group", "varint", "node cut", "two graphs", "ORT's own format", "a million nodes"],
)
def test_what_is_no_graph(content: bytes) -> None:
    with pytest.raises(BundleError, match="the graph is refused"):
        check_graph(content, where="m")


def test_lists_are_passed_over_and_what_hides_behind_them_is_found() -> None:
    attributes = {"many": [-1, 300, 2**40] * 1000, "parts": [0.5, -1.0] * 1000, "modes": ["LEAF", ""] * 1000}
    for hidden, ok in ((None, True), (_body("out"), False)):
        model = graph(helper.make_node("Identity", ["one"], ["more"], **attributes), arrays={"one": 1.0})
        for attribute in model.graph.node[-2].attribute:
            if hidden is not None:
                attribute.g.CopyFrom(hidden)
        if ok:
            check_graph(model.SerializeToString(), where="m")
        else:
            with pytest.raises(BundleError, match="graphs within"):
                check_graph(model.SerializeToString(), where="m")


# Manifests


def replace(folder: Path, name: str, content: bytes) -> None:
    """Put another file into a bundle, with its own SHA-256."""
    (folder / name).write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    record = FileRecord.of(content)
    manifest["files"][name] = {"sha256": record.sha256, "bytes": record.n_bytes}
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")


UNBOUNDED: list[dict[str, dict[str, Any]]] = [
    {"front_end": {"n_fft": 2**31}},
    {"front_end": {"n_mels": 10**9}},
    {"front_end": {"n_fft": 2**20, "n_mels": 2**19}},
    {"front_end": {"n_fft": 10**400}},
    {"front_end": {"hop_length": 0}},
    {"front_end": {"hop_length": 1, "n_fft": 32768}},
    {"front_end": {"sample_rate": 10**9}},
    {"front_end": {"sample_rate": 0}},
    {"front_end": {"top_db": float("nan")}},
    {"front_end": {"top_db": float("inf")}},
    {"front_end": {"fmin_hz": 1e308}},
    {"front_end": {"top_db": None, "log_factor": float("nan")}},
    {"front_end": {"bins_per_octave": 10**9}},
    {"windows": {"n_frames": 2**40, "hop_frames": 2**40}},
    {"windows": {"n_frames": 10**8, "hop_frames": 10**8}},
    {"windows": {"n_frames": 10**6, "hop_frames": 1}},
    {"windows": {"n_frames": 0, "hop_frames": 0}},
    {"windows": {"n_frames": -1, "hop_frames": -1}},
    {"calibration": {"temperature": 1e-308}},
    {"calibration": {"temperature": float("inf")}},
    {"taxonomy": {"names": [f"g{i}" for i in range(100_000)]}},
    {"taxonomy": {"names": ["g" * 10**6, "hiss", "thump"]}},
    {"taxonomy": {"aliases": {f"a{i}": "hum" for i in range(100_000)}}},
]


def test_numbers_without_bounds(tmp_path: Path) -> None:
    paths = []
    for i, changes in enumerate(UNBOUNDED):
        folder = tiny_model.write(tmp_path / f"{i}")
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        for key, values in changes.items():
            manifest[key] |= values
        (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
        paths.append(folder)
    assert "answered" not in refusals(paths)


def test_manifests_that_are_all_brackets_or_digits(tmp_path: Path) -> None:
    paths = []
    for i, text in enumerate(('{"a":' * 10**5, "[" * 10**6, "[]," * 10**6, "1" * 10**6)):
        paths.append(tiny_model.write(tmp_path / f"{i}"))
        (paths[-1] / "manifest.json").write_text(f'{{"schema": "genrelens.bundle/4", "name": [{text}')
    assert all("manifest.json" in said for said in refusals(paths))


def test_lists_of_millions(tmp_path: Path) -> None:
    folder = tiny_model.write(tmp_path / "m")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["conformal"] = {"scores": [0] * 4_000_000, "weights": [1] * 10, "kind": "adaptive"}
    (folder / "manifest.json").write_text(json.dumps(manifest, separators=(",", ":")), "utf-8")
    assert "a list of at most 1,000,000 entries" in refusal(folder)


# Zips and folders


def zipped(folder: Path, target: Path, **how: Any) -> Path:
    with zipfile.ZipFile(target, "w", **({"compression": zipfile.ZIP_DEFLATED} | how)) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    return target


def test_zip_bombs(tmp_path: Path) -> None:
    """As large as the manifest says, and a thousandth of that on the disk."""
    folder = tiny_model.write(tmp_path / "m")
    replace(folder, "predict.onnx", bytes(1 << 26))
    packed = zipped(folder, tmp_path / "m.zip")
    (folder / "predict.onnx").unlink()
    assert "which no model does; it is refused" in refusal(packed)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_ways_of_packing_that_unpack_without_a_bound(tmp_path: Path, method: int) -> None:
    folder = tiny_model.write(tmp_path / "m")
    (folder / "manifest.json").write_bytes(b"{" + b" " * (1 << 26))
    packed = zipped(folder, tmp_path / "m.zip", compression=method)
    assert "packed in a way that no model is" in refusal(packed)


def test_sizes_that_lie(tmp_path: Path) -> None:
    """A file that says it is small and unpacks to more."""
    folder = tiny_model.write(tmp_path / "m")
    small = (folder / "manifest.json").stat().st_size
    with (folder / "manifest.json").open("ab") as file:
        file.write(b" " * (1 << 26))
    packed = zipped(folder, tmp_path / "m.zip")
    content = packed.read_bytes().replace(struct.pack("<I", small + (1 << 26)), struct.pack("<I", small))
    packed.write_bytes(content)
    assert "damaged" in refusal(packed)


def test_a_list_of_millions_of_files(tmp_path: Path) -> None:
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
    n = 1_000_000
    directory = (entry + b"x") * n
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, n & 0xFFFF, n & 0xFFFF, len(directory), 0, 0)
    (tmp_path / "m.zip").write_bytes(directory + end)
    assert "its list of files is larger than any model's" in refusal(tmp_path / "m.zip")


def _patched(place: Path, local: int, central: int, form: str, value: int) -> None:
    """Change a field of every file's two headers."""
    content = bytearray(place.read_bytes())
    for signature, at in ((b"PK\3\4", local), (b"PK\1\2", central)):
        start = content.find(signature)
        while start >= 0:
            struct.pack_into(form, content, start + at, value)
            start = content.find(signature, start + 4)
    place.write_bytes(content)


@pytest.mark.parametrize(
    ("local", "central", "form", "value"),
    [(4, 6, "<H", 99), (4, 6, "<H", 255), (8, 10, "<H", 99), (8, 10, "<H", 93), (6, 8, "<H", 1)],
    ids=["version 9.9", "version 25.5", "AES", "zstandard", "encrypted"],
)
def test_zips_of_other_kinds(tmp_path: Path, local: int, central: int, form: str, value: int) -> None:
    packed = tiny_model.write(tmp_path / "m.zip")
    _patched(packed, local, central, form, value)
    with pytest.raises(BundleError, match=r"m\.zip"):
        read_bundle(packed)
    with pytest.raises(BundleError, match="something else"):  # and is never taken for an older model
        tiny_model.write(packed)


def test_every_byte_of_the_list_changed(tmp_path: Path) -> None:
    """Whatever a header says, the answer is a model or a sentence."""
    whole = tiny_model.write(tmp_path / "m.zip").read_bytes()
    start = whole.index(b"PK\1\2")
    for at in range(start, len(whole)):
        for bit in (0x01, 0x80):
            content = bytearray(whole)
            content[at] ^= bit
            (tmp_path / "m.zip").write_bytes(content)
            try:
                read_bundle(tmp_path / "m.zip")
            except BundleError as error:
                assert str(error).startswith(str(tmp_path / "m.zip"))


def test_a_zip_in_a_zip_is_no_model(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.zip", bytes(100))
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())
    with pytest.raises(BundleError, match=r"it holds no manifest\.json"):
        read_bundle(tmp_path / "m.zip")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes among the files there")
def test_pipes_and_devices_are_not_waited_for(tmp_path: Path) -> None:
    paths = []
    for i, (name, what) in enumerate(product(["manifest.json", "predict.onnx", ""], ["pipe", "/dev/zero"])):
        paths.append(tmp_path / f"{i}")
        place = paths[-1] / name if name else paths[-1]
        if name:
            tiny_model.write(paths[-1])
            place.unlink()
        if what == "pipe":
            os.mkfifo(place)
        else:
            place.symlink_to(what)
    assert all("a device or a pipe" in said for said in refusals(paths))
