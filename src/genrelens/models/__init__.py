"""Network architectures, one a file. Importing this package is light; building a network needs ``[train]``."""

from __future__ import annotations

import dataclasses
import importlib
import typing
from typing import TYPE_CHECKING, Any

from genrelens.errors import MissingExtraError, RecipeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from genrelens.models.network import Network

ARCHITECTURES = {
    "transformer": "genrelens.models.transformer",
    "mel_transformer": "genrelens.models.mel_transformer",
    "vggish": "genrelens.models.vggish",
    "cnn_128": "genrelens.models.cnn_128",
    "cnn_5s": "genrelens.models.cnn_5s",
    "cnn_plus": "genrelens.models.cnn_plus",
    "image_cnn": "genrelens.models.image_cnn",
    "wav2vec2": "genrelens.models.wav2vec2",
    "wav2vec2_debias": "genrelens.models.wav2vec2_debias",
    "wav2vec2_transformer": "genrelens.models.wav2vec2_transformer",
}
"""Architecture name -> module with a dataclass ``Options`` and a function ``build``."""


def build(
    architecture: str, options: Mapping[str, str | int | float | bool], *, n_frames: int, n_mels: int, n_classes: int
) -> Network:
    """A network with fresh weights (seed torch first) for windows of shape (n_frames, n_mels).

    Raises :class:`RecipeError` for an unknown architecture, an unknown option, a wrong type, or options that do not
    fit the windows; :class:`MissingExtraError` without torch.
    """
    if architecture not in ARCHITECTURES:
        raise RecipeError(f"unknown architecture {architecture!r}; known: {', '.join(ARCHITECTURES)}")
    try:
        module = importlib.import_module(ARCHITECTURES[architecture])
    except ModuleNotFoundError as error:
        raise MissingExtraError("train", needed_for="building a network") from error
    chosen = read_options(options, cls=module.Options, of=architecture)
    network: Network = module.build(chosen, n_frames=n_frames, n_mels=n_mels, n_classes=n_classes)
    return network


def read_options(options: Mapping[str, str | int | float | bool], *, cls: Any, of: str) -> Any:
    """``cls`` from plain values; :class:`RecipeError` names ``of``, the option, what was expected and what came."""
    hints = typing.get_type_hints(cls)
    values: dict[str, object] = {}
    for key, value in options.items():
        if key not in hints:
            raise RecipeError(f"{of} has no option {key!r}; it has: {', '.join(hints)}")
        if type(value) is not hints[key] and not (hints[key] is float and type(value) is int):
            raise RecipeError(f"{of}: {key} should be of type {hints[key].__name__}, got {value!r}")
        values[key] = hints[key](value)
    needed = [field.name for field in dataclasses.fields(cls) if field.default is dataclasses.MISSING]
    missing = [name for name in needed if name not in values]
    if missing:
        raise RecipeError(f"{of}: the option {missing[0]!r} is missing")
    return cls(**values)
