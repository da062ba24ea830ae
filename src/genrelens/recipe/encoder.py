"""A recipe that begins with another encoder, and says which weights that was."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from genrelens.recipe.network import Recipe


def starting_from(recipe: Recipe, encoder: str) -> Recipe:
    """The recipe with this encoder, a folder or a hub id.

    Its summary says from then on which weights were in the folder, so that others under the same path are another run.
    """
    model = dataclasses.replace(recipe.model, options={**recipe.model.options, "encoder": encoder})
    return dataclasses.replace(recipe, model=model, summary=f"{recipe.summary}; began with {_weights(encoder)}")


def _weights(encoder: str) -> str:
    """The encoder's name, and the SHA-256 of the weights that its folder holds, if it is one."""
    folder = Path(encoder).expanduser()
    files = sorted(folder.glob("*.safetensors")) if folder.is_dir() else []
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as content:
            while block := content.read(1 << 20):
                digest.update(block)
    return f"{folder.name}, SHA-256 {digest.hexdigest()}" if files else encoder
