"""Weights of VGGish in files: read from safetensors, and made from the file that torchvggish released.

What a file holds is said in its own metadata and goes from there into every model and report: ``origin`` in words, and
``source_sha256`` of the file that it was converted from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from genrelens.errors import BundleError, MissingExtraError
from genrelens.files import write_whole
from genrelens.models.released import check_table, file_sha256, read_table

RELEASE_URL: Final = "https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth"
RELEASE_NAME: Final = "vggish-10086976.pth"
RELEASE_SHA256_BEGINS: Final = "10086976"
"""The first digits of the SHA-256, which the file bears in its name as torch.hub wants it. The whole of it is published
nowhere that could be found."""
RELEASED: Final = f"torchvggish v0.1, {RELEASE_NAME}"
RANDOM: Final = "random weights"


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights as read: ``tensors`` by the names of :class:`~genrelens.models.vggish.Vggish`'s layers, float32.

    ``sha256`` is that of the safetensors file, ``origin`` says whose they are.
    """

    tensors: Mapping[str, Tensor]
    sha256: str
    origin: str

    @property
    def are_random(self) -> bool:
        """Whether nothing has been learnt with them."""
        return self.origin.startswith(RANDOM)

    @property
    def licence(self) -> str:
        """The licence of a model that has them inside."""
        if self.are_random:
            return "MIT"
        whose = "Google's (Apache-2.0)" if self.origin == RELEASED else f"another's ({self.origin})"
        return f"MIT; the weights of VGGish inside are {whose}"

    @property
    def said(self) -> str:
        """Whose they are, and exactly which: for models and reports."""
        return f"{self.origin} (safetensors, SHA-256 {self.sha256})"


def read_weights(path: str | Path, *, shapes: Mapping[str, tuple[int, ...]]) -> Weights:
    """The weights in a safetensors file.

    Raises :class:`BundleError` where there is no such file, it is something else, or a weight is missing, unknown or of
    another shape than ``shapes`` says; :class:`MissingExtraError` without safetensors.
    """
    place = Path(path)
    safetensors = _safetensors()
    if not place.is_file():
        raise BundleError(f"{place}: there is no such file of weights", code="needs_weights")
    try:
        sha256 = file_sha256(place)
        with safetensors.safe_open(place, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
    except (OSError, safetensors.SafetensorError) as error:
        raise BundleError(
            f"{place}: cannot be read as safetensors ({error}); those of torchvggish (.pth) have to be converted first",
            code="not_safetensors",
        ) from error
    check_table(tensors, shapes=shapes, network="VGGish", where=str(place))
    return Weights(tensors, sha256, metadata.get("origin", "weights of unknown origin"))


def write_weights(path: Path, tensors: Mapping[str, Tensor], *, origin: str, source_sha256: str = "") -> Path:
    """Write a safetensors file, whole or not at all. Raises :class:`BundleError` where that fails."""
    import safetensors.torch

    metadata = {"format": "pt", "origin": origin} | ({"source_sha256": source_sha256} if source_sha256 else {})
    content = safetensors.torch.save({name: tensor.contiguous() for name, tensor in tensors.items()}, metadata=metadata)
    try:
        write_whole(path, content)
    except OSError as error:
        raise BundleError(f"{path}: cannot be written: {error.strerror or error}") from error
    return path


def is_released(path: Path) -> bool:
    """Whether a file is torchvggish's, by the beginning of its SHA-256; False where it cannot be read."""
    try:
        return file_sha256(path).startswith(RELEASE_SHA256_BEGINS)
    except OSError:
        return False


def convert(
    source: Path, out: Path, *, shapes: Mapping[str, tuple[int, ...]], sha256_begins: str = RELEASE_SHA256_BEGINS
) -> str:
    """Write ``out`` (safetensors) from torchvggish's released file, and return that file's SHA-256.

    Its digest is looked at before its content is, and no code in it is run (``weights_only``). Raises
    :class:`BundleError` where the digest begins otherwise, the file is no table of tensors, or a weight is missing,
    unknown, of another shape or not finite.
    """
    _safetensors()
    if not source.is_file():
        raise BundleError(f"{source}: there is no such file", code="needs_weights")
    again = f"get it again from {RELEASE_URL}"
    tensors, sha256 = read_table(source, name=RELEASE_NAME, sha256_begins=sha256_begins, again=again)
    check_table(tensors, shapes=shapes, network="VGGish", where=str(source))
    write_weights(out, tensors, origin=RELEASED, source_sha256=sha256)
    return sha256


def _safetensors() -> Any:
    try:
        import safetensors
        import safetensors.torch
    except ModuleNotFoundError as error:
        raise MissingExtraError("pretrained", needed_for="reading weights (safetensors)") from error
    return safetensors
