"""Weights in the files that others released: pickled tables of tensors, read so that no code in them is run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from genrelens.errors import BundleError


def read_table(source: Path, *, name: str, sha256_begins: str, again: str) -> tuple[dict[str, Any], str]:
    """What is in a released file, by name, and the file's SHA-256, which is looked at before the content is.

    ``name`` is that of the released file, ``again`` says how to get it: "get it again from ...". Raises
    :class:`BundleError` where the digest begins otherwise, or the file is no table.
    """
    try:
        sha256 = file_sha256(source)
    except OSError as error:
        raise BundleError(f"{source}: cannot be read: {error.strerror or error}") from error
    if not sha256.startswith(sha256_begins):
        raise BundleError(
            f"{source}: its SHA-256 is {sha256}, that of {name} begins with {sha256_begins}: it was damaged on its way "
            f"or is another file; {again}",
            code="wrong_checksum",
        )
    try:
        table = torch.load(source, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle, zip and torch errors of many classes all mean the same
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise BundleError(f"{source}: torch cannot read it as a table of weights ({why})") from error
    if not isinstance(table, dict):
        raise BundleError(f"{source}: expected a table of weights, it holds a {type(table).__name__}")
    return table, sha256


def check_table(table: Mapping[str, Any], *, shapes: Mapping[str, tuple[int, ...]], network: str, where: str) -> None:
    """Raise :class:`BundleError` unless a table holds just these weights, float32 and finite; ``network`` is a name."""
    missing = [name for name in shapes if name not in table]
    unknown = [str(name) for name in table if name not in shapes]
    if missing or unknown:
        what = [f"{name!r} is missing" for name in missing[:1]] + [f"{name!r} is unknown" for name in unknown[:1]]
        raise BundleError(
            f"{where}: not the weights of {network}: {' and '.join(what)}; expected just {', '.join(shapes)}"
        )
    for name, shape in shapes.items():
        value = table[name]
        if not isinstance(value, Tensor) or tuple(value.shape) != shape or value.dtype != torch.float32:
            came = (
                f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
                if isinstance(value, Tensor)
                else type(value).__name__
            )
            raise BundleError(f"{where}: not the weights of {network}: {name} is {came}, expected float32 {shape}")
        if not torch.isfinite(value).all():
            raise BundleError(f"{where}: {name} holds values that are not finite; the file is damaged, get it again")


def file_sha256(path: Path) -> str:
    """Hex digits of a file's SHA-256. Raises ``OSError``."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
