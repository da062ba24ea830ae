"""Whether an ONNX graph from anyone may be given to ONNX Runtime: a walk over its encoding, which runs nothing.

A graph is refused that reads other files ("external data", which may lie anywhere), has parts of its own making
(functions, operators of other domains) or graphs within graphs (loops and branches, which may never end), declares
arrays that are not there, or has more parts than any model. What is left can only ask for memory, which
:func:`~genrelens.bundle.sessions.open_session` bounds. The encoding is Protocol Buffers', the numbers of the fields
are those of onnx.proto.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from genrelens.errors import BundleError

MAX_PARTS: Final = 1_000_000
"""Fields that are looked at, lists of numbers and short texts aside; the largest models have some 10,000."""
MAX_AXES: Final = 64
"""Of an array; NumPy takes no more."""
_DOMAINS: Final = ("", "ai.onnx", "ai.onnx.ml")
# The lists of a tree ensemble have millions of entries, each with a tag of its own: they are passed over at once.
_INTEGERS: Final = re.compile(rb"(?:\x40[\x80-\xff]{0,9}[\x00-\x7f])++")
_FLOATS: Final = re.compile(rb"(?:\x3d.{4})++", re.DOTALL)
_TEXTS: Final = re.compile(
    rb"(?:\x4a(?:%s))++" % b"|".join(re.escape(bytes([n])) + b".{%d}" % n for n in range(32)), re.DOTALL
)
_LISTS: Final = {0x40: _INTEGERS, 0x3D: _FLOATS, 0x4A: _TEXTS}


class _Refused(Exception):
    """Why a graph is refused."""


class _Field(NamedTuple):
    number: int
    value: int
    """Of a field that is a whole number; of others 0."""
    start: int
    end: int
    """Where the content lies."""


def check_graph(content: bytes, *, where: str) -> None:
    """Raise :class:`BundleError` for a graph that is refused; ``where`` names it."""
    try:
        _Walk(content).model()
    except _Refused as why:
        raise BundleError(f"{where}: the graph is refused: {why}") from None


class _Walk:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._n_parts = 0

    def model(self) -> None:
        n_graphs = 0
        for field in self._fields(0, len(self._content)):
            if field.number == 25:
                raise _Refused("it defines functions of its own")
            if field.number == 7:
                n_graphs += 1
                self._graph(field)
        if n_graphs != 1:
            raise _Refused(f"expected one graph in the file, there are {n_graphs}")

    def _graph(self, graph: _Field) -> None:
        for field in self._fields(graph.start, graph.end):
            if field.number == 1:
                self._node(field)
            elif field.number == 5:
                self._tensor(field)
            elif field.number == 15:
                raise _Refused("it has sparse arrays")

    def _node(self, node: _Field) -> None:
        for field in self._fields(node.start, node.end):
            if field.number == 5:
                self._attribute(field)
            elif field.number == 7:
                domain = self._content[field.start : field.end].decode("utf-8", "backslashreplace")
                if domain not in _DOMAINS:
                    raise _Refused(f"it has operators of the domain {domain!r:.80}, which ONNX itself has not")

    def _attribute(self, attribute: _Field) -> None:
        n_tensors = 0
        for field in self._fields(attribute.start, attribute.end, lists=True):
            if field.number in (6, 11):
                raise _Refused("it has graphs within the graph (loops or branches)")
            if field.number in (22, 23):
                raise _Refused("it has sparse arrays")
            if field.number in (5, 10):
                n_tensors += 1
                self._tensor(field)
        if n_tensors > 1:
            raise _Refused("an attribute holds several arrays")

    def _tensor(self, tensor: _Field) -> None:
        dims: list[int] = []
        for field in self._fields(tensor.start, tensor.end):
            if field.number in (13, 14) and (field.value or field.number == 13):
                raise _Refused("its numbers lie in another file (external data)")
            if field.number == 1:
                dims += self._integers(field) if field.end > field.start else [field.value]
                if len(dims) > MAX_AXES:  # the product of a million of them would take an hour
                    raise _Refused(f"an array of more than {MAX_AXES} axes is declared")
        # An entry takes half a byte at least.
        if any(dim >= 2**63 for dim in dims) or math.prod(dims) > 2 * (tensor.end - tensor.start):
            raise _Refused(f"an array of {' x '.join(map(str, dims)):.80} entries is declared, but is not there")

    def _integers(self, field: _Field) -> list[int]:
        """A list of whole numbers in one field."""
        at = field.start
        found: list[int] = []
        while at < field.end and len(found) <= MAX_AXES:
            number, at = self._varint(at, field.end)
            found.append(number)
        return found

    def _fields(self, at: int, end: int, *, lists: bool = False) -> Iterator[_Field]:
        """The fields of a message one by one; with ``lists`` without those that are lists of an attribute."""
        content = self._content
        while at < end:
            if lists and (run := _LISTS.get(content[at])) and (found := run.match(content, at, end)):
                at = found.end()
                continue
            self._n_parts += 1
            if self._n_parts > MAX_PARTS:
                raise _Refused(f"it has more than {MAX_PARTS:,} parts")
            tag, at = self._varint(at, end)
            number, wire = tag >> 3, tag & 7
            value, start = 0, at
            if wire == 0:
                value, at = self._varint(at, end)
                start = at
            elif wire == 2:
                length, start = self._varint(at, end)
                at = start + length
            elif wire in (1, 5):
                at += 8 if wire == 1 else 4
            if at > end or wire not in (0, 1, 2, 5):
                raise _Refused("it is damaged, or is no ONNX graph")
            yield _Field(number, value, start, at)

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        """A whole number, and where it ends."""
        number = shift = 0
        while at < end and shift < 70:
            byte = self._content[at]
            number |= (byte & 127) << shift
            at += 1
            if byte < 128:
                return number & 0xFFFFFFFFFFFFFFFF, at
            shift += 7
        raise _Refused("it is damaged, or is no ONNX graph")
